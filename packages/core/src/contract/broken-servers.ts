/**
 * Servers that fail half-way. A client never takes part of a response for the whole, never waits for ever, and its
 * connection stays usable or is closed; nothing on either side is left open.
 */
import {
  answer,
  answerEarly,
  expectEventually,
  type PartialFraming,
  raw,
  reset,
  staleOnReuse,
  stall,
  truncate,
  upgrade,
  VirtualClock,
} from '@evener/testing'
import { describe, expect, test } from 'vitest'
import type { ContractSubject } from './subject.ts'
import { message, withLength, worlds } from './world.ts'

const get = message('GET /')
const get10 = 'GET / HTTP/1.0\r\nHost: a.test\r\n\r\n'
const framings: readonly PartialFraming[] = ['length', 'chunked']

/** Register the tests. */
export function brokenServers(subject: ContractSubject): void {
  const world = worlds(subject)

  describe('in the middle of a response', () => {
    test.each(framings)('a server that closes (%s): the client sees a broken response', async framing => {
      const { door } = await world().one(truncate(framing))
      expect(await door.ask(get)).toMatchObject({ status: 200, bodyBytes: 100, complete: false })
    })

    test.each(framings)('a server that resets (%s): the client sees a broken response', async framing => {
      let seen: (() => void) | undefined
      const until = new Promise<void>(resolve => {
        seen = resolve
      })
      const { door } = await world().one(reset('mid-body', { framing, until }))
      const client = await door.send(get)
      const response = await client.readResponse({ onPiece: () => seen?.() })
      expect(response).toMatchObject({ status: 200, bodyBytes: 100, complete: false })
    })

    test.each(framings)('a server that falls silent (%s): broken off at its timeout', async framing => {
      const clock = new VirtualClock()
      const { server, door } = await world().one(stall('mid-body', { framing }), { clock })
      const client = await door.send(get)
      const head = await client.readHead()
      const body = client.readBody(head, { onPiece: () => clock.advance(60_000) })
      expect(await body).toMatchObject({ status: 200, bodyBytes: 100, complete: false })
      await server.waitFor(({ openConnections }) => openConnections === 0)
    })

    test.each(framings)('an HTTP/1.0 client sees that it is broken, too (%s)', async framing => {
      const { door } = await world().one(truncate(framing))
      // Its response may end with the connection: only a reset tells it from a whole one.
      expect(await door.ask(get10)).toMatchObject({ status: 200, complete: false })
    })

    test('nothing follows what was broken off on that connection', async () => {
      const { server, door } = await world().one(truncate('length'))
      const client = await door.send(get + message('GET /second'))
      const response = await client.readResponse()
      expect(response).toMatchObject({ bodyBytes: 100, complete: false })
      expect(server.requests.filter(request => request.target === '/' && request.answered)).toEqual([])
    })

    test('chunks that are none: the client sees a broken response, or 502', async () => {
      const bytes = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\nzz\r\nevil'
      const { door } = await world().one(raw(bytes))
      const response = await door.ask(get)
      expect(response.text).not.toContain('evil')
      if (response.status !== 502) expect(response).toMatchObject({ status: 200, complete: false })
    })
  })

  describe('before a response', () => {
    const once = { retries: 0 }

    test('a server that closes: 502', async () => {
      const { door } = await world().one(raw('', { afterwards: 'close' }), once)
      expect(await door.ask(get)).toMatchObject({ status: 502, complete: true })
    })

    test('a server that closes in the head: 502', async () => {
      const { door } = await world().one(raw('HTTP/1.1 200 OK\r\nX-Se', { afterwards: 'close' }), once)
      expect(await door.ask(get)).toMatchObject({ status: 502, complete: true })
    })

    test.each(['before-head', 'mid-head'] as const)('a server that resets (%s): 502', async where => {
      const { door } = await world().one(reset(where), once)
      expect(await door.ask(get)).toMatchObject({ status: 502, complete: true })
    })

    test.each(['before-head', 'mid-head'] as const)('a server that falls silent (%s): 504', async where => {
      const clock = new VirtualClock()
      const { server, door } = await world().one(stall(where), { ...once, clock })
      const client = await door.send(get)
      await server.waitFor(1)
      clock.advance(60_000)
      expect(await client.readResponse()).toMatchObject({ status: 504, complete: true })
      await server.waitFor(({ openConnections }) => openConnections === 0)
    })

    test('a server that refuses to connect: 502', async () => {
      const door = await world().door([await world().refusedServer()], once)
      expect(await door.ask(get)).toMatchObject({ status: 502, complete: true })
    })

    test('a server whose name nobody knows: 502', async () => {
      const door = await world().door([], { ...once, allowEmpty: true })
      door.backend.addServer({ id: 's1', address: 'no-such-host.invalid:80' })
      expect(await door.ask(get)).toMatchObject({ status: 502, complete: true })
    })

    test('a server that sends nothing but 100 Continue: 504', async () => {
      const clock = new VirtualClock()
      const silence = () => new Promise<never>(() => {})
      const { server, door } = await world().one(raw(['HTTP/1.1 100 Continue\r\n\r\n', silence]), {
        ...once,
        clock,
      })
      const client = await door.send(get)
      await server.waitFor(1)
      // Once more, because the interim response may come only now and begin the wait anew.
      await expectEventually(() => {
        clock.advance(60_000)
        return client.unread > 0
      })
      expect(await client.readResponse()).toMatchObject({ status: 504, complete: true })
    })

    test.each([
      ['with the fields of an upgrade', upgrade()],
      ['without them', raw('HTTP/1.1 101 Switching Protocols\r\n\r\n')],
      ['with a body', raw('HTTP/1.1 101 Switching Protocols\r\nContent-Length: 2\r\n\r\nok')],
    ])('101 that nobody asked for (%s): 502, and the connection is given up', async (_name, behave) => {
      const { server, door } = await world().one(behave, once)
      expect(await door.ask(get)).toMatchObject({ status: 502, complete: true })
      await server.waitFor(({ openConnections }) => openConnections === 0)
    })

    test('a server’s own 502 passes as it is', async () => {
      const { door } = await world().one(answer({ status: 502, body: 'mine' }))
      expect(await door.ask(get)).toMatchObject({ status: 502, text: 'mine', complete: true })
    })
  })

  describe('while the client still sends', () => {
    const declared = 3_000_000
    const upload = message('POST /', [`Content-Length: ${declared}`])

    /** The rest of the upload goes out; then the connection serves on, or is closed. */
    async function usableOrClosed(client: Awaited<ReturnType<typeof start>>['client']): Promise<void> {
      const sent = await client.sendBody({ bytes: declared - 4 }).then(
        () => true,
        () => false,
      )
      if (sent) await client.send(message('GET /after')).catch(() => {})
      const after = await client.readResponse().catch(error => {
        expect(error.code).toBe('EVENER_CONNECTION_GONE')
        return undefined
      })
      if (after !== undefined) expect(after.status).toBe(200)
    }

    async function start(behave: Parameters<ReturnType<typeof world>['one']>[0], options = {}) {
      const { server, door } = await world().one(behave, options)
      const client = await door.send(`${upload}body`)
      return { server, door, client }
    }

    test.each(['before-head', 'mid-request-body'] as const)(
      'a server that resets (%s): 502 at once, and the connection is usable or closed',
      async where => {
        const { server, client } = await start(
          where === 'before-head'
            ? raw('', { readBody: false, afterwards: 'reset' })
            : reset('mid-request-body'),
        )
        expect(await client.readResponse()).toMatchObject({ status: 502, complete: true })
        server.behave(answer())
        await usableOrClosed(client)
      },
    )

    test('a server that refuses to connect: 502 at once, and the connection is usable or closed', async () => {
      const server = await world().refusedServer()
      const door = await world().door([server], { retries: 0 })
      const client = await door.send(`${upload}body`)
      expect(await client.readResponse()).toMatchObject({ status: 502, complete: true })
      await server.accept()
      await usableOrClosed(client)
    })

    test.each(['read', 'ignore'] as const)(
      'a server that answers early (%s): its answer, and the connection is usable or closed',
      async afterwards => {
        const { server, client } = await start(answerEarly({ status: 413, body: 'too much', afterwards }))
        expect(await client.readResponse()).toMatchObject({ status: 413, text: 'too much', complete: true })
        server.behave(answer())
        await usableOrClosed(client)
        await server.waitFor(({ openConnections }) => openConnections <= 1)
      },
    )

    test('a short body after an early answer does no harm to the next request', async () => {
      const { server, door } = await world().one(answerEarly({ status: 413, body: 'no' }))
      const client = await door.send(message('POST /', ['Content-Length: 8'], 'body'))
      expect(await client.readResponse()).toMatchObject({ status: 413, text: 'no', complete: true })
      server.behave(answer())
      await client.send(`body${message('GET /after')}`).catch(() => {})
      const after = await client.readResponse().catch(() => undefined)
      if (after !== undefined) expect(after).toMatchObject({ status: 200, text: 'fake' })
      expect(server.requests.map(request => request.method)).not.toContain('body')
    })

    test('a client that goes away: the server’s connection is closed', async () => {
      const { server, client } = await start(answer())
      await server.waitFor(({ requests }) => requests[0]?.bodyBytes === 4)
      client.reset()
      await server.waitFor(({ requests, openConnections }) => requests[0]?.aborted && openConnections === 0)
    })
  })

  describe('a client that goes away', () => {
    test('before the response: the server’s connection is closed', async () => {
      const { server, door } = await world().one(stall('before-head'))
      const client = await door.send(get)
      await server.waitFor(1)
      client.destroy()
      await server.waitFor(({ openConnections }) => openConnections === 0)
      expect(door.backend.server('s1')?.counters).toMatchObject({ failed: 0, aborted: 1, responseErrors: 0 })
    })

    test('in the middle of the response: the server’s connection is closed', async () => {
      const { server, door } = await world().one(stall('mid-body'))
      const client = await door.send(get)
      await client.readHead()
      client.destroy()
      await server.waitFor(({ openConnections }) => openConnections === 0)
      await expectEventually(() => door.served.active() === 0)
    })
  })

  describe('a kept connection that the server has closed', () => {
    test.each(['close', 'reset'] as const)('(%s): the next request is served all the same', async how => {
      const { server, door } = await world().one(staleOnReuse({ how }), { retries: 0 })
      for (let i = 0; i < 3; i++) {
        expect(await door.ask(get)).toMatchObject({ status: 200, complete: true })
      }
      expect(server.requests.filter(request => request.answered)).toHaveLength(3)
    })

    test.each(['close', 'reset'] as const)('(%s): a PUT is served all the same, whole', async how => {
      const { server, door } = await world().one(staleOnReuse({ how }), { retries: 0 })
      await door.ask(get)
      expect(await door.ask(withLength('PUT /', 'the body'))).toMatchObject({ status: 200, complete: true })
      const answered = server.requests.filter(request => request.method === 'PUT' && request.answered)
      expect(answered.map(request => request.body.toString())).toEqual(['the body'])
    })

    test.each(['close', 'reset'] as const)('(%s): a POST is served, and sent once', async how => {
      const { server, door } = await world().one(staleOnReuse({ how }), { retries: 0 })
      await door.ask(get)
      expect(await door.ask(withLength('POST /', 'the body'))).toMatchObject({ status: 200, complete: true })
      expect(server.requests.filter(request => request.method === 'POST')).toHaveLength(1)
    })

    test('closed while idle: the next request is served without a retry', async () => {
      const { server, door } = await world().one(answer())
      await door.ask(get)
      for (const connection of server.connections) connection.end()
      await server.waitFor(({ openConnections }) => openConnections === 0)
      expect(await door.ask(get)).toMatchObject({ status: 200, complete: true })
      expect(door.backend.counters.retries).toBe(0)
    })
  })
}
