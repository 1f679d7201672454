/**
 * One attempt on its way to a server in HTTP/2: waits for a session, is one stream of it, or goes by HTTP/1.1 after all.
 *
 * ```text
 * waiting ── start(session) ──> stream ── response, data*, finished | upgraded | failed
 *    └─────── delegate(engine) ─> HTTP/1.1, where the server has chosen that
 * ```
 *
 * nghttp2 checks what comes: names, pseudo-fields, lengths, order; what it does not like ends the stream with
 * PROTOCOL_ERROR, which is told as junk. A stream may end in ways that look alike to who reads it: Node ends the reading
 * side of one that was reset as if it were whole. What tells them apart is whether the stream was closed already when
 * its end was put in line to be read, so `push` is watched.
 *
 * Invariant: after `#over` nothing is told to the attempt, and the session is told once that the stream is over.
 */
import type { ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2'
import type { FailureReason, Phase } from '../../balance/outcome.ts'
import type { Attempt, Engine, Transfer } from '../../http/engine.ts'
import type { BodySink } from '../../http/request-body.ts'
import type { ServerFacts } from '../server-facts.ts'
import { errorCodes } from './node-http2.ts'
import { regularFields, requestFields, switchingHeaders, webSocketFields } from './request-fields.ts'
import type { ServerSession } from './server-session.ts'
import { StreamResponse } from './stream-response.ts'
import { WireContent } from './wire-content.ts'

/** Whom a transfer tells: the sessions of its server. */
export interface TransferOwner {
  /** It waits no more: the exchange has given it up. */
  withdrawn(transfer: StreamTransfer): void
  /** The server wants HTTP/1.1 for this. False where it is not to be spoken. */
  speakHttp1(transfer: StreamTransfer): boolean
}

const noTrailers: readonly string[] = []

export class StreamTransfer implements Transfer, BodySink {
  readonly attempt: Attempt
  readonly #owner: TransferOwner
  #session: ServerSession | undefined
  #stream: ClientHttp2Stream | undefined
  #other: Transfer | undefined
  #wire: WireContent | undefined
  #heardBefore = 0
  #served = false
  #sent = false
  #answered = false
  #whole: boolean | undefined
  #trailers = noTrailers
  #over = false
  #released = false

  constructor(attempt: Attempt, owner: TransferOwner) {
    this.attempt = attempt
    this.#owner = owner
  }

  /** Given up, or ended. */
  get over(): boolean {
    return this.#over
  }

  /** The connection, as rules see it. */
  get facts(): ServerFacts {
    return (this.#session as ServerSession).factsOf(this.#served)
  }

  // ── towards the server ─────────────────────────────────────────────────────────────────────────────

  /** Become a stream of this session, which has room for it. Calls nothing back but `connected` within this turn. */
  start(session: ServerSession): void {
    const { attempt } = this
    const { body, upgrade } = attempt
    this.#session = session
    this.#heardBefore = session.heard
    this.#served = session.served > 0
    if (this.#served) attempt.server.counters.reuses++
    const tunnel = upgrade !== undefined
    const fields = tunnel ? webSocketFields(attempt) : requestFields(attempt)
    const endStream = body.framing === 'none' && !tunnel
    let stream: ClientHttp2Stream
    try {
      stream = session.request(fields, { endStream, waitForTrailers: body.framing === 'chunked' })
    } catch (error) {
      this.#refused(session, error as Error)
      return
    }
    this.#stream = stream
    this.#sent = endStream
    this.#listen(stream)
    attempt.connected()
    if (body.framing === 'none' || this.#over) return
    if (body.wire) this.#wire = new WireContent()
    body.attach(this)
  }

  /** Node would not send it: a field that HTTP/2 has no form for, or the session has ended in this very turn. */
  #refused(session: ServerSession, error: Error): void {
    session.release()
    this.#released = true
    const gone = goneCodes.has((error as NodeJS.ErrnoException).code)
    process.nextTick(() => {
      if (gone) this.#failUnprocessed(error)
      else this.#fail('send', 'bad-request', error)
    })
  }

  #listen(stream: ClientHttp2Stream): void {
    stream.on('headers', (headers, _, fields?: string[]) =>
      this.#informational(headers[':status'] as number, fields as string[]),
    )
    stream.on('response', (headers, flags, fields?: string[]) =>
      this.#response(stream, headers[':status'] as number, flags, fields as string[]),
    )
    stream.on('trailers', (_, __, fields?: string[]) => {
      this.#trailers = regularFields(fields as string[])
    })
    stream.on('drain', () => this.#over || this.attempt.body.resume())
    stream.on('error', error => this.#broke(stream, error))
    stream.on('close', () => {
      this.#broke(stream, new Error('the stream was closed'))
      this.#release()
    })
    const push = stream.push
    stream.push = (chunk, encoding) => {
      if (chunk === null) this.#whole ??= !stream.closed
      return push.call(stream, chunk, encoding)
    }
  }

  write(chunk: Buffer): boolean {
    this.attempt.progress()
    const wire = this.#wire
    return wire === undefined ? this.#write(chunk) : wire.pass(chunk, this.#write)
  }

  readonly #write = (piece: Buffer): boolean => {
    const stream = this.#stream as ClientHttp2Stream
    // The server wants no more, and its answer may still be on its way to the client; an error now would take it away.
    if (stream.writableEnded || stream.destroyed) return false
    return stream.write(piece)
  }

  end(trailers: readonly string[]): void {
    const stream = this.#stream as ClientHttp2Stream
    this.#sent = true
    if (this.attempt.body.framing === 'chunked') {
      const list = this.#wire?.trailers ?? trailers
      stream.once('wantTrailers', () => sendTrailers(stream, list))
    }
    stream.end()
  }

  // ── from the server ────────────────────────────────────────────────────────────────────────────────

  #informational(status: number, fields: readonly string[]): void {
    if (this.#over || this.#answered) return
    this.#heard()
    this.attempt.informational(status, regularFields(fields))
  }

  #response(stream: ClientHttp2Stream, status: number, flags: number, fields: readonly string[]): void {
    if (this.#over) return
    this.#heard()
    if (status < 200 || status > 599) {
      this.#fail('wait', 'junk-response', new Error(`status ${status} is none of HTTP's`))
      return
    }
    const { attempt } = this
    const rawHeaders = regularFields(fields)
    if (attempt.upgrade !== undefined && status < 300) {
      this.#upgraded(stream, rawHeaders)
      return
    }
    const mayHaveBody = attempt.request.method !== 'HEAD' && status !== 204 && status !== 304
    const ended = (flags & endStreamFlag) !== 0
    const hasBody = mayHaveBody && !ended
    // HTTP/2 says it with the head alone; in HTTP/1.1, and in gRPC's answers without a message, it has to be seen.
    if (mayHaveBody && ended && !rawHeaders.includes('content-length')) rawHeaders.push('content-length', '0')
    this.#answered = true
    const wanted = attempt.response(new StreamResponse(status, rawHeaders, hasBody, this))
    if (this.#over) return
    if (wanted === 'unwanted') {
      this.abort()
      return
    }
    if (!hasBody) {
      if (attempt.upgrade !== undefined) this.#sent = false
      this.#finish(stream, noTrailers)
      return
    }
    stream.on('data', (chunk: Buffer) => {
      if (this.#over) return
      this.#heard()
      if (!attempt.data(chunk)) stream.pause()
      if (!this.#over) attempt.flush()
    })
    stream.on('end', () => this.#ended(stream))
    // Behind what came with the head, so that a small response is one write for the client.
    setImmediate(() => this.#over || attempt.flush())
  }

  #ended(stream: ClientHttp2Stream): void {
    if (this.#over) return
    if (this.#whole !== false && stream.rstCode === errorCodes.none) this.#finish(stream, this.#trailers)
    else this.#fail('receive', 'broken-response', new Error('the server reset the stream in mid-response'))
  }

  #finish(stream: ClientHttp2Stream, trailers: readonly string[]): void {
    const { attempt } = this
    this.#over = true
    attempt.body.detach(this)
    // First of all: what follows this response may well want its place.
    this.#release()
    // The server answered before it had the whole request, and does not want the rest.
    if (!this.#sent) discard(stream)
    attempt.finished(trailers)
  }

  #upgraded(stream: ClientHttp2Stream, rawHeaders: readonly string[]): void {
    const { attempt } = this
    this.#over = true
    const headers = switchingHeaders(attempt, rawHeaders)
    const head = { status: 101, reason: 'Switching Protocols', rawHeaders: headers, hasBody: false }
    // What ends a connection softly, as a tunnel does, ends a stream so: behind what was written before.
    const socket = Object.assign(stream, {
      destroySoon() {
        if (stream.writableFinished) stream.destroy()
        else stream.once('finish', () => stream.destroy()).end()
      },
    })
    attempt.upgraded(head, socket, noBytes)
  }

  #heard(): void {
    ;(this.#session as ServerSession).heard++
  }

  // ── ends ───────────────────────────────────────────────────────────────────────────────────────────

  /** There is no connection. */
  unconnected(cause: Error): void {
    this.#fail('connect', 'conn-failure', cause)
  }

  /** The server does not know how to open a tunnel on a stream. */
  withoutTunnel(): void {
    const why =
      'the server speaks HTTP/2 without the extended CONNECT that a change of protocols needs (RFC 8441)'
    this.#fail('wait', 'junk-response', new Error(why))
  }

  /** Go by another engine. */
  delegate(engine: Engine): void {
    if (!this.#over) this.#other = engine.attempt(this.attempt)
  }

  #broke(stream: ClientHttp2Stream, cause: Error): void {
    if (this.#over || this.#other !== undefined) return
    const session = this.#session as ServerSession
    const { rstCode, id } = stream
    if (this.#answered) this.#fail('receive', 'broken-response', cause)
    else if (rstCode === errorCodes.refusedStream || id === undefined || session.leftOut(id)) {
      this.#failUnprocessed(cause)
    } else if (rstCode === errorCodes.http11Required && this.attempt.body.replayable && this.#speakHttp1()) {
      // The other engine has it.
    } else if (junkCodes.has(rstCode) || (cause as NodeJS.ErrnoException).code === 'ERR_HTTP2_ERROR') {
      this.#fail(this.#sent ? 'wait' : 'send', 'junk-response', cause)
    } else {
      const silent = session.heard === this.#heardBefore
      this.#fail(this.#sent ? 'wait' : 'send', 'empty-response', cause, silent && this.#served)
    }
  }

  #speakHttp1(): boolean {
    this.attempt.body.detach(this)
    this.#release()
    return this.#owner.speakHttp1(this)
  }

  /**
   * The server has said that it never looked at the request (RFC 9113 section 8.7): as good as no connection, for any
   * method, as long as all of it can be sent again.
   */
  #failUnprocessed(cause: Error): void {
    const reason = this.attempt.body.replayable ? 'conn-failure' : 'empty-response'
    this.#fail('connect', reason, cause, true, true)
  }

  #fail(phase: Phase, reason: FailureReason, cause: Error, stale = false, unprocessed = false): void {
    if (this.#over) return
    this.#give()
    this.attempt.failed({ phase, reason, stale, unprocessed, cause })
  }

  #give(): void {
    this.#over = true
    this.attempt.body.detach(this)
    const stream = this.#stream
    if (stream !== undefined) discard(stream)
  }

  #release(): void {
    if (this.#released || this.#session === undefined) return
    this.#released = true
    this.#session.release()
  }

  // ── the exchange ───────────────────────────────────────────────────────────────────────────────────

  resume(): void {
    if (this.#other !== undefined) this.#other.resume()
    else if (!this.#over) this.#stream?.resume()
  }

  abort(): void {
    if (this.#over) return
    if (this.#other !== undefined) {
      this.#over = true
      this.#other.abort()
      return
    }
    const session = this.#session
    this.#give()
    if (session === undefined) this.#owner.withdrawn(this)
    // A connection on which nothing has come since may lead nowhere: nobody else is to find out the slow way.
    else if (!this.#answered && session.heard === this.#heardBefore) session.suspect()
  }
}

const goneCodes: ReadonlySet<string | undefined> = new Set([
  'ERR_HTTP2_INVALID_SESSION',
  'ERR_HTTP2_GOAWAY_SESSION',
])
const noBytes = Buffer.alloc(0)
const endStreamFlag = 0x1

/** With which a stream ends where what came is not HTTP/2 as it should be. */
const junkCodes: ReadonlySet<number | undefined> = new Set([
  errorCodes.protocol,
  errorCodes.flowControl,
  errorCodes.frameSize,
  errorCodes.compression,
  errorCodes.enhanceYourCalm,
])

/** Reset a stream, and read no more of it. */
function discard(stream: ClientHttp2Stream): void {
  if (!stream.closed) stream.close(errorCodes.cancel)
  if (!stream.pending) stream.destroy()
}

function sendTrailers(stream: ClientHttp2Stream, trailers: readonly string[]): void {
  const table: OutgoingHttpHeaders = Object.create(null)
  for (let i = 0; i < trailers.length; i += 2) {
    const name = (trailers[i] as string).toLowerCase()
    const value = trailers[i + 1] as string
    const before = table[name] as string | string[] | undefined
    table[name] = before === undefined ? value : [before, value].flat()
  }
  try {
    stream.sendTrailers(table)
  } catch {
    // Trailers that Node will not write are left out; the body is whole without them.
    if (!stream.closed && !stream.destroyed) stream.sendTrailers({})
  }
}
