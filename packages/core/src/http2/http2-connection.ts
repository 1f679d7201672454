/**
 * One client's HTTP/2 connection, over its whole life: each of its streams is an exchange of its own.
 *
 * ```text
 *   first ── a request ──► busy ── all streams over ──► idle ── httpKeepAliveMs ──► GOAWAY, closed
 *     │ httpRequestMs        └── the client takes none of an answer for clientMs: that stream is reset
 *     └──► GOAWAY, closed
 * ```
 *
 * The frames are nghttp2's business, by way of `node:http2`; so are malformed messages, flow control, the number of
 * streams, CONTINUATION frames without end, and answers to PING and SETTINGS that pile up unread. What they leave open
 * is bounded here: requests taken back faster than they can be answered (also where it is a frame of the client's that
 * makes nghttp2 reset the stream), PING and SETTINGS without end, answers that nobody takes, and connections on which
 * nothing happens. Who goes too far gets GOAWAY with ENHANCE_YOUR_CALM.
 *
 * Invariant: `closed` is told exactly once, when the socket is closed; nothing waits for a client without a limit.
 */
import {
  constants,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerSessionOptions,
} from 'node:http2'
import type { Socket } from 'node:net'
import type { RequestHead } from '@evener/http1'
import type { ConnectionFacts } from '../base/connection-facts.ts'
import { Deadline } from '../base/deadline.ts'
import type { FrontConnection } from '../frontend/front-connection.ts'
import { Reception } from '../frontend/reception.ts'
import type { FrontendSettings } from '../frontend/settings.ts'
import type { DoorLog } from '../log/door-log.ts'
import { RequestRecord } from '../log/request-record.ts'
import type { ClientSession } from '../rules/client-session.ts'
import { Allowance } from './allowance.ts'
import { Http2Client, type StreamOwner } from './http2-client.ts'
import { Http2Request, type Http2RequestRules, readHttp2Request } from './http2-request.ts'
import type { Http2Limits } from './options.ts'

/** How long a connection that has ended may take to go away. */
const lingerMs = 5_000
/** Frames that nghttp2 refuses, before it gives the connection up. */
const maxInvalidFrames = 100

/** Streams beyond those at once that Node refuses, before it gives the connection up with an error of its own. */
const maxRejectedStreams = 1_000

/** What a connection needs of its frontend. */
export type Http2Settings = Omit<FrontendSettings, 'closed'> & {
  closed(connection: FrontConnection): void
}

export class Http2Connection implements FrontConnection, StreamOwner, Http2RequestRules {
  readonly lent: boolean
  readonly #socket: Socket
  readonly #settings: Http2Settings
  readonly #http2: Http2Limits
  readonly #facts: ConnectionFacts
  readonly #reception: Reception
  /** For the log: when it was accepted, and when it could begin. */
  readonly #acceptedAt: number
  readonly #readyAt: number
  readonly #session: ServerHttp2Session
  readonly #deadline: Deadline
  readonly #resets: Allowance
  readonly #controls: Allowance
  readonly #streams = new Set<Http2Client>()
  #requests = 0
  #ending = false
  /** What is left has only a moment to go out. */
  #breaking = false
  #calming = false

  /**
   * @param socket a TLS socket on which `h2` was agreed, or a plain one whose client begins with HTTP/2. What was read of
   *   it already is to be put back by `unshift`.
   * @param http2 what {@link readHttp2Options} gave
   * @param clientSession where rules have looked at the connection
   * @param acceptedAt when it was accepted, by the door's clock
   */
  constructor(
    socket: Socket,
    settings: Http2Settings,
    facts: ConnectionFacts,
    http2: Http2Limits,
    clientSession: ClientSession | undefined,
    acceptedAt: number,
  ) {
    this.#acceptedAt = acceptedAt
    this.#readyAt = settings.log === undefined ? acceptedAt : settings.clock.now()
    this.#socket = socket
    this.#settings = settings
    this.#facts = facts
    this.#http2 = http2
    this.#reception = new Reception(settings, facts, clientSession)
    this.lent = settings.exchange.engine.lendsBuffers === true
    this.#resets = new Allowance(http2.maxResetsPerMinute, settings.clock)
    this.#controls = new Allowance(http2.maxControlFramesPerMinute, settings.clock)
    this.#deadline = new Deadline(settings.clock, () => this.#overdue())
    socket.once('close', () => {
      this.#deadline.disarm()
      this.#reception.tracks?.end()
      settings.closed(this)
    })
    // A client that ends its side has gone, whatever is under way.
    socket.on('end', () => this.#give())
    this.#session = performServerHandshake(socket, sessionOptions(settings, http2))
    this.#session.on('stream', (stream, _headers, flags, fields) => this.#begin(stream, flags, fields))
    this.#session.on('ping', () => this.#control())
    this.#session.on('remoteSettings', () => this.#control())
    this.#session.on('goaway', () => this.#settle())
    // What went wrong ends the session, and its streams with it; each of them is told by itself.
    this.#session.on('error', () => this.#settle())
    this.#session.on('close', () => this.#settle())
    this.#deadline.arm(settings.httpRequestMs)
  }

  get idle(): boolean {
    return this.#streams.size === 0
  }

  closeSoon(): void {
    if (this.#ending) return
    this.#ending = true
    this.#session.close()
    if (this.idle) this.#deadline.arm(lingerMs)
  }

  destroy(): void {
    if (this.idle) {
      this.#socket.destroy()
      return
    }
    for (const client of [...this.#streams]) client.shutdown()
    this.#ending = true
    this.#breaking = true
    // What was said last has gone out; the client may take its time to end its side, and is not waited for.
    this.#socket.once('finish', () => this.#socket.destroy())
    this.#session.close()
    this.#deadline.arm(lingerMs)
  }

  // ── requests ───────────────────────────────────────────────────────────────────────────────────────

  #begin(stream: ServerHttp2Stream, flags: number, fields: readonly string[]): void {
    const settings = this.#settings
    if (stream.destroyed || stream.closed || this.#calming) {
      // It came and was taken back within one read, or comes too late.
      stream.on('error', () => undefined)
      this.takenBack()
      return
    }
    this.#requests++
    const read = readHttp2Request(fields, flags, this.#facts, this)
    const request = read instanceof Http2Request ? read : undefined
    const client = new Http2Client(stream, request, this)
    this.#streams.add(client)
    if (settings.log !== undefined) client.record = this.#logged(settings.log, request, client)
    if (this.#streams.size === 1 && !this.#ending) this.#deadline.arm(settings.exchange.clientMs)
    if (read instanceof Http2Request) {
      this.#reception.receive(read, client, read.contentLength > settings.maxBodyBytes)
    } else this.#reception.refuse(client, read.status, { message: read.message || undefined })
    if (this.#requests >= settings.maxRequests) this.closeSoon()
  }

  /** Node tells of a head when it is whole: that is when it begins for the log. */
  #logged(log: DoorLog, request: Http2Request | undefined, client: Http2Client): RequestRecord {
    const { clock, around } = log.door
    const now = clock.now()
    const first = this.#requests === 1
    const came = {
      facts: this.#facts,
      acceptedAt: Math.floor(around.now() - (first ? now - this.#acceptedAt : 0)),
      handshakeMs: first ? Math.floor(this.#readyAt - this.#acceptedAt) : 0,
      idleMs: first ? Math.floor(now - this.#readyAt) : 0,
      beganAt: now,
      headAt: request === undefined ? -1 : now,
      headBytes: undefined,
    }
    return new RequestRecord(log, came, request, client)
  }

  // ── what requests are checked against ──────────────────────────────────────────────────────────────

  get limits(): Http2Settings['limits'] {
    return this.#settings.limits
  }

  get maxHeaderListBytes(): number {
    return this.#http2.maxHeaderListBytes
  }

  get forwarding(): Http2Settings['exchange']['forwarding'] {
    return this.#settings.exchange.forwarding
  }

  allowsProtocol(protocol: string): boolean {
    return this.#settings.upgradeOf({ upgrade: protocol, framing: 'none' } as RequestHead) !== undefined
  }

  // ── streams ────────────────────────────────────────────────────────────────────────────────────────

  get maxBodyBytes(): number {
    return this.#settings.maxBodyBytes
  }

  get replayBytes(): number {
    return this.#settings.replayBytes
  }

  answered(client: Http2Client): void {
    client.answeredAt = this.#settings.clock.now()
    this.#resets.earn()
    this.wrote()
  }

  wrote(): void {
    this.#controls.earn()
  }

  takenBack(): void {
    // Where the connection has ended, its streams end with it.
    if (this.#calming || this.#session.destroyed || this.#socket.destroyed) return
    if (!this.#resets.spend()) this.#calm()
  }

  turnAway(): void {
    this.#give()
  }

  closed(client: Http2Client): void {
    this.#streams.delete(client)
    if (!this.idle) return
    // Node's session looks for its last stream's end, and not again where a frame was still on its way out then.
    if (this.#breaking) setImmediate(() => this.#session.destroy())
    this.#deadline.arm(this.#ending ? lingerMs : this.#settings.httpKeepAliveMs)
  }

  // ── ends ───────────────────────────────────────────────────────────────────────────────────────────

  #control(): void {
    if (!this.#controls.spend()) this.#calm()
  }

  /** Not at once: in the middle of nghttp2's work on frames, the GOAWAY would be lost. */
  #calm(): void {
    if (this.#calming) return
    this.#calming = true
    setImmediate(() => this.#give(new Error('the client goes too far'), constants.NGHTTP2_ENHANCE_YOUR_CALM))
  }

  #give(error?: Error, code?: number): void {
    this.#session.destroy(error, code)
    this.#settle()
  }

  /** The session ends, by whichever side: its connection is to follow soon. */
  #settle(): void {
    if (this.#ending && this.idle) return
    this.#ending = true
    if (this.idle || this.#session.destroyed) this.#deadline.arm(lingerMs)
  }

  #overdue(): void {
    const { clientMs } = this.#settings.exchange
    if (this.#session.destroyed || this.#breaking || (this.#ending && this.idle)) this.#socket.destroy()
    else if (this.idle) this.closeSoon()
    else {
      const now = this.#settings.clock.now()
      for (const client of [...this.#streams]) {
        if (client.answeredAt !== undefined && now - client.answeredAt >= clientMs) client.drop()
      }
      if (!this.idle) this.#deadline.arm(clientMs)
    }
  }
}

function sessionOptions(settings: Http2Settings, http2: Http2Limits): ServerSessionOptions {
  return {
    maxSessionInvalidFrames: maxInvalidFrames,
    maxSessionRejectedStreams: maxRejectedStreams,
    // Twice what is allowed is read, so that it can be answered; cookies come in pieces.
    maxHeaderListPairs: 2 * settings.limits.maxHeaders + 64,
    strictSingleValueFields: false,
    settings: {
      maxConcurrentStreams: http2.maxConcurrentStreams,
      initialWindowSize: http2.initialWindowSize,
      maxHeaderListSize: 2 * http2.maxHeaderListBytes,
      enableConnectProtocol: true,
      enablePush: false,
    },
  } as ServerSessionOptions
}
