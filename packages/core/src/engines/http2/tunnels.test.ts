import { once } from 'node:events'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { VirtualClock } from '@evener/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { webSocketAccept } from '../../http/websocket.ts'
import { pki } from '../test-support-pki.ts'
import {
  cut,
  type Door,
  type DoorOptions,
  door,
  h2Server,
  type OnStream,
  read,
  serverOptions,
} from './test-support.ts'

const key = 'dGhlIHNhbXBsZSBub25jZQ=='
const webSockets = { settings: { enableConnectProtocol: true } }
const upgrade = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Key': key,
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Protocol': 'chat',
}

/** Grants the tunnel and sends back what comes. */
const grants: OnStream = stream => {
  stream.respond({ ':status': 200, 'sec-websocket-protocol': 'chat' })
  stream.pipe(stream)
}

/** The same of a server in HTTP/1.1. */
const switching = `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${webSocketAccept(key)}\r\n\r\n`

/** Ask for the change, and wait for the answer. */
async function handshake({ begin }: Door, path = '/chat?x=/../y') {
  const request = begin({ path, headers: upgrade, agent: false })
  request.end()
  const [response, socket, first] = await once(request, 'upgrade')
  return { response, socket: socket as Socket, first: first as Buffer }
}

const tunnelTo = async (onStream: OnStream, options: DoorOptions = {}) => {
  const server = await h2Server(onStream, webSockets)
  const front = await door([serverOptions(server)], options)
  return { server, front }
}

describe('a WebSocket to an HTTP/2 server', () => {
  test('is an extended CONNECT there, and a handshake of RFC 6455 here', async () => {
    const { server, front } = await tunnelTo(grants)
    const { response, socket } = await handshake(front)
    expect(response.statusCode).toBe(101)
    expect(response.headers).toMatchObject({
      upgrade: 'websocket',
      'sec-websocket-accept': webSocketAccept(key),
      'sec-websocket-protocol': 'chat',
    })
    const [request] = server.requests
    expect(request?.headers).toMatchObject({
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':path': '/chat?x=/../y',
      ':scheme': 'http',
      'sec-websocket-version': '13',
      'sec-websocket-protocol': 'chat',
    })
    expect(request?.headers['sec-websocket-key']).toBeUndefined()
    socket.write(Buffer.from([0x81, 0x00, 0xff]))
    expect([...(await once(socket, 'data'))[0]]).toEqual([0x81, 0x00, 0xff])
    expect(front.backend.counters.requestsNow).toBe(1)
    socket.destroy()
    await expect.poll(() => front.backend.counters.requestsNow).toBe(0)
  })

  test('what either side sends first is not lost', async () => {
    const { front } = await tunnelTo(stream => {
      stream.respond({ ':status': 200 })
      stream.write('from the server')
      stream.pipe(stream)
    })
    const request = front.begin({ headers: upgrade, agent: false })
    request.on('socket', socket =>
      socket.once('connect', () => setImmediate(() => socket.write('from the client'))),
    )
    request.end()
    const [, socket, first] = await once(request, 'upgrade')
    let text = String(first)
    socket.on('data', (piece: Buffer) => {
      text += piece
    })
    await expect.poll(() => text).toBe('from the serverfrom the client')
    socket.destroy()
  })

  test('the end of one side is passed on behind its last bytes, and the other may still speak', async () => {
    let heard = ''
    const { front } = await tunnelTo(stream => {
      stream.respond({ ':status': 200 })
      stream.on('data', piece => {
        heard += piece
      })
      stream.on('end', () => stream.end('last words of the server'))
    })
    const { socket } = await handshake(front)
    socket.end('last words of the client')
    let text = ''
    socket.on('data', piece => {
      text += piece
    })
    await once(socket, 'end')
    expect(heard).toBe('last words of the client')
    expect(text).toBe('last words of the server')
    await expect.poll(() => front.backend.counters.completed).toBe(1)
  })

  test('many bytes pass in both directions, and others are served on the same connection', async () => {
    const { server, front } = await tunnelTo((stream, headers, raw) => {
      if (headers[':method'] === 'CONNECT') grants(stream, headers, raw)
      else {
        stream.respond({ ':status': 200 })
        stream.end('besides')
      }
    })
    const { socket } = await handshake(front)
    const bytes = 2_000_000
    let got = 0
    socket.on('data', piece => {
      got += piece.length
    })
    for (let sent = 0; sent < bytes; sent += 50_000) {
      if (!socket.write(Buffer.alloc(50_000))) await once(socket, 'drain')
    }
    expect((await front.ask()).text).toBe('besides')
    await expect.poll(() => got).toBe(bytes)
    expect(server.sessions).toHaveLength(1)
    socket.destroy()
  })

  test.each([
    ['dies', (stream: Parameters<OnStream>[0]) => cut(stream)],
    ['resets it', (stream: Parameters<OnStream>[0]) => stream.close(2)],
  ])('the server %s: the client’s side is closed', async (_how, act) => {
    const { front } = await tunnelTo(stream => {
      stream.respond({ ':status': 200 })
      stream.once('data', () => act(stream))
    })
    const { socket } = await handshake(front)
    socket.on('error', () => {})
    socket.resume()
    const closed = once(socket, 'close')
    socket.write('now')
    await closed
  })

  test('the client dies: the stream is closed', async () => {
    let closed = false
    const { front } = await tunnelTo(stream => {
      stream.respond({ ':status': 200 })
      stream.on('close', () => {
        closed = true
      })
      stream.resume()
    })
    const { socket } = await handshake(front)
    socket.resetAndDestroy()
    await expect.poll(() => closed).toBe(true)
  })

  test('silence: both sides are closed after tunnelMs', async () => {
    const clock = new VirtualClock()
    const { server, front } = await tunnelTo(grants, { backend: { clock, timeouts: { tunnelMs: 5_000 } } })
    const { socket } = await handshake(front)
    socket.resume()
    const closed = once(socket, 'close')
    await clock.advanceAsync(5_000)
    await closed
    expect(server.sessions).toHaveLength(1)
  })

  test('refused: the answer passes', async () => {
    const { front } = await tunnelTo(stream => {
      stream.respond({ ':status': 403, 'content-type': 'text/plain' })
      stream.end('not here')
    })
    const request = front.begin({ headers: upgrade, agent: false })
    request.end()
    expect(await read(request)).toMatchObject({ status: 403, text: 'not here', complete: true })
  })

  test('of a server that knows no extended CONNECT: 502, and nothing is sent', async () => {
    const server = await h2Server()
    const front = await door([serverOptions(server)])
    const request = front.begin({ headers: upgrade, agent: false })
    request.end()
    expect((await read(request)).status).toBe(502)
    expect(server.requests).toHaveLength(0)
    expect((await front.ask()).status).toBe(200)
  })

  test('of one that also speaks HTTP/1.1, with auto: by that', async () => {
    const server = await h2Server(undefined, { secure: 'http1-too' })
    server.node.on('upgrade', (_req, socket: Socket) => {
      socket.write(switching)
      socket.pipe(socket)
    })
    const front = await door([{ ...serverOptions(server), protocol: 'auto' }])
    expect((await front.ask()).text).toBe('hello')
    const { response, socket } = await handshake(front)
    expect(response.statusCode).toBe(101)
    socket.write('over HTTP/1.1')
    expect(String((await once(socket, 'data'))[0])).toBe('over HTTP/1.1')
    socket.destroy()
    // The next ordinary request goes in HTTP/2 again.
    await front.ask()
    expect(server.requests).toHaveLength(2)
  })

  test('of one that speaks HTTP/1.1 alone, with auto', async () => {
    const server = createHttpsServer({ ...pki.server })
    server.on('upgrade', (_req, socket) => {
      socket.write(switching)
      socket.pipe(socket)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => {
      server.close()
      server.closeAllConnections()
    })
    const { port } = server.address() as AddressInfo
    const front = await door([{ ...serverOptions({ port, secure: true }), protocol: 'auto' }])
    const { socket } = await handshake(front)
    socket.write('ping')
    expect(String((await once(socket, 'data'))[0])).toBe('ping')
    socket.destroy()
  })
})
