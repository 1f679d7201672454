/** PROXY headers towards HTTP servers: what they say, and for whom a connection is used again. */
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { ProxyHeader } from '@evener/proxy-protocol'
import { get, type RawClient, rawClient, testCertificate } from '@evener/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createBackend } from '../../balance/backend.ts'
import type { ServerOptions } from '../../balance/server-options.ts'
import { acceptProxyHeader, acceptProxyOptions } from '../../base/accept-proxy.ts'
import { monotonic } from '../../base/clock.ts'
import { createFrontend, type FrontendBindOptions } from '../../frontend/frontend.ts'
import { httpHandler } from '../../http/http-handler.ts'
import { createTcpProxy } from '../../tcp/tcp-proxy.ts'
import { httpProxy3Engine } from '../http-proxy-3.ts'
import { type Http1EngineOptions, http1Engine } from './http1-engine.ts'

const accept = acceptProxyOptions('accept', { trust: ['127.0.0.1'] }) as NonNullable<
  ReturnType<typeof acceptProxyOptions>
>

/** What the server answers: whom the connection of the request speaks for. */
interface Told extends ProxyHeader {
  /** Which of the server's connections it is. */
  readonly connection: number
  readonly served: number
  readonly uniqueId: string | undefined
}

/** An HTTP server whose connections begin with a PROXY header, and then TLS if it is to. */
async function proxiedServer(secure = false) {
  const headers: ProxyHeader[] = []
  /** By the port that the connection comes from. */
  const of = new Map<number | undefined, { header: ProxyHeader; connection: number; served: number }>()
  const http = secure ? createHttpsServer(testCertificate) : createHttpServer()
  http.on('request', (req, res) => {
    const known = of.get(req.socket.remotePort) as NonNullable<ReturnType<typeof of.get>>
    const { header, connection } = known
    const uniqueId = header.tlvs.uniqueId?.toString()
    res.end(JSON.stringify({ ...header, connection, served: ++known.served, uniqueId }))
  })
  http.on('upgrade', (req, socket) => {
    socket.end(`HTTP/1.1 101 ok\r\nConnection: upgrade\r\nUpgrade: ${req.headers.upgrade}\r\n\r\nhello`)
  })
  const sockets = new Set<Socket>()
  const listener = createServer(socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    const served = (header: ProxyHeader | undefined) => {
      headers.push(header as ProxyHeader)
      of.set(socket.remotePort, { header: header as ProxyHeader, connection: headers.length, served: 0 })
      http.emit('connection', socket)
      if (!secure) socket.resume()
    }
    acceptProxyHeader(socket, accept, monotonic, served, () => undefined)
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  onTestFinished(() => {
    listener.close()
    for (const socket of sockets) socket.destroy()
  })
  const { port } = listener.address() as AddressInfo
  return { headers, sockets, port, address: `${secure ? 'https://' : ''}127.0.0.1:${port}` }
}

async function world(
  options: Partial<ServerOptions>,
  { engine, bind, secure }: { engine?: Http1EngineOptions; bind?: object; secure?: boolean } = {},
) {
  const server = await proxiedServer(secure)
  const backend = createBackend({
    name: 'app',
    retries: 0,
    servers: [{ id: 's1', address: server.address, ...options }],
  })
  const frontend = createFrontend({ route: backend, engine: http1Engine(engine) })
  const where: FrontendBindOptions = { port: 0, host: '127.0.0.1', ...bind }
  const { port } = await frontend.listen(where)
  onTestFinished(async () => {
    await frontend.close({ drainMs: 0 })
    backend.close()
  })
  return { server, backend, port: port as number, dial: () => client(port as number) }
}

async function client(port: number): Promise<RawClient> {
  const made = await rawClient({ port })
  onTestFinished(() => made.destroy())
  return made
}

async function ask(client: RawClient, method = 'GET'): Promise<Told> {
  void client.send(`${method} / HTTP/1.1\r\nHost: a.test\r\n\r\n`)
  const response = await client.readResponse()
  return JSON.parse(response.body.toString()) as Told
}

describe('a server that asks for a PROXY header', () => {
  test.each([1, 2] as const)('is told who the client is, in version %i', async version => {
    const { dial, port } = await world({ sendProxy: version })
    const one = await dial()
    const told = await ask(one)
    expect(told).toMatchObject({ version, command: 'proxy', family: 'tcp4', sourceAddress: '127.0.0.1' })
    expect([told.sourcePort, told.destinationPort]).toEqual([one.socket.localPort, port])
  })

  test.each(['GET', 'POST'])('hears it again on no other connection of that client: %s', async method => {
    const { dial } = await world({ sendProxy: 1 }, { engine: { reuse: 'always' } })
    const one = await dial()
    const told = [await ask(one, method), await ask(one, method), await ask(one, method)]
    expect(told.map(each => [each.connection, each.served])).toEqual([
      [1, 1],
      [1, 2],
      [1, 3],
    ])
  })

  test('is not asked by one client on the connection of another', async () => {
    const { dial } = await world({ sendProxy: 2 }, { engine: { reuse: 'always' } })
    const [one, two] = [await dial(), await dial()]
    const order = [await ask(one), await ask(two), await ask(one), await ask(two), await ask(one)]
    expect(order.map(each => each.connection)).toEqual([1, 2, 1, 2, 1])
    const ports = new Set(order.map(each => each.sourcePort))
    expect(ports).toEqual(new Set([one.socket.localPort, two.socket.localPort]))
  })

  test('counts as proven for the client that it has served twice, and for no other', async () => {
    const { dial } = await world({ sendProxy: 2 }, { engine: { reuse: 'aggressive' } })
    const [one, two] = [await dial(), await dial()]
    await ask(one)
    await ask(one)
    expect((await ask(one, 'POST')).connection).toBe(1)
    expect((await ask(two, 'POST')).connection).toBe(2)
    expect((await ask(two, 'POST')).connection).toBe(3)
  })

  test('keeps the connections that were used last: those of older clients make room', async () => {
    const { dial } = await world({ sendProxy: 2 }, { engine: { maxIdle: 2 } })
    const clients = [await dial(), await dial(), await dial()]
    for (const each of clients) await ask(each)
    expect((await ask(clients[2] as RawClient)).connection).toBe(3)
    expect((await ask(clients[1] as RawClient)).connection).toBe(2)
    expect((await ask(clients[0] as RawClient)).connection).toBe(4)
  })

  test('keeps none where none is to be kept', async () => {
    const { dial } = await world({ sendProxy: 2 }, { engine: { maxIdle: 0 } })
    const one = await dial()
    expect([(await ask(one)).connection, (await ask(one)).connection]).toEqual([1, 2])
  })

  test('gets one unique id for all requests of a connection, and another for the next', async () => {
    const { dial } = await world({ sendProxy: { version: 2, uniqueId: true, crc32c: true } })
    const [one, two] = [await dial(), await dial()]
    const [first, again, other] = [await ask(one), await ask(one), await ask(two)]
    expect(first.uniqueId).toMatch(/^[0-9a-f-]{36}$/)
    expect([again.uniqueId, again.connection]).toEqual([first.uniqueId, 1])
    expect(other.uniqueId).not.toBe(first.uniqueId)
  })

  test('gets it before TLS', async () => {
    const tls = { ca: testCertificate.cert, servername: 'localhost' }
    const { dial } = await world({ sendProxy: 2, tls }, { secure: true })
    const one = await dial()
    const [first, again] = [await ask(one), await ask(one)]
    expect([first.sourcePort, first.served, again.served]).toEqual([one.socket.localPort, 1, 2])
  })

  test('gets it again on the new connection, where it had closed the kept one', async () => {
    const { dial, server } = await world({ sendProxy: 1 })
    const one = await dial()
    await ask(one)
    for (const socket of server.sockets) socket.destroy()
    const told = await ask(one)
    expect([told.connection, told.sourcePort]).toEqual([2, one.socket.localPort])
  })

  test('gets it in front of a request to change protocols', async () => {
    const { dial, server } = await world({ sendProxy: 2 })
    const one = await dial()
    void one.send(
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    )
    await expect.poll(() => server.headers[0]?.sourcePort).toBe(one.socket.localPort)
  })

  test.each([
    ['without TLS', {}],
    ['with TLS', { tls: {} }],
  ])('may be down, %s: the client is told 502', async (_, more) => {
    const { backend, port } = await world({ state: 'maintenance' })
    backend.addServer({
      id: 's2',
      address: `${'tls' in more ? 'https://' : ''}127.0.0.1:1`,
      sendProxy: 2,
      ...more,
    })
    expect((await get(port, '/')).status).toBe(502)
  })

  test('is told by httpHandler too', async () => {
    const server = await proxiedServer()
    const backend = createBackend({
      name: 'app',
      servers: [{ id: 's1', address: server.address, sendProxy: 2 }],
    })
    const host = createHttpServer(httpHandler(backend)).listen(0, '127.0.0.1')
    await once(host, 'listening')
    onTestFinished(() => {
      backend.close()
      host.close()
      host.closeAllConnections()
    })
    const one = await client((host.address() as AddressInfo).port)
    const [first, again] = [await ask(one), await ask(one)]
    expect([first.sourcePort, first.connection, again.connection]).toEqual([one.socket.localPort, 1, 1])
  })

  test('is told at layer 4 too, whatever the proxy sends others', async () => {
    const server = await proxiedServer()
    const backend = createBackend({
      name: 'app',
      servers: [{ id: 's1', address: server.address, sendProxy: 2 }],
    })
    const proxy = createTcpProxy({ route: backend, sendProxy: 1 })
    onTestFinished(async () => {
      await proxy.close({ drainMs: 0 })
      backend.close()
    })
    const bound = await proxy.listen({ port: 0, host: '127.0.0.1' })
    const one = await client(bound.port as number)
    expect(await ask(one)).toMatchObject({ version: 2, sourcePort: one.socket.localPort })
  })
})

describe('what cannot be', () => {
  async function faultOf(options: Partial<ServerOptions>, engine = http1Engine()) {
    const server = await proxiedServer()
    const backend = createBackend({
      name: 'app',
      servers: [{ id: 's1', address: server.address, ...options }],
    })
    const faults: unknown[] = []
    backend.on('fault', error => faults.push(error))
    const frontend = createFrontend({ route: backend, engine })
    const { port } = await frontend.listen({ port: 0, host: '127.0.0.1' })
    onTestFinished(async () => {
      await frontend.close({ drainMs: 0 })
      engine.close()
      backend.close()
    })
    const { status } = await get(port as number, '/')
    return { status, faults, headers: server.headers }
  }

  test('the engine http-proxy-3 refuses such a server, and says so', async () => {
    const { status, faults, headers } = await faultOf({ sendProxy: 2 }, httpProxy3Engine())
    expect([status, headers.length]).toEqual([502, 0])
    expect(faults).toMatchObject([
      { code: 'EVENER_INVALID_OPTION', message: expect.stringMatching(/^server\(s1\)\.sendProxy: not with/) },
    ])
  })

  test('a function for unique ids that throws costs its request, and is announced', async () => {
    const broken = new Error('no id today')
    const uniqueId = () => {
      throw broken
    }
    const { status, faults } = await faultOf({ sendProxy: { version: 2, uniqueId } })
    expect([status, faults]).toEqual([502, [broken]])
  })

  test.each([
    [{ sendProxy: 3 }, '(s1).sendProxy.version'],
    [{ sendProxy: { version: 1, crc32c: true } }, '(s1).sendProxy.crc32c'],
    [{ sendProxy: 2, protocol: 'h2' }, '(s1).sendProxy: 2 is not allowed; expected none with protocol h2'],
    [{ checkSendProxy: true }, '(s1).checkSendProxy: true is not allowed; expected false without sendProxy'],
    [{ sendProxy: 2, protocol: 'auto', address: 'https://a:1' }, 'none with protocol auto'],
  ])('%o is refused', (options, message) => {
    const make = () =>
      createBackend({ name: 'b', servers: [{ id: 's1', address: 'a:1', ...(options as object) }] })
    expect(make).toThrow(message)
  })
})
