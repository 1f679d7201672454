/** What the tests of the HTTP/2 engine share: servers of node:http2, and a door to them. */
import { once } from 'node:events'
import {
  Agent,
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestOptions,
  request as requestHttp,
} from 'node:http'
import {
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { type Backend, type BackendOptions, createBackend } from '../../balance/backend.ts'
import type { ServerOptions as BackendServer } from '../../balance/server-options.ts'
import type { Engine } from '../../http/engine.ts'
import { type HttpHandler, type HttpHandlerOptions, httpHandler } from '../../http/http-handler.ts'
import { pki } from '../test-support-pki.ts'
import { type Http2EngineOptions, http2Engine } from './http2-engine.ts'

export type OnStream = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  raw: readonly string[],
) => void

/** Those of sessions themselves are proxies, which Node 22 does not let break off. */
const socketOf = new WeakMap<ServerHttp2Session, Socket>()

/** Break off the connection of a session, or of a stream's. */
export function cut(of: ServerHttp2Session | ServerHttp2Stream | undefined): void {
  const session = of !== undefined && 'session' in of ? of.session : of
  socketOf.get(session as ServerHttp2Session)?.destroy()
}

/** A server of node:http2, and what it saw. */
export class FakeH2Server {
  readonly sessions: ServerHttp2Session[] = []
  readonly sockets = new Set<Socket>()
  readonly requests: { readonly headers: IncomingHttpHeaders; readonly raw: readonly string[] }[] = []
  readonly secure: boolean
  readonly #server: Http2Server
  onStream: OnStream

  constructor(onStream: OnStream, options: ServerOptions & { secure?: boolean | 'http1-too' }) {
    this.onStream = onStream
    this.secure = options.secure !== undefined && options.secure !== false
    const allowHTTP1 = options.secure === 'http1-too'
    this.#server = this.secure
      ? (createSecureServer({ ...pki.server, ...options, allowHTTP1 }) as Http2Server)
      : createServer(options)
    // The session of a connection is made while it is announced.
    let announced: Socket | undefined
    this.#server.prependListener(this.secure ? 'secureConnection' : 'connection', (socket: Socket) => {
      announced = socket
    })
    this.#server.on('session', session => {
      this.sessions.push(session)
      if (announced !== undefined) socketOf.set(session, announced)
      session.on('error', () => {})
    })
    this.#server.on('connection', socket => {
      this.sockets.add(socket)
      socket.on('close', () => this.sockets.delete(socket))
    })
    this.#server.on('stream', (stream, headers, _flags, raw?: readonly string[]) => {
      this.requests.push({ headers, raw: raw ?? [] })
      stream.on('error', () => {})
      this.onStream(stream, headers, raw ?? [])
    })
  }

  get node(): Http2Server {
    return this.#server
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get openSessions(): number {
    return this.sessions.filter(session => !session.destroyed).length
  }

  async listen(port = 0): Promise<void> {
    this.#server.listen(port, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  async close(): Promise<void> {
    const closed = new Promise(resolve => this.#server.close(resolve))
    for (const session of this.sessions) if (!session.destroyed) session.destroy()
    for (const socket of this.sockets) socket.destroy()
    await closed
  }
}

export const hello: OnStream = stream => {
  stream.respond({ ':status': 200, 'content-type': 'text/plain' })
  stream.end('hello')
}

/** Answers with what it was sent, in the same framing. */
export const echo: OnStream = stream => {
  stream.respond({ ':status': 200 })
  stream.pipe(stream)
}

export async function h2Server(
  onStream: OnStream = hello,
  options: ServerOptions & { secure?: boolean | 'http1-too' } = {},
): Promise<FakeH2Server> {
  const server = new FakeH2Server(onStream, options)
  await server.listen()
  onTestFinished(() => server.close())
  return server
}

/** How a backend names this server. */
export function serverOptions(
  { port, secure }: { readonly port: number; readonly secure?: boolean },
  id = 's1',
): BackendServer {
  if (secure !== true) return { id, address: `127.0.0.1:${port}`, protocol: 'h2' }
  const tls = { ca: pki.ca, servername: 'app.evener.test' }
  return { id, address: `https://127.0.0.1:${port}`, protocol: 'h2', tls }
}

export interface DoorOptions {
  readonly backend?: Partial<BackendOptions>
  readonly engine?: Http2EngineOptions
  readonly door?: HttpHandlerOptions
}

export interface Response {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly rawHeaders: readonly string[]
  readonly text: string
  readonly trailers: IncomingMessage['trailers']
  /** True where the whole of it came. */
  readonly complete: boolean
}

export interface Door {
  readonly port: number
  readonly backend: Backend
  readonly handler: HttpHandler
  readonly engine: Engine
  /** Ask, with a body or without, and wait for the whole response. */
  ask(options?: RequestOptions | string, body?: string | Buffer): Promise<Response>
  /** Begin a request; the caller goes on. */
  begin(options?: RequestOptions): ReturnType<typeof requestHttp>
}

/** `httpHandler` with the engine, in front of these servers. Judged at the end: nothing is left under way. */
export async function door(servers: readonly BackendServer[], options: DoorOptions = {}): Promise<Door> {
  const backend = createBackend({ name: 'b', retryDelayMs: 0, ...options.backend, servers })
  const engine = http2Engine({
    ...(options.backend?.clock && { clock: options.backend.clock }),
    ...options.engine,
  })
  const handler = httpHandler(backend, { ...options.door, engine })
  const front = createHttpServer()
  handler.attach(front)
  front.listen(0, '127.0.0.1')
  await once(front, 'listening')
  const { port } = front.address() as AddressInfo
  const agent = new Agent({ keepAlive: true })
  const begin = (how: RequestOptions = {}) => {
    const request = requestHttp({ host: '127.0.0.1', port, agent, path: '/', ...how })
    return request
  }
  onTestFinished(async () => {
    agent.destroy()
    await handler.close({ drainMs: 0 })
    engine.close()
    backend.close()
    front.close()
    front.closeAllConnections()
    const { counters } = backend
    if (counters.requestsNow !== 0 || handler.active !== 0) throw new Error('requests are left under way')
    for (const server of backend.servers) {
      if (server.counters.requestsNow !== 0) throw new Error(`a place on ${server.id} is still held`)
    }
  })
  return {
    port,
    backend,
    handler,
    engine,
    begin,
    ask: (how = {}, body) => {
      const request = begin(typeof how === 'string' ? { path: how } : how)
      const response = read(request)
      request.end(body)
      return response
    },
  }
}

/** The whole response to a request, or as much of it as came. */
export function read(request: ReturnType<typeof requestHttp>): Promise<Response> {
  return new Promise((resolve, reject) => {
    request.on('error', reject)
    request.on('response', response => {
      let text = ''
      response.setEncoding('latin1')
      response.on('data', (piece: string) => {
        text += piece
      })
      response.on('error', () => {})
      response.on('close', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          rawHeaders: response.rawHeaders,
          text,
          trailers: response.trailers,
          complete: response.complete,
        }),
      )
    })
  })
}
