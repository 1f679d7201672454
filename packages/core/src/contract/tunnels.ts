/** Changes of protocol: WebSocket handshakes granted, refused and broken off, and the bytes after them. */
import { answer, type Behaviour, raw, reset, stall, upgrade, VirtualClock } from '@evener/testing'
import { describe, expect, test } from 'vitest'
import type { ContractSubject } from './subject.ts'
import { message, worlds } from './world.ts'

const key = 'dGhlIHNhbXBsZSBub25jZQ=='
/** RFC 6455 section 1.3: what a server answers to that key. */
const accept = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='

const handshake = message('GET /chat?x=/../y', [
  'Connection: keep-alive, Upgrade',
  'Upgrade: websocket',
  `Sec-WebSocket-Key: ${key}`,
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Protocol: chat',
])

/** Grants the change, says `hello`, closes its half, and reads on. */
function endsFirst(heard: (text: string) => void): Behaviour {
  return async (request, connection) => {
    const head = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
    await connection.write(`${head}hello`)
    request.answered = true
    connection.end()
    const { source } = connection
    let text = ''
    while (source.available > 0 || (await source.more())) {
      text += source.take(65_536).toString()
      heard(text)
    }
  }
}

/** Register the tests. */
export function tunnels(subject: ContractSubject): void {
  const world = worlds(subject)

  describe('granted', () => {
    test('the handshake passes both ways, and then the bytes', async () => {
      const { server, door } = await world().one(upgrade({ headers: { 'Sec-WebSocket-Protocol': 'chat' } }))
      const client = await door.send(handshake)
      const head = await client.readHead()
      expect(head).toMatchObject({ status: 101, version: 'HTTP/1.1' })
      expect(head.header('upgrade')?.toLowerCase()).toBe('websocket')
      expect(head.header('connection')?.toLowerCase()).toBe('upgrade')
      expect(head.header('sec-websocket-accept')).toBe(accept)
      expect(head.header('sec-websocket-protocol')).toBe('chat')
      const [request] = server.requests
      expect(request).toMatchObject({ method: 'GET', target: '/chat?x=/../y' })
      expect(request?.header('upgrade')).toBe('websocket')
      expect(request?.header('connection')?.toLowerCase()).toBe('upgrade')
      expect(request?.header('sec-websocket-key')).toBe(key)
      expect(request?.header('sec-websocket-version')).toBe('13')
      expect(request?.header('x-forwarded-for')).toBe('127.0.0.1')
      await client.send(Buffer.from([0x81, 0x00, 0xff, 0x0d, 0x0a]))
      expect([...(await client.readBytes(5))]).toEqual([0x81, 0x00, 0xff, 0x0d, 0x0a])
    })

    test('what either side sends with its part of the handshake is not lost', async () => {
      const { door } = await world().one(upgrade({ first: 'from the server' }))
      const client = await door.send(`${handshake}from the client`)
      expect((await client.readHead()).status).toBe(101)
      expect((await client.readBytes(30)).toString()).toBe('from the serverfrom the client')
    })

    test('what the client sends before the answer is not lost', async () => {
      let grant = () => {}
      const granted = new Promise<void>(resolve => {
        grant = resolve
      })
      const { server, door } = await world().one(async (_request, connection) => {
        await connection.whileHere(granted)
        return upgrade()
      })
      const client = await door.send(handshake)
      await server.waitFor(1)
      await client.send('early ')
      await client.send('bird')
      grant()
      expect((await client.readHead()).status).toBe(101)
      expect((await client.readBytes(10)).toString()).toBe('early bird')
    })

    test('many bytes pass in both directions at once', async () => {
      const bytes = 3_000_000
      const { door } = await world().one(upgrade())
      const client = await door.send(handshake)
      await client.readHead()
      const sent = client.sendBody({ bytes })
      let got = 0
      while (got < bytes) got += (await client.readBytes(Math.min(100_000, bytes - got))).length
      await sent
      expect(got).toBe(bytes)
    })

    test('the client ends its half: the server sees the end, and its last bytes still arrive', async () => {
      const { server, door } = await world().one(upgrade(), {})
      const client = await door.send(handshake, { halfOpen: true })
      await client.readHead()
      await client.send('last words')
      client.end()
      expect((await client.readUntilClose()).toString()).toBe('last words')
      await server.waitFor(({ openConnections }) => openConnections === 0)
    })

    test('the server ends its half: the client sees the end, and its last bytes still arrive', async () => {
      let text = ''
      const { server, door } = await world().one(
        endsFirst(heard => {
          text = heard
        }),
      )
      const client = await door.send(handshake, { halfOpen: true })
      await client.readHead()
      expect((await client.readUntilClose()).toString()).toBe('hello')
      await client.send('last words')
      client.end()
      await server.waitFor(({ openConnections }) => openConnections === 0)
      expect(text).toBe('last words')
    })

    test('the server dies: the client’s side is closed', async () => {
      const { server, door } = await world().one(upgrade())
      const client = await door.send(handshake)
      await client.readHead()
      server.resetConnections()
      await client.closed
    })

    test('the client dies: the server’s side is closed', async () => {
      const { server, door } = await world().one(upgrade())
      const client = await door.send(handshake)
      await client.readHead()
      await server.waitFor(({ openConnections }) => openConnections === 1)
      client.reset()
      await server.waitFor(({ openConnections }) => openConnections === 0)
    })

    test('silence on both sides: both are closed after tunnelMs, and not before', async () => {
      const clock = new VirtualClock()
      const { server, door } = await world().one(upgrade(), { clock, timeouts: { tunnelMs: 900_000 } })
      const client = await door.send(handshake)
      await client.readHead()
      // Longer than a server or a client may be silent within a request.
      clock.advance(600_000)
      await client.send('still here')
      expect((await client.readBytes(10)).toString()).toBe('still here')
      clock.advance(600_000)
      await client.send('and still')
      expect((await client.readBytes(9)).toString()).toBe('and still')
      clock.advance(900_000)
      await client.closed
      await server.waitFor(({ openConnections }) => openConnections === 0)
    })
  })

  describe('not granted', () => {
    test('the server’s answer passes', async () => {
      const { door } = await world().one(
        answer({ status: 403, body: 'not you', headers: { 'X-Why': 'because' } }),
      )
      const client = await door.send(handshake)
      const response = await client.readResponse()
      expect(response).toMatchObject({ status: 403, text: 'not you', complete: true })
      expect(response.header('x-why')).toBe('because')
      expect(response.header('upgrade')).toBeUndefined()
    })

    test('a large answer in chunks passes whole', async () => {
      const { door } = await world().one(answer({ chunked: true, body: { bytes: 500_000 } }))
      const client = await door.send(handshake)
      expect(await client.readResponse()).toMatchObject({ status: 200, bodyBytes: 500_000, complete: true })
    })

    test('a 101 with a reason that no client may see: 502, or 101 with another', async () => {
      const lines = 'HTTP/1.1 101 Swit\x01ching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
      const { door } = await world().one(raw(lines), { retries: 0 })
      const client = await door.send(handshake)
      expect([101, 502]).toContain((await client.readHead()).status)
    })

    test('a broken answer is seen as broken', async () => {
      const { door } = await world().one(
        raw('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf', { afterwards: 'close' }),
      )
      const client = await door.send(handshake)
      expect(await client.readResponse()).toMatchObject({ status: 200, text: 'half', complete: false })
    })

    test('a server that refuses to connect: 502', async () => {
      const door = await world().door([await world().refusedServer()], { retries: 0 })
      const client = await door.send(handshake)
      expect(await client.readResponse()).toMatchObject({ status: 502, complete: true })
    })

    test('a server that resets: 502', async () => {
      const { door } = await world().one(reset('before-head'), { retries: 0 })
      const client = await door.send(handshake)
      expect(await client.readResponse()).toMatchObject({ status: 502, complete: true })
    })

    test('a server that falls silent: 504', async () => {
      const clock = new VirtualClock()
      const { server, door } = await world().one(stall('before-head'), { clock })
      const client = await door.send(handshake)
      await server.waitFor(1)
      clock.advance(60_000)
      expect(await client.readResponse()).toMatchObject({ status: 504, complete: true })
      await server.waitFor(({ openConnections }) => openConnections === 0)
    })

    test.each([
      ['another protocol', 'Connection: Upgrade\r\nUpgrade: h2c\r\n'],
      ['none', ''],
    ])('a server that changes to %s: 502, and it is given up', async (_name, lines) => {
      const { server, door } = await world().one(raw(`HTTP/1.1 101 Switching Protocols\r\n${lines}\r\n`), {
        retries: 0,
      })
      const client = await door.send(handshake)
      expect(await client.readResponse()).toMatchObject({ status: 502, complete: true })
      await server.waitFor(({ openConnections }) => openConnections === 0)
    })

    test('no request behind the handshake reaches the server as a request', async () => {
      const { server, door } = await world().one(answer({ status: 403 }))
      const client = await door.send(handshake + message('GET /smuggled'))
      expect((await client.readResponse()).status).toBe(403)
      // Refused the change, it may be read as the next request, by our reading; never be passed on as bytes.
      await client.readUntilClose().catch(() => {})
      expect(new Set(server.requests.map(request => request.connection)).size).toBe(server.requests.length)
    })
  })

  describe('a client that goes away before the answer', () => {
    test.each(['end', 'reset'] as const)('by %s: the server’s side is closed', async how => {
      const { server, door } = await world().one(stall('before-head'))
      const client = await door.send(handshake)
      await server.waitFor(1)
      client[how]()
      await server.waitFor(({ openConnections }) => openConnections === 0)
    })

    test('after having sent more: the server’s side is closed', async () => {
      const { server, door } = await world().one(stall('before-head'))
      const client = await door.send(`${handshake}early`)
      await server.waitFor(1)
      await client.send('bird')
      client.reset()
      await server.waitFor(({ openConnections }) => openConnections === 0)
    })
  })

  describe('a protocol that is not allowed', () => {
    const h2c = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk']

    test('is never asked of a server: the request is served without the change', async () => {
      const { server, door } = await world().one()
      expect(await door.ask(message('GET /', h2c))).toMatchObject({ status: 200, complete: true })
      expect(server.requests[0]?.header('upgrade')).toBeUndefined()
      expect(server.requests[0]?.header('http2-settings')).toBeUndefined()
    })

    test.each([
      ['with a length', message('POST /', [...h2c, 'Content-Length: 4'], 'body')],
      ['in chunks', message('POST /', [...h2c, 'Transfer-Encoding: chunked'], '4\r\nbody\r\n0\r\n\r\n')],
    ])('a body %s that comes with it is part of the request', async (_name, bytes) => {
      const { server, door } = await world().one()
      expect(await door.ask(bytes)).toMatchObject({ status: 200, complete: true })
      expect(server.requests.map(request => request.body.toString())).toEqual(['body'])
    })

    test('a WebSocket handshake with a body is an ordinary request', async () => {
      const { server, door } = await world().one()
      const lines = ['Connection: Upgrade', 'Upgrade: websocket', 'Content-Length: 4']
      expect(await door.ask(message('POST /', lines, 'body'))).toMatchObject({ status: 200, complete: true })
      expect(server.requests.map(request => request.body.toString())).toEqual(['body'])
      expect(server.requests[0]?.header('upgrade')).toBeUndefined()
    })

    test('Upgrade that Connection does not name is not one', async () => {
      const { server, door } = await world().one()
      expect(await door.ask(message('GET /', ['Upgrade: websocket']))).toMatchObject({ status: 200 })
      expect(server.requests[0]?.header('upgrade')).toBeUndefined()
    })

    test('an HTTP/1.0 client cannot change', async () => {
      const { server, door } = await world().one()
      const bytes = 'GET / HTTP/1.0\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
      expect(await door.ask(bytes)).toMatchObject({ status: 200, complete: true })
      expect(server.requests[0]?.header('upgrade')).toBeUndefined()
    })
  })
}
