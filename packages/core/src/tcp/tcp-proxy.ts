/**
 * Layer 4: connections of any protocol, balanced by the same {@link Backend} that serves HTTP.
 *
 * One connection is one request of the backend: it takes a place on a server until both sides have ended, so that
 * `leastConnections` and `maxConnections` count connections. What could be decided from headers is not there; what can
 * be known of a connection (addresses, a ClientHello, a PROXY header) is in {@link TcpConnection}.
 *
 * Not for HTTP, unless TLS is to pass through unopened: requests that share a connection all go to one server here.
 */
import { createServer, type Socket } from 'node:net'
import type { TlsFacts } from '@evener/tls'
import { EventEmitter } from 'eventemitter3'
import { Backend } from '../balance/backend.ts'
import type { Server } from '../balance/server.ts'
import type { AdminState } from '../balance/server-state.ts'
import { type AcceptProxyOptions, acceptProxyOptions } from '../base/accept-proxy.ts'
import { type Clock, monotonic } from '../base/clock.ts'
import { EvenerError } from '../base/errors.ts'
import { duration, flag, integer, invalid, knownOptions, name, oneOf, withMethods } from '../base/options.ts'
import { processConnections } from '../base/process-connections.ts'
import { type SendProxy, sendProxyOptions } from '../base/send-proxy.ts'
import { type Tracker, Tracking } from '../base/tracking.ts'
import {
  type BindOptions,
  type BoundAddress,
  boundAddress,
  Listeners,
  listenOn,
  listenOptions,
} from '../frontend/listening.ts'
import type { CloseOptions } from '../http/door.ts'
import { doorLog, type LogOptions } from '../log/door-log.ts'
import { surroundings } from '../rules/door-rules.ts'
import { readTcpRules, type TcpRules } from '../rules/rule-lists.ts'
import { TcpProxySight } from '../rules/sights.ts'
import { type ConnectionIdOptions, readConnectionId } from '../rules/unique-id.ts'
import type { RelayLimits } from './relay.ts'
import type { TcpRefusal, TcpSettings } from './settings.ts'
import type { TcpConnection } from './tcp-connection.ts'
import { TcpProxyCounters } from './tcp-counters.ts'
import { TcpSession } from './tcp-session.ts'

/** Which backend serves a connection; undefined where none does. */
export type TcpRoute = (connection: TcpConnection) => Backend | undefined

/**
 * The timeouts of a TCP proxy, with HAProxy's words. Milliseconds; `Infinity` switches one off. For the way to the server
 * the backend's `queueMs` and `connectMs` count.
 *
 * A connection that stands is closed when nothing moves for the backend's `tunnelMs` (one hour by default). `tunnelMs`
 * here is the same for this proxy. Without it, `clientMs` and `serverMs` set limits for each side, and the shorter one is
 * what an idle connection has. As in HAProxy, `tunnelMs` supersedes both.
 */
export interface TcpTimeouts {
  /** No byte to or from either side. The backend's by default. */
  readonly tunnelMs?: number | undefined
  /** No byte to or from the client, bytes that it does not take included. As `tunnelMs` by default. */
  readonly clientMs?: number | undefined
  /** No byte to or from the server. As `tunnelMs` by default; the backend's `serverMs` is for answers, and not used here. */
  readonly serverMs?: number | undefined
  /** The client's silence after the server has ended its direction. As before the end by default. */
  readonly clientFinMs?: number | undefined
  /** The server's silence after the client has ended its direction. As before the end by default. */
  readonly serverFinMs?: number | undefined
  /** With `inspect`, or a balancer that wants to see them: how long the first bytes may take; 5 s by default. HAProxy's `inspect-delay`. */
  readonly inspectMs?: number | undefined
}

/** The options of a TCP proxy. */
export interface TcpProxyOptions {
  /** The backend for all connections, or a function that names one for each; undefined closes the connection. */
  readonly route: Backend | TcpRoute
  /**
   * `client-hello`: wait for the first bytes before routing, and read the name (SNI) and the protocols (ALPN) out of a TLS
   * ClientHello, without terminating TLS. What is not TLS is routed as `plain`, a client that says nothing within
   * `inspectMs` as `silent`; a ClientHello that is malformed, longer than `inspectBytes` or cut short is refused. None by
   * default.
   */
  readonly inspect?: 'client-hello' | undefined
  /** The most that is held of a ClientHello: 512 to 65,536 bytes; 16,384 by default. */
  readonly inspectBytes?: number | undefined
  /** Take PROXY headers from these peers. Nobody's by default. */
  readonly acceptProxy?: AcceptProxyOptions | undefined
  /** Send servers a PROXY header in front of each connection. None by default. */
  readonly sendProxy?: SendProxy | undefined
  /**
   * What becomes of connections to a server that its checks find down, or that goes into maintenance: `keep` (default),
   * or `shut-sessions` closes them. HAProxy's `on-marked-down shutdown-sessions`.
   */
  readonly onServerDown?: 'keep' | 'shut-sessions' | undefined
  readonly timeouts?: TcpTimeouts | undefined
  /** Send small pieces at once on both sides (TCP_NODELAY). True by default. */
  readonly noDelay?: boolean | undefined
  /**
   * Ask silent peers, on both sides, whether they are there (TCP keep-alive), after so many milliseconds: 0, the default,
   * does not; else whole seconds from 1000. How often, and when it gives up, the kernel decides.
   */
  readonly keepAliveMs?: number | undefined
  /** Connections at once: 1 to 1,000,000; 10,000 by default. More are closed at once and counted. HAProxy's `maxconn`. */
  readonly maxConnections?: number | undefined
  /**
   * Rules: for connections when they are accepted, once it is known who the client is, and with its first bytes. None by
   * default. HAProxy's `tcp-request connection`, `session`, `content`.
   */
  readonly rules?: TcpRules | undefined
  /**
   * A name of its own for each connection, for rules, the log, and servers by `sendProxy.uniqueId`. None by default.
   * HAProxy's `unique-id-format`.
   */
  readonly uniqueId?: ConnectionIdOptions | undefined
  /** What is written down of connections, and where to. Nothing by default. HAProxy's `log`, `log-format`. */
  readonly log?: LogOptions | undefined
  /** Its name, for rules and logs: 1 to 128 visible ASCII characters; `tcp` by default. */
  readonly name?: string | undefined
  /** What is tracked in stick tables, and so counted: the first is `sc0`. Nothing by default. HAProxy's `track-sc`. */
  readonly track?: readonly Tracker<TcpConnection>[] | undefined
  /** Where time comes from until a backend, which has a clock of its own, is chosen. */
  readonly clock?: Clock | undefined
}

const optionNames: readonly (keyof TcpProxyOptions)[] = [
  'route',
  'inspect',
  'inspectBytes',
  'acceptProxy',
  'sendProxy',
  'onServerDown',
  'timeouts',
  'noDelay',
  'keepAliveMs',
  'maxConnections',
  'rules',
  'uniqueId',
  'log',
  'name',
  'track',
  'clock',
]

/** What a TCP proxy announces. */
export interface TcpProxyEvents {
  /** It listens on one more address. */
  listening: [address: BoundAddress]
  /** A listening socket failed. */
  error: [error: Error]
  /** A connection was closed at once, because there were as many as there may be. */
  'connections-full': [limit: number]
  /** A connection ended before it had a server: a rule, its PROXY header or its ClientHello refused it, or no route took it. */
  refused: [reason: TcpRefusal, code: string, message: string, peerAddress: string]
  /** The route, a tracker's key or a rule threw. The connection is closed, unless it was a key. */
  'route-error': [error: unknown]
}

/**
 * Make a TCP proxy.
 * @throws {EvenerError} `EVENER_INVALID_OPTION`, `EVENER_UNKNOWN_OPTION`
 */
export function createTcpProxy(options: TcpProxyOptions): TcpProxy {
  return new TcpProxy(options)
}

export class TcpProxy extends EventEmitter<TcpProxyEvents> {
  readonly counters = new TcpProxyCounters()
  readonly #settings: TcpSettings
  /** Connections that it serves at once; see {@link TcpProxyOptions.maxConnections}. */
  get maxConnections(): number {
    return this.#maxConnections
  }
  /** Where its time comes from. */
  readonly clock: Clock
  /** See {@link TcpProxyOptions.name}. */
  readonly name: string
  readonly #shutsSessions: boolean
  readonly #listeners = new Listeners()
  #maxConnections: number
  readonly #sessions = new Set<TcpSession>()
  /** By server, where they are to be shut with it. */
  readonly #joined = new Map<Server, Set<TcpSession>>()
  readonly #watched = new Set<Backend>()
  #closing: Promise<void> | undefined
  #quiet: (() => void) | undefined

  /** See {@link createTcpProxy}. */
  constructor(options: TcpProxyOptions) {
    super()
    knownOptions('tcpProxy', options, optionNames)
    const route = tcpRoute(options.route)
    const inspect =
      options.inspect === undefined
        ? undefined
        : oneOf('tcpProxy.inspect', options.inspect, 'client-hello', ['client-hello'])
    const inspectBytes = integer('tcpProxy.inspectBytes', options.inspectBytes, 16_384, 512, 65_536)
    const timeouts = readTcpTimeouts(options.timeouts)
    this.#maxConnections = integer('tcpProxy.maxConnections', options.maxConnections, 10_000, 1, 1_000_000)
    this.#shutsSessions =
      oneOf('tcpProxy.onServerDown', options.onServerDown, 'keep', ['keep', 'shut-sessions']) ===
      'shut-sessions'
    this.clock = withMethods(
      'tcpProxy.clock',
      options.clock ?? monotonic,
      ['now', 'setTimeout'],
      'new VirtualClock()',
    )
    this.name = name('tcpProxy.name', options.name ?? 'tcp')
    const failed = (error: unknown): void => {
      this.emit('route-error', error)
    }
    const around = surroundings(new TcpProxySight(this))
    this.#settings = {
      clock: this.clock,
      counters: this.counters,
      rules: readTcpRules('tcpProxy.rules', options.rules),
      uniqueId: readConnectionId('tcpProxy.uniqueId', options.uniqueId),
      sessions: 0,
      around,
      failed,
      log: doorLog(
        'tcpProxy.log',
        options.log,
        {
          name: this.name,
          clock: this.clock,
          around,
          connectionsNow: () => this.counters.connectionsNow,
          failed,
        },
        'tcplog',
      ),
      acceptProxy: acceptProxyOptions('tcpProxy.acceptProxy', options.acceptProxy),
      inspectMs: timeouts.inspectMs,
      inspect: inspect && { maxBytes: inspectBytes, timeoutMs: timeouts.inspectMs },
      sendProxy: sendProxyOptions('tcpProxy.sendProxy', options.sendProxy),
      noDelay: flag('tcpProxy.noDelay', options.noDelay, true),
      keepAliveMs: keepAlive(options.keepAliveMs),
      limitsFor: timeouts.limitsFor,
      tracking: Tracking.of('tcpProxy.track', options.track, 'connection', failed),
      route: connection => {
        try {
          return route(connection)
        } catch (error) {
          this.emit('route-error', error)
          return undefined
        }
      },
      refused: (session, reason, code, message) =>
        this.#refused(reason, code, message, session.clientAddress),
      joined: session => this.#track(session),
      left: session => this.#untrack(session),
      closed: session => this.#closed(session),
    }
  }

  /** Connections that are open now. */
  get active(): number {
    return this.#sessions.size
  }

  /**
   * Listen on one more address. May be called several times, for several addresses.
   * @param bind a port, or where to listen
   * @returns where it listens, once it does
   * @throws {EvenerError} `EVENER_INVALID_OPTION`, `EVENER_CLOSED`; rejects with the system's error where the address
   *   cannot be had
   */
  async listen(bind: number | BindOptions): Promise<BoundAddress> {
    if (this.#closing !== undefined) throw closed()
    const options = listenOptions(typeof bind === 'number' ? { port: bind } : bind)
    const { noDelay, keepAliveMs } = this.#settings
    const listener = createServer(
      {
        allowHalfOpen: true,
        noDelay,
        ...(keepAliveMs > 0 && { keepAlive: true, keepAliveInitialDelay: keepAliveMs }),
      },
      socket => this.serve(socket),
    )
    await listenOn(listener, options)
    if (this.#closing !== undefined) {
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
    this.#listeners.pause('tcpProxy.pause')
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
    this.#maxConnections = integer('tcpProxy.maxConnections', maxConnections, 10_000, 1, 1_000_000)
  }

  /**
   * Serve a connection that something else has accepted.
   * @param socket a TCP, unix or TLS socket with nothing read from it, made with `allowHalfOpen` where half-closed
   *   connections are to be kept. With `acceptProxy` it must be the TCP or unix socket itself
   * @param tls what its handshake has settled, where it is a TLS socket
   */
  serve(socket: Socket, tls?: TlsFacts): void {
    const { counters } = this
    if (this.#sessions.size >= this.maxConnections || this.#closing !== undefined) {
      socket.on('error', () => undefined)
      socket.destroy()
      if (this.#closing !== undefined) return
      counters.connectionsRefused++
      counters.refusedBy['connections-full']++
      this.emit('connections-full', this.maxConnections)
      return
    }
    counters.connections++
    counters.connectionRate.add(this.clock.now())
    const session = new TcpSession(socket, this.#settings, tls)
    this.#sessions.add(session)
    processConnections.now++
    counters.connectionsNow = this.#sessions.size
    if (counters.connectionsNow > counters.connectionsMax) counters.connectionsMax = counters.connectionsNow
    session.start()
  }

  /**
   * End gracefully: accept no more, and let the connections that there are go on until they end or the deadline comes;
   * then they are broken off. Does not close the backends. May be called again, to bring the deadline nearer.
   */
  close(options: CloseOptions = {}): Promise<void> {
    knownOptions('close', options, ['drainMs'])
    const drainMs = integer('close.drainMs', options.drainMs, 30_000, 0, 2_147_483_647)
    if (this.#closing === undefined) {
      const stopped = this.#listeners.close()
      const quiet = new Promise<void>(resolve => {
        this.#quiet = resolve
      })
      this.#closing = Promise.all([...stopped, quiet]).then(() => this.#unwatch())
    }
    if (this.#sessions.size === 0) this.#quiet?.()
    else if (drainMs === 0) this.#breakOff()
    else {
      const deadline = this.#settings.clock.setTimeout(() => this.#breakOff(), drainMs)
      void this.#closing.then(() => deadline.cancel())
    }
    return this.#closing
  }

  #breakOff(): void {
    for (const session of [...this.#sessions]) session.destroy()
  }

  #refused(reason: TcpRefusal, code: string, message: string, peerAddress: string): void {
    this.counters.connectionsRefused++
    this.counters.refusedBy[reason]++
    this.emit('refused', reason, code, message, peerAddress)
  }

  #closed(session: TcpSession): void {
    if (!this.#sessions.delete(session)) return
    processConnections.now--
    this.counters.connectionsNow = this.#sessions.size
    if (this.#sessions.size === 0) this.#quiet?.()
  }

  // ── sessions of servers that go down ───────────────────────────────────────────────────────────────

  #track(session: TcpSession): void {
    const { server, backend } = session
    if (!this.#shutsSessions || server === undefined || backend === undefined) return
    if (!this.#watched.has(backend)) {
      this.#watched.add(backend)
      backend.on('down', this.#onDown)
      backend.on('admin', this.#onAdmin)
    }
    // It may have gone down while the connection was made.
    if (!server.usable) {
      session.shutdown()
      return
    }
    const those = this.#joined.get(server)
    if (those === undefined) this.#joined.set(server, new Set([session]))
    else those.add(session)
  }

  #untrack(session: TcpSession): void {
    const { server } = session
    if (server === undefined) return
    const those = this.#joined.get(server)
    if (those?.delete(session) === true && those.size === 0) this.#joined.delete(server)
  }

  readonly #onDown = (server: Server): void => {
    for (const session of [...(this.#joined.get(server) ?? [])]) session.shutdown()
  }

  readonly #onAdmin = (server: Server, _previous: AdminState): void => {
    if (server.admin === 'maintenance') this.#onDown(server)
  }

  #unwatch(): void {
    for (const backend of this.#watched) {
      backend.off('down', this.#onDown)
      backend.off('admin', this.#onAdmin)
    }
    this.#watched.clear()
  }
}

function tcpRoute(backendOrRoute: Backend | TcpRoute): TcpRoute {
  const field = 'tcpProxy.route'
  if (backendOrRoute instanceof Backend) return () => backendOrRoute
  if (typeof backendOrRoute !== 'function') {
    throw invalid(field, backendOrRoute, 'a backend, or a function from a connection to a backend')
  }
  return connection => {
    const backend = backendOrRoute(connection)
    // Plain JavaScript can hand over anything, a promise from an async function for one.
    if (backend !== undefined && !(backend instanceof Backend)) {
      throw invalid(`${field}: the route's answer`, backend, 'a backend or undefined, and no promise')
    }
    return backend
  }
}

interface ReadTimeouts {
  readonly limitsFor: (backend: Backend) => RelayLimits
  readonly inspectMs: number
}

function readTcpTimeouts(options: TcpTimeouts = {}): ReadTimeouts {
  const field = 'tcpProxy.timeouts'
  const names = ['tunnelMs', 'clientMs', 'serverMs', 'clientFinMs', 'serverFinMs'] as const
  knownOptions(field, options, [...names, 'inspectMs'])
  const [tunnelMs, clientMs, serverMs, clientFinMs, serverFinMs] = names.map(name =>
    options[name] === undefined ? undefined : duration(`${field}.${name}`, options[name], 0),
  )
  const limits = (ofClient: number, ofServer: number): RelayLimits => ({
    clientMs: ofClient,
    serverMs: ofServer,
    clientFinMs,
    serverFinMs,
  })
  const inspectMs = duration(`${field}.inspectMs`, options.inspectMs, 5_000)
  const none = Number.POSITIVE_INFINITY
  if (tunnelMs === undefined && clientMs === undefined && serverMs === undefined) {
    const made = new WeakMap<Backend, RelayLimits>()
    const limitsFor = (backend: Backend): RelayLimits => {
      let those = made.get(backend)
      if (those === undefined) {
        those = limits(backend.timeouts.tunnelMs, backend.timeouts.tunnelMs)
        made.set(backend, those)
      }
      return those
    }
    return { limitsFor, inspectMs }
  }
  const own = tunnelMs === undefined ? limits(clientMs ?? none, serverMs ?? none) : limits(tunnelMs, tunnelMs)
  return { limitsFor: () => own, inspectMs }
}

function keepAlive(value: number | undefined): number {
  const ms = integer('tcpProxy.keepAliveMs', value, 0, 0, 32_767_000)
  if (ms > 0 && ms < 1_000)
    throw invalid('tcpProxy.keepAliveMs', value, '0, or milliseconds from 1000 to 32767000')
  return ms
}

function closed(): EvenerError {
  return new EvenerError('EVENER_CLOSED', 'the TCP proxy is closed; it cannot listen any more')
}
