/**
 * UDP, balanced by the same {@link Backend} that serves HTTP: DNS, syslog, games, QUIC.
 *
 * UDP knows no connections, so what belongs together is told by the client's address and port: a session. It takes a
 * place on a server from its first datagram until it has been silent for a while, or has had the answers that were due.
 *
 * Who sends datagrams can write any address into them. So sessions are bounded, and those that there are go before new
 * ones, unless `whenFull` says otherwise; and a proxy in front of a service whose answers are longer than its questions
 * can be used to send these to others, as the service itself can.
 *
 * Not for clients that change address and port and mean the same conversation (QUIC migration).
 */
import { createSocket, type Socket } from 'node:dgram'
import { isIP, isIPv6 } from 'node:net'
import { EventEmitter } from 'eventemitter3'
import { Backend } from '../balance/backend.ts'
import type { Server } from '../balance/server.ts'
import { type Clock, monotonic } from '../base/clock.ts'
import { EvenerError } from '../base/errors.ts'
import { duration, flag, integer, invalid, knownOptions, oneOf, withMethods } from '../base/options.ts'
import { type SendProxyOptions, sendProxyOptions } from '../base/send-proxy.ts'
import type { BoundAddress } from '../frontend/listening.ts'
import type { CloseOptions } from '../http/door.ts'
import { SeenClient, type UdpClient } from './datagram-facts.ts'
import { UdpProxyCounters } from './udp-counters.ts'
import { UdpSession, type UdpSettings } from './udp-session.ts'

/** Which backend serves a client; undefined where none does, and its datagram is dropped. */
export type UdpRoute = (client: UdpClient) => Backend | undefined

/** The options of a UDP proxy. */
export interface UdpProxyOptions {
  /** The backend for all clients, or a function that names one for each. */
  readonly route: Backend | UdpRoute
  /** Silence in both directions after which a session ends, in milliseconds; 60 s by default. */
  readonly idleMs?: number | undefined
  /**
   * How many datagrams answer each datagram of the client: 0 to 65,535. When all have come, the session ends at once: 1
   * suits DNS, 0 suits syslog. By default sessions last until they are idle. nginx's `proxy_responses`.
   */
  readonly responses?: number | undefined
  /** Sessions at once: 1 to 1,000,000; 10,000 by default. Each has a socket. */
  readonly maxSessions?: number | undefined
  /**
   * What becomes of a new client beyond that: `refuse` (default) drops its datagram, and those who are served stay served;
   * `evict` ends the session that has been silent longest, so that a flood of invented addresses drives out everybody.
   */
  readonly whenFull?: 'refuse' | 'evict' | undefined
  /** Datagrams of a client that may wait for a server: 1 to 1,024; 16 by default. */
  readonly maxPending?: number | undefined
  /** Send servers a PROXY header of version 2 in front of the first datagram of each session. None by default. */
  readonly sendProxy?: 2 | SendProxyOptions | undefined
  /** As that of a TCP proxy: `shut-sessions` ends the sessions of a server that goes down. `keep` by default. */
  readonly onServerDown?: 'keep' | 'shut-sessions' | undefined
  /** Where time comes from for `close`; sessions go by their backend's. */
  readonly clock?: Clock | undefined
}

const optionNames: readonly (keyof UdpProxyOptions)[] = [
  'route',
  'idleMs',
  'responses',
  'maxSessions',
  'whenFull',
  'maxPending',
  'sendProxy',
  'onServerDown',
  'clock',
]

/** Where to listen. */
export interface UdpBindOptions {
  /** 0 to 65535; 0 takes a free one. */
  readonly port: number
  /** An address to listen on; all of IPv6 and IPv4 by default. */
  readonly host?: string | undefined
  /** Share the port with other processes, the kernel spreading clients (Linux). False by default. */
  readonly reusePort?: boolean | undefined
  /** The size of the kernel's buffer for what comes, in bytes; the system's own by default. */
  readonly receiveBufferBytes?: number | undefined
}

/** What a UDP proxy announces. */
export interface UdpProxyEvents {
  /** It listens on one more address. */
  listening: [address: BoundAddress]
  /** A listening socket failed, or could not send an answer. */
  error: [error: Error]
  /** A client found as many sessions as there may be. */
  'sessions-full': [limit: number]
  /** The route threw. The datagram is dropped. */
  'route-error': [error: unknown]
}

/**
 * Make a UDP proxy.
 * @throws {EvenerError} `EVENER_INVALID_OPTION`, `EVENER_UNKNOWN_OPTION`
 */
export function createUdpProxy(options: UdpProxyOptions): UdpProxy {
  return new UdpProxy(options)
}

export class UdpProxy extends EventEmitter<UdpProxyEvents> {
  readonly counters = new UdpProxyCounters()
  readonly #settings: UdpSettings
  readonly #route: UdpRoute
  readonly #clock: Clock
  readonly #maxSessions: number
  readonly #evicts: boolean
  readonly #shutsSessions: boolean
  readonly #listeners = new Map<Socket, number>()
  /** In the order of their last datagram where some are to be evicted; else in that of their first. */
  readonly #sessions = new Map<string, UdpSession>()
  readonly #watched = new Set<Backend>()
  #listenersMade = 0
  #closing: Promise<void> | undefined
  #quiet: (() => void) | undefined

  /** See {@link createUdpProxy}. */
  constructor(options: UdpProxyOptions) {
    super()
    knownOptions('udpProxy', options, optionNames)
    this.#route = udpRoute(options.route)
    this.#clock = withMethods(
      'udpProxy.clock',
      options.clock ?? monotonic,
      ['now', 'setTimeout'],
      'new VirtualClock()',
    )
    this.#maxSessions = integer('udpProxy.maxSessions', options.maxSessions, 10_000, 1, 1_000_000)
    this.#evicts = oneOf('udpProxy.whenFull', options.whenFull, 'refuse', ['refuse', 'evict']) === 'evict'
    this.#shutsSessions =
      oneOf('udpProxy.onServerDown', options.onServerDown, 'keep', ['keep', 'shut-sessions']) ===
      'shut-sessions'
    const { sendProxy } = options
    if ((sendProxy as unknown) === 1 || (typeof sendProxy === 'object' && sendProxy?.version === 1)) {
      throw invalid('udpProxy.sendProxy', 1, 'version 2: the first has no word for UDP')
    }
    this.#settings = {
      counters: this.counters,
      idleMs: duration('udpProxy.idleMs', options.idleMs, 60_000),
      responses:
        options.responses === undefined
          ? undefined
          : integer('udpProxy.responses', options.responses, 0, 0, 65_535),
      maxPending: integer('udpProxy.maxPending', options.maxPending, 16, 1, 1_024),
      sendProxy: sendProxyOptions('udpProxy.sendProxy', sendProxy),
      reply: ({ listener, address, client }, datagram) => {
        if (!this.#listeners.has(listener)) return
        listener.send(datagram, client.facts.peerPort, address, error => {
          if (error !== null) this.emit('error', error)
        })
      },
      ended: session => this.#ended(session),
    }
  }

  /** Sessions that there are now. */
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
  async listen(bind: number | UdpBindOptions): Promise<BoundAddress> {
    if (this.#closing !== undefined)
      throw new EvenerError('EVENER_CLOSED', 'the UDP proxy is closed; it cannot listen any more')
    const options = typeof bind === 'number' ? { port: bind } : bind
    knownOptions('listen', options, ['port', 'host', 'reusePort', 'receiveBufferBytes'])
    const port = integer('listen.port', options.port, 0, 0, 65_535)
    const { host = '::', receiveBufferBytes } = options
    if (isIP(host) === 0) throw invalid('listen.host', host, 'an IPv4 or IPv6 address')
    const reusePort = flag('listen.reusePort', options.reusePort, false)
    const size = integer('listen.receiveBufferBytes', receiveBufferBytes, 0, 0, 1_073_741_824)
    const listener = createSocket({
      type: isIPv6(host) ? 'udp6' : 'udp4',
      ...(reusePort && { reusePort }),
      ...(size > 0 && { recvBufferSize: size }),
    })
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject)
      // Under node:cluster a worker would otherwise share the primary's socket, and get other workers' clients.
      listener.bind({ port, address: host, exclusive: reusePort }, () => {
        listener.off('error', reject)
        resolve()
      })
    })
    listener.on('error', error => this.emit('error', error))
    const number = ++this.#listenersMade
    this.#listeners.set(listener, number)
    const bound = listener.address()
    listener.on('message', (datagram, { address, port: from }) => {
      this.#received(listener, number, bound.address, bound.port, datagram, address, from)
    })
    const address = {
      port: bound.port,
      text: isIPv6(bound.address) ? `[${bound.address}]:${bound.port}` : `${bound.address}:${bound.port}`,
    }
    this.emit('listening', address)
    return address
  }

  /**
   * End gracefully: no new sessions, and those that there are go on until they end or the deadline comes. Does not close
   * the backends. May be called again, to bring the deadline nearer.
   */
  close(options: CloseOptions = {}): Promise<void> {
    knownOptions('close', options, ['drainMs'])
    const drainMs = integer('close.drainMs', options.drainMs, 30_000, 0, 2_147_483_647)
    this.#closing ??= new Promise<void>(resolve => {
      this.#quiet = resolve
    }).then(() => this.#stop())
    if (this.#sessions.size === 0) this.#quiet?.()
    else if (drainMs === 0) this.#breakOff()
    else {
      const deadline = this.#clock.setTimeout(() => this.#breakOff(), drainMs)
      void this.#closing.then(() => deadline.cancel())
    }
    return this.#closing
  }

  #breakOff(): void {
    for (const session of [...this.#sessions.values()]) session.shutdown()
  }

  async #stop(): Promise<void> {
    for (const backend of this.#watched) backend.off('down', this.#onDown).off('admin', this.#onAdmin)
    this.#watched.clear()
    const listeners = [...this.#listeners.keys()]
    this.#listeners.clear()
    await Promise.all(
      listeners.map(listener => new Promise<void>(resolve => listener.close(() => resolve()))),
    )
  }

  #received(
    listener: Socket,
    number: number,
    localAddress: string,
    localPort: number,
    datagram: Buffer,
    address: string,
    port: number,
  ): void {
    const key = `${number} ${port} ${address}`
    let session = this.#sessions.get(key)
    if (session === undefined) {
      session = this.#begin(listener, localAddress, localPort, address, port, key)
      if (session === undefined) return
      session.send(datagram)
      session.start()
    } else {
      if (this.#evicts) {
        this.#sessions.delete(key)
        this.#sessions.set(key, session)
      }
      session.send(datagram)
    }
  }

  #begin(
    listener: Socket,
    localAddress: string,
    localPort: number,
    address: string,
    port: number,
    key: string,
  ): UdpSession | undefined {
    const { counters } = this
    if (this.#closing !== undefined) return undefined
    if (this.#sessions.size >= this.#maxSessions) {
      this.emit('sessions-full', this.#maxSessions)
      if (!this.#evicts) {
        counters.sessionsRefused++
        return undefined
      }
      counters.sessionsEvicted++
      for (const oldest of this.#sessions.values()) {
        oldest.shutdown()
        break
      }
    }
    const client = new SeenClient(address, port, localAddress, localPort)
    const backend = this.#routed(client)
    if (backend === undefined) {
      counters.sessionsRefused++
      return undefined
    }
    this.#watch(backend)
    const session = new UdpSession(this.#settings, backend, client, listener, address, key)
    this.#sessions.set(key, session)
    counters.sessions++
    counters.sessionsNow = this.#sessions.size
    if (counters.sessionsNow > counters.sessionsMax) counters.sessionsMax = counters.sessionsNow
    return session
  }

  #routed(client: UdpClient): Backend | undefined {
    try {
      return this.#route(client)
    } catch (error) {
      this.emit('route-error', error)
      return undefined
    }
  }

  #ended(session: UdpSession): void {
    this.#sessions.delete(session.key)
    this.counters.sessionsNow = this.#sessions.size
    if (this.#sessions.size === 0) this.#quiet?.()
  }

  // ── sessions of servers that go down ───────────────────────────────────────────────────────────────

  #watch(backend: Backend): void {
    if (!this.#shutsSessions || this.#watched.has(backend)) return
    this.#watched.add(backend)
    backend.on('down', this.#onDown)
    backend.on('admin', this.#onAdmin)
  }

  readonly #onDown = (server: Server): void => {
    for (const session of [...this.#sessions.values()]) if (session.server === server) session.shutdown()
  }

  readonly #onAdmin = (server: Server): void => {
    if (server.admin === 'maintenance') this.#onDown(server)
  }
}

function udpRoute(backendOrRoute: Backend | UdpRoute): UdpRoute {
  const field = 'udpProxy.route'
  if (backendOrRoute instanceof Backend) return () => backendOrRoute
  if (typeof backendOrRoute !== 'function') {
    throw invalid(field, backendOrRoute, 'a backend, or a function from a client to a backend')
  }
  return client => {
    const backend = backendOrRoute(client)
    if (backend !== undefined && !(backend instanceof Backend)) {
      throw invalid(`${field}: the route's answer`, backend, 'a backend or undefined, and no promise')
    }
    return backend
  }
}
