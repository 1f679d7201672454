/** WebSockets of real clients to real servers, `ws` and Socket.IO, through each door and engine. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type Backend,
  type BackendOptions,
  createBackend,
  createFrontend,
  http1Engine,
  httpHandler,
  httpProxy3Engine,
} from '@evener/core'
import { type ContractSubject, frontendSubject } from '@evener/core/contract'
import { insertCookie } from '@evener/session'
import { expectEventually, testCertificate } from '@evener/testing'
import express from 'express'
import { Server as SocketIoServer } from 'socket.io'
import { io, type ManagerOptions, type SocketOptions } from 'socket.io-client'
import { describe, expect, test } from 'vitest'
import { type ClientOptions, type ServerOptions, WebSocket, WebSocketServer } from 'ws'
import { subjects } from './subjects.ts'
import { afterwards, portOf } from './support/hosting.ts'

/** An Express application that mounts a handler, and hands it upgrades. */
const expressSubject: ContractSubject = {
  name: 'httpHandler in Express with http1',
  async serve(backendOrRoute) {
    const engine = http1Engine()
    const handler = httpHandler(backendOrRoute, { engine })
    const app = express()
    app.get('/own', (_req, res) => void res.send('its own'))
    app.use(handler)
    const server = createServer(app)
    handler.attach(server)
    const port = await portOf(server)
    return {
      port,
      active: () => handler.active,
      drain: drainMs => handler.close({ drainMs }),
      async close() {
        await handler.close({ drainMs: 0 })
        engine.close()
      },
    }
  },
}

/** HTTP/1.1 after ALPN. */
const secureSubject: ContractSubject = {
  name: 'createFrontend over TLS with http1',
  async serve(route) {
    const frontend = createFrontend({ route, tls: { certificates: testCertificate } })
    const { port } = await frontend.listen({ port: 0, host: '127.0.0.1' })
    return {
      port: port as number,
      active: () => frontend.active,
      drain: drainMs => frontend.close({ drainMs }),
      close: () => frontend.close({ drainMs: 0 }),
    }
  },
}

const doors: readonly ContractSubject[] = [
  ...subjects,
  frontendSubject('http-proxy-3', () => httpProxy3Engine()),
  expressSubject,
  secureSubject,
]

async function serve(
  subject: ContractSubject,
  ports: readonly number[],
  options: Partial<BackendOptions> = {},
) {
  const backend: Backend = createBackend({
    name: 'sockets',
    retryDelayMs: 0,
    servers: ports.map((port, i) => ({ id: `s${i + 1}`, address: `127.0.0.1:${port}` })),
    ...options,
  })
  afterwards(() => backend.close())
  const served = await subject.serve(backend)
  afterwards(() => served.close())
  return { backend, served }
}

describe.each(doors.map(door => [door.name, door] as const))('ws through %s', (_name, door) => {
  /** A server of `ws`, and clients of it. */
  async function world(options: ServerOptions = {}) {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options })
    await once(server, 'listening')
    afterwards(() => {
      for (const socket of server.clients) socket.terminate()
      server.close()
    })
    const { backend, served } = await serve(door, [(server.address() as AddressInfo).port])
    const client = (protocols: string[] = [], how: ClientOptions = {}) => {
      const scheme = door === secureSubject ? 'wss' : 'ws'
      const socket = new WebSocket(`${scheme}://127.0.0.1:${served.port}/chat`, protocols, {
        rejectUnauthorized: false,
        ...how,
      })
      socket.on('error', () => {})
      afterwards(() => socket.terminate())
      return socket
    }
    /** Both ends of one. */
    const join = async (...args: Parameters<typeof client>) => {
      const accepted = once(server, 'connection')
      const socket = client(...args)
      const [[theirs]] = await Promise.all([accepted, once(socket, 'open')])
      return { socket, theirs: theirs as WebSocket }
    }
    return { backend, served, server, client, join }
  }

  test('messages pass both ways, large and small, text and bytes, compressed', async () => {
    const { join, backend } = await world({
      perMessageDeflate: true,
      handleProtocols: protocols => [...protocols][1] ?? false,
    })
    const { socket, theirs } = await join(['first', 'second'])
    theirs.on('message', (data, binary) => theirs.send(data, { binary }))
    expect([socket.protocol, theirs.protocol]).toEqual(['second', 'second'])
    expect(socket.extensions).toBe('permessage-deflate')
    socket.send('hello \u{1f600}')
    expect(String((await once(socket, 'message'))[0])).toBe('hello \u{1f600}')
    const bytes = Buffer.alloc(2_000_000, 'abcdefg')
    socket.send(bytes)
    const [back, binary] = await once(socket, 'message')
    expect([Buffer.compare(back, bytes), binary]).toEqual([0, true])
    expect(backend.counters.requestsNow).toBe(1)
  })

  test('pings are answered by the other end', async () => {
    const { join } = await world()
    const { socket, theirs } = await join()
    const heard = once(theirs, 'ping')
    socket.ping('are you there')
    expect(String((await once(socket, 'pong'))[0])).toBe('are you there')
    expect(String((await heard)[0])).toBe('are you there')
  })

  test('the closing code and reason of either side reach the other', async () => {
    const { join, backend } = await world()
    const one = await join()
    one.socket.close(4001, 'mine')
    const [code, reason] = await once(one.theirs, 'close')
    expect([code, String(reason)]).toEqual([4001, 'mine'])
    const two = await join()
    two.theirs.close(4002, 'theirs')
    const [back, why] = await once(two.socket, 'close')
    expect([back, String(why)]).toEqual([4002, 'theirs'])
    await expectEventually(() => expect(backend.counters).toMatchObject({ requestsNow: 0, completed: 2 }))
  })

  test('a server that breaks off is seen as that', async () => {
    const { join } = await world()
    const { socket, theirs } = await join()
    theirs.terminate()
    expect((await once(socket, 'close'))[0]).toBe(1006)
  })

  test('a server that refuses is heard', async () => {
    const { client } = await world({ verifyClient: (_info, done) => done(false, 401, 'who are you') })
    const [, response] = await once(client(), 'unexpected-response')
    expect(response.statusCode).toBe(401)
  })

  test('a client of an old version is refused before it comes to the server', async () => {
    const { client, server } = await world()
    let connections = 0
    server.on('wsClientError', () => connections++).on('connection', () => connections++)
    const [, response] = await once(client([], { protocolVersion: 8 }), 'unexpected-response')
    expect([response.statusCode, response.headers['sec-websocket-version']]).toEqual([426, '13'])
    expect(connections).toBe(0)
  })

  test('a door that closes tells both ends 1001', async () => {
    const { join, served } = await world()
    const { socket, theirs } = await join()
    const closed = Promise.all([once(socket, 'close'), once(theirs, 'close')])
    await served.drain(1)
    expect((await closed).map(([code]) => code)).toEqual([1001, 1001])
  })
})

describe.each(doors.map(door => [door.name, door] as const))('Socket.IO through %s', (_name, door) => {
  /** Two servers, and clients who belong to the one that they came to first. */
  async function world() {
    const servers = await Promise.all(
      ['one', 'two'].map(async name => {
        const node = createServer()
        const server = new SocketIoServer(node, { serveClient: false })
        server.on('connection', socket => {
          socket.on('who', answer => answer(name))
          socket.on('echo', (value, answer) => answer(value))
        })
        const port = await portOf(node)
        afterwards(() => void server.close())
        return { server, port, name }
      }),
    )
    const ports = servers.map(({ port }) => port)
    const { backend, served } = await serve(door, ports, { affinity: insertCookie({ name: 'SRV' }) })
    const join = async (options: Partial<ManagerOptions & SocketOptions> = {}) => {
      const socket = io(`${door === secureSubject ? 'https' : 'http'}://127.0.0.1:${served.port}`, {
        withCredentials: true,
        forceNew: true,
        rejectUnauthorized: false,
        reconnectionDelay: 1,
        ...options,
      })
      afterwards(() => void socket.disconnect())
      await new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve)
        socket.once('connect_error', reject)
      })
      return socket
    }
    return { servers, backend, served, join }
  }
  type Joined = Awaited<ReturnType<Awaited<ReturnType<typeof world>>['join']>>
  const transport = (socket: Joined) => socket.io.engine.transport.name

  test('polling first, and then a WebSocket, both with the same server', async () => {
    const { join, backend } = await world()
    const clients = await Promise.all(Array.from({ length: 4 }, () => join()))
    const names = await Promise.all(clients.map(client => client.emitWithAck('who')))
    expect([...names].sort()).toEqual(['one', 'one', 'two', 'two'])
    await expectEventually(() => expect(clients.map(transport)).toEqual(Array(4).fill('websocket')))
    const again = await Promise.all(clients.map(client => client.emitWithAck('who')))
    expect(again).toEqual(names)
    const bytes = Buffer.alloc(100_000, 7)
    expect(Buffer.compare(await clients[0]?.emitWithAck('echo', bytes), bytes)).toBe(0)
    expect(backend.counters.sticky).toBeGreaterThan(0)
  })

  test('by polling alone', async () => {
    const { join } = await world()
    const clients = await Promise.all(Array.from({ length: 4 }, () => join({ transports: ['polling'] })))
    const names = await Promise.all(clients.map(client => client.emitWithAck('who')))
    for (let i = 0; i < 5; i++) {
      expect(await Promise.all(clients.map(client => client.emitWithAck('who')))).toEqual(names)
    }
    expect(clients.map(transport)).toEqual(Array(4).fill('polling'))
  })

  test('by WebSocket alone', async () => {
    const { join } = await world()
    const client = await join({ transports: ['websocket'] })
    expect(transport(client)).toBe('websocket')
    const text = 'x'.repeat(300_000)
    expect(await client.emitWithAck('echo', text)).toBe(text)
  })

  test('whose server dies comes back to the other one', async () => {
    const { join, servers } = await world()
    const client = await join()
    await expectEventually(() => expect(transport(client)).toBe('websocket'))
    const name = await client.emitWithAck('who')
    const back = new Promise<void>(resolve => client.once('connect', resolve))
    void servers.find(server => server.name === name)?.server.close()
    await back
    expect(await client.emitWithAck('who')).toBe(name === 'one' ? 'two' : 'one')
  })
})
