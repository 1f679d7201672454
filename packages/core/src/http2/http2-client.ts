/**
 * The client's side of an exchange on one HTTP/2 stream: reads the request's body from it, writes the response to it.
 *
 * Flow control joins the two ends: the window that a client may fill is given back as the server takes the body, and of
 * a response no more is taken from the server than the client's window, and a bounded buffer, have room for.
 *
 * Invariant: the exchange is told exactly once that the client is gone, or is not, because the response is whole; the
 * connection is told exactly once, by `answered` or `takenBack`, what became of the request.
 */
import { STATUS_CODES } from 'node:http'
import { constants, type ServerHttp2Stream } from 'node:http2'
import type { HeaderEdits } from '@evener/session'
import type { Receiving } from '../frontend/reception.ts'
import { type Answer, lengthOf } from '../http/answer.ts'
import type { ClientTunnel } from '../http/client-side.ts'
import type { Passing, ResponseHead } from '../http/engine.ts'
import { type Headers, headerValue } from '../http/headers.ts'
import { type BodySource, RequestBody } from '../http/request-body.ts'
import type { Served } from '../http/served.ts'
import type { RequestRecord, SentBytes } from '../log/request-record.ts'
import { grpcStatus, isGrpc } from './grpc.ts'
import { HeldPieces } from './held-pieces.ts'
import type { Http2Request } from './http2-request.ts'
import { type Fields, plainFields, responseFields } from './response-fields.ts'

/** What a client's stream tells its connection, and asks of it. */
export interface StreamOwner {
  readonly maxBodyBytes: number
  readonly replayBytes: number
  /** True where the engine reads into a response's pieces again. */
  readonly lent: boolean
  /** The response is on its way. */
  answered(client: Http2Client): void
  /** A piece of a response, or the whole, is on its way. */
  wrote(): void
  /** The client has ended the stream before it was answered. */
  takenBack(): void
  /** The client is not to be told anything: not even of this stream. */
  turnAway(): void
  /** The stream is over. */
  closed(client: Http2Client): void
}

/** Informational responses that one request may get: a server could send them without end to who does not read. */
const maxInformational = 16
/** What a piece of a body costs at least, beyond its bytes. */
const pieceBytes = 256
/** Smaller pieces than this are small. */
const smallPiece = 1_024

const noTrailers: readonly string[] = []

export class Http2Client implements Receiving, BodySource, SentBytes {
  readonly body: RequestBody
  /** What is written down of its request, where the door has a log. */
  record: RequestRecord | undefined
  sentBytes = 0
  /** When the response had been written, by the connection's clock; for the connection. */
  answeredAt: number | undefined
  readonly #stream: ServerHttp2Stream
  readonly #owner: StreamOwner
  readonly #request: Http2Request | undefined
  readonly #held = new HeldPieces()
  /** The stream's own way of taking in what came. */
  readonly #push: (chunk: Buffer | null) => boolean
  #exchange: Served | undefined
  /** The exchange that has become a tunnel. */
  #tunnel: Served | undefined
  #serving = false
  readonly #gathered = new HeldPieces()
  #gathering = false
  #flowing = false
  #reading = false
  #requestWhole: boolean
  #trailersIn = noTrailers
  #trailersOut = noTrailers
  #informational = 0
  #settled = false

  constructor(stream: ServerHttp2Stream, request: Http2Request | undefined, owner: StreamOwner) {
    this.#stream = stream
    this.#request = request
    this.#owner = owner
    this.body = new RequestBody(request?.framing ?? 'none', this, owner.replayBytes)
    this.#requestWhole = stream.endAfterHeaders
    this.#push = stream.push.bind(stream) as (chunk: Buffer | null) => boolean
    stream.on('error', ignore)
    stream.on('aborted', () => this.#gone())
    stream.on('close', () => {
      this.#gone()
      owner.closed(this)
    })
  }

  /** What came of it is content: framing was HTTP/2's own. */
  bodyOf(): RequestBody {
    return this.body
  }

  skipBody(): void {
    // The answer ends the stream.
  }

  /** The connection has other requests. */
  deadlineFor(): undefined {
    return undefined
  }

  /** Of one stream the client can be told nothing without telling it of that. */
  turnAway(silently: boolean): void {
    if (silently) this.#owner.turnAway()
    else this.abort()
  }

  /** Who has its request now; to be called before that one starts. */
  serve(exchange: Served): void {
    this.#exchange = exchange
    if (this.#serving) return
    this.#serving = true
    const stream = this.#stream
    stream.on('drain', () => this.#exchange?.clientReady())
    if (this.body.framing === 'none') return
    stream.push = chunk => this.#arrived(chunk as Buffer | null)
    stream.on('trailers', (_: unknown, __: unknown, fields?: readonly string[]) => {
      this.#trailersIn = fields ?? noTrailers
    })
  }

  /** Break it off: the connection ends. */
  shutdown(): void {
    const exchange = this.#exchange ?? this.#tunnel
    if (exchange === undefined) this.drop()
    else exchange.shutdown()
  }

  /** The client does not take its response: reset the stream. */
  drop(): void {
    this.#breakOff(constants.NGHTTP2_CANCEL)
  }

  // ── reading the request's body ─────────────────────────────────────────────────────────────────────

  resume(): void {
    const stream = this.#stream
    if (stream.destroyed || this.#flowing || this.body.framing === 'none') return
    this.#flowing = true
    if (this.#reading) stream.resume()
    else {
      this.#reading = true
      stream.on('data', (chunk: Buffer) => this.#received(chunk))
      stream.on('end', () => this.#receivedAll())
    }
    if (this.#held.length > 0) this.#push(this.#held.take())
  }

  pause(): void {
    this.#flowing = false
    this.#stream.pause()
  }

  /** In place of the stream's `push`: see {@link HeldPieces}. False keeps the client's window as it is. */
  #arrived(chunk: Buffer | null): boolean {
    if (chunk === null) {
      if (this.#held.length > 0) this.#push(this.#held.take())
      return this.#push(null)
    }
    if (this.#flowing) return this.#push(chunk)
    this.#held.add(chunk)
    return false
  }

  /** Of small pieces the first of a turn goes on at once, and the others together: each costs the server a write. */
  #received(piece: Buffer): void {
    if (piece.length >= smallPiece) {
      this.#passGathered()
      this.#pass(piece)
    } else if (this.#gathering) this.#gathered.add(piece)
    else {
      this.#gathering = true
      setImmediate(() => {
        this.#gathering = false
        this.#passGathered()
      })
      this.#pass(piece)
    }
  }

  #passGathered(): void {
    if (this.#gathered.length > 0) this.#pass(this.#gathered.take())
  }

  #pass(piece: Buffer): void {
    const { body } = this
    // A small piece would keep the whole read alive that it came in, for as long as it is kept for a retry.
    const chunk = piece.length * 4 < piece.buffer.byteLength ? Buffer.from(piece) : piece
    body.push(chunk, Math.max(chunk.length, pieceBytes))
    if (body.bytes > this.#owner.maxBodyBytes) this.#exchange?.refuse(413)
    else this.#exchange?.clientProgress()
  }

  #receivedAll(): void {
    // Node ends the reading side of a stream that was reset as if it were whole.
    if (this.#stream.closed && this.#exchange !== undefined) {
      this.#gone()
      return
    }
    this.#passGathered()
    this.#requestWhole = true
    this.body.finish(this.#trailersIn)
    this.#exchange?.requestComplete()
  }

  // ── writing the response ───────────────────────────────────────────────────────────────────────────

  informational(status: number, headers: Headers): void {
    const stream = this.#stream
    if (unusable(stream) || stream.headersSent || this.#informational >= maxInformational) return
    this.#informational++
    try {
      stream.additionalHeaders({ ...plainFields(headers), ':status': status })
    } catch {
      // A hint is only a hint: one that Node finds malformed is left out.
    }
  }

  respond(head: ResponseHead, edits: HeaderEdits | undefined, added: string): Passing | undefined {
    const { status, hasBody, rawHeaders } = head
    // In answer to an extended CONNECT, a 2xx would say that the tunnel stands.
    if (this.#request?.upgrade !== undefined && status < 300) return undefined
    const stream = this.#stream
    // The client has gone meanwhile, and the exchange is about to be told.
    if (unusable(stream)) return 'content'
    const waitForTrailers = hasBody && headerValue(rawHeaders, 'content-length') === undefined
    const drop = status === 204 ? bodyNames : waitForTrailers ? undefined : trailerName
    const fields = responseFields(status, rawHeaders, edits, added, drop)
    if (fields === undefined) return undefined
    try {
      stream.respond(fields, { endStream: !hasBody, waitForTrailers })
    } catch {
      return undefined
    }
    if (this.record !== undefined) this.sentBytes += headBytes(fields)
    if (waitForTrailers) stream.once('wantTrailers', () => this.#sendTrailers())
    return 'content'
  }

  write(chunk: Buffer): boolean {
    const stream = this.#stream
    if (unusable(stream)) return true
    this.#owner.wrote()
    this.sentBytes += chunk.length
    return stream.write(this.#owner.lent ? Buffer.from(chunk) : chunk)
  }

  /** Node writes what was said in one turn together. */
  flush(): void {}

  end(trailers: readonly string[]): void {
    this.#trailersOut = trailers
    this.#end()
  }

  answer(answer: Answer): void {
    const stream = this.#stream
    if (unusable(stream)) return
    if (stream.headersSent) {
      this.abort()
      return
    }
    const { status, headers, body } = answer
    if (isGrpc(this.#request?.header('content-type'))) {
      const message = `${status} ${STATUS_CODES[status] ?? ''}`.trim()
      const fields = { 'content-type': 'application/grpc', 'grpc-message': message }
      const head = { ':status': 200, 'grpc-status': String(grpcStatus(status)), ...fields }
      stream.respond(head, { endStream: true })
    } else {
      const lines = [...headers, ...lengthOf(answer)]
      const fields = responseFields(status, lines) ?? { ':status': status }
      stream.respond(fields)
      this.sentBytes += headBytes(fields)
      // Node has ended it already for HEAD.
      if (!stream.writableEnded) {
        stream.write(body)
        this.sentBytes += body.length
      }
    }
    this.#end()
  }

  abort(): void {
    this.#exchange = undefined
    this.#breakOff(constants.NGHTTP2_INTERNAL_ERROR)
  }

  switchProtocols(_reason: string, headers: Headers): ClientTunnel | 'gone' | 'unsendable' {
    const stream = this.#stream
    if (unusable(stream)) return 'gone'
    const fields = responseFields(200, headers, undefined, '', handshakeNames)
    if (fields === undefined) return 'unsendable'
    this.#tunnel = this.#exchange
    this.#exchange = undefined
    stream.respond(fields)
    // What ends a connection's life softly ends a stream's: with what was written before.
    const socket = Object.assign(stream, {
      destroySoon() {
        if (stream.writableFinished) stream.destroy()
        else stream.once('finish', () => stream.destroy()).end()
      },
    })
    return { socket, firstBytes: noBytes }
  }

  tunnelled(bytes: number): void {
    this.sentBytes += bytes
  }

  #sendTrailers(): void {
    const stream = this.#stream
    try {
      stream.sendTrailers(plainFields(this.#trailersOut))
    } catch {
      this.#breakOff(constants.NGHTTP2_INTERNAL_ERROR)
      return
    }
    // Node sends them in a later turn, and after a reset not at all.
    if (!this.#requestWhole) setImmediate(() => stream.close(constants.NGHTTP2_NO_ERROR))
  }

  #breakOff(code: number): void {
    const stream = this.#stream
    // Node ends the writing side before it resets a stream, and what is left of a response would look whole.
    stream._final = callback => callback()
    stream.close(code)
  }

  /** End the response. Where the request is not whole yet, the client is told to leave it at that (RFC 9113 section 8.1). */
  #end(): void {
    this.#exchange = undefined
    this.#settle()
    const stream = this.#stream
    stream.end()
    if (!this.#requestWhole && stream.listenerCount('wantTrailers') === 0) {
      // Node 22 would leave out a response that is nothing but a head.
      setImmediate(() => stream.close(constants.NGHTTP2_NO_ERROR))
    }
  }

  #settle(): void {
    if (this.#settled) return
    this.#settled = true
    this.#owner.answered(this)
  }

  #gone(): void {
    const exchange = this.#exchange
    this.#exchange = undefined
    if (exchange === undefined) return
    if (!this.#settled) {
      this.#settled = true
      this.#owner.takenBack()
    }
    exchange.clientGone()
  }
}

/** As it would be in HTTP/1.1: what HPACK makes of it is between two ends of a connection, not of a request. */
function headBytes(fields: Fields): number {
  let bytes = 'HTTP/1.1 200 OK'.length + 4
  for (const [name, value] of Object.entries(fields)) {
    if (name === ':status') continue
    for (const one of [value].flat()) bytes += name.length + String(one).length + 4
  }
  return bytes
}

function unusable(stream: ServerHttp2Stream): boolean {
  return stream.destroyed || stream.closed
}

function ignore(): void {}

const noBytes = Buffer.alloc(0)
// A Trailer field announces what only a body of unknown length can carry.
const trailerName: ReadonlySet<string> = new Set(['trailer'])
const bodyNames: ReadonlySet<string> = new Set(['trailer', 'content-length'])
const handshakeNames: ReadonlySet<string> = new Set(['sec-websocket-accept', 'content-length', 'trailer'])
