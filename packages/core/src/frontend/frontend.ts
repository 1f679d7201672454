/**
 * Evener's own listener: HTTP/1.1 on `node:net`, with nothing of `node:http` between. The fast path.
 *
 * It has HAProxy's frontend in mind: binds, timeouts, a limit on connections, keep-alive, and a graceful end. What
 * becomes of a request is the same as behind `httpHandler`: route, backend, exchange, engine.
 */
import { createServer, type ListenOptions, type Server as NetServer, type Socket } from 'node:net'
import { type LimitOptions, resolveLimits } from '@evener/http1'
import { EventEmitter } from 'eventemitter3'
import type { Backend } from '../balance/backend.ts'
import { type Clock, monotonic } from '../base/clock.ts'
import { EvenerError } from '../base/errors.ts'
import { duration, flag, integer, invalid, knownOptions, withMethods } from '../base/options.ts'
import { http1Engine } from '../engines/http1/http1-engine.ts'
import { type AnswerStatus, Answers, type ErrorPages } from '../http/answer.ts'
import { type CloseOptions, type DoorTimeouts, type Route, routeOf } from '../http/door.ts'
import type { Engine } from '../http/engine.ts'
import { type ForwardedOptions, Forwarding } from '../http/forwarded.ts'
import { upgradeNames } from '../http/upgrades.ts'
import { ClientConnection } from './client-connection.ts'
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
  'clock',
]

/** Where to listen. One of `port`, `path` and `fd`. */
export interface BindOptions {
  /** 0 to 65535; 0 takes a free one. */
  readonly port?: number | undefined
  /** An address to listen on; all of both families by default. */
  readonly host?: string | undefined
  /** A unix socket's path. */
  readonly path?: string | undefined
  /** An open listening socket, as systemd passes them. */
  readonly fd?: number | undefined
  /** Connections that wait to be accepted: 1 to 65535; 511 by default. The kernel has a limit of its own. */
  readonly backlog?: number | undefined
  /** Share the port with other processes, the kernel spreading connections (Linux). False by default. */
  readonly reusePort?: boolean | undefined
}

/** A place where a frontend listens. */
export interface BoundAddress {
  /** The port; undefined for a unix socket or a file descriptor. */
  readonly port: number | undefined
  /** `0.0.0.0:8080`, `[::]:8080` or a path. */
  readonly text: string
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
export class FrontendCounters {
  /** Connections accepted; open now; the most at once; closed for being too many. */
  connections = 0
  connectionsNow = 0
  connectionsMax = 0
  connectionsRefused = 0
  /** Requests answered without a backend, by status. */
  readonly refused: Partial<Record<AnswerStatus, number>> = {}
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
  readonly #settings: FrontendSettings & { closing: boolean }
  readonly #ownsEngine: boolean
  readonly #maxConnections: number
  readonly #listeners = new Set<NetServer>()
  readonly #connections = new Set<ClientConnection>()
  #active = 0
  #quiet: (() => void) | undefined

  /** See {@link createFrontend}. */
  constructor(options: FrontendOptions) {
    super()
    knownOptions('frontend', options, optionNames)
    const route = routeOf('frontend.route', options.route)
    const upgrades = upgradeNames('frontend.upgrades', options.upgrades)
    const timeouts = options.timeouts ?? {}
    knownOptions('frontend.timeouts', timeouts, ['clientMs', 'httpRequestMs', 'httpKeepAliveMs'])
    const most = Number.MAX_SAFE_INTEGER
    this.#ownsEngine = options.engine === undefined
    this.#maxConnections = integer('frontend.maxConnections', options.maxConnections, 10_000, 1, 1_000_000)
    this.#settings = {
      exchange: {
        engine: withMethods(
          'frontend.engine',
          options.engine ?? http1Engine(),
          ['attempt', 'close'],
          'http1Engine()',
        ),
        forwarding: new Forwarding(options.forwarded, 'frontend.forwarded'),
        answers: new Answers(options.errorPages, 'frontend.errorPages'),
        clientMs: duration('frontend.timeouts.clientMs', timeouts.clientMs, 60_000),
        began: () => {
          this.#active++
        },
        ended: () => {
          this.#active--
        },
      },
      limits: resolveLimits(options.limits),
      clock: options.clock ?? monotonic,
      httpRequestMs: duration('frontend.timeouts.httpRequestMs', timeouts.httpRequestMs, 10_000),
      httpKeepAliveMs: duration('frontend.timeouts.httpKeepAliveMs', timeouts.httpKeepAliveMs, 10_000),
      maxRequests: integer('frontend.maxRequests', options.maxRequests, most, 1, most),
      maxBodyBytes: integer('frontend.maxBodyBytes', options.maxBodyBytes, most, 0, most),
      replayBytes: integer('frontend.replayBytes', options.replayBytes, 65_536, 0, 16_777_216),
      closing: false,
      route: request => {
        try {
          return route(request) ?? 404
        } catch (error) {
          this.emit('route-error', error)
          return 500
        }
      },
      failed: error => {
        this.emit('route-error', error)
      },
      upgradeOf: head => {
        if (head.upgrade === '' || head.framing !== 'none') return undefined
        const protocol = head.upgrade.toLowerCase()
        return upgrades.has(protocol) ? protocol : undefined
      },
      refused: status => {
        const { refused } = this.counters
        refused[status] = (refused[status] ?? 0) + 1
      },
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
  async listen(bind: number | BindOptions): Promise<BoundAddress> {
    if (this.#settings.closing)
      throw new EvenerError('EVENER_CLOSED', 'the frontend is closed; it cannot listen any more')
    const options = listenOptions(typeof bind === 'number' ? { port: bind } : bind)
    // The client may end its side first; what that means is the connection's business.
    const listener = createServer({ allowHalfOpen: true, noDelay: true }, socket => this.#accept(socket))
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject)
      listener.listen(options, () => {
        listener.off('error', reject)
        resolve()
      })
    })
    listener.on('error', error => this.emit('error', error))
    this.#listeners.add(listener)
    const address = boundAddress(listener)
    this.emit('listening', address)
    return address
  }

  /**
   * Serve a connection that something else has accepted.
   * @param socket a TCP or unix socket, with nothing read from it
   */
  serve(socket: Socket): void {
    this.#accept(socket)
  }

  /**
   * End gracefully: accept no more, close idle connections, let what is under way finish with `Connection: close`, and
   * break off what is left at the deadline. Does not close the backends.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    knownOptions('close', options, ['drainMs'])
    const drainMs = integer('close.drainMs', options.drainMs, 30_000, 0, 2_147_483_647)
    this.#settings.closing = true
    const stopped = [...this.#listeners].map(
      listener => new Promise<void>(resolve => listener.close(() => resolve())),
    )
    this.#listeners.clear()
    for (const connection of [...this.#connections]) connection.closeSoon()
    if (this.#connections.size > 0 && drainMs > 0) {
      await new Promise<void>(resolve => {
        const deadline = this.#settings.clock.setTimeout(resolve, drainMs)
        this.#quiet = () => {
          deadline.cancel()
          resolve()
        }
      })
    }
    for (const connection of [...this.#connections]) connection.destroy()
    if (this.#ownsEngine) this.#settings.exchange.engine.close()
    await Promise.all(stopped)
  }

  #accept(socket: Socket): void {
    const { counters } = this
    if (this.#connections.size >= this.#maxConnections || this.#settings.closing) {
      counters.connectionsRefused++
      socket.on('error', () => undefined)
      socket.destroy()
      if (!this.#settings.closing) this.emit('connections-full', this.#maxConnections)
      return
    }
    counters.connections++
    this.#connections.add(new ClientConnection(socket, this.#settings, undefined, undefined))
    counters.connectionsNow = this.#connections.size
    if (counters.connectionsNow > counters.connectionsMax) counters.connectionsMax = counters.connectionsNow
  }

  #closed(connection: ClientConnection): void {
    this.#connections.delete(connection)
    this.counters.connectionsNow = this.#connections.size
    if (this.#connections.size === 0) this.#quiet?.()
  }
}

function listenOptions(bind: BindOptions): ListenOptions & { fd?: number } {
  knownOptions('listen', bind, ['port', 'host', 'path', 'fd', 'backlog', 'reusePort'])
  const { port, host, path, fd } = bind
  if ([port, path, fd].filter(way => way !== undefined).length !== 1) {
    throw invalid('listen', bind, 'exactly one of port, path and fd')
  }
  const common = {
    backlog: integer('listen.backlog', bind.backlog, 511, 1, 65_535),
    // Under node:cluster a worker would otherwise ask the primary for the socket, and share that one.
    ...(flag('listen.reusePort', bind.reusePort, false) && { reusePort: true, exclusive: true }),
  }
  if (path !== undefined) return { ...common, path }
  if (fd !== undefined) return { ...common, fd: integer('listen.fd', fd, 0, 0, 1_048_576) }
  return { ...common, port: integer('listen.port', port, 0, 0, 65_535), ...(host !== undefined && { host }) }
}

function boundAddress(listener: NetServer): BoundAddress {
  const address = listener.address()
  if (address === null) return { port: undefined, text: 'fd' }
  if (typeof address === 'string') return { port: undefined, text: address }
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return { port: address.port, text: `${host}:${address.port}` }
}
