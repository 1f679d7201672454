/**
 * One HTTP/2 connection to a server: connects, carries streams, is checked when it seems dead, ends.
 *
 * ```text
 * connecting ──> ready ──> retired (GOAWAY, idle, closing: no new streams) ──> gone
 *      └──> HTTP/1.1, where the server has chosen that by ALPN
 * ```
 *
 * Invariant: `open` is the number of transfers carried and not released; `gone` is told exactly once.
 */
import type { ClientHttp2Session, ClientHttp2Stream, ClientSessionRequestOptions } from 'node:http2'
import { connect, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Server } from '../../balance/server.ts'
import type { Clock, Timer } from '../../base/clock.ts'
import { ServerFacts } from '../server-facts.ts'
import { connectServerTls } from '../server-tls.ts'
import { errorCodes, nodeHttp2 } from './node-http2.ts'
import type { StreamTransfer } from './stream-transfer.ts'

/** What all sessions of an engine have in common. */
export interface SessionSettings {
  readonly clock: Clock
  readonly maxStreams: number
  readonly windowBytes: number
  readonly maxHeaderBytes: number
  readonly maxHeaders: number
  /** `Infinity` for none. */
  readonly pingMs: number
}

/** Whom a session tells what becomes of it. */
export interface SessionOwner {
  /** It has room for one more stream, or for many. */
  roomy(session: ServerSession): void
  /** No stream is left on it. */
  idle(session: ServerSession): void
  /** It takes no more streams. */
  retired(session: ServerSession): void
  /** The server has chosen HTTP/1.1. */
  choseHttp1(session: ServerSession): void
  /** A tunnel on a server that knows none. */
  withoutTunnel(transfer: StreamTransfer): void
}

/** How long a connection that seems dead has to answer a ping. */
const doubtMs = 5_000

export class ServerSession {
  readonly server: Server
  /** Waits for it to connect. */
  readonly queue: StreamTransfer[] = []
  /** False once somebody who waited has given up: it may be of no use to others either. */
  joinable = true
  /** Streams that it carries. */
  open = 0
  /** Streams that it has carried to their end. */
  served = 0
  /** Rises with all that comes from the server. */
  heard = 0
  /** Since when there is no stream, by the engine's clock. */
  idleSince = 0
  readonly #owner: SessionOwner
  readonly #settings: SessionSettings
  readonly #socket: Socket
  readonly #tunnels: StreamTransfer[] = []
  #session: ClientHttp2Session | undefined
  #state: 'connecting' | 'ready' | 'retired' = 'connecting'
  #peerStreams = Number.POSITIVE_INFINITY
  #extendedConnect: boolean | undefined
  #lastStream = Number.POSITIVE_INFINITY
  #doubt: Timer | undefined
  #keepAlive: Timer | undefined

  /** Connect. */
  constructor(server: Server, owner: SessionOwner, settings: SessionSettings) {
    this.server = server
    server.counters.connects++
    this.#owner = owner
    this.#settings = settings
    const { address, tls, protocol } = server
    const socket =
      tls !== undefined
        ? connectServerTls(server, protocol === 'auto' ? either : h2Only)
        : connect(
            address.path === undefined ? { host: address.host, port: address.port } : { path: address.path },
          )
    this.#socket = socket
    socket.setNoDelay(true)
    socket.once(tls === undefined ? 'connect' : 'secureConnect', this.#connected)
    socket.on('error', this.#unconnected)
    socket.on('close', this.#unconnected)
  }

  get connecting(): boolean {
    return this.#state === 'connecting'
  }

  /** How many more streams it takes now. */
  get room(): number {
    const session = this.#session
    if (this.#state !== 'ready' || session === undefined || session.closed || session.destroyed) return 0
    if (this.#doubt !== undefined) return 0
    return Math.max(0, Math.min(this.#settings.maxStreams, this.#peerStreams) - this.open)
  }

  /** As rules see it. */
  factsOf(reused: boolean): ServerFacts {
    return new ServerFacts(this.#socket, this.server, 2, reused)
  }

  // ── streams ────────────────────────────────────────────────────────────────────────────────────────

  /** Carry one more. */
  carry(transfer: StreamTransfer): void {
    this.open++
    const { upgrade } = transfer.attempt
    if (upgrade === undefined || (upgrade === 'websocket' && this.#extendedConnect === true))
      transfer.start(this)
    else if (upgrade === 'websocket' && this.#extendedConnect === undefined) this.#tunnels.push(transfer)
    else this.#refuseTunnel(transfer)
  }

  /** Whether a tunnel was waiting here, to be carried once the server has said whether it knows any. */
  withdraw(transfer: StreamTransfer): boolean {
    const at = this.#tunnels.indexOf(transfer)
    if (at === -1) return false
    this.#tunnels.splice(at, 1)
    this.release()
    return true
  }

  /** A stream, with these fields. @throws what Node says of fields that it does not send */
  request(fields: string[], options: ClientSessionRequestOptions): ClientHttp2Stream {
    return (this.#session as ClientHttp2Session).request(fields, options)
  }

  /** A transfer has ended. */
  release(): void {
    this.open--
    this.served++
    if (this.room > 0) this.#owner.roomy(this)
    if (this.open === 0) this.#owner.idle(this)
  }

  /** Whether the server has said that it did not look at this stream. */
  leftOut(id: number): boolean {
    return id > this.#lastStream
  }

  #refuseTunnel(transfer: StreamTransfer): void {
    process.nextTick(() => {
      this.release()
      this.#owner.withoutTunnel(transfer)
    })
  }

  // ── the connection ─────────────────────────────────────────────────────────────────────────────────

  readonly #connected = (): void => {
    const socket = this.#socket
    const { server } = this
    if (server.tls !== undefined && (socket as TLSSocket).alpnProtocol !== 'h2') {
      if (server.protocol === 'auto') {
        this.#state = 'retired'
        socket.off('error', this.#unconnected).on('error', ignore).off('close', this.#unconnected).destroy()
        this.#owner.choseHttp1(this)
      } else socket.destroy(new Error('the server did not agree to speak HTTP/2 (ALPN h2)'))
      return
    }
    socket.off('error', this.#unconnected).off('close', this.#unconnected)
    const { windowBytes, maxHeaderBytes, maxHeaders, pingMs, clock } = this.#settings
    const session = nodeHttp2().connect('https://localhost', {
      createConnection: () => socket,
      settings: {
        enablePush: false,
        initialWindowSize: windowBytes,
        maxHeaderListSize: maxHeaderBytes,
      },
      maxHeaderListPairs: maxHeaders,
      // In megabytes: what waits to be sent on all streams together.
      maxSessionMemory: 100,
      // Fields of which there should be one may come twice, and go on as they came.
      ...({ strictSingleValueFields: false } as object),
    })
    this.#session = session
    this.#state = 'ready'
    session.setLocalWindowSize(Math.max(windowBytes, 1_048_576))
    session.on('error', ignore)
    session.on('remoteSettings', settings => this.#told(settings))
    session.on('goaway', (_code, lastStream) => {
      this.#lastStream = lastStream
      this.retire()
    })
    session.on('close', () => this.#closed())
    if (pingMs !== Number.POSITIVE_INFINITY) {
      this.#keepAlive = clock.setTimeout(() => this.#ping(pingMs), pingMs)
    }
    for (const transfer of this.queue.splice(0)) {
      if (!transfer.over) this.carry(transfer)
    }
    if (this.open === 0) this.#owner.idle(this)
    else if (this.room > 0) this.#owner.roomy(this)
  }

  readonly #unconnected = (error?: Error | boolean): void => {
    if (this.#state === 'retired') return
    this.#state = 'retired'
    this.#socket.on('error', ignore)
    const cause = error instanceof Error ? error : new Error('the server closed the connection')
    this.#owner.retired(this)
    for (const transfer of this.queue.splice(0)) transfer.unconnected(cause)
  }

  #told(settings: {
    readonly maxConcurrentStreams?: number
    readonly enableConnectProtocol?: boolean
  }): void {
    this.heard++
    this.#peerStreams = settings.maxConcurrentStreams ?? Number.POSITIVE_INFINITY
    this.#extendedConnect = settings.enableConnectProtocol === true
    for (const transfer of this.#tunnels.splice(0)) {
      if (this.#extendedConnect) transfer.start(this)
      else this.#refuseTunnel(transfer)
    }
    if (this.room > 0) this.#owner.roomy(this)
  }

  /** Take no more streams; close when those that are there have ended. */
  retire(): void {
    if (this.#state === 'retired') return
    this.#state = 'retired'
    this.#owner.retired(this)
    this.#keepAlive?.cancel()
    const session = this.#session
    if (session === undefined) this.#socket.destroy()
    else if (!session.closed) session.close()
  }

  /** Nothing came where something should have: have it answer a ping, and use it no more until then. */
  suspect(): void {
    const session = this.#session
    if (session === undefined || session.destroyed || session.closed || this.#doubt !== undefined) return
    this.#doubt = this.#settings.clock.setTimeout(() => this.#giveUp(), doubtMs)
    session.ping(error => {
      if (error !== null || this.#doubt === undefined) return
      this.#doubt.cancel()
      this.#doubt = undefined
      this.heard++
      if (this.room > 0) this.#owner.roomy(this)
    })
  }

  #ping(pingMs: number): void {
    this.suspect()
    this.#keepAlive = this.#settings.clock.setTimeout(() => this.#ping(pingMs), pingMs)
  }

  #giveUp(): void {
    this.#session?.destroy(
      new Error(`the server has not answered a ping for ${doubtMs} ms`),
      errorCodes.cancel,
    )
  }

  #closed(): void {
    this.#doubt?.cancel()
    this.#doubt = undefined
    this.#keepAlive?.cancel()
    if (this.#state !== 'retired') {
      this.#state = 'retired'
      this.#owner.retired(this)
    }
    const gone = new Error('the server closed the connection')
    for (const transfer of this.#tunnels.splice(0)) {
      this.release()
      transfer.unconnected(gone)
    }
  }
}

const h2Only = ['h2']
const either = ['h2', 'http/1.1']

function ignore(): void {}
