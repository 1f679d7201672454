/**
 * What a test of the contract stands in: fake servers behind a backend behind the subject's door, and clients in
 * front of it, all on loopback.
 *
 * Invariant: at the end of every test, once the clients are gone, no exchange is under way and no place on a server
 * is held, whatever the test did; then everything is closed.
 */
import {
  type Behaviour,
  expectEventually,
  type FakeServer,
  type FakeServerOptions,
  fakeServer,
  type RawClient,
  type RawClientOptions,
  type RawResponse,
  rawClient,
} from '@evener/testing'
import { afterEach, expect } from 'vitest'
import { type Backend, type BackendOptions, createBackend } from '../balance/backend.ts'
import type { ContractSubject, Served, SubjectOptions } from './subject.ts'

/** What a test may vary: options of the backend, and of the door. */
export type WorldOptions = Partial<Omit<BackendOptions, 'name' | 'servers'>> & {
  readonly door?: SubjectOptions | undefined
}

export class World {
  readonly #subject: ContractSubject
  readonly #servers: FakeServer[] = []
  readonly #clients: RawClient[] = []
  readonly #backends: Backend[] = []
  readonly #doors: Served[] = []

  constructor(subject: ContractSubject) {
    this.#subject = subject
  }

  /** A server that behaves so. */
  async server(behave?: Behaviour, options: FakeServerOptions = {}): Promise<FakeServer> {
    const server = await fakeServer({ ...options, ...(behave && { behave }) })
    this.#servers.push(server)
    return server
  }

  /** A port at which nobody listens: connects are refused. */
  async refusedServer(): Promise<FakeServer> {
    const server = await this.server()
    await server.refuse()
    return server
  }

  /** A door to a backend of these servers, named s1, s2, … in their order; retries follow at once. */
  async door(servers: readonly FakeServer[], options: WorldOptions = {}): Promise<Door> {
    const { door, ...rest } = options
    const backend = createBackend({
      name: 'contract',
      retryDelayMs: 0,
      ...rest,
      servers: servers.map((server, index) => ({ id: `s${index + 1}`, address: server.address })),
    })
    this.#backends.push(backend)
    const served = await this.#subject.serve(backend, door)
    this.#doors.push(served)
    return new Door(served, backend, how => this.#client(served.port, how))
  }

  /** A door to one server that behaves so. */
  async one(
    behave?: Behaviour,
    options: WorldOptions = {},
  ): Promise<{ readonly server: FakeServer; readonly door: Door }> {
    const server = await this.server(behave)
    return { server, door: await this.door([server], options) }
  }

  /** See the invariant. */
  async end(): Promise<void> {
    try {
      for (const client of this.#clients.splice(0)) client.destroy()
      await expectEventually(() => {
        for (const door of this.#doors) expect(door.active(), 'exchanges under way').toBe(0)
        for (const server of this.#backends.flatMap(backend => backend.servers)) {
          expect(server.counters.requestsNow, `places held on ${server.id}`).toBe(0)
        }
      })
    } finally {
      await Promise.all(this.#doors.splice(0).map(door => door.close()))
      for (const backend of this.#backends.splice(0)) backend.close()
      await Promise.all(this.#servers.splice(0).map(server => server.close()))
    }
  }

  async #client(port: number, options: Omit<RawClientOptions, 'port'> = {}): Promise<RawClient> {
    const client = await rawClient({ timeoutMs: 5_000, ...options, port })
    this.#clients.push(client)
    return client
  }
}

/** A door that serves, and ways in. */
export class Door {
  readonly backend: Backend
  readonly served: Served
  readonly #connect: (options?: Omit<RawClientOptions, 'port'>) => Promise<RawClient>

  constructor(
    served: Served,
    backend: Backend,
    connect: (options?: Omit<RawClientOptions, 'port'>) => Promise<RawClient>,
  ) {
    this.served = served
    this.backend = backend
    this.#connect = connect
  }

  /** A client, connected. It need not be closed. */
  connect(options?: Omit<RawClientOptions, 'port'>): Promise<RawClient> {
    return this.#connect(options)
  }

  /** A client that has sent these bytes. */
  async send(bytes: string, options?: Omit<RawClientOptions, 'port'>): Promise<RawClient> {
    const client = await this.#connect(options)
    await client.send(bytes)
    return client
  }

  /** Send these bytes on a connection of their own, and read one response. */
  async ask(bytes: string, method = bytes.slice(0, bytes.indexOf(' '))): Promise<RawResponse> {
    const client = await this.send(bytes)
    return client.readResponse({ method })
  }
}

/** A world for each test of a group; ended after each. */
export function worlds(subject: ContractSubject): () => World {
  let world: World | undefined
  afterEach(async () => {
    const last = world
    world = undefined
    await last?.end()
  })
  return () => {
    world ??= new World(subject)
    return world
  }
}

/** A request as bytes: start line, `Host: a.test`, these header lines, and the body. */
export function message(startLine: string, headers: readonly string[] = [], body = ''): string {
  return [`${startLine} HTTP/1.1`, 'Host: a.test', ...headers, '', body].join('\r\n')
}

/** The lines that ask for a WebSocket: RFC 6455 section 1.2. */
export const webSocketLines: readonly string[] = [
  'Connection: keep-alive, Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
]

/** The same with the body's length told. */
export function withLength(startLine: string, body: string, headers: readonly string[] = []): string {
  return message(startLine, [...headers, `Content-Length: ${body.length}`], body)
}

/** The same in chunks, one for each part. */
export function inChunks(
  startLine: string,
  parts: readonly string[],
  headers: readonly string[] = [],
  trailers: readonly string[] = [],
): string {
  const chunks = parts.map(part => `${part.length.toString(16)}\r\n${part}\r\n`).join('')
  const end = ['0', ...trailers, '', ''].join('\r\n')
  return message(startLine, [...headers, 'Transfer-Encoding: chunked'], chunks + end)
}
