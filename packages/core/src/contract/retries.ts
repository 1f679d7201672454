/**
 * Trying again: where it is safe, whole and in order; where it is not, never. A server may see a request twice only if
 * the request says that this does no harm.
 */
import { insertCookie, prefixCookie } from '@evener/session'
import {
  answer,
  type FakeServer,
  followsPattern,
  patternBytes,
  raw,
  reset,
  stall,
  upgrade,
  VirtualClock,
} from '@evener/testing'
import { describe, expect, test } from 'vitest'
import type { ContractSubject } from './subject.ts'
import { inChunks, message, webSocketLines, withLength, worlds } from './world.ts'

const get = message('GET /')
const replayBytes = 10_000

/** A way to frame a body of so many bytes, as head and as what follows. */
const framings = {
  length: (startLine: string, bytes: number) => message(startLine, [`Content-Length: ${bytes}`]),
  chunked: (startLine: string, _bytes: number) => message(startLine, ['Transfer-Encoding: chunked']),
} as const

const sizes: readonly (readonly [name: string, bytes: number])[] = [
  ['an empty body', 0],
  ['a body well below replayBytes', 4_000],
  ['a body of replayBytes exactly', replayBytes],
  ['a body just above replayBytes', replayBytes + 1],
  ['a body far above replayBytes', 1_000_000],
]

/** Every framing with every size. */
const bodies = (['length', 'chunked'] as const).flatMap(framing =>
  sizes.map(([name, bytes]) => [framing, name, bytes] as const),
)

/** The requests that a server was sent whole, and answered. */
function served(...servers: readonly FakeServer[]) {
  return servers.flatMap(server => server.requests.filter(request => request.answered))
}

/** Register the tests. */
export function retries(subject: ContractSubject): void {
  const world = worlds(subject)

  describe('no connection', () => {
    test.each(bodies)('POST, %s, %s: served by another server, whole', async (framing, _name, bytes) => {
      const good = await world().server()
      const door = await world().door([await world().refusedServer(), good], { door: { replayBytes } })
      const client = await door.send(framings[framing]('POST /', bytes))
      await client.sendBody({ bytes }, { chunked: framing === 'chunked' })
      expect(await client.readResponse()).toMatchObject({ status: 200, complete: true })
      expect(good.requests).toHaveLength(1)
      expect(good.requests[0]).toMatchObject({ complete: true, bodyBytes: bytes })
      expect(followsPattern(good.requests[0]?.body as Buffer, 0)).toBe(true)
      expect(door.backend.counters).toMatchObject({ redispatches: 1, completed: 1, requests: 1 })
    })

    test('several servers, one after the other, until one connects', async () => {
      const good = await world().server()
      const refused = [await world().refusedServer(), await world().refusedServer()]
      const door = await world().door([...refused, good])
      expect(await door.ask(withLength('POST /', 'body'))).toMatchObject({ status: 200 })
      expect(good.requests.map(request => request.body.toString())).toEqual(['body'])
    })

    test('nobody else: the same server again, as often as configured, then 502', async () => {
      const door = await world().door([await world().refusedServer()], { retries: 2 })
      expect(await door.ask(get)).toMatchObject({ status: 502, complete: true })
      expect(door.backend.counters).toMatchObject({ retries: 2, redispatches: 0, connectErrors: 3 })
    })

    test('the server comes back while it is tried again', async () => {
      const server = await world().refusedServer()
      const door = await world().door([server], { retries: 100, redispatch: false, retryDelayMs: 1 })
      const client = await door.send(withLength('POST /', 'body'))
      await server.accept()
      expect(await client.readResponse()).toMatchObject({ status: 200 })
      expect(server.requests.map(request => request.body.toString())).toEqual(['body'])
    })

    test('none wanted: 502 at once', async () => {
      const good = await world().server()
      const door = await world().door([await world().refusedServer(), good], { retries: 0 })
      expect(await door.ask(get)).toMatchObject({ status: 502, complete: true })
      expect(good.totalConnections).toBe(0)
    })

    test('an upgrade is moved too', async () => {
      const good = await world().server(upgrade())
      const door = await world().door([await world().refusedServer(), good])
      const client = await door.send(message('GET /', webSocketLines))
      expect((await client.readHead()).status).toBe(101)
      await client.send('ping')
      expect((await client.readBytes(4)).toString()).toBe('ping')
    })

    test('headers of ours are not doubled', async () => {
      const good = await world().server()
      const refused = [await world().refusedServer(), await world().refusedServer()]
      const door = await world().door([...refused, good])
      await door.ask(message('GET /', ['Cookie: a=b']))
      const names = good.requests[0]?.headers.map(([name]) => name.toLowerCase()) ?? []
      expect(names).toEqual([...new Set(names)])
      expect(good.requests[0]?.header('x-forwarded-for')).toBe('127.0.0.1')
    })
  })

  describe('after bytes went out', () => {
    const breaks = [
      ['a reset before the answer', reset('before-head')],
      ['a close before the answer', raw('', { afterwards: 'close' })],
    ] as const

    test.each(breaks)('%s: a POST is not sent again', async (_name, behave) => {
      const [bad, good] = [await world().server(behave), await world().server()]
      const door = await world().door([bad, good])
      expect(await door.ask(withLength('POST /', 'body'))).toMatchObject({ status: 502, complete: true })
      expect([bad.requests.length, good.requests.length]).toEqual([1, 0])
    })

    test.each(breaks)('%s: a GET is sent to another server', async (_name, behave) => {
      const [bad, good] = [await world().server(behave), await world().server()]
      const door = await world().door([bad, good])
      expect(await door.ask(get)).toMatchObject({ status: 200, complete: true })
      expect(served(good)).toHaveLength(1)
      expect(door.backend.counters).toMatchObject({ redispatches: 1, responses5xx: 0 })
    })

    test.each(bodies)('PUT, %s, %s: sent again whole, or not at all', async (framing, _name, bytes) => {
      const [bad, good] = [await world().server(reset('before-head')), await world().server()]
      const door = await world().door([bad, good], { door: { replayBytes } })
      const client = await door.send(framings[framing]('PUT /', bytes))
      await client.sendBody({ bytes }, { chunked: framing === 'chunked' })
      const response = await client.readResponse()
      expect(response.complete).toBe(true)
      expect(response.status).toBe(bytes <= replayBytes ? 200 : 502)
      expect(good.requests.map(request => request.bodyBytes)).toEqual(bytes <= replayBytes ? [bytes] : [])
      for (const request of good.requests) expect(followsPattern(request.body, 0)).toBe(true)
    })

    test.each(['length', 'chunked'] as const)(
      'a PUT that breaks in the middle of its body is sent again from its beginning (%s)',
      async framing => {
        const [bad, good] = [await world().server(reset('mid-request-body')), await world().server()]
        const door = await world().door([bad, good], { door: { replayBytes } })
        const body = patternBytes(6_000)
        const client = await door.send(framings[framing]('PUT /', body.length))
        const chunk = (piece: Uint8Array) =>
          framing === 'length'
            ? piece
            : Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')])
        await client.send(chunk(body.subarray(0, 2_000)))
        // The first server has broken it off, and what was sent is with the second: only now comes the rest.
        await good.waitFor(({ requests }) => requests[0]?.bodyBytes === 2_000)
        await client.send(chunk(body.subarray(2_000)))
        if (framing === 'chunked') await client.send('0\r\n\r\n')
        expect(await client.readResponse()).toMatchObject({ status: 200, complete: true })
        expect(good.requests).toHaveLength(1)
        expect(good.requests[0]?.body.equals(body)).toBe(true)
      },
    )

    test('trailers are sent again as well', async () => {
      const [bad, good] = [await world().server(reset('before-head')), await world().server()]
      const door = await world().door([bad, good])
      expect(await door.ask(inChunks('PUT /', ['body'], [], ['X-Sum: 1']))).toMatchObject({ status: 200 })
      expect(good.requests[0]?.trailers).toEqual([['X-Sum', '1']])
    })

    test('a response that has begun is never begun again', async () => {
      const [bad, good] = [await world().server(reset('mid-body')), await world().server()]
      const door = await world().door([bad, good])
      const client = await door.send(get)
      await client.readUntilClose()
      expect(good.requests).toEqual([])
    })

    test('junk is not tried again unless asked for', async () => {
      const [bad, good] = [
        await world().server(raw('hello there\r\n\r\n', { afterwards: 'close' })),
        await world().server(),
      ]
      const door = await world().door([bad, good])
      expect(await door.ask(get)).toMatchObject({ status: 502, complete: true })
      expect(good.requests).toEqual([])
      const asked = await world().door([bad, good], { retryOn: ['junk-response'] })
      expect(await asked.ask(get)).toMatchObject({ status: 200, complete: true })
    })

    test.each([
      [['conn-failure', 'empty-response'], 504],
      [['response-timeout'], 200],
    ] as const)('silence, with retryOn %o: %i', async (retryOn, status) => {
      const clock = new VirtualClock()
      const [silent, good] = [await world().server(stall('before-head')), await world().server()]
      const door = await world().door([silent, good], { clock, retryOn })
      const client = await door.send(get)
      await silent.waitFor(1)
      clock.advance(60_000)
      expect(await client.readResponse()).toMatchObject({ status, complete: true })
      expect(served(good)).toHaveLength(status === 200 ? 1 : 0)
    })

    test('a client that has gone is not tried for again', async () => {
      const [bad, good] = [await world().server(stall('before-head')), await world().server()]
      const door = await world().door([bad, good])
      const client = await door.send(get)
      await bad.waitFor(1)
      client.destroy()
      await bad.waitFor(({ openConnections }) => openConnections === 0)
      expect(good.totalConnections).toBe(0)
    })
  })

  describe('by status', () => {
    const refusing = answer({ status: 503, headers: { 'X-From': 'bad', 'Set-Cookie': 'bad=1' }, body: 'bad' })

    test('a GET is sent to another server, and nothing of the first answer is seen', async () => {
      const [bad, good] = [await world().server(refusing), await world().server()]
      const door = await world().door([bad, good], { retryOn: [503] })
      const response = await door.ask(get)
      expect(response).toMatchObject({ status: 200, text: 'fake', complete: true })
      expect(response.rawHead).not.toMatch(/bad/)
      expect(door.backend.counters).toMatchObject({ responses2xx: 1, responses5xx: 0, redispatches: 1 })
    })

    test.each(['length', 'chunked'] as const)('a PUT is sent again whole (%s)', async framing => {
      const [bad, good] = [await world().server(refusing), await world().server()]
      const door = await world().door([bad, good], { retryOn: [503], door: { replayBytes } })
      const client = await door.send(framings[framing]('PUT /', replayBytes))
      await client.sendBody({ bytes: replayBytes }, { chunked: framing === 'chunked' })
      expect(await client.readResponse()).toMatchObject({ status: 200, complete: true })
      expect(good.requests[0]).toMatchObject({ complete: true, bodyBytes: replayBytes })
      expect(followsPattern(good.requests[0]?.body as Buffer, 0)).toBe(true)
    })

    test.each([
      ['a POST', withLength('POST /', 'body'), {}],
      ['a PUT that cannot be sent again', withLength('PUT /', 'x'.repeat(20)), { door: { replayBytes: 10 } }],
      ['another status', get, { retryOn: [500] }],
      ['no retries', get, { retries: 0 }],
      ['an empty budget', get, { retryBudget: { ratio: 0, minPerSecond: 0 } }],
    ] as const)('%s: the answer passes as it is', async (_name, bytes, options) => {
      const [bad, good] = [await world().server(refusing), await world().server()]
      const door = await world().door([bad, good], { retryOn: [503], ...options })
      expect(await door.ask(bytes)).toMatchObject({ status: 503, text: 'bad', complete: true })
      expect(good.requests).toEqual([])
    })

    test('the last answer passes as it is when all refuse', async () => {
      const servers = [await world().server(refusing), await world().server(refusing)]
      const door = await world().door(servers, { retryOn: [503], retries: 3 })
      expect(await door.ask(get)).toMatchObject({ status: 503, text: 'bad', complete: true })
      expect(servers.flatMap(server => server.requests)).toHaveLength(4)
    })

    test('a large answer that is thrown away does not hold anything up', async () => {
      const large = answer({ status: 503, body: { bytes: 10_000_000 } })
      const [bad, good] = [await world().server(large), await world().server()]
      const door = await world().door([bad, good], { retryOn: [503] })
      expect(await door.ask(get)).toMatchObject({ status: 200, text: 'fake' })
    })

    test('the budget ends a storm: more fail than are tried again', async () => {
      const [bad, other] = [await world().server(refusing), await world().server(refusing)]
      const retryBudget = { ratio: 0.1, minPerSecond: 0 }
      const door = await world().door([bad, other], { retryOn: [503], retryBudget })
      for (let i = 0; i < 30; i++) expect(await door.ask(get)).toMatchObject({ status: 503 })
      const { retries, redispatches, retriesRefused } = door.backend.counters
      expect(retries + redispatches).toBeLessThanOrEqual(3)
      expect(retriesRefused).toBeGreaterThan(20)
    })
  })

  describe('cookies', () => {
    test('only the attempt that won sets the cookie, once', async () => {
      const refusing = answer({ status: 503 })
      const [bad, good] = [await world().server(refusing), await world().server()]
      const affinity = insertCookie({ name: 'SERVERID' })
      const door = await world().door([bad, good], { retryOn: [503], affinity })
      const response = await door.ask(get)
      const cookies = response.headers.filter(([name]) => name.toLowerCase() === 'set-cookie')
      expect(cookies).toHaveLength(1)
      expect(cookies[0]?.[1]).toMatch(/^SERVERID=/)
      // Whoever comes back with it comes to the server that answered.
      const cookie = cookies[0]?.[1].split(';')[0]
      for (let i = 0; i < 3; i++) await door.ask(message('GET /back', [`Cookie: ${cookie}`]))
      expect(good.requests.filter(request => request.target === '/back')).toHaveLength(3)
    })

    test('the name of the server goes in front of its own cookie, and is taken off on the way back', async () => {
      const own = [
        ['Set-Cookie', 'theme=dark'],
        ['Set-Cookie', 'SESSION=A1B2; Path=/'],
      ] as const
      const servers = [1, 2].map(() => world().server(answer({ headers: own })))
      const [one, two] = await Promise.all(servers)
      const door = await world().door([one as FakeServer, two as FakeServer], {
        affinity: prefixCookie({ name: 'SESSION' }),
      })
      const first = await door.ask(get)
      const lines = first.headers
        .filter(([name]) => name.toLowerCase() === 'set-cookie')
        .map(([, value]) => value)
      expect(lines).toEqual(['theme=dark', expect.stringMatching(/^SESSION=[^~]+~A1B2; Path=\/$/)])
      const cookie = lines[1]?.split(';')[0]
      for (let i = 0; i < 3; i++) await door.ask(message('GET /back', [`Cookie: a=1; ${cookie}; b=2`]))
      const back = [one, two].map(
        server => server?.requests.filter(request => request.target === '/back') ?? [],
      )
      expect(back.map(requests => requests.length).sort()).toEqual([0, 3])
      for (const request of back.flat()) expect(request.header('cookie')).toBe('a=1; SESSION=A1B2; b=2')
    })

    test('a client whose server is gone gets the cookie of the one that served', async () => {
      const [gone, good] = [await world().server(), await world().server()]
      const affinity = insertCookie({ name: 'SERVERID' })
      const door = await world().door([gone, good], { affinity, redispatch: 1 })
      const first = await door.ask(get)
      expect(served(gone)).toHaveLength(1)
      const cookie = first.header('set-cookie')?.split(';')[0]
      await gone.kill()
      const response = await door.ask(message('GET /', [`Cookie: ${cookie}`]))
      expect(response.status).toBe(200)
      expect(response.headers.filter(([name]) => name.toLowerCase() === 'set-cookie')).toHaveLength(1)
      expect(response.header('set-cookie')?.split(';')[0]).not.toBe(cookie)
    })
  })
}
