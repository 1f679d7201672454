/**
 * Evener's own listener: HTTP/1.1 on `node:net`, with nothing of `node:http` between, the fast path; HTTP/2 beside it.
 *
 * It has HAProxy's frontend in mind: binds, timeouts, a limit on connections, keep-alive, and a graceful end. What
 * becomes of a request is the same as behind `httpHandler`: route, backend, exchange, engine.
 */
import { createServer, type Socket } from 'node:net'
import { type LimitOptions, resolveLimits } from '@evener/http1'
import type { ConnectionScope, RuleList } from '@evener/rules'
import { TlsTermination, type TlsTerminationOptions, tlsTermination } from '@evener/tls'
import { EventEmitter } from 'eventemitter3'
import { Backend } from '../balance/backend.ts'
import { type AcceptProxyOptions, acceptProxyOptions } from '../base/accept-proxy.ts'
import type { CapturedError } from '../base/capture.ts'
import { type Clock, monotonic } from '../base/clock.ts'
import { connectionFacts } from '../base/connection-facts.ts'
import { EvenerError } from '../base/errors.ts'
import { duration, flag, integer, invalid, knownOptions, name, withMethods } from '../base/options.ts'
import { processConnections } from '../base/process-connections.ts'
import { RateCounter } from '../base/rate-counter.ts'
import { reset } from '../base/reset.ts'
import { type Tracker, Tracking, trackedConnection } from '../base/tracking.ts'
import { defaultEngine } from '../engines/default-engine.ts'
import { Answers, type ErrorPages } from '../http/answer.ts'
import { type CloseOptions, type DoorTimeouts, type Route, routeOf } from '../http/door.ts'
import { DoorCounters } from '../http/door-counters.ts'
import type { Engine } from '../http/engine.ts'
import { type ForwardedOptions, Forwarding } from '../http/forwarded.ts'
import { TunnelsLast } from '../http/tunnels-last.ts'
import { upgradeNames } from '../http/upgrades.ts'
import { Http2Connection } from '../http2/http2-connection.ts'
import { type Http2Limits, type Http2Options, readHttp2Options } from '../http2/options.ts'
import { doorLog, type LogOptions } from '../log/door-log.ts'
import { ClientSession } from '../rules/client-session.ts'
import { surroundings } from '../rules/door-rules.ts'
import { type FrontendRules, frontendLists, hasHttpRules, readRules } from '../rules/rule-lists.ts'
import { Screening } from '../rules/screening.ts'
import { FrontendSight } from '../rules/sights.ts'
import { readUniqueId, type UniqueIdOptions } from '../rules/unique-id.ts'
import { Arrival, type ArrivalSettings, type Arrived } from './arrival.ts'
import { ClientConnection } from './client-connection.ts'
import type { FrontConnection } from './front-connection.ts'
import { type HstsOptions, type HttpsRedirectOptions, hstsValue, httpsRedirect } from './https.ts'
import {
  type BindOptions,
  type BoundAddress,
  boundAddress,
  Listeners,
  listenOn,
  listenOptions,
} from './listening.ts'
import type { FrontendSettings } from './settings.ts'

/** The options of a frontend. */
export interface FrontendOptions {
  /** The backend for all requests, or a function that names one for each; undefined is answered with 404. */
  readonly route: Backend | Route
  /** What carries requests to servers; one of its own by default. */
  readonly engine?: Engine | undefined
  /** What servers are told of clients, and whose word is believed. */
  readonly forwarded?: ForwardedOptions | undefined
  readonly timeouts?: DoorTimeouts | undefined
  /** Pages for the statuses with which Evener answers by itself. */
  readonly errorPages?: ErrorPages | undefined
  /** How much of a request's body is kept for a retry: 0 to 16 MiB; 64 KiB by default. */
  readonly replayBytes?: number | undefined
  /** The largest request body; more is refused with 413. No limit by default. */
  readonly maxBodyBytes?: number | undefined
  /** Protocols that clients may change to; `['websocket']` by default. Danger: see `httpHandler`. */
  readonly upgrades?: readonly string[] | undefined
  /** Connections at once: 1 to 1,000,000; 10,000 by default. More are closed at once and counted. HAProxy's `maxconn`. */
  readonly maxConnections?: number | undefined
  /** Requests on one connection before it is closed: 1 and more; no limit by default. */
  readonly maxRequests?: number | undefined
  /** What a request's head, and the framing of its body, may hold at most. */
  readonly limits?: LimitOptions | undefined
  /**
   * TLS on all addresses that do not say otherwise: options, and then it is closed with the frontend; or a termination
   * that is used elsewhere as well, whose `alpn` has to name `h2` for HTTP/2.
   */
  readonly tls?: TlsTerminationOptions | TlsTermination | undefined
  /** HTTP/2 for the clients that ask for it by ALPN: true by default. Its options, `priorKnowledge` among them. */
  readonly http2?: boolean | Http2Options | undefined
  /** What is tracked in stick tables, and so counted: the first is `sc0`. Nothing by default. HAProxy's `track-sc`. */
  readonly track?: readonly Tracker[] | undefined
  /**
   * Rules: for connections before anything is read of them, for requests before the route, for responses and for all that
   * goes to clients. None by default. HAProxy's `tcp-request connection`, `http-request`, `http-response`,
   * `http-after-response`.
   */
  readonly rules?: FrontendRules | undefined
  /** A name of its own for each request, for rules, servers and the log. None by default. HAProxy's `unique-id-format`. */
  readonly uniqueId?: UniqueIdOptions | undefined
  /** What is written down of requests, and where to. Nothing by default. HAProxy's `log`, `log-format`. */
  readonly log?: LogOptions | undefined
  /** Its name, for rules and logs: 1 to 128 visible ASCII characters; `frontend` by default. */
  readonly name?: string | undefined
  /** Send requests that came without TLS there. False by default. */
  readonly httpsRedirect?: boolean | HttpsRedirectOptions | undefined
  /** Say Strict-Transport-Security in responses over TLS. False by default. Danger: see {@link HstsOptions}. */
  readonly hsts?: boolean | HstsOptions | undefined
  /** Where time comes from; the process's monotonic clock by default. */
  readonly clock?: Clock | undefined
}

const optionNames: readonly (keyof FrontendOptions)[] = [
  'route',
  'engine',
  'forwarded',
  'timeouts',
  'errorPages',
  'replayBytes',
  'maxBodyBytes',
  'upgrades',
  'maxConnections',
  'maxRequests',
  'limits',
  'tls',
  'http2',
  'track',
  'rules',
  'uniqueId',
  'log',
  'name',
  'httpsRedirect',
  'hsts',
  'clock',
]

/** Where a frontend listens, and what it asks of connections there. */
export interface FrontendBindOptions extends BindOptions {
  /** False for connections without TLS on a frontend that has it: for `httpsRedirect`, or behind a trusted proxy. */
  readonly tls?: boolean | undefined
  /** Take PROXY headers from these peers. HAProxy's `accept-proxy`. */
  readonly acceptProxy?: AcceptProxyOptions | undefined
}

/** What a frontend announces. */
export interface FrontendEvents {
  /** It listens on one more address. */
  listening: [address: BoundAddress]
  /** A listening socket failed. */
  error: [error: Error]
  /** A connection was closed at once, because there were as many as there may be. */
  'connections-full': [limit: number]
  /** A route threw, or a balancer, an affinity or an engine of the host's own. The request is answered with 500. */
  'route-error': [error: unknown]
}

/** Plain numbers, as those of backends. */
export class FrontendCounters extends DoorCounters {
  /** Connections accepted; open now; the most at once; closed for being too many. */
  connections = 0
  connectionsNow = 0
  connectionsMax = 0
  connectionsRefused = 0
  /** Closed by a rule when they were accepted. HAProxy's `dcon`. */
  connectionsDenied = 0
  /** Closed before they spoke HTTP: no valid PROXY header, or no TLS handshake. */
  connectionsFailed = 0
  /** Connections per second, now and at most. */
  readonly connectionRate = new RateCounter()
}

/**
 * Make a frontend.
 * @throws {EvenerError} `EVENER_INVALID_OPTION`, `EVENER_UNKNOWN_OPTION`
 */
export function createFrontend(options: FrontendOptions): Frontend {
  return new Frontend(options)
}

export class Frontend extends EventEmitter<FrontendEvents> {
  readonly counters = new FrontendCounters()
  /** The last request head that could not be read. HAProxy's `show errors`. */
  lastError: CapturedError | undefined = undefined
  readonly #settings: FrontendSettings & { closing: boolean }
  readonly #ownsEngine: boolean
  readonly #connectionRules: RuleList<ConnectionScope> | undefined
  /** See {@link FrontendOptions.name}. */
  readonly name: string
  /** Connections that it serves at once; see {@link FrontendOptions.maxConnections}. */
  get maxConnections(): number {
    return this.#maxConnections
  }
  /** Where its time comes from. */
  readonly clock: Clock
  /** The TLS of all addresses that do not say otherwise. */
  readonly tls: TlsTermination | undefined
  readonly #ownsTls: boolean
  readonly #http2: Http2Limits | undefined
  readonly #listeners = new Listeners()
  #maxConnections: number
  readonly #stopped: Promise<void>[] = []
  readonly #connections = new Set<FrontConnection>()
  /** Who waits for the last connection to be closed. */
  readonly #waiting = new Set<() => void>()
  readonly #tunnels = new TunnelsLast()
  #active = 0

  /** See {@link createFrontend}. */
  constructor(options: FrontendOptions) {
    super()
    if (options instanceof Backend) {
      throw invalid('frontend', 'a backend', 'options: createFrontend({ route: backend })')
    }
    knownOptions('frontend', options, optionNames)
    const route = routeOf('frontend.route', options.route)
    const upgrades = upgradeNames('frontend.upgrades', options.upgrades)
    const timeouts = options.timeouts ?? {}
    knownOptions('frontend.timeouts', timeouts, ['clientMs', 'httpRequestMs', 'httpKeepAliveMs'])
    const most = Number.MAX_SAFE_INTEGER
    const redirect = httpsRedirect('frontend.httpsRedirect', options.httpsRedirect)
    const hsts = hstsValue('frontend.hsts', options.hsts)
    const answers = new Answers(options.errorPages, 'frontend.errorPages', hsts)
    const { http2 = true } = options
    this.#http2 =
      http2 === false ? undefined : readHttp2Options('frontend.http2', http2 === true ? {} : http2)
    this.#ownsTls = options.tls !== undefined && !(options.tls instanceof TlsTermination)
    const alpn = this.#http2 === undefined ? ['http/1.1'] : ['h2', 'http/1.1']
    this.tls =
      options.tls === undefined || options.tls instanceof TlsTermination
        ? options.tls
        : tlsTermination({ alpn, ...options.tls })
    this.#ownsEngine = options.engine === undefined
    this.#maxConnections = integer('frontend.maxConnections', options.maxConnections, 10_000, 1, 1_000_000)
    this.clock = options.clock ?? monotonic
    this.name = name('frontend.name', options.name ?? 'frontend')
    const rules = readRules('frontend.rules', options.rules, frontendLists)
    this.#connectionRules = rules?.connection
    const failed = (error: unknown): void => {
      this.emit('route-error', error)
    }
    const around = surroundings(new FrontendSight(this))
    this.#settings = {
      exchange: {
        engine: withMethods(
          'frontend.engine',
          options.engine ?? defaultEngine(),
          ['attempt', 'close'],
          'http1Engine()',
        ),
        forwarding: new Forwarding(options.forwarded, 'frontend.forwarded'),
        answers,
        counters: this.counters,
        rules: {
          lists: hasHttpRules(rules) ? rules : undefined,
          uniqueId: readUniqueId('frontend.uniqueId', options.uniqueId),
          around,
          counters: this.counters,
          requests: 0,
          failed,
        },
        hsts,
        clientMs: duration('frontend.timeouts.clientMs', timeouts.clientMs, 60_000),
        began: () => {
          this.#active++
        },
        ended: exchange => {
          this.#tunnels.ended(exchange, --this.#active)
        },
        tunnelling: exchange => this.#tunnels.add(exchange, this.#active),
      },
      limits: resolveLimits(options.limits),
      clock: this.clock,
      httpRequestMs: duration('frontend.timeouts.httpRequestMs', timeouts.httpRequestMs, 10_000),
      httpKeepAliveMs: duration('frontend.timeouts.httpKeepAliveMs', timeouts.httpKeepAliveMs, 10_000),
      maxRequests: integer('frontend.maxRequests', options.maxRequests, most, 1, most),
      maxBodyBytes: integer('frontend.maxBodyBytes', options.maxBodyBytes, most, 0, most),
      replayBytes: integer('frontend.replayBytes', options.replayBytes, 65_536, 0, 16_777_216),
      closing: false,
      tracking: Tracking.of('frontend.track', options.track, 'request', failed),
      log: doorLog(
        'frontend.log',
        options.log,
        {
          name: this.name,
          clock: this.clock,
          around,
          connectionsNow: () => this.counters.connectionsNow,
          failed,
        },
        'httplog',
      ),
      admitting: {
        answers,
        clock: this.clock,
        route: request => this.#settings.route(request),
      },
      route: request => {
        try {
          const answer = redirect?.(request)
          if (answer !== undefined) return answer
          const destination = route(request) ?? 404
          return typeof destination === 'number' || destination instanceof Backend
            ? destination
            : answers.of(destination, request)
        } catch (error) {
          this.emit('route-error', error)
          return 500
        }
      },
      failed,
      upgradeOf: head => {
        if (head.upgrade === '' || head.framing !== 'none') return undefined
        const protocol = head.upgrade.toLowerCase()
        return upgrades.has(protocol) ? protocol : undefined
      },
      unreadable: error => {
        this.lastError = error
      },
      refused: status => this.counters.refuse(status, this.clock.now()),
      closed: connection => this.#closed(connection),
    }
  }

  /** Exchanges and tunnels under way. */
  get active(): number {
    return this.#active
  }

  /**
   * Listen on one more address. May be called several times, for several addresses.
   * @param bind a port, or where to listen
   * @returns where it listens, once it does
   * @throws {EvenerError} `EVENER_INVALID_OPTION`; rejects with the system's error where the address cannot be had
   */
  async listen(bind: number | FrontendBindOptions): Promise<BoundAddress> {
    if (this.#settings.closing) throw closed()
    const { tls, acceptProxy, ...where } = typeof bind === 'number' ? { port: bind } : bind
    const options = listenOptions(where)
    const arrival = this.#arrivalSettings(tls, acceptProxy)
    // The client may end its side first; what that means is the connection's business.
    const listener = createServer({ allowHalfOpen: true, noDelay: true }, socket =>
      this.#accept(socket, arrival),
    )
    await listenOn(listener, options)
    if (this.#settings.closing) {
      listener.close()
      throw closed()
    }
    listener.on('error', error => this.emit('error', error))
    this.#listeners.add(listener, options)
    const address = boundAddress(listener)
    this.emit('listening', address)
    return address
  }

  /** True between {@link pause} and {@link resume}. */
  get paused(): boolean {
    return this.#listeners.paused
  }

  /**
   * Listen for now no longer; connections that there are go on. HAProxy's `disable frontend`.
   * @throws {EvenerError} `EVENER_INVALID_OPTION` where it listens on an open socket (`fd`)
   */
  pause(): void {
    this.#listeners.pause('frontend.pause')
  }

  /** Listen again where it did. @throws the system's error where an address cannot be had any more */
  resume(): Promise<void> {
    return this.#listeners.resume()
  }

  /**
   * Change how many connections there may be at once: 1 to 1,000,000. Those that there are stay.
   * @throws {EvenerError} `EVENER_INVALID_OPTION`
   */
  setMaxConnections(maxConnections: number): void {
    this.#maxConnections = integer('frontend.maxConnections', maxConnections, 10_000, 1, 1_000_000)
  }

  /**
   * Serve a connection that something else has accepted.
   * @param socket a TCP or unix socket, with nothing read from it, or with that put back
   * @param how what is asked of it, as of a connection to an address: `tls`, `acceptProxy`
   * @throws {EvenerError} `EVENER_INVALID_OPTION`
   */
  serve(socket: Socket, how: Pick<FrontendBindOptions, 'tls' | 'acceptProxy'> = {}): void {
    knownOptions('serve', how, ['tls', 'acceptProxy'])
    this.#accept(socket, this.#arrivalSettings(how.tls, how.acceptProxy))
  }

  /**
   * End gracefully: accept no more, close idle connections, let what is under way finish with `Connection: close`, then
   * close tunnels that have been silent for a second, and break off what is left at the deadline. A WebSocket is told
   * 1001, "going away", unless it is in the middle of a frame. Does not close the backends. A second call, with an earlier
   * deadline for one, ends the first one's wait too.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    knownOptions('close', options, ['drainMs'])
    const drainMs = integer('close.drainMs', options.drainMs, 30_000, 0, 2_147_483_647)
    this.#settings.closing = true
    this.#stopped.push(...this.#listeners.close())
    for (const connection of [...this.#connections]) connection.closeSoon()
    this.#tunnels.close(this.#active)
    if (drainMs > 0) await this.#emptied(drainMs)
    for (const connection of [...this.#connections]) connection.destroy()
    if (this.#ownsEngine) this.#settings.exchange.engine.close()
    if (this.#ownsTls) this.tls?.close()
    await this.#emptied()
    await Promise.all(this.#stopped)
  }

  /** Wait until the last connection is closed, but no longer than this. */
  async #emptied(mostMs = Number.POSITIVE_INFINITY): Promise<void> {
    if (this.#connections.size === 0) return
    await new Promise<void>(resolve => {
      const done = () => {
        deadline?.cancel()
        this.#waiting.delete(done)
        resolve()
      }
      const deadline =
        mostMs === Number.POSITIVE_INFINITY ? undefined : this.#settings.clock.setTimeout(done, mostMs)
      this.#waiting.add(done)
    })
  }

  /** Undefined where a connection speaks HTTP/1.1 from its first byte on. */
  #arrivalSettings(
    tls: boolean | undefined,
    acceptProxy: AcceptProxyOptions | undefined,
  ): ArrivalSettings | undefined {
    const wanted = flag('listen.tls', tls, this.tls !== undefined)
    if (wanted && this.tls === undefined)
      throw invalid('listen.tls', tls, 'false, or undefined: the frontend has no tls option')
    const settings = {
      acceptProxy: acceptProxyOptions('listen.acceptProxy', acceptProxy),
      tls: wanted ? this.tls : undefined,
      priorKnowledge: this.#http2?.priorKnowledge === true,
      httpRequestMs: this.#settings.httpRequestMs,
      clock: this.#settings.clock,
    }
    const { tls: termination, acceptProxy: header, priorKnowledge } = settings
    return termination === undefined && header === undefined && !priorKnowledge ? undefined : settings
  }

  #accept(socket: Socket, settings: ArrivalSettings | undefined): void {
    const { counters } = this
    if (this.#connections.size >= this.maxConnections || this.#settings.closing) {
      counters.connectionsRefused++
      socket.on('error', () => undefined)
      socket.destroy()
      if (!this.#settings.closing) this.emit('connections-full', this.maxConnections)
      return
    }
    counters.connections++
    const now = this.clock.now()
    counters.connectionRate.add(now)
    if (this.#connectionRules === undefined) this.#arrive(socket, settings, undefined, now)
    else this.#screen(socket, settings, this.#connectionRules, now)
  }

  /** Rules look at the connection before anything is read of it. */
  #screen(
    socket: Socket,
    settings: ArrivalSettings | undefined,
    list: RuleList<ConnectionScope>,
    acceptedAt: number,
  ): void {
    const { exchange, tracking } = this.#settings
    const facts = connectionFacts(socket, undefined, undefined)
    const session = new ClientSession(
      facts,
      exchange.rules.around,
      tracking?.connection(trackedConnection(facts)),
    )
    const lost = () => {
      session.tracks?.end()
      this.#closed(screening)
    }
    const screening = new Screening(socket, list, session, {
      clock: this.clock,
      failed: this.#settings.failed,
      lost,
      dropped: () => {
        this.counters.connectionsDenied++
        reset(socket)
        lost()
      },
      passed: () => {
        this.#connections.delete(screening)
        this.#arrive(socket, settings, session, acceptedAt)
      },
    })
    this.#opened(screening)
    screening.start()
  }

  #arrive(
    socket: Socket,
    settings: ArrivalSettings | undefined,
    session: ClientSession | undefined,
    acceptedAt: number,
  ): void {
    const { counters } = this
    if (settings === undefined) {
      this.#opened(new ClientConnection(socket, this.#settings, undefined, undefined, session, acceptedAt))
      return
    }
    const arrival = new Arrival(
      socket,
      settings,
      what => {
        this.#connections.delete(arrival)
        this.#speak(what, session, acceptedAt)
      },
      () => {
        counters.connectionsFailed++
        session?.tracks?.end()
        this.#closed(arrival)
      },
    )
    this.#opened(arrival)
    arrival.begin()
  }

  #speak(
    { socket, tls, proxyHeader, http2 }: Arrived,
    session: ClientSession | undefined,
    acceptedAt: number,
  ): void {
    if (http2 && this.#http2 !== undefined) {
      const facts = connectionFacts(socket, tls, proxyHeader)
      this.#opened(new Http2Connection(socket, this.#settings, facts, this.#http2, session, acceptedAt))
    } else this.#opened(new ClientConnection(socket, this.#settings, tls, proxyHeader, session, acceptedAt))
  }

  #opened(connection: FrontConnection): void {
    const { counters } = this
    this.#connections.add(connection)
    this.#countNow()
    if (counters.connectionsNow > counters.connectionsMax) counters.connectionsMax = counters.connectionsNow
    // It arrived while the frontend was being closed.
    if (this.#settings.closing) connection.closeSoon()
  }

  #countNow(): void {
    const { counters } = this
    processConnections.now += this.#connections.size - counters.connectionsNow
    counters.connectionsNow = this.#connections.size
  }

  #closed(connection: FrontConnection): void {
    this.#connections.delete(connection)
    this.#countNow()
    if (this.#connections.size === 0) for (const done of [...this.#waiting]) done()
  }
}

function closed(): EvenerError {
  return new EvenerError('EVENER_CLOSED', 'the frontend is closed; it cannot listen any more')
}
