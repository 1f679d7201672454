/**
 * One request and its answer on a connection that is there already: HTTP/1.1, or HTTP/2 over TLS or without it (h2c with
 * prior knowledge, RFC 9113 section 3.3).
 *
 * Invariant: `head` comes once, before `data`; then `end` or `failed`, and nothing is to be heard behind the first of
 * them. A head of more than 16 KiB
 * is refused by Node's parsers, so memory is bounded before a body begins; who reads no further ends the probe.
 */
import {
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as requestHttp1,
} from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Probe } from './probe.ts'

/** Which HTTP is spoken. */
export type HttpProtocol = 'http/1.1' | 'h2'

/** A request, complete. */
export interface ExchangeRequest {
  readonly method: string
  readonly path: string
  /** `Host`, or `:authority`. */
  readonly host: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array | undefined
}

/** Who is told of the answer. */
export interface ExchangeListener {
  head(status: number, reason: string, headers: IncomingHttpHeaders): void
  data(piece: Buffer): void
  /** The answer is complete. Trailers come with HTTP/2 only. */
  end(trailers: IncomingHttpHeaders): void
  failed(error: Error): void
}

/** What was agreed on in the TLS handshake, else HTTP/1.1, unless it is said which. */
export function protocolOf(socket: Socket, told: HttpProtocol | undefined): HttpProtocol {
  if (told !== undefined) return told
  return (socket as TLSSocket).alpnProtocol === 'h2' ? 'h2' : 'http/1.1'
}

/** Send the request. */
export function exchange(
  probe: Probe,
  socket: Socket,
  protocol: HttpProtocol,
  request: ExchangeRequest,
  listener: ExchangeListener,
): void {
  if (protocol === 'h2') exchangeHttp2(probe, socket, request, listener)
  else exchangeHttp1(socket, request, listener)
}

function exchangeHttp1(socket: Socket, request: ExchangeRequest, listener: ExchangeListener): void {
  const { method, path, host, headers, body } = request
  const message: ClientRequest = requestHttp1({
    method,
    path,
    // Where there is a body, its length is said: a request in chunks is more than old servers understand.
    headers: {
      Host: host,
      ...headers,
      ...(body !== undefined && { 'Content-Length': Buffer.byteLength(body) }),
    },
    // Without an agent, and with a connection of our own: closed after one exchange, and said so to the server.
    createConnection: () => socket,
  })
  const heard = (response: IncomingMessage): void => {
    response.on('error', error => listener.failed(error))
    response.on('data', (piece: Buffer) => listener.data(piece))
    response.on('end', () => listener.end({}))
    listener.head(response.statusCode ?? 0, response.statusMessage ?? '', response.headers)
  }
  message.on('error', error => listener.failed(error))
  message.on('response', heard)
  // With a listener 101 is an answer like any other; without one it would be a closed connection.
  message.on('upgrade', (response, _, head) => {
    listener.head(response.statusCode ?? 0, response.statusMessage ?? '', response.headers)
    if (head.length > 0) listener.data(head)
    listener.end({})
  })
  message.end(body)
}

function exchangeHttp2(
  probe: Probe,
  socket: Socket,
  request: ExchangeRequest,
  listener: ExchangeListener,
): void {
  const secure = 'encrypted' in socket
  const session = connectHttp2(`${secure ? 'https' : 'http'}://${request.host}`, {
    createConnection: () => socket,
    settings: { enablePush: false, maxHeaderListSize: 16_384 },
  })
  probe.hold(session)
  const failed = (error: Error): void => listener.failed(error)
  session.on('error', failed)
  const { method, path, host, headers, body } = request
  const stream = session.request(
    { ':method': method, ':path': path, ':authority': host, ...headers },
    { endStream: body === undefined },
  )
  let trailers: IncomingHttpHeaders = {}
  let answered = false
  let complete = false
  stream.on('error', failed)
  stream.on('response', head => {
    answered = true
    listener.head(head[':status'] ?? 0, '', head)
  })
  stream.on('trailers', found => {
    trailers = found
  })
  stream.on('data', (piece: Buffer) => listener.data(piece))
  stream.on('end', () => {
    complete = true
  })
  // A stream that was reset has an end as well: what ended it is known when it is closed.
  stream.on('close', () => {
    if (answered && complete && stream.rstCode === 0) listener.end(trailers)
    else failed(new Error('the stream was closed'))
  })
  if (body !== undefined) stream.end(body)
}
