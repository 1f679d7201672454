/** Changes of protocol: WebSocket handshakes granted, refused and broken off, and the bytes after them. */
import { leastConnections } from '@evener/algorithms'
import {
  answer,
  type Behaviour,
  expectEventually,
  raw,
  reset,
  stall,
  upgrade,
  VirtualClock,
} from '@evener/testing'
import { describe, expect, test } from 'vitest'
import type { ContractSubject } from './subject.ts'
import { message, webSocketLines, worlds } from './world.ts'

const key = 'dGhlIHNhbXBsZSBub25jZQ=='
/** RFC 6455 section 1.3: what a server answers to that key. */
const accept = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='

const handshake = message('GET /chat?x=/../y', [...webSocketLines, 'Sec-WebSocket-Protocol: chat'])

/** The same with these lines in place of those of the same names, and without those that have no value. */
function handshakeWith(...others: string[]): string {
  const nameOf = (line: string) => line.slice(0, line.indexOf(':'))
  const replaced = new Set(others.map(nameOf))
  const kept = webSocketLines.filter(line => !replaced.has(nameOf(line)))
  return message('GET /chat', [...kept, ...others.filter(line => !line.endsWith(':'))])
}

/** Grants what was asked for, in these words. */
const granting = (...headers: string[]): Behaviour =>
  raw(['HTTP/1.1 101 Switching Protocols', ...headers, '', ''].join('\r\n'))
const granted = ['Connection: Upgrade', 'Upgrade: websocket', `Sec-WebSocket-Accept: ${accept}`]

/** An empty text frame, as a client sends it; a server's has no mask. */
const frame = Buffer.from([0x81, 0x80, 0, 0, 0, 0])
/** Close, 1001: going away. RFC 6455 section 5.5.1. */
const goingAway = [0x88, 0x02, 0x03, 0xe9]

/** Grants the change, says `hello`, closes its half, and reads on. */
function endsFirst(heard: (text: string) => void): Behaviour {
  return async (request, connection) => {
    await connection.write(`${['HTTP/1.1 101 Switching Protocols', ...granted, '', ''].join('\r\n')}hello`)
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
  const twoServers = () => Promise.all(['s1', 's2'].map(name => world().server(upgrade(), { name })))

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

    test('what an affinity adds passes with it, and never as more than one field', async () => {
      const affinity = {
        name: 'of the host',
        find: () => undefined,
        bind: () => ({ set: [['X-Good', 'yes'] as const, ['X-Bad', 'a\r\nX-Worse: b'] as const] }),
      }
      const { door } = await world().one(upgrade(), { affinity })
      const head = await (await door.send(handshake)).readHead()
      expect([head.status, head.header('x-good')]).toEqual([101, 'yes'])
      expect([head.header('x-bad'), head.header('x-worse')]).toEqual([undefined, undefined])
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
      const head = ['HTTP/1.1 101 Swit\x01ching', ...granted, '', ''].join('\r\n')
      const { door } = await world().one(raw(head), { retries: 0 })
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

  describe('a handshake that is not one', () => {
    test.each([
      ['no key', handshakeWith('Sec-WebSocket-Key:')],
      ['a key of another length', handshakeWith('Sec-WebSocket-Key: AAAA')],
      ['a key that is no base64', handshakeWith('Sec-WebSocket-Key: ****************hQ==')],
      ['two keys', handshakeWith(`Sec-WebSocket-Key: ${key}`, `Sec-WebSocket-Key: ${key}`)],
      ['no version', handshakeWith('Sec-WebSocket-Version:')],
      ['another method', handshake.replace('GET', 'POST')],
      ['a protocol that is no name', handshakeWith('Sec-WebSocket-Protocol: a b')],
      ['a protocol twice', handshakeWith('Sec-WebSocket-Protocol: chat, chat')],
    ])('of the client, with %s: 400, and no server is asked', async (_name, bytes) => {
      const { server, door } = await world().one(upgrade())
      expect(await door.ask(bytes)).toMatchObject({ status: 400, complete: true })
      expect(server.totalConnections).toBe(0)
      expect(door.backend.counters).toMatchObject({ aborted: 1, failed: 0 })
    })

    test.each(['8', '12, 13'])('of the client, with version %s: 426, which says ours', async version => {
      const { server, door } = await world().one(upgrade())
      const response = await door.ask(handshakeWith(`Sec-WebSocket-Version: ${version}`))
      expect(response).toMatchObject({ status: 426, complete: true })
      expect(response.header('sec-websocket-version')).toBe('13')
      expect(response.header('upgrade')).toBe('websocket')
      expect(response.header('connection')?.toLowerCase()).toContain('upgrade')
      expect(server.totalConnections).toBe(0)
    })

    test.each([
      ['no accept', granted.slice(0, 2)],
      [
        'the accept of another key',
        [...granted.slice(0, 2), 'Sec-WebSocket-Accept: HSmrc0sMlYUkAGmm5OPpG2HaGWk='],
      ],
      ['two accepts', [...granted, `Sec-WebSocket-Accept: ${accept}`]],
      ['no Upgrade in Connection', ['Connection: keep-alive', ...granted.slice(1)]],
      ['a protocol that was not offered', [...granted, 'Sec-WebSocket-Protocol: mqtt']],
      ['two protocols', [...granted, 'Sec-WebSocket-Protocol: chat', 'Sec-WebSocket-Protocol: chat']],
      ['an extension that was not offered', [...granted, 'Sec-WebSocket-Extensions: permessage-deflate']],
    ])('of the server, with %s: 502, and the server’s fault', async (_name, headers) => {
      const { server, door } = await world().one(granting(...headers), { retries: 0 })
      const client = await door.send(handshake)
      expect(await client.readResponse()).toMatchObject({ status: 502, complete: true })
      await server.waitFor(({ openConnections }) => openConnections === 0)
      expect(door.backend.counters).toMatchObject({ failed: 1, aborted: 0 })
      expect(door.backend.server('s1')?.counters).toMatchObject({ failed: 1, responseErrors: 1 })
    })

    test('of the server: another one is asked, where junk is retried', async () => {
      const servers = await twoServers()
      servers[0]?.behave(granting())
      const door = await world().door(servers, { retryOn: ['junk-response'] })
      const client = await door.send(handshake)
      expect((await client.readHead()).header('x-server')).toBe(servers[1]?.name)
    })

    test('of another protocol is nobody’s business: it passes', async () => {
      const { server, door } = await world().one(upgrade(), { door: { upgrades: ['echo'] } })
      const client = await door.send(message('POST /', ['Connection: Upgrade', 'Upgrade: echo']))
      expect((await client.readHead()).status).toBe(101)
      await client.send('ping')
      expect((await client.readBytes(4)).toString()).toBe('ping')
      expect(server.requests[0]?.method).toBe('POST')
    })
  })

  describe('protocols and extensions', () => {
    test('that were offered may be granted, and pass both ways as they are', async () => {
      const offered = 'permessage-deflate; client_max_window_bits, x-other; a="b"'
      const extension = 'permessage-deflate; server_no_context_takeover'
      const { server, door } = await world().one(
        upgrade({ headers: { 'Sec-WebSocket-Protocol': 'two', 'Sec-WebSocket-Extensions': extension } }),
      )
      const client = await door.send(
        handshakeWith(
          'Sec-WebSocket-Protocol: one, two',
          'Sec-WebSocket-Protocol: three',
          `Sec-WebSocket-Extensions: ${offered}`,
        ),
      )
      const head = await client.readHead()
      expect(head).toMatchObject({ status: 101 })
      expect(head.header('sec-websocket-protocol')).toBe('two')
      expect(head.header('sec-websocket-extensions')).toBe(extension)
      expect(server.requests[0]?.header('sec-websocket-extensions')).toBe(offered)
    })
  })

  describe('a tunnel is a connection of its server', () => {
    test('for its whole life: leastconn counts it', async () => {
      const servers = await twoServers()
      const door = await world().door(servers, { balancer: leastConnections() })
      const join = async () => {
        const client = await door.send(handshake)
        return { client, server: (await client.readHead()).header('x-server') }
      }
      const joined = [await join(), await join(), await join(), await join()]
      const [first, second] = servers.map(({ name }) => name)
      expect(joined.filter(({ server }) => server === first)).toHaveLength(2)
      for (const { client, server } of joined) if (server === second) client.destroy()
      const counters = door.backend.server('s2')?.counters
      await expectEventually(() => expect(counters?.requestsNow).toBe(0))
      expect([(await join()).server, (await join()).server]).toEqual([second, second])
      expect(counters?.requestsNow).toBe(2)
    })

    test('its latency, for balancers that learn, is that of the handshake', async () => {
      const clock = new VirtualClock()
      clock.advance(1)
      const latencies: number[] = []
      const learning = leastConnections()
      learning.ended = (_server, { latencyMs }) => latencies.push(latencyMs)
      const { door } = await world().one(upgrade(), { clock, balancer: learning })
      const client = await door.send(handshake)
      await client.readHead()
      clock.advance(600_000)
      client.destroy()
      await expectEventually(() => expect(latencies).toEqual([0]))
    })

    test('a server that is drained keeps those it has, and gets no new one', async () => {
      const servers = await twoServers()
      const door = await world().door(servers)
      const old = await door.send(handshake)
      expect((await old.readHead()).header('x-server')).toBe(servers[0]?.name)
      door.backend.server('s1')?.drain()
      for (let i = 0; i < 3; i++) {
        const client = await door.send(handshake)
        expect((await client.readHead()).header('x-server')).toBe(servers[1]?.name)
      }
      await old.send('still here')
      expect((await old.readBytes(10)).toString()).toBe('still here')
    })
  })

  describe('a door that closes', () => {
    test('closes tunnels last: those that are silent, and not before all else is done', async () => {
      const clock = new VirtualClock()
      const { server, door } = await world().one(stall('before-head'), { clock })
      const request = await door.send(message('GET /slow'))
      await server.waitFor(1)
      server.behave(upgrade())
      const client = await door.send(handshake)
      await client.readHead()
      const drained = door.served.drain(60_000)
      clock.advance(30_000)
      await client.send(frame)
      expect(await client.readBytes(frame.length)).toEqual(frame)
      request.destroy()
      await expectEventually(() => expect(door.served.active()).toBe(1))
      // A byte now and then keeps it.
      for (let i = 0; i < 3; i++) {
        clock.advance(900)
        await client.send(frame)
        await client.readBytes(frame.length)
      }
      clock.advance(1_000)
      // Echoed are the frames of a client, so what is said last is right for one, and told between frames.
      expect([...(await client.readUntilClose())]).toEqual(goingAway)
      await drained
      await server.waitFor(({ openConnections }) => openConnections === 0)
    })

    test('breaks off those that are not silent at its deadline, in words where it is between frames', async () => {
      let heard = Buffer.alloc(0)
      const { door } = await world().one(async (request, connection) => {
        await connection.write(['HTTP/1.1 101 Switching Protocols', ...granted, '', ''].join('\r\n'))
        request.answered = true
        const { source } = connection
        while (source.available > 0 || (await source.more())) {
          heard = Buffer.concat([heard, source.take(65_536)])
        }
        connection.end()
      })
      const client = await door.send(handshake)
      await client.readHead()
      await client.send(frame)
      await expectEventually(() => expect(heard).toHaveLength(frame.length))
      await door.served.drain(1)
      expect([...(await client.readUntilClose())]).toEqual(goingAway)
      // The server gets it with a mask (RFC 6455 section 5.1).
      await expectEventually(() => expect(heard).toHaveLength(frame.length + 8))
      const [first, second, ...rest] = heard.subarray(frame.length)
      expect([first, second]).toEqual([0x88, 0x82])
      expect([rest[4], rest[5]]).toEqual([0x03 ^ Number(rest[0]), 0xe9 ^ Number(rest[1])])
    })

    test('says nothing in the middle of a frame', async () => {
      const { door } = await world().one(upgrade({ first: Buffer.from([0x81, 0x05, 0x68]) }))
      const client = await door.send(handshake)
      await client.readHead()
      expect([...(await client.readBytes(3))]).toEqual([0x81, 0x05, 0x68])
      await door.served.drain(1)
      expect(await client.readUntilClose()).toHaveLength(0)
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
      const asking = ['Connection: Upgrade', 'Upgrade: websocket', 'Content-Length: 4']
      expect(await door.ask(message('POST /', asking, 'body'))).toMatchObject({ status: 200, complete: true })
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
