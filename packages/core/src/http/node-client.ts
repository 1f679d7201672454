/**
 * The client's side of an exchange on `node:http`: writes to a `ServerResponse`, reads the body of an
 * `IncomingMessage`.
 *
 * Node's server frames the response: with a length where the server gave one, else in chunks for HTTP/1.1 and to
 * the end of the connection for HTTP/1.0.
 */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Clock, Timer } from '../base/clock.ts'
import type { Answer } from './answer.ts'
import type { ClientSide, ClientTunnel } from './client-side.ts'
import type { Exchange } from './exchange.ts'
import { type Headers, pairs, remove } from './headers.ts'
import { type BodySource, type Framing, RequestBody } from './request-body.ts'

/** What is still read of a body that nobody wants, before the connection is closed on it. */
const lingerBytes = 1_048_576
const lingerMs = 5_000

export class NodeClient implements ClientSide, BodySource {
  readonly body: RequestBody
  readonly #req: IncomingMessage
  readonly #res: ServerResponse
  readonly #clock: Clock
  readonly #upgradeHead: Buffer | undefined
  readonly #maxBodyBytes: number
  #exchange: Exchange | undefined
  #linger: Timer | undefined
  #reading = false
  #chunked = false
  #lingeredBytes = 0

  /**
   * @param upgradeHead where the request came by the `upgrade` event: what followed its head
   */
  constructor(
    req: IncomingMessage,
    res: ServerResponse,
    framing: Framing,
    limits: { readonly replayBytes: number; readonly maxBodyBytes: number },
    clock: Clock,
    upgradeHead?: Buffer,
  ) {
    this.#req = req
    this.#res = res
    this.#clock = clock
    this.#upgradeHead = upgradeHead
    this.#maxBodyBytes = limits.maxBodyBytes
    this.body = new RequestBody(framing, this, limits.replayBytes)
  }

  /** The exchange that this client belongs to; to be called once, before the exchange starts. */
  serve(exchange: Exchange): void {
    this.#exchange = exchange
    const res = this.#res
    res.on('close', () => {
      this.#linger?.cancel()
      if (!res.writableFinished) this.#exchange?.clientGone()
    })
    res.on('drain', () => this.#exchange?.clientReady())
    res.on('error', error => this.#exchange?.clientGone(error))
    this.#req.on('error', error => this.#exchange?.clientGone(error))
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
    body.push(chunk)
    if (this.#res.writableEnded) {
      this.#lingeredBytes += chunk.length
      if (this.#lingeredBytes > lingerBytes) this.#req.socket.destroy()
    } else if (body.bytes > this.#maxBodyBytes) this.#exchange?.refuse(413)
    else this.#exchange?.clientProgress()
  }

  #receivedAll(): void {
    this.#linger?.cancel()
    this.body.finish(this.#req.rawTrailers)
    this.#exchange?.requestComplete()
  }

  // ── writing the response ───────────────────────────────────────────────────────────────────────────

  informational(status: number, headers: Headers): void {
    const res = this.#res
    if (this.#req.httpVersionMinor === 0 || res.headersSent) return
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

  respond(status: number, reason: string, headers: Headers, hasBody: boolean): boolean {
    const res = this.#res
    this.#chunked = hasBody && this.#req.httpVersionMinor === 1 && !hasLength(headers)
    // A Trailer field announces what only a chunked body can carry.
    if (!this.#chunked) remove(headers, trailerName)
    if (status === 204) remove(headers, lengthName)
    try {
      res.writeHead(status, reason, headers)
    } catch {
      return false
    }
    // The head goes out with the first piece of the body, but does not wait for one that may be long in coming.
    if (hasBody) res.flushHeaders()
    return true
  }

  write(chunk: Buffer): boolean {
    return this.#res.write(chunk)
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
    const length = String(answer.body.length)
    const headers = [...answer.headers, 'Content-Length', length]
    // The reason is named, because one that Node refused a moment ago would otherwise be taken again.
    res.writeHead(answer.status, STATUS_CODES[answer.status] ?? '', headers)
    res.write(answer.body)
    this.#end()
  }

  abort(): void {
    this.#linger?.cancel()
    this.#res.destroy()
    this.#req.socket?.destroy()
  }

  switchProtocols(reason: string, headers: Headers): ClientTunnel | undefined {
    const res = this.#res
    const socket = this.#req.socket as Socket
    if (socket.destroyed || this.#upgradeHead === undefined) return undefined
    let head = `HTTP/1.1 101 ${reason === '' ? 'Switching Protocols' : reason}\r\n`
    for (let i = 0; i < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`
    this.#exchange = undefined
    res.detachSocket(socket)
    socket.write(`${head}\r\n`, 'latin1')
    return { socket: socket as Duplex, firstBytes: this.#upgradeHead }
  }

  /** End the response. Where the request is not whole yet, the client may go on sending it, for a while. */
  #end(): void {
    this.#exchange = undefined
    this.#res.end()
    if (!this.body.complete && !this.#res.destroyed) {
      this.#linger = this.#clock.setTimeout(() => this.#req.socket?.destroy(), lingerMs)
    }
  }
}

const trailerName: ReadonlySet<string> = new Set(['trailer'])
const lengthName: ReadonlySet<string> = new Set(['content-length'])

function hasLength(headers: readonly string[]): boolean {
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    if (name.length === 14 && name.toLowerCase() === 'content-length') return true
  }
  return false
}
