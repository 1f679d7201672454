/**
 * The client's side of an exchange on `node:http`: writes to a `ServerResponse`, reads the body of an
 * `IncomingMessage`.
 *
 * Node's server frames the response: with a length where the server gave one, else in chunks for HTTP/1.1 and to
 * the end of the connection for HTTP/1.0.
 */
import { type IncomingMessage, ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { HeaderEdits } from '@evener/session'
import type { Clock } from '../base/clock.ts'
import { reset } from '../base/reset.ts'
import { type Answer, lengthOf } from './answer.ts'
import type { ClientSide, ClientTunnel } from './client-side.ts'
import { lentPieceBytes, type Passing, type ResponseHead } from './engine.ts'
import { edit, endToEnd, type Headers, headerValue, Names, pairs } from './headers.ts'
import { type BodySource, type Framing, RequestBody } from './request-body.ts'
import type { Served } from './served.ts'
import type { UpgradeConnection } from './upgrade-connection.ts'

/** Chunks of a body that are smaller than this go on together, up to this size, where they came together. */
const smallPiece = 4_096
/** After as many of them, everybody else has a turn. */
const mostSmallChunks = 512

/** What is still read of a body that nobody wants, before the connection is closed on it. */
const lingerBytes = 1_048_576
const lingerMs = 5_000

export class NodeClient implements ClientSide, BodySource {
  readonly body: RequestBody
  readonly #req: IncomingMessage
  readonly #res: ServerResponse
  readonly #clock: Clock
  readonly #connection: UpgradeConnection | undefined
  readonly #maxBodyBytes: number
  readonly #lent: boolean
  #exchange: Served | undefined
  #serving = false
  #stopLingering: (() => void) | undefined
  #reading = false
  /** Small pieces of the request's body, until the next turn. */
  #small: Buffer[] | undefined
  #smallBytes = 0
  /** Those of this turn, also where they have gone on. */
  #smallChunks = 0
  #chunked = false
  #untilClose = false
  #headHeld = false
  /** A small first piece of the body, which waits with the head. */
  #held = ''
  #lingeredBytes = 0

  /**
   * @param lent whether the engine reads into a response's pieces again
   * @param connection where the request came by the `upgrade` event
   */
  constructor(
    req: IncomingMessage,
    res: ServerResponse,
    framing: Framing,
    limits: { readonly replayBytes: number; readonly maxBodyBytes: number },
    clock: Clock,
    lent: boolean,
    connection?: UpgradeConnection,
  ) {
    this.#lent = lent
    this.#req = req
    this.#res = res
    this.#clock = clock
    this.#connection = connection
    this.#maxBodyBytes = limits.maxBodyBytes
    this.body = new RequestBody(framing, this, limits.replayBytes)
  }

  /** Who has its request now; to be called before that one starts. */
  serve(exchange: Served): void {
    this.#exchange = exchange
    if (this.#serving) return
    this.#serving = true
    const res = this.#res
    res.on('close', () => {
      if (!res.writableFinished) this.#exchange?.clientGone()
    })
    // What became of it is told by its close.
    res.on('error', ignore)
    if (this.body.framing !== 'none') this.#req.on('error', error => this.#exchange?.clientGone(error))
  }

  // ── reading the request's body ─────────────────────────────────────────────────────────────────────

  resume(): void {
    const req = this.#req
    if (!this.#reading) {
      this.#reading = true
      req.on('data', (chunk: Buffer) => this.#received(chunk))
      req.on('end', () => this.#receivedAll())
    }
    req.resume()
  }

  pause(): void {
    this.#req.pause()
  }

  #received(chunk: Buffer): void {
    const { body } = this
    // Node tells of every chunk of a chunked body by itself. Each a write to the server, ten thousand chunks of a byte,
    // which come with one read, would hold up everybody else for seconds.
    if (body.framing === 'chunked' && chunk.length < smallPiece) this.#gather(chunk)
    else {
      this.#handOn()
      body.push(chunk)
    }
    if (this.#res.writableEnded) {
      this.#lingeredBytes += chunk.length
      if (this.#lingeredBytes > lingerBytes && this.#res.writableFinished) this.#req.socket.destroy()
    } else if (body.bytes + this.#smallBytes > this.#maxBodyBytes) this.#exchange?.refuse(413)
    else this.#exchange?.clientProgress()
  }

  #gather(chunk: Buffer): void {
    if (this.#small === undefined) this.#small = [chunk]
    else this.#small.push(chunk)
    this.#smallBytes += chunk.length
    if (this.#smallBytes >= smallPiece) this.#handOn()
    // Node ends a tick with every chunk; the next turn comes after all that was read now.
    if (++this.#smallChunks === 1) setImmediate(() => this.#turnOver())
    // Up to 2 MiB are read of a connection in one turn, which for chunks of a byte is a second.
    else if (this.#smallChunks === mostSmallChunks) this.#req.pause()
  }

  #turnOver(): void {
    const held = this.#smallChunks >= mostSmallChunks
    this.#smallChunks = 0
    this.#handOn()
    if (held && !this.body.blocked) this.#req.resume()
  }

  #handOn(): void {
    const small = this.#small
    if (small === undefined) return
    this.#small = undefined
    this.#smallBytes = 0
    this.body.push(small.length === 1 ? (small[0] as Buffer) : Buffer.concat(small))
  }

  #receivedAll(): void {
    this.#handOn()
    this.#stopLingering?.()
    this.body.finish(this.#req.rawTrailers)
    this.#exchange?.requestComplete()
  }

  // ── writing the response ───────────────────────────────────────────────────────────────────────────

  informational(status: number, headers: Headers): void {
    const res = this.#res
    if (this.#req.httpVersionMinor === 0 || res.headersSent) return
    // Node keeps them without bound for a client that does not read.
    if (res.socket === null || res.socket.writableNeedDrain) return
    if (status === 102) {
      res.writeProcessing()
      return
    }
    if (status !== 103) return
    const hints: Record<string, string | string[]> = Object.create(null)
    for (let i = 0; i < headers.length; i += 2) {
      const name = (headers[i] as string).toLowerCase()
      const value = headers[i + 1] as string
      const before = hints[name]
      hints[name] = before === undefined ? value : [before, value].flat()
    }
    try {
      if (hints.link !== undefined) res.writeEarlyHints(hints)
    } catch {
      // A hint is only a hint: one that Node finds malformed is left out.
    }
  }

  respond(head: ResponseHead, edits: HeaderEdits | undefined, added: string): Passing | undefined {
    const res = this.#res
    const { status, hasBody, rawHeaders } = head
    const framed = !hasBody || hasLength(rawHeaders)
    this.#chunked = !framed && this.#req.httpVersionMinor === 1
    this.#untilClose = !framed && this.#req.httpVersionMinor === 0
    const headers = endToEnd(rawHeaders, this.#chunked ? undefined : status === 204 ? bodyNames : trailerName)
    edit(headers, edits)
    if (added !== '') {
      for (const line of added.split('\r\n')) {
        const colon = line.indexOf(': ')
        if (colon !== -1) headers.push(line.slice(0, colon), line.slice(colon + 2))
      }
    }
    keepLists(res, headers)
    try {
      res.writeHead(status, head.reason, headers)
    } catch {
      return undefined
    }
    this.#headHeld = hasBody
    return 'content'
  }

  write(chunk: Buffer): boolean {
    if (this.#headHeld && chunk.length <= smallBody && this.#held === '') {
      // With its head, and perhaps its end, in one write: Node joins strings, and not a string and a buffer.
      this.#held = chunk.toString('latin1')
      return true
    }
    this.flush()
    const { socket } = this.#res
    if (this.#lent && chunk.length > lentPieceBytes && socket !== null && writesThrough(this.#res, socket)) {
      return this.#writeThrough(chunk, socket)
    }
    // Node may hold a piece until the end of the turn, and a lent one is read into again before that.
    if (this.#res.write(this.#lent ? Buffer.from(chunk) : chunk)) return true
    this.#res.once('drain', () => this.#exchange?.clientReady())
    return false
  }

  /** A large piece goes out at once; only of what the kernel does not take is the memory still needed. */
  #writeThrough(chunk: Buffer, socket: Socket): boolean {
    this.#res.write(chunk)
    // Node waits for the end of the turn, to join small writes: this one is large.
    if (socket.writableCorked === 1) socket.uncork()
    if (socket.writableLength === 0) return true
    // Node tells of room only once more than its high-water mark was waiting; an empty write behind it always does.
    socket.write('', error => {
      if (!error) this.#exchange?.clientReady()
    })
    return false
  }

  /** The head goes out with the first piece of the body, but does not wait for one that may be long in coming. */
  flush(): void {
    if (!this.#headHeld) return
    this.#headHeld = false
    if (this.#held === '') this.#res.flushHeaders()
    else this.#res.write(this.#held, 'latin1')
    this.#held = ''
  }

  end(trailers: readonly string[]): void {
    const res = this.#res
    if (this.#chunked && trailers.length > 0) {
      try {
        res.addTrailers(pairs(trailers))
      } catch {
        // Trailers that Node will not write are left out; the body is whole without them.
      }
    }
    this.#end()
  }

  answer(answer: Answer): void {
    const res = this.#res
    if (res.headersSent || res.destroyed) {
      this.abort()
      return
    }
    const headers = [...answer.headers, ...lengthOf(answer)]
    // Where a Connection field is given, Node leaves it at that.
    if (!res.shouldKeepAlive) headers.push('Connection', 'close')
    // The reason is named, because one that Node refused a moment ago would otherwise be taken again.
    res.writeHead(answer.status, answer.reason ?? STATUS_CODES[answer.status] ?? '', headers)
    res.write(answer.body)
    this.#end()
  }

  abort(): void {
    const res = this.#res
    const { socket } = res
    // To a client that reads up to the end of the connection, an ordinary end would be that of the body.
    if (this.#untilClose && socket !== null) reset(socket)
    res.destroy()
  }

  switchProtocols(reason: string, headers: Headers): ClientTunnel | 'gone' {
    const socket = this.#req.socket as Socket
    const connection = this.#connection
    if (socket.destroyed || connection === undefined) return 'gone'
    let head = `HTTP/1.1 101 ${reasonPhrase.test(reason) ? reason : 'Switching Protocols'}\r\n`
    for (let i = 0; i < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`
    this.#exchange = undefined
    socket.write(`${head}\r\n`, 'latin1')
    return connection.take()
  }

  /** End the response. Where the request is not whole yet, the client may go on sending it, for a while. */
  #end(): void {
    this.#exchange = undefined
    const res = this.#res
    if (!this.body.complete) res.once('finish', () => this.#startLingering())
    if (this.#held === '') res.end()
    else res.end(this.#held, 'latin1')
  }

  #startLingering(): void {
    const { socket } = this.#req
    if (this.body.complete || socket.destroyed) return
    const timer = this.#clock.setTimeout(() => socket.destroy(), lingerMs)
    const stop = () => {
      timer.cancel()
      socket.off('close', stop)
    }
    socket.once('close', stop)
    this.#stopLingering = stop
  }
}

function ignore(): void {}

/**
 * Whether what is written goes to the socket within the call. Middleware that compresses takes `write` over and keeps
 * pieces; TLS says of each write a turn later that it is done.
 */
function writesThrough(res: ServerResponse, socket: Socket): boolean {
  return (
    res.write === ServerResponse.prototype.write && !('encrypted' in socket) && socket.writableCorked <= 1
  )
}

/**
 * The host may have set fields before (CORS, cookies, request ids). Node keeps them where the server sends none of the
 * name; but of these two each line counts, and to lose one would poison a cache or lose a session.
 */
function keepLists(res: ServerResponse, headers: Headers): void {
  for (const name of ['vary', 'set-cookie']) {
    const own = res.getHeader(name)
    if (own === undefined || headerValue(headers, name) === undefined) continue
    for (const value of [own].flat()) headers.push(name, String(value))
  }
}

/** RFC 9112 section 4. Node's client lets more through. */
const reasonPhrase = /^[\t\x20-\x7e\x80-\xff]+$/
// A Trailer field announces what only a chunked body can carry.
const trailerName = new Names(['trailer'])
const bodyNames = new Names(['trailer', 'content-length'])

/** A piece this small is put into the same string, and so the same write, as the head. */
const smallBody = 4_096

function hasLength(headers: readonly string[]): boolean {
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    if (name.length === 14 && name.toLowerCase() === 'content-length') return true
  }
  return false
}
