/**
 * One client's connection to Evener's own listener, over its whole life: one request after another, in order.
 *
 * ```text
 *   idle ── first byte ──► head ── whole ──► exchange ── response and request whole ──► flush ── written ──► idle
 *    │ httpKeepAliveMs      │ httpRequestMs    │ the exchange's own deadlines              │ clientMs
 *    └──────────────────────┴── too slow, refused, or gone ──► closing ◄── keep-alive off ─┘
 * ```
 *
 * While a request is under way, what the client sends beyond it waits, all but the first 64 KiB of it in the kernel: a
 * hundred thousand pipelined requests cost the memory of one. Nor is a next one begun while the client has not taken the
 * response before it; through TLS, while more than 256 KiB wait for it. Where the bytes lie: `base/read-memory.ts`.
 *
 * Invariant: responses go out in the order of the requests; a connection on which anything was refused carries no
 * further request, since the two sides may not agree where it would begin.
 */
import type { Socket } from 'node:net'
import { type Body, bodyOf, emptyBody, type RequestHead, RequestReader, statusLine } from '@evener/http1'
import type { ProxyHeader } from '@evener/proxy-protocol'
import type { HeaderEdits } from '@evener/session'
import type { TlsFacts } from '@evener/tls'
import type { Backend } from '../balance/backend.ts'
import { captured } from '../base/capture.ts'
import { type ConnectionFacts, connectionFacts } from '../base/connection-facts.ts'
import { Deadline } from '../base/deadline.ts'
import { lendReads } from '../base/lent-reads.ts'
import { isShared, ReadMemory } from '../base/read-memory.ts'
import { reset } from '../base/reset.ts'
import { type Answer, type AnswerStatus, lengthOf } from '../http/answer.ts'
import type { ClientTunnel } from '../http/client-side.ts'
import type { Passing, ResponseHead } from '../http/engine.ts'
import { headText, textOfPairs } from '../http/head-text.ts'
import { type BodySource, RequestBody } from '../http/request-body.ts'
import type { Served } from '../http/served.ts'
import { ConnectionLog } from '../log/connection-log.ts'
import type { RequestRecord } from '../log/request-record.ts'
import type { ClientSession } from '../rules/client-session.ts'
import type { FrontConnection } from './front-connection.ts'
import { type Receiving, Reception } from './reception.ts'
import { responsePlan } from './response-plan.ts'
import { ResponseWriter } from './response-writer.ts'
import type { FrontendSettings } from './settings.ts'
import { SocketRequest } from './socket-request.ts'

/** What is still read of a request that was answered before it was whole, before the connection is closed on it. */
const lingerBytes = 1_048_576
const lingerMs = 5_000
/** With so much put aside, no more is read. */
const mostRest = 65_536
/** Pieces of bodies up to this size are copied, so that a retry need not keep a large buffer for a few bytes. */
const smallPiece = 4_096

export class ClientConnection implements FrontConnection, Receiving, BodySource {
  readonly facts: ConnectionFacts
  readonly #reception: Reception
  readonly #settings: FrontendSettings
  readonly #socket: Socket
  readonly #reader: RequestReader
  readonly #memory = new ReadMemory()
  /** Read into that memory; else through the stream's events. */
  readonly #direct: boolean
  readonly #deadline: Deadline
  /** Who has the request that is under way: its rules, or its exchange. */
  #exchange: Served | undefined
  /** The exchange that has become a tunnel. */
  #tunnel: Served | undefined
  /** What it writes down, where the door has a log. */
  readonly #log: ConnectionLog | undefined
  /** Of the request that is under way. */
  #head: RequestHead | undefined
  #requestBody: RequestBody | undefined
  #bodyReader: Body = emptyBody
  /** What came and could not be used yet, from `#stashAt` on. */
  #stash: Buffer | undefined
  #stashAt = 0
  #method = ''
  #minorVersion: 0 | 1 = 1
  #keepAlive = true
  #expectsContinue = false
  #requests = 0
  #responding = false
  #reading = false
  #inLoop = false
  readonly #writer: ResponseWriter
  #lingered = 0
  #phase: 'idle' | 'head' | 'exchange' | 'flush' | 'linger' | 'tunnel' | 'closed' = 'idle'

  /**
   * @param tls what the handshake settled, where TLS ends here
   * @param proxyHeader what a proxy in front has said of the client
   * @param session where rules have looked at the connection
   * @param acceptedAt when it was accepted, by the door's clock
   */
  constructor(
    socket: Socket,
    settings: FrontendSettings,
    tls: TlsFacts | undefined,
    proxyHeader: ProxyHeader | undefined,
    session: ClientSession | undefined,
    acceptedAt: number,
  ) {
    this.#settings = settings
    this.#direct = lendReads(socket, this.#memory, this.#onRead)
    this.#socket = socket
    this.#writer = new ResponseWriter(socket, tls !== undefined, this.#onDrain)
    this.facts = connectionFacts(socket, tls, proxyHeader)
    this.#log =
      settings.log === undefined ? undefined : new ConnectionLog(settings.log, socket, this.facts, acceptedAt)
    this.#reception = new Reception(settings, this.facts, session)
    this.#reader = new RequestReader(settings.limits)
    this.#deadline = new Deadline(settings.clock, () => this.#overdue())
    if (!this.#direct) {
      socket.setNoDelay(true)
      socket.on('data', this.#onData)
    }
    socket.on('end', this.#onEnd)
    socket.on('drain', this.#onDrain)
    socket.on('error', this.#onError)
    socket.on('close', this.#onClose)
    // Whoever had it before may have held it back.
    socket.resume()
    // The first request is due like its head: a connection that says nothing is not kept for later.
    this.#deadline.arm(settings.httpRequestMs)
  }

  /** True while no request is under way. */
  get idle(): boolean {
    return this.#phase === 'idle' || this.#phase === 'head'
  }

  /** Serve what is under way, and close after it. */
  closeSoon(): void {
    this.#keepAlive = false
    if (this.#phase === 'idle') this.#close()
    else if (this.#phase === 'flush') this.#responded()
  }

  /** Close now, whatever is under way. */
  destroy(): void {
    if (this.#tunnel !== undefined) this.#destroyTunnel(this.#tunnel)
    else if (this.#exchange === undefined) this.#socket.destroy()
    else this.#exchange.shutdown()
  }

  /** What is said last has a moment to go out, unless the client did not even take what came before. */
  #destroyTunnel(tunnel: Served): void {
    const stuck = this.#socket.writableLength > 0
    tunnel.shutdown()
    if (stuck) this.#socket.destroy()
    else if (!this.#socket.destroyed) this.#deadline.arm(lingerMs)
  }

  // ── reading ────────────────────────────────────────────────────────────────────────────────────────

  readonly #onData = (chunk: Buffer): void => {
    this.#onRead(chunk, chunk.length)
  }

  readonly #onRead = (buffer: Buffer, end: number): boolean => {
    const stash = this.#stash
    // What others have taken over is read as a stream again.
    if (this.#phase === 'tunnel') return this.#socket.push(Buffer.from(buffer.subarray(0, end)))
    if (stash === undefined) this.#take(buffer, 0, end)
    else this.#keepRest(Buffer.concat([stash.subarray(this.#stashAt), buffer.subarray(0, end)]), 0)
    return true
  }

  /** Use what came, as far as it can be used now, and put the rest aside. */
  #take(buffer: Buffer, start: number, end: number): void {
    this.#inLoop = true
    let at = start
    for (;;) {
      const before = at
      at = this.#use(buffer, at, end)
      // Something was used up, and what follows may be usable by now: a response may have been given at once.
      if (at >= end || at === before || !this.#usable) break
    }
    this.#inLoop = false
    if (at >= end) return
    if (isShared(buffer)) this.#keepRest(Buffer.from(buffer.subarray(at, end)), 0)
    else {
      this.#memory.keep()
      this.#keepRest(end === buffer.length ? buffer : buffer.subarray(0, end), at)
    }
  }

  /** Put aside what cannot be used yet. Up to a bound it is read on, so that the client's end is seen. */
  #keepRest(buffer: Buffer, at: number): void {
    this.#stash = buffer
    this.#stashAt = at
    if (buffer.length - at >= mostRest) this.#socket.pause()
  }

  /** Go on with what was put aside, then with what comes. */
  #readOn(): void {
    if (this.#inLoop) return
    const stash = this.#stash
    if (stash !== undefined) {
      this.#stash = undefined
      this.#take(stash, this.#stashAt, stash.length)
    }
    if (this.#stash === undefined) this.#socket.resume()
  }

  /** Whether bytes could be used if they came now. */
  get #usable(): boolean {
    switch (this.#phase) {
      case 'exchange':
        return this.#reading
      case 'flush':
      case 'closed':
        return false
      default:
        return true
    }
  }

  /** @returns the index of the first byte that was not used */
  #use(buffer: Buffer, at: number, end: number): number {
    switch (this.#phase) {
      case 'idle':
      case 'head':
        return this.#readHead(buffer, at, end)
      case 'exchange':
        return this.#reading ? this.#readBody(buffer, at, end) : at
      case 'flush':
        return at
      case 'linger':
        return this.#discard(buffer, at, end)
      default:
        return end
    }
  }

  #readHead(buffer: Buffer, at: number, end: number): number {
    const head = this.#reader.read(buffer, at, end)
    const log = this.#log
    if (log !== undefined) log.read((head?.kind === 'request' ? this.#reader.consumed : end) - at)
    if (head === undefined) {
      if (this.#phase === 'idle' && !this.#reader.idle) {
        this.#phase = 'head'
        // The first request's time runs since the connection stands.
        if (this.#requests > 0) this.#deadline.arm(this.#settings.httpRequestMs)
      }
      return end
    }
    if (head.kind === 'error') {
      this.#settings.unreadable(captured(this.facts.peerAddress, head.message, buffer, at, end))
      this.#refuse(head.status as AnswerStatus, head.message)
      return end
    }
    const { consumed } = this.#reader
    this.#begin(head)
    return consumed
  }

  #readBody(buffer: Buffer, at: number, end: number): number {
    const reader = this.#bodyReader
    const body = this.#requestBody as RequestBody
    const exchange = this.#exchange as Served
    const before = reader.contentBytes
    const stop = reader.consume(buffer, at, end)
    if (stop === -1) {
      this.#keepAlive = false
      exchange.refuse((reader.error?.status ?? 400) as AnswerStatus)
      return end
    }
    if (reader.contentBytes > this.#settings.maxBodyBytes) {
      exchange.refuse(413)
      return stop
    }
    if (body.wire) {
      if (stop > at) this.#pass(body, buffer, at, stop, reader.contentBytes - before)
    } else {
      const { content } = reader
      for (let i = 0; i < content.length; i += 2) {
        const from = content[i] as number
        const to = content[i + 1] as number
        this.#pass(body, buffer, from, to, to - from)
      }
    }
    // It may have ended with that; or its rules, which waited for it, have handed it on.
    const now = this.#requestBody === body ? this.#exchange : undefined
    if (now === undefined) return stop
    if (reader.done) this.#requestWhole(now, body)
    else {
      if (this.#direct) this.#memory.grow()
      now.clientProgress()
    }
    return stop
  }

  #pass(body: RequestBody, buffer: Buffer, from: number, to: number, contentBytes: number): void {
    if (to - from <= smallPiece) body.push(Buffer.from(buffer.subarray(from, to)), contentBytes)
    else if (body.push(this.#memory.piece(buffer, from, to), contentBytes)) this.#memory.keep()
  }

  #requestWhole(exchange: Served, body: RequestBody): void {
    this.#reading = false
    body.finish(body.wire ? nothing : (this.#bodyReader.trailers?.pairs() ?? nothing))
    exchange.requestComplete()
  }

  /** A request that was answered already goes on for a while, so that the client comes to read its answer. */
  #discard(buffer: Buffer, at: number, end: number): number {
    this.#lingered += end - at
    if (this.#keepAlive) {
      const stop = this.#bodyReader.consume(buffer, at, end)
      if (stop !== -1 && this.#bodyReader.done) {
        this.#next()
        return stop
      }
      if (stop === -1) this.#lingered = Number.POSITIVE_INFINITY
    }
    if (this.#lingered > lingerBytes) this.#socket.destroy()
    return end
  }

  // ── a request ──────────────────────────────────────────────────────────────────────────────────────

  #begin(head: RequestHead): void {
    const settings = this.#settings
    this.#phase = 'exchange'
    this.#requests++
    this.#method = head.method
    this.#minorVersion = head.minorVersion
    this.#keepAlive = head.keepAlive && !settings.closing && this.#requests < settings.maxRequests
    this.#expectsContinue = head.expectContinue
    this.#bodyReader = emptyBody
    this.#requestBody = undefined
    const upgrade = settings.upgradeOf(head)
    const request = new SocketRequest(head, this.facts, settings.exchange.forwarding, upgrade)
    this.#log?.begin(request)
    if (!head.expectContinue && head.minorVersion === 1 && head.lines.has('expect')) {
      this.#refuse(417)
      return
    }
    if (head.form === 'authority') {
      this.#refuse(501, 'CONNECT is not served here.')
      return
    }
    this.#head = head
    const tooLarge = head.framing === 'length' && head.contentLength > settings.maxBodyBytes
    this.#reception.receive(request, this, tooLarge)
  }

  /** See {@link Receiving}. */
  bodyOf(wire: boolean): RequestBody {
    const { limits, replayBytes } = this.#settings
    const head = this.#head as RequestHead
    const framing = head.framing === 'chunked' || head.framing === 'length' ? head.framing : 'none'
    const body = new RequestBody(framing, this, replayBytes, wire && framing === 'chunked')
    if (framing !== 'none') this.#bodyReader = bodyOf(head, { limits, decode: !body.wire })
    this.#requestBody = body
    return body
  }

  /** See {@link Receiving}. */
  skipBody(): void {
    this.#bodyReader = bodyOf(this.#head as RequestHead, { limits: this.#settings.limits })
  }

  /** See {@link Receiving}. */
  serve(served: Served): void {
    this.#exchange = served
  }

  /** One for the connection's whole life, unless the backend keeps time by another clock. */
  deadlineFor(backend: Backend | undefined): Deadline | undefined {
    if (backend?.clock === this.#settings.clock) return this.#deadline
    this.#deadline.rest()
    return undefined
  }

  /** See {@link Receiving}. */
  turnAway(): void {
    this.abort()
  }

  /** See {@link Receiving}. */
  get record(): RequestRecord | undefined {
    const log = this.#log
    return log === undefined ? undefined : (log.record ?? log.begin(undefined))
  }

  /** The body's source: let it come. */
  resume(): void {
    if (this.#phase !== 'exchange') return
    this.#reading = true
    this.#readOn()
  }

  /** The body's source: hold it back. */
  pause(): void {
    this.#reading = false
  }

  // ── writing ────────────────────────────────────────────────────────────────────────────────────────

  informational(status: number, headers: readonly string[]): void {
    if (this.#minorVersion === 0) return
    // To a client that does not read, a server could send these without end.
    if (this.#socket.writableNeedDrain && !(status === 100 && this.#expectsContinue)) return
    if (status === 100) this.#expectsContinue = false
    this.#socket.write(`${statusLine(status)}${textOfPairs(headers)}\r\n`, 'latin1')
  }

  respond(head: ResponseHead, edits: HeaderEdits | undefined, added: string): Passing | undefined {
    this.#responding = true
    this.#settleKeepAlive()
    const plan = responsePlan(head, this.#minorVersion)
    if (plan.sending === 'until-close') this.#keepAlive = false
    const first = `HTTP/1.1 ${head.status} ${head.reason}\r\n`
    const lines = `${added}${plan.line}${this.#connectionLine()}`
    this.#writer.begin(headText(first, head, plan.drop, edits, lines), plan.sending)
    return plan.passing
  }

  write(chunk: Buffer): boolean {
    return this.#writer.write(chunk)
  }

  flush(): void {
    this.#writer.flush()
  }

  end(trailers: readonly string[]): void {
    this.#writer.end(trailers)
    this.#responded()
  }

  answer(answer: Answer): void {
    this.#phase = 'exchange'
    this.#responding = true
    this.#settleKeepAlive()
    const head = `${statusLine(answer.status, answer.reason)}${textOfPairs(answer.headers)}${textOfPairs(lengthOf(answer))}${this.#connectionLine()}\r\n`
    const body = this.#method === 'HEAD' ? '' : answer.body.toString('latin1')
    this.#socket.write(head + body, 'latin1')
    this.#responded()
  }

  abort(): void {
    this.#exchange = undefined
    this.#phase = 'closed'
    const socket = this.#socket
    if (this.#responding) this.#writer.writeHeld()
    this.#log?.answered()
    // To a client that reads up to the end of the connection, an ordinary end would be that of the body.
    if (this.#writer.sending === 'until-close' && this.#responding) reset(socket)
    else if (socket.writableLength === 0 || this.#responding) socket.destroy()
    else {
      // The response before this one is still on its way; it has a while to get there.
      this.#deadline.arm(lingerMs)
      socket.destroySoon()
    }
  }

  switchProtocols(reason: string, headers: readonly string[]): ClientTunnel | 'gone' {
    if (this.#socket.destroyed) return 'gone'
    this.#tunnel = this.#exchange
    this.#exchange = undefined
    this.#phase = 'tunnel'
    this.#deadline.disarm()
    this.#socket.off('data', this.#onData).off('end', this.#onEnd).off('drain', this.#onDrain)
    this.#socket.off('error', this.#onError).off('close', this.#onClose)
    const socket = this.#socket
    socket.once('close', () => {
      this.#deadline.disarm()
      this.#reception.tracks?.end()
      this.#settings.closed(this)
    })
    socket.write(`HTTP/1.1 101 ${reason || 'Switching Protocols'}\r\n${textOfPairs(headers)}\r\n`, 'latin1')
    const firstBytes = this.#stash?.subarray(this.#stashAt) ?? Buffer.alloc(0)
    this.#stash = undefined
    socket.resume()
    return { socket, firstBytes }
  }

  /** Whether another request may follow is settled when the response begins, since its head says so. */
  #settleKeepAlive(): void {
    // A client that was promised a 100 and got a response instead need not send its body: nothing says whether it will.
    if (this.#settings.closing || (this.#expectsContinue && !this.#bodyReader.done)) this.#keepAlive = false
  }

  #connectionLine(): string {
    if (!this.#keepAlive) return 'Connection: close\r\n'
    return this.#minorVersion === 0 ? 'Connection: keep-alive\r\n' : ''
  }

  /**
   * Answer what could not be read, or is not served here at all. After it, nobody knows where a next request would begin.
   * @param state for the log, in two letters
   */
  #refuse(status: AnswerStatus, message?: string, state = 'PR'): void {
    this.#keepAlive = false
    this.#reception.refuse(this, status, { message, state })
  }

  // ── after a response ───────────────────────────────────────────────────────────────────────────────

  #responded(): void {
    this.#log?.answered()
    this.#exchange = undefined
    this.#responding = false
    this.#reading = false
    if (this.#phase === 'closed') return
    const whole = this.#bodyReader.done
    if (!this.#keepAlive) this.#socket.end()
    if (whole && this.#keepAlive) this.#next()
    else this.#linger()
  }

  #next(): void {
    this.#bodyReader = emptyBody
    this.#head = undefined
    this.#requestBody = undefined
    this.#memory.leave()
    if (this.#writer.blocked) {
      // The answers for a client that asks and does not read would pile up here.
      this.#phase = 'flush'
      this.#awaitFlush()
    } else this.#nextRequest()
  }

  #nextRequest(): void {
    this.#becomeIdle()
    this.#readOn()
  }

  #becomeIdle(): void {
    this.#phase = 'idle'
    this.#lingered = 0
    this.#deadline.arm(this.#settings.httpKeepAliveMs)
  }

  /** Read on and throw away, for a while: closing on unread bytes would reset the connection under the answer. */
  #linger(): void {
    this.#phase = 'linger'
    if (this.#socket.writableLength > 0) this.#awaitFlush()
    else this.#deadline.arm(lingerMs)
    this.#readOn()
  }

  /** What was written is still on its way out, at the client's pace. */
  #awaitFlush(): void {
    const socket = this.#socket
    this.#deadline.arm(this.#settings.exchange.clientMs)
    if (socket.writableEnded) socket.once('finish', this.#onFlushed)
    else socket.write('', this.#onFlushed)
  }

  readonly #onFlushed = (error?: Error | null): void => {
    if (error || this.#socket.writableLength > 0) return
    if (this.#phase === 'flush') this.#nextRequest()
    else if (this.#phase === 'linger') this.#deadline.arm(lingerMs)
  }

  #close(): void {
    this.#phase = 'closed'
    this.#deadline.disarm()
    // An ordinary end could be taken for that of the body.
    if (this.#socket.writableLength > 0) reset(this.#socket)
    else this.#socket.destroy()
  }

  // ── ends ───────────────────────────────────────────────────────────────────────────────────────────

  #overdue(): void {
    const exchange = this.#exchange
    if (exchange !== undefined) exchange.overdue()
    else if (
      this.#phase === 'head' ||
      (this.#phase === 'idle' && this.#requests === 0 && !this.#reader.idle)
    ) {
      this.#refuse(408, undefined, 'cR')
    } else {
      this.#log?.closed('cR')
      this.#close()
    }
  }

  readonly #onDrain = (): void => {
    this.#exchange?.clientReady()
  }

  /** The client sends no more. One that has asked for something is taken to be gone, as Node's server takes it. */
  readonly #onEnd = (): void => {
    const exchange = this.#exchange
    if (exchange !== undefined) exchange.clientGone()
    else if (this.#phase === 'linger' && this.#socket.writableEnded) this.#socket.destroy()
    else this.#socket.end()
  }

  readonly #onError = (error: Error): void => {
    this.#exchange?.clientGone(error)
  }

  readonly #onClose = (): void => {
    // By the client: what the door closes has been told by then.
    if (this.#log !== undefined && (this.#phase === 'idle' || this.#phase === 'head')) this.#log.closed('CR')
    this.#phase = 'closed'
    this.#deadline.disarm()
    this.#exchange?.clientGone()
    this.#reception.tracks?.end()
    this.#settings.closed(this)
  }
}

const nothing: readonly string[] = []
