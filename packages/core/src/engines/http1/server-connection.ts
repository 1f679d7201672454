/**
 * One connection to a server, over its whole life: connect, carry an attempt, wait in the pool, carry the next.
 *
 * Bytes are passed on, not copied, where much comes: see {@link ReadMemory}. Who is given a piece and cannot pass it on
 * at once says so (`data` answers false), and the next read gets another buffer.
 *
 * Invariant: at most one attempt at a time; after `finished`, `failed`, `upgraded` or `abort` nothing is told to it.
 * A connection goes back to the pool only if both messages were whole and nothing was left over.
 */
import { connect, type Socket } from 'node:net'
import {
  type Body,
  bodyOf,
  CHUNK_END,
  chunkHead,
  emptyBody,
  LAST_CHUNK,
  type Limits,
  lastChunk,
  type ResponseHead,
  ResponseReader,
} from '@evener/http1'
import type { Address } from '../../balance/address.ts'
import type { FailureReason, Phase } from '../../balance/outcome.ts'
import type { Server } from '../../balance/server.ts'
import { captured } from '../../base/capture.ts'
import { type OnRead, onread } from '../../base/lent-reads.ts'
import { ReadMemory } from '../../base/read-memory.ts'
import { type Attempt, lentPieceBytes, type Transfer } from '../../http/engine.ts'
import type { BodySink } from '../../http/request-body.ts'
import { ServerFacts } from '../server-facts.ts'
import { connectServerTls } from '../server-tls.ts'
import { ParsedResponse } from './parsed-response.ts'

/** Whom a connection tells what becomes of it: the engine. */
export interface ConnectionOwner {
  /** It has served, and can serve again. */
  idle(connection: ServerConnection): void
  /** It is over; it may have been idle. */
  gone(connection: ServerConnection): void
  readonly limits: Limits
}

export class ServerConnection implements Transfer, BodySink {
  readonly server: Server
  /** Where it goes: a server that was moved gets new ones. */
  readonly address: Address
  /** The PROXY header that it began with, byte for byte: it speaks for that client alone. Empty for none. */
  readonly proxyHeader: string
  readonly releases = true
  /** Requests that it has carried. */
  served = 0
  /** When it became idle, by the engine's clock. */
  idleSince = 0
  readonly #owner: ConnectionOwner
  readonly #socket: Socket
  readonly #reader: ResponseReader
  readonly #memory = new ReadMemory()
  readonly #plain: boolean
  /** Read into memory of ours; else through the stream's events. */
  readonly #direct: boolean
  #attempt: Attempt | undefined
  #head: ResponseHead | undefined
  #body: Body = emptyBody
  #wire = false
  #request = ''
  #sent = false
  #ready = false
  #chunking = false
  #paused = false

  /**
   * Connect, for this attempt.
   * @param plain read through the stream's own events, so that the socket can be handed over after an upgrade; not kept
   *   for other requests
   * @param proxyHeader what goes before all else, TLS included
   */
  constructor(server: Server, owner: ConnectionOwner, attempt: Attempt, plain: boolean, proxyHeader: string) {
    this.server = server
    this.address = server.address
    server.counters.connects++
    this.proxyHeader = proxyHeader
    this.#owner = owner
    this.#plain = plain
    this.#reader = new ResponseReader(owner.limits)
    this.#attempt = attempt
    const secure = server.tls !== undefined
    this.#direct = !plain && !secure
    const socket = this.#connect()
    this.#socket = socket
    socket.setNoDelay(true)
    socket.once(secure ? 'secureConnect' : 'connect', () => this.#connected())
    if (!this.#direct) socket.on('data', this.#onData)
    socket.on('drain', this.#onDrain)
    socket.on('end', this.#onEnd)
    socket.on('error', this.#onError)
    socket.on('close', this.#onClose)
  }

  #connect(): Socket {
    const { address } = this
    const { tls } = this.server
    const to =
      address.path === undefined ? { host: address.host, port: address.port } : { path: address.path }
    if (tls !== undefined && this.proxyHeader === '') return connectServerTls(this.server, http1Only)
    const socket = this.#direct
      ? connect({ ...to, allowHalfOpen: true, onread: onread(this.#memory, this.#onRead) })
      : connect({ ...to, allowHalfOpen: true })
    // It waits in the socket until there is a connection.
    if (this.proxyHeader !== '') socket.write(this.proxyHeader, 'latin1')
    return tls === undefined ? socket : connectServerTls(this.server, http1Only, socket)
  }

  // ── the engine ─────────────────────────────────────────────────────────────────────────────────────

  /** Carry another attempt, on the connection as it is. */
  carry(attempt: Attempt): void {
    this.#attempt = attempt
    this.#send()
  }

  /** As rules see it. */
  get facts(): ServerFacts {
    return new ServerFacts(this.#socket, this.server, 1, this.served > 1)
  }

  /** Close it. */
  close(): void {
    this.#attempt = undefined
    this.#socket.destroy()
  }

  // ── towards the server ─────────────────────────────────────────────────────────────────────────────

  #connected(): void {
    this.#ready = true
    if (this.#attempt !== undefined) this.#send()
  }

  #send(): void {
    const attempt = this.#attempt as Attempt
    const { body } = attempt
    this.served++
    this.#head = undefined
    this.#sent = body.framing === 'none'
    attempt.connected()
    const text = attempt.head(this.#ownLines(attempt))
    if (this.#sent) {
      this.#socket.write(text, 'latin1')
      return
    }
    this.#chunking = body.framing === 'chunked' && !body.wire
    this.#request = text
    body.attach(this)
    // The first piece of the body takes the head along; where there is none yet, the head does not wait for it.
    this.#writeHead()
  }

  /** What concerns this connection: the framing, what the body waits for, and the protocol to change to. */
  #ownLines(attempt: Attempt): string {
    const framing = attempt.body.framing === 'chunked' ? 'Transfer-Encoding: chunked\r\n' : ''
    const expect = attempt.request.expectContinue === true ? 'Expect: 100-continue\r\n' : ''
    const upgrade =
      attempt.upgrade === undefined ? '' : `Connection: Upgrade\r\nUpgrade: ${attempt.upgrade}\r\n`
    return `${framing}${expect}${upgrade}`
  }

  #writeHead(): void {
    if (this.#request === '') return
    this.#socket.write(this.#request, 'latin1')
    this.#request = ''
  }

  write(chunk: Buffer): boolean {
    const socket = this.#socket
    this.#attempt?.progress()
    socket.cork()
    this.#writeHead()
    if (this.#chunking) {
      socket.write(chunkHead(chunk.length), 'latin1')
      socket.write(chunk)
      socket.write(CHUNK_END, 'latin1')
    } else socket.write(chunk)
    socket.uncork()
    if (socket.writableLength === 0) return true
    // Node tells of room only once more than its high-water mark was waiting; of less, an empty write behind it does.
    if (!socket.writableNeedDrain) socket.write('', this.#onDrain)
    return false
  }

  end(trailers: readonly string[]): void {
    this.#sent = true
    this.#writeHead()
    if (this.#chunking) this.#socket.write(trailers.length === 0 ? LAST_CHUNK : lastChunk(trailers), 'latin1')
  }

  // ── from the server ────────────────────────────────────────────────────────────────────────────────

  readonly #onData = (chunk: Buffer): void => {
    this.#read(chunk, chunk.length)
  }

  readonly #onRead: OnRead = (buffer, end) => this.#read(buffer, end)

  /** Bytes came. False: read no more for now. */
  #read(buffer: Buffer, end: number): boolean {
    const attempt = this.#attempt
    if (attempt === undefined) {
      // Nobody asked: the server answers something else than what it will be asked next.
      this.#socket.destroy()
      return false
    }
    let at = 0
    while (at < end && this.#attempt === attempt) {
      at =
        this.#head === undefined
          ? this.#readHead(attempt, buffer, at, end)
          : this.#readBody(attempt, buffer, at, end)
    }
    if (this.#attempt === attempt) attempt.flush()
    return !this.#paused
  }

  #readHead(attempt: Attempt, buffer: Buffer, at: number, end: number): number {
    const head = this.#reader.read(attempt.request.method, buffer, at, end)
    if (head === undefined) return end
    if (head.kind === 'error') {
      this.server.lastError = captured(this.address.text, head.message, buffer, at, end)
      this.#fail(this.#sent ? 'wait' : 'send', 'junk-response', new Error(head.message))
      return end
    }
    const { consumed } = this.#reader
    if (head.interim) {
      attempt.informational(head.status, head.lines.pairs())
      return consumed
    }
    if (head.status === 101) {
      this.#upgraded(attempt, head, buffer.subarray(consumed, end))
      return end
    }
    this.#head = head
    const wanted = attempt.response(new ParsedResponse(head, this))
    if (this.#attempt !== attempt) return end
    if (wanted === 'unwanted') {
      this.abort()
      return end
    }
    this.#wire = wanted === 'wire'
    this.#body = bodyOf(head, { limits: this.#owner.limits, decode: !this.#wire })
    if (this.#body.done) this.#finish(attempt, end - consumed)
    return consumed
  }

  #readBody(attempt: Attempt, buffer: Buffer, at: number, end: number): number {
    const body = this.#body
    const stop = body.consume(buffer, at, end)
    if (stop === -1) {
      this.#fail('receive', 'broken-response', new Error(body.error?.message))
      return end
    }
    if (this.#wire) {
      if (stop > at) this.#pass(attempt, buffer, at, stop)
    } else {
      const { content } = body
      for (let i = 0; i < content.length && this.#attempt === attempt; i += 2) {
        this.#pass(attempt, buffer, content[i] as number, content[i + 1] as number)
      }
    }
    if (this.#attempt !== attempt) return stop
    if (body.done) this.#finish(attempt, end - stop)
    else if (this.#direct) this.#memory.grow()
    return stop
  }

  #pass(attempt: Attempt, buffer: Buffer, from: number, to: number): void {
    // Small pieces are put into text with what is written around them; a larger one has to last until it is written.
    const piece =
      to - from <= lentPieceBytes ? buffer.subarray(from, to) : this.#memory.piece(buffer, from, to)
    if (attempt.data(piece)) return
    this.#memory.keep()
    if (this.#attempt !== attempt) return
    this.#paused = true
    this.#socket.pause()
  }

  #finish(attempt: Attempt, leftOver: number): void {
    const { trailers } = this.#body
    const reusable = this.#head?.keepAlive === true && this.#sent && leftOver === 0 && !this.#plain
    this.#attempt = undefined
    this.#head = undefined
    this.#body = emptyBody
    attempt.body.detach(this)
    if (this.#paused) {
      this.#memory.leave()
      this.resume()
    } else this.#memory.shrink()
    // Into the pool first: what follows this response may well want the connection.
    if (reusable && !this.#socket.destroyed) this.#owner.idle(this)
    else this.#socket.destroy()
    attempt.finished(trailers === undefined ? nothing : trailers.pairs())
  }

  #upgraded(attempt: Attempt, head: ResponseHead, firstBytes: Buffer): void {
    if (attempt.upgrade === undefined) {
      this.#fail('wait', 'junk-response', new Error('the server changed protocols unasked'))
      return
    }
    this.#attempt = undefined
    attempt.body.detach(this)
    const socket = this.#socket
    socket.off('data', this.#onData).off('end', this.#onEnd).off('error', this.#onError)
    attempt.upgraded(new ParsedResponse(head, this), socket, firstBytes)
  }

  readonly #onDrain = (): void => {
    this.#attempt?.body.resume()
  }

  // ── ends ───────────────────────────────────────────────────────────────────────────────────────────

  readonly #onEnd = (): void => {
    const attempt = this.#attempt
    if (
      attempt !== undefined &&
      this.#head !== undefined &&
      this.#body.finish() === undefined &&
      this.#body.done
    ) {
      this.#finish(attempt, 0)
    } else this.#broke(new Error('the server closed the connection'))
    this.#socket.destroy()
  }

  readonly #onError = (error: Error): void => this.#broke(error)

  readonly #onClose = (): void => {
    this.#broke(new Error('the connection was closed'))
    this.#owner.gone(this)
  }

  #broke(cause: Error): void {
    if (this.#attempt === undefined) return
    if (!this.#ready) this.#fail('connect', 'conn-failure', cause)
    else if (this.#head !== undefined) this.#fail('receive', 'broken-response', cause)
    else {
      const silent = this.#reader.idle
      this.#fail(
        this.#sent ? 'wait' : 'send',
        silent ? 'empty-response' : 'junk-response',
        cause,
        silent && this.served > 1,
      )
    }
  }

  #fail(phase: Phase, reason: FailureReason, cause: Error, stale = false): void {
    const attempt = this.#attempt
    if (attempt === undefined) return
    this.abort()
    attempt.failed({ phase, reason, stale, cause })
  }

  // ── the exchange ───────────────────────────────────────────────────────────────────────────────────

  resume(): void {
    this.#paused = false
    this.#socket.resume()
  }

  abort(): void {
    const attempt = this.#attempt
    if (attempt === undefined) return
    this.#attempt = undefined
    attempt.body.detach(this)
    this.#socket.destroy()
  }
}

const nothing: readonly string[] = []

const http1Only = ['http/1.1']
