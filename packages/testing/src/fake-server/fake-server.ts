/**
 * A server made for tests: real sockets on a free loopback port, and any misbehaviour at command.
 *
 * It sits on `node:net`, not on `node:http`, so that it can send what no correct server sends and see what a correct
 * server would refuse. Each request is recorded as it came and handed to a behaviour: the next of the script, or the
 * default one.
 *
 * Invariant: requests of one connection are handled one after the other; every byte a client sends is recorded, as a
 * request or as its body, even after the connection was given up.
 * Not for: load tests of more than some ten thousand requests a second.
 */
import type { Socket } from 'node:net'
import type { TlsOptions } from 'node:tls'
import { answer } from '../behaviours/answer.ts'
import { TestingError } from '../errors.ts'
import { integer, knownOptions } from '../options.ts'
import { readHead } from '../wire/head.ts'
import type { Behaviour } from './behaviour.ts'
import { FakeConnection } from './connection.ts'
import { Listener } from './listener.ts'
import { FakeRequest } from './request.ts'
import { Waiters } from './waiters.ts'

/** How a fake server is made. */
export interface FakeServerOptions {
  /** Said in `X-Server` and, by default, in the body; `fake` by default. */
  readonly name?: string
  /** What it does with requests; `answer()` by default. */
  readonly behave?: Behaviour
  /** A loopback address, `127.0.0.1` by default; or `::1`. */
  readonly host?: string
  /** A port, 0 (default) for a free one. */
  readonly port?: number
  /** The path of a unix socket, instead of host and port. */
  readonly path?: string
  /** Key, certificate and whatever else Node's TLS servers take: the server speaks TLS. Not with `path`. */
  readonly tls?: TlsOptions
  /** Bytes kept of each request's body, 16 MiB by default. More is read and counted, not kept. */
  readonly keepBodyBytes?: number
  /** Requests kept in the record, all by default; beyond that the oldest are dropped. */
  readonly keepRequests?: number
  /** Compute `sha256` of each request's body; false by default. */
  readonly digest?: boolean
  /** A client's FIN leaves its request alive, to be answered; false by default: it counts as an abort. Not under TLS. */
  readonly halfOpen?: boolean
}

const KNOWN = [
  ...['name', 'behave', 'host', 'port', 'path', 'tls', 'keepBodyBytes', 'keepRequests', 'digest', 'halfOpen'],
]

/** What is left of a type when it is known to be truthy. */
export type Truthy<T> = Exclude<T, false | 0 | '' | null | undefined>

export class FakeServer {
  readonly name: string
  /** Requests in the order their heads came, over all connections. */
  readonly requests: FakeRequest[] = []
  /** How many requests came, kept or not, since the server was made or `forget()` called. */
  totalRequests = 0
  /** How many connections were ever accepted. */
  totalConnections = 0
  /** What behaviours threw; `close()` rejects with the first of these. */
  readonly errors: unknown[] = []
  private readonly host: string
  private readonly path: string | undefined
  private readonly keepBodyBytes: number
  private readonly keepRequests: number
  private readonly digest: boolean
  private readonly halfOpen: boolean
  private readonly listener: Listener
  private readonly open = new Set<FakeConnection>()
  private readonly unspoken = new Set<Socket>()
  private readonly waiters = new Waiters()
  private readonly gate: { shut: Promise<void> | undefined } = { shut: undefined }
  private openGate: (() => void) | undefined
  private behaviour: Behaviour
  private spoken = 0
  private scripted: Behaviour[] = []

  /** Use {@link fakeServer}, which also listens. */
  constructor(options: FakeServerOptions = {}) {
    const most = Number.MAX_SAFE_INTEGER
    knownOptions('fakeServer()', options, KNOWN)
    this.name = options.name ?? 'fake'
    this.behaviour = options.behave ?? answer()
    this.host = options.host ?? '127.0.0.1'
    this.path = options.path
    this.keepBodyBytes = integer(
      'fakeServer()',
      'keepBodyBytes',
      options.keepBodyBytes ?? 16_777_216,
      0,
      most,
    )
    this.keepRequests = integer('fakeServer()', 'keepRequests', options.keepRequests ?? most, 0, most)
    this.digest = options.digest ?? false
    this.halfOpen = options.halfOpen ?? false
    if (options.tls && options.path !== undefined) {
      throw new TestingError('EVENER_INVALID_OPTION', 'fakeServer(): tls and path do not go together')
    }
    this.listener = new Listener({
      host: this.host,
      port: integer('fakeServer()', 'port', options.port ?? 0, 0, 65_535),
      path: options.path,
      tls: options.tls,
      accepted: tcp => void this.accepted(tcp, options.tls !== undefined),
      secured: (secure, tcp) => this.speak(secure, tcp),
    })
  }

  /** The port it listens on, or listened on until `refuse()`; 0 for a unix socket. */
  get port(): number {
    return this.listener.port
  }

  /** `127.0.0.1:1234`, `[::1]:1234`, or the path of its unix socket. */
  get address(): string {
    if (this.path !== undefined) return this.path
    return `${this.host.includes(':') ? `[${this.host}]` : this.host}:${this.port}`
  }

  /** Connections open now, oldest first. */
  get connections(): FakeConnection[] {
    return [...this.open]
  }

  /** How many connections are open now, those in their TLS handshake included. */
  get openConnections(): number {
    return this.open.size + this.unspoken.size
  }

  /** From now on, requests are treated so (those of a script first). */
  behave(behaviour: Behaviour): void {
    this.behaviour = behaviour
  }

  /** One behaviour for each of the next requests, then the default again. Replaces what is left of a former script. */
  script(behaviours: readonly Behaviour[]): void {
    this.scripted = [...behaviours]
  }

  /** Behaviours of the script that no request has met yet. */
  get unscripted(): number {
    return this.scripted.length
  }

  /** Empty the record and count requests from 0 again. */
  forget(): void {
    this.requests.length = 0
    this.totalRequests = 0
  }

  /** Stop listening: connects are refused from when this resolves. Open connections go on. */
  async refuse(): Promise<void> {
    await this.listener.close()
  }

  /** Listen again on the same port. */
  async accept(): Promise<void> {
    await this.listener.open()
  }

  /** Reset every open connection. */
  resetConnections(): void {
    for (const each of this.open) each.reset()
    for (const each of this.unspoken) each.destroy()
  }

  /** Stop listening and reset every connection, as when the process is killed; `accept()` revives it. */
  async kill(): Promise<void> {
    await this.listener.close()
    this.resetConnections()
  }

  /** As if stopped by SIGSTOP: the kernel completes connects, but nothing is read and nothing written. */
  async freeze(): Promise<void> {
    if (this.gate.shut) return
    this.gate.shut = new Promise(resolve => {
      this.openGate = resolve
    })
    for (const each of this.open) each.source.hold()
  }

  /** Go on after `freeze()`. */
  async thaw(): Promise<void> {
    if (!this.gate.shut) return
    this.gate.shut = undefined
    this.openGate?.()
    for (const each of this.open) each.source.release()
  }

  /**
   * Wait for something to happen, by events, without sleeping.
   *
   * `'request'` and a number resolve as soon as that many requests have come in all (their heads), with the last of
   * them; a predicate when it returns something truthy, with that. It is asked at once and after every event.
   * @param options.timeoutMs how long at most, 10,000 by default
   * @throws {TestingError} `EVENER_TIMEOUT` with what has come so far
   */
  waitFor(what: 'request' | number, options?: { timeoutMs?: number }): Promise<FakeRequest>
  waitFor<T>(what: (server: this) => T, options?: { timeoutMs?: number }): Promise<Truthy<T>>
  waitFor<T>(
    what: 'request' | number | ((server: this) => T),
    options: { timeoutMs?: number } = {},
  ): Promise<FakeRequest | Truthy<T>> {
    const many = what === 'request' ? 1 : what
    const ask =
      typeof many === 'function'
        ? () => many(this)
        : () =>
            this.totalRequests >= many &&
            this.requests[many - 1 - (this.totalRequests - this.requests.length)]
    return this.waiters.until(ask as () => Truthy<T> | undefined, options.timeoutMs ?? 10_000, () =>
      this.summary(),
    )
  }

  /**
   * Stop listening, destroy every connection, and wait until they are closed.
   * @throws what a behaviour threw, if one did
   */
  async close(): Promise<void> {
    await this.thaw()
    await this.listener.close()
    const all = [...this.open]
    for (const each of all) each.destroy()
    for (const each of this.unspoken) each.destroy()
    await Promise.all(all.map(each => each.closed))
    if (this.errors.length > 0) throw this.errors[0]
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  private async accepted(tcp: Socket, secure: boolean): Promise<void> {
    this.totalConnections++
    tcp.on('error', () => {})
    if (secure || this.gate.shut) {
      this.unspoken.add(tcp)
      tcp.once('close', () => {
        this.unspoken.delete(tcp)
        this.waiters.changed()
      })
      this.waiters.changed()
    }
    while (this.gate.shut) await this.gate.shut
    if (tcp.destroyed) return
    if (secure && !this.acceptBehaviour(false)) this.listener.secure(tcp)
    else this.speak(tcp, tcp)
  }

  /** The behaviour that wants the connection itself, if that is what comes next. */
  private acceptBehaviour(take: boolean): Behaviour | undefined {
    const next = this.scripted[0] ?? this.behaviour
    if (!next.onAccept) return undefined
    if (take && this.scripted.length > 0) this.scripted.shift()
    return next
  }

  private speak(socket: Socket, tcp: Socket): void {
    this.unspoken.delete(tcp)
    const connection = new FakeConnection(++this.spoken, this.name, socket, tcp, this.gate)
    this.open.add(connection)
    if (this.gate.shut) connection.source.hold()
    socket.once('end', () => this.ended(connection))
    socket.once('close', () => this.closed(connection))
    this.waiters.changed()
    socket.resume()
    const behaviour = this.acceptBehaviour(true)
    const work = behaviour?.onAccept ? behaviour.onAccept(connection) : this.serve(connection)
    Promise.resolve(work).catch(error => this.failed(connection, error))
  }

  private async serve(connection: FakeConnection): Promise<void> {
    const { source } = connection
    const context = {
      connection: connection.id,
      keepBodyBytes: this.keepBodyBytes,
      digest: this.digest,
      changed: () => this.waiters.changed(),
      sendContinue: () => connection.write('HTTP/1.1 100 Continue\r\n\r\n'),
    }
    for (let head = await readHead(source, false); head; head = await readHead(source, false)) {
      while (this.gate.shut) await this.gate.shut
      const request = this.record(new FakeRequest(head, source, context))
      if (!head.complete || connection.closing || connection.gone) {
        request.afterClose = connection.closing
        request.aborted = !head.complete || connection.gone
        request.settleContinue()
      } else {
        connection.current = request
        await this.run(request, connection)
      }
      await request.readBody()
      request.aborted ||= !request.complete
      connection.current = undefined
      this.waiters.changed()
    }
    if (source.ended) connection.end()
  }

  private async run(request: FakeRequest, connection: FakeConnection): Promise<void> {
    try {
      let next = (this.scripted.shift() ?? this.behaviour) as ReturnType<Behaviour>
      while (typeof next === 'function') next = await next(request, connection)
      await next
    } catch (error) {
      if (!isGone(error)) throw error
      request.aborted ||= !request.answered
      connection.closing = true
    }
  }

  private record(request: FakeRequest): FakeRequest {
    this.totalRequests++
    this.requests.push(request)
    if (this.requests.length > this.keepRequests) this.requests.shift()
    this.waiters.changed()
    return request
  }

  /** The client's FIN. */
  private ended(connection: FakeConnection): void {
    const { current } = connection
    if (current && !current.answered && !this.halfOpen) current.aborted = true
    if (!this.halfOpen && !(current?.answered && !connection.ending)) connection.leave()
    this.waiters.changed()
  }

  private closed(connection: FakeConnection): void {
    this.open.delete(connection)
    if (connection.current && !connection.current.answered) connection.current.aborted = true
    this.waiters.changed()
  }

  private failed(connection: FakeConnection, error: unknown): void {
    const code = (error as { code?: unknown }).code
    if (code === 'EVENER_MALFORMED_MESSAGE') {
      if (connection.current) connection.current.malformed = (error as Error).message
      connection.socket.end('HTTP/1.1 400 Status\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
      this.waiters.changed()
      return
    }
    if (!isGone(error)) this.errors.push(error)
    connection.reset()
  }

  private summary(): string {
    const requests = this.requests.slice(-5).map(each => {
      const how = each.answered ? 'answered' : each.aborted ? 'aborted' : each.complete ? 'read' : 'coming'
      return `${each.method} ${each.target} (${how}, ${each.bodyBytes} bytes)`
    })
    return `${this.name}: ${this.totalRequests} requests, ${this.openConnections} connections open; ${requests.join(', ')}`
  }
}

/**
 * Start a fake server; it listens when this resolves.
 * @throws {TestingError} `EVENER_INVALID_OPTION`
 */
export async function fakeServer(options: FakeServerOptions = {}): Promise<FakeServer> {
  const server = new FakeServer(options)
  await server.accept()
  return server
}

function isGone(error: unknown): boolean {
  return error instanceof TestingError && error.code === 'EVENER_CONNECTION_GONE'
}
