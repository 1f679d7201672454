/** gRPC from its own client through Evener to its own server: all four kinds of call, deadlines, and failures. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { type Backend, createBackend, createFrontend, type FrontendOptions } from '@evener/core'
import {
  type Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientWritableStream,
  credentials,
  Server as GrpcServer,
  Metadata,
  makeGenericClientConstructor,
  type Server,
  ServerCredentials,
  type ServiceError,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { describe, expect, onTestFinished, test } from 'vitest'

const text = {
  requestSerialize: (value: string) => Buffer.from(value),
  requestDeserialize: (bytes: Buffer) => bytes.toString(),
  responseSerialize: (value: string) => Buffer.from(value),
  responseDeserialize: (bytes: Buffer) => bytes.toString(),
}

/** A service without a proto file: its messages are text. */
const service = {
  unary: { path: '/test.Echo/Unary', requestStream: false, responseStream: false, ...text },
  collect: { path: '/test.Echo/Collect', requestStream: true, responseStream: false, ...text },
  count: { path: '/test.Echo/Count', requestStream: false, responseStream: true, ...text },
  talk: { path: '/test.Echo/Talk', requestStream: true, responseStream: true, ...text },
}

/** How the servers behave; each says its name. */
const implementation = (name: string) => ({
  unary(
    call: { request: string; metadata: Metadata },
    done: (error: unknown, value?: string, trailer?: Metadata) => void,
  ) {
    if (call.request === 'never') return
    if (call.request === 'fail') {
      const metadata = new Metadata()
      metadata.set('x-detail-bin', Buffer.from([0, 1, 255]))
      done({ code: status.NOT_FOUND, details: 'no such thing: \u00e9', metadata })
      return
    }
    const trailer = new Metadata()
    trailer.set('x-trailer', 'from the server')
    done(null, `${name}: ${call.request} ${call.metadata.get('x-asked').join()}`, trailer)
  },
  collect(call: AsyncIterable<string>, done: (error: unknown, value?: string) => void) {
    const all = async () => {
      const got: string[] = []
      for await (const piece of call) got.push(piece)
      return got.join('+')
    }
    all().then(
      value => done(null, value),
      error => done(error),
    )
  },
  count(call: {
    request: string
    write(value: string): void
    end(): void
    emit(name: string, error: unknown): void
  }) {
    const last = Number(call.request)
    for (let i = 1; i <= Math.abs(last); i++) call.write(String(i))
    if (last < 0) call.emit('error', { code: status.DATA_LOSS, details: 'and then it broke' })
    else call.end()
  },
  talk(call: {
    on(name: string, heard: (value: string) => void): void
    write(value: string): void
    end(): void
  }) {
    call.on('data', value => call.write(value.toUpperCase()))
    call.on('end', () => call.end())
  },
})

interface EchoClient extends Client {
  unary(
    request: string,
    metadata: Metadata,
    options: { deadline?: number },
    done: (error: ServiceError | null, value?: string) => void,
  ): { on(name: 'status', heard: (status: { metadata: Metadata }) => void): void; cancel(): void }
  collect(done: (error: ServiceError | null, value?: string) => void): ClientWritableStream<string>
  count(request: string): ClientReadableStream<string>
  talk(): ClientDuplexStream<string, string>
}

async function grpcServer(
  name: string,
  port = 0,
): Promise<{ readonly server: Server; readonly port: number }> {
  const server = new GrpcServer()
  server.addService(service, implementation(name) as unknown as UntypedServiceImplementation)
  const bound = await new Promise<number>((resolve, reject) =>
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, at) =>
      error === null ? resolve(at) : reject(error),
    ),
  )
  onTestFinished(() => server.forceShutdown())
  return { server, port: bound }
}

/** A listener that speaks HTTP/2 with prior knowledge. */
async function frontend(backend: Backend): Promise<number> {
  const front = createFrontend({ route: backend, http2: { priorKnowledge: true } } as FrontendOptions)
  const { port } = await front.listen({ port: 0, host: '127.0.0.1' })
  onTestFinished(() => front.close({ drainMs: 0 }))
  return port as number
}

async function echo(options: { servers?: number; retries?: number } = {}) {
  const servers = await Promise.all(
    Array.from({ length: options.servers ?? 1 }, (_, i) => grpcServer(`s${i + 1}`)),
  )
  const backend = createBackend({
    name: 'grpc',
    retryDelayMs: 0,
    retries: options.retries ?? 3,
    servers: servers.map(({ port }, i) => ({
      id: `s${i + 1}`,
      address: `127.0.0.1:${port}`,
      protocol: 'h2',
    })),
  })
  onTestFinished(() => backend.close())
  const port = await frontend(backend)
  const Echo = makeGenericClientConstructor(service, 'Echo')
  const client = new Echo(`127.0.0.1:${port}`, credentials.createInsecure()) as unknown as EchoClient
  onTestFinished(() => client.close())
  /** One call: its value, or its error. */
  const unary = (request: string, deadlineMs?: number) =>
    new Promise<{ value?: string | undefined; error: ServiceError | null; trailer?: unknown }>(resolve => {
      const metadata = new Metadata()
      metadata.set('x-asked', 'politely')
      let trailer: unknown
      const call = client.unary(
        request,
        metadata,
        deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs },
        (error, value) => setImmediate(() => resolve({ value, error, trailer })),
      )
      call.on('status', ({ metadata: got }) => {
        trailer = got.get('x-trailer')[0]
      })
    })
  return { client, backend, servers, port, unary }
}

describe('gRPC', () => {
  test('a unary call, its metadata and its trailers', async () => {
    const { unary, backend } = await echo()
    expect(await unary('hello')).toEqual({
      value: 's1: hello politely',
      error: null,
      trailer: 'from the server',
    })
    expect(backend.counters).toMatchObject({ completed: 1, failed: 0 })
  })

  test('calls on one connection of the client are spread over the servers', async () => {
    const { unary } = await echo({ servers: 2 })
    const values = await Promise.all(Array.from({ length: 4 }, () => unary('x')))
    expect(values.map(({ value }) => value?.slice(0, 2)).sort()).toEqual(['s1', 's1', 's2', 's2'])
  })

  test('a stream of requests', async () => {
    const { client } = await echo()
    const value = await new Promise((resolve, reject) => {
      const call = client.collect((error, got) => (error === null ? resolve(got) : reject(error)))
      for (const piece of ['a', 'b', 'c']) call.write(piece)
      call.end()
    })
    expect(value).toBe('a+b+c')
  })

  test('a stream of responses', async () => {
    const { client } = await echo()
    const got: string[] = []
    for await (const piece of client.count('1000')) got.push(piece)
    expect(got).toHaveLength(1000)
    expect(got.at(-1)).toBe('1000')
  })

  test('a conversation, one word at a time', async () => {
    const { client } = await echo()
    const call = client.talk()
    for (const word of ['how', 'are', 'you']) {
      call.write(word)
      expect((await once(call, 'data'))[0]).toBe(word.toUpperCase())
    }
    const ended = once(call, 'end')
    call.resume()
    call.end()
    await ended
  })

  test('an error of the server’s, with its details and metadata', async () => {
    const { unary, backend } = await echo()
    const { error } = await unary('fail')
    expect(error).toMatchObject({ code: status.NOT_FOUND, details: 'no such thing: \u00e9' })
    expect(error?.metadata.get('x-detail-bin')).toEqual([Buffer.from([0, 1, 255])])
    expect(backend.counters).toMatchObject({ completed: 1, failed: 0 })
  })

  test('an error behind messages', async () => {
    const { client } = await echo()
    const call = client.count('-3')
    const got: string[] = []
    call.on('data', piece => got.push(piece))
    const [error] = await once(call, 'error')
    expect(error).toMatchObject({ code: status.DATA_LOSS, details: 'and then it broke' })
    expect(got).toEqual(['1', '2', '3'])
  })

  test('a method that nobody serves', async () => {
    const { client } = await echo()
    const error = await new Promise(resolve =>
      client.makeUnaryRequest(
        '/test.Echo/Nothing',
        text.requestSerialize,
        text.responseDeserialize,
        'x',
        resolve,
      ),
    )
    expect(error).toMatchObject({ code: status.UNIMPLEMENTED })
  })

  test('a deadline: the call ends, and the server is let go', async () => {
    const { unary, backend } = await echo()
    const { error } = await unary('never', 100)
    expect(error).toMatchObject({ code: status.DEADLINE_EXCEEDED })
    await expect.poll(() => backend.counters.requestsNow).toBe(0)
    expect(backend.counters.failed).toBe(0)
    expect((await unary('again')).value).toBe('s1: again politely')
  })

  test('a server that is gone: UNAVAILABLE, and served again when it is back', async () => {
    const { unary, servers, backend } = await echo({ retries: 0 })
    await unary('before')
    const [{ server, port }] = servers as [{ server: Server; port: number }]
    server.forceShutdown()
    await expect.poll(() => canConnect(port)).toBe(false)
    expect((await unary('meanwhile')).error).toMatchObject({ code: status.UNAVAILABLE })
    await grpcServer('s1', port)
    expect((await unary('after')).value).toBe('s1: after politely')
    expect(backend.counters.requestsNow).toBe(0)
  })

  test('a server that is killed in the middle of a call: UNAVAILABLE', async () => {
    const { unary, servers, backend } = await echo({ retries: 0 })
    const call = unary('never')
    await expect.poll(() => backend.counters.requestsNow).toBe(1)
    await expect.poll(() => backend.server('s1')?.counters.requestsNow).toBe(1)
    await unary('there')
    servers[0]?.server.forceShutdown()
    expect((await call).error).toMatchObject({ code: status.UNAVAILABLE })
  })

  test('one server of two is gone: nobody notices', async () => {
    const { unary, servers } = await echo({ servers: 2 })
    servers[0]?.server.forceShutdown()
    await expect.poll(() => canConnect((servers[0] as { port: number }).port)).toBe(false)
    const values = await Promise.all(Array.from({ length: 10 }, (_, i) => unary(String(i))))
    expect(values.map(({ value }) => value)).toEqual(values.map((_, i) => `s2: ${i} politely`))
  })

  test('a server that shuts down gracefully under load: no call is lost', async () => {
    const { unary, servers } = await echo({ servers: 2 })
    const calls = Array.from({ length: 50 }, (_, i) => unary(String(i)))
    await calls[10]
    const down = new Promise(resolve => servers[0]?.server.tryShutdown(resolve))
    for (let i = 50; i < 100; i++) calls.push(unary(String(i)))
    expect((await Promise.all(calls)).filter(({ error }) => error !== null)).toEqual([])
    await down
  })

  test('no server at all: UNAVAILABLE', async () => {
    const { unary, backend } = await echo()
    backend.server('s1')?.maintenance()
    expect((await unary('x')).error).toMatchObject({ code: status.UNAVAILABLE })
  })
})

function canConnect(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
}
