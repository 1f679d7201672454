/**
 * Messages made to hurt. None of them may end the process, hang a connection, or reach the other side as something
 * else than what it is. Each test then shows that the door goes on serving.
 */
import { answer, raw } from '@evener/testing'
import { describe, expect, test } from 'vitest'
import type { ContractSubject } from './subject.ts'
import { type Door, inChunks, message, withLength, worlds } from './world.ts'

const get = message('GET /')

/** The door serves the next client. */
async function servesOn(door: Door): Promise<void> {
  const response = await door.ask(get)
  expect(response).toMatchObject({ status: 200, complete: true })
}

/** Requests that no server may see, and how they may be answered. */
const refused: readonly (readonly [name: string, bytes: string, statuses: readonly number[]])[] = [
  ['a target that is no URL', 'GET http://[bad HTTP/1.1\r\nHost: a.test\r\n\r\n', [400]],
  ['a target of another scheme', message('GET ftp://a.test/'), [400]],
  ['a target without a slash', message('GET admin'), [400]],
  ['an asterisk for another method than OPTIONS', message('GET *'), [400]],
  ['a fragment in the target', message('GET /#admin'), [400]],
  ['an absolute target with user information', message('GET http://user@a.test/'), [400]],
  ['a target for one host with a Host for another', message('GET http://b.test/'), [400]],
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', [400]],
  ['two Hosts', message('GET /', ['Host: a.test']), [400]],
  ['two Hosts that differ', message('GET /', ['host: b.test']), [400]],
  ['a Host that is a list', 'GET / HTTP/1.1\r\nHost: a.test, b.test\r\n\r\n', [400]],
  ['a Host that is a list without a blank', 'GET / HTTP/1.1\r\nHost: a.test,b.test\r\n\r\n', [400]],
  ['an empty Host', 'GET / HTTP/1.1\r\nHost:\r\n\r\n', [400]],
  ['a Host with only a port', 'GET / HTTP/1.1\r\nHost: :80\r\n\r\n', [400]],
  ['a Host with a path', 'GET / HTTP/1.1\r\nHost: a.test/admin\r\n\r\n', [400]],
  ['a Host with user information', 'GET / HTTP/1.1\r\nHost: b@a.test\r\n\r\n', [400]],
  ['HTTP/2.0 as a version', 'GET / HTTP/2.0\r\nHost: a.test\r\n\r\n', [400, 505]],
  ['HTTP/1.2 as a version', 'GET / HTTP/1.2\r\nHost: a.test\r\n\r\n', [400, 505]],
  ['HTTP/0.9', 'GET /\r\n\r\n', [400, 505]],
  ['a length and chunks', inChunks('POST /', ['a'], ['Content-Length: 1']), [400]],
  ['two lengths', withLength('POST /', 'a', ['Content-Length: 2']), [400]],
  ['a length twice', withLength('POST /', 'a', ['Content-Length: 1']), [400]],
  ['a length that is a list', message('POST /', ['Content-Length: 1, 1'], 'a'), [400]],
  ['a length with a sign', message('POST /', ['Content-Length: +1'], 'a'), [400]],
  ['a length beyond all numbers', message('POST /', [`Content-Length: 1${'0'.repeat(30)}`], 'a'), [400, 413]],
  ['a coding that does not end in chunked', message('POST /', ['Transfer-Encoding: gzip']), [400, 501]],
  ['a coding before chunked', inChunks('POST /', ['a'], ['Transfer-Encoding: gzip']), [400, 501]],
  ['chunked twice', inChunks('POST /', ['a'], ['Transfer-Encoding: chunked']), [400, 501]],
  ['a coding that only looks like chunked', message('POST /', ['Transfer-Encoding: xchunked']), [400, 501]],
  [
    'chunks with HTTP/1.0',
    'POST / HTTP/1.0\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n',
    [400],
  ],
  ['a bare line feed', 'GET / HTTP/1.1\nHost: a.test\r\n\r\n', [400]],
  ['a bare carriage return', 'GET / HTTP/1.1\r\nHost: a.test\r\nX: a\rb\r\n\r\n', [400]],
  ['a NUL in a header', message('GET /', ['X: a\0b']), [400]],
  ['a folded header', message('GET /', ['X: a', ' b']), [400]],
  ['a blank before the colon', message('GET /', ['X : a']), [400]],
  ['a blank in a header name', message('GET /', ['X Y: a']), [400]],
]

/** What a server may send, and what has to become of it: 502, or what the client reads instead. */
const junk: readonly (readonly [name: string, bytes: string])[] = [
  ['no HTTP', 'hello there\r\n\r\n'],
  ['status 000', 'HTTP/1.1 000 None\r\nContent-Length: 0\r\n\r\n'],
  ['status 099', 'HTTP/1.1 099 Early\r\nContent-Length: 0\r\n\r\n'],
  ['status 600', 'HTTP/1.1 600 Late\r\nContent-Length: 0\r\n\r\n'],
  ['status 999', 'HTTP/1.1 999 Denied\r\nContent-Length: 0\r\n\r\n'],
  ['a status of four digits', 'HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n'],
  ['a reason phrase with a control byte', 'HTTP/1.1 200 O\x01K\r\nContent-Length: 2\r\n\r\nok'],
  ['a reason phrase with a delete', 'HTTP/1.1 200 O\x7fK\r\nContent-Length: 2\r\n\r\nok'],
  ['a NUL in a header', 'HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 2\r\n\r\nok'],
  ['a header name that is none', 'HTTP/1.1 200 OK\r\nX Y: a\r\nContent-Length: 2\r\n\r\nok'],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!'],
  ['a length that is none', 'HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok'],
  ['a coding that nobody asked for', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok'],
  [
    'a coding within chunks',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
  ],
  ['a head without an end', `HTTP/1.1 200 OK\r\n${'X: a\r\n'.repeat(50_000)}`],
]

/** Register the tests. */
export function hostileMessages(subject: ContractSubject): void {
  const world = worlds(subject)

  describe('a client sends', () => {
    test.each(refused)('%s: refused, and no server sees it', async (_name, bytes, statuses) => {
      const { server, door } = await world().one()
      const response = await door.ask(bytes)
      expect(statuses).toContain(response.status)
      expect(response.complete).toBe(true)
      expect(server.requests).toEqual([])
      await servesOn(door)
    })

    test.each(refused)('%s: nothing behind it on that connection is served', async (_name, bytes) => {
      const { server, door } = await world().one()
      const client = await door.send(bytes + message('GET /second'))
      await client.readUntilClose()
      expect(server.requests).toEqual([])
    })

    test('an expectation that nobody can meet: 417, and no server sees it', async () => {
      const { server, door } = await world().one()
      expect(await door.ask(message('GET /', ['Expect: tea']))).toMatchObject({ status: 417, complete: true })
      expect(server.requests).toEqual([])
      await servesOn(door)
    })

    test('CONNECT: no way is opened, and no server sees it', async () => {
      const { server, door } = await world().one()
      const client = await door.send('CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n')
      const said = (await client.readUntilClose()).toString()
      if (said !== '') expect(said).toMatch(/^HTTP\/1\.1 (400|405|501) /)
      expect(server.requests).toEqual([])
      await servesOn(door)
    })

    test('a head that is too large: an answer or a closed connection, and no server sees it', async () => {
      const { server, door } = await world().one()
      const client = await door.connect()
      await client.send(message('GET /', [`X: ${'a'.repeat(2_000_000)}`])).catch(() => {})
      const said = (await client.readUntilClose()).toString()
      if (said !== '') expect(said).toMatch(/^HTTP\/1\.1 4(00|31) /)
      expect(server.requests).toEqual([])
      await servesOn(door)
    })

    test('chunks that are none: the server never gets a whole request', async () => {
      const { server, door } = await world().one()
      const client = await door.send(message('POST /', ['Transfer-Encoding: chunked'], '2\r\nok\r\nzz\r\n'))
      await client.readUntilClose()
      await server.waitFor(({ requests }) => requests.every(request => request.aborted))
      expect(server.requests.filter(request => request.complete)).toEqual([])
      await servesOn(door)
    })

    test('half a body, then a reset: the server never gets a whole request', async () => {
      const { server, door } = await world().one()
      const client = await door.send(message('POST /', ['Content-Length: 10'], 'half'))
      await server.waitFor(({ requests }) => requests[0]?.bodyBytes === 4)
      client.reset()
      await server.waitFor(({ requests }) => requests[0]?.aborted)
      expect(server.requests[0]).toMatchObject({ complete: false, bodyBytes: 4 })
      await servesOn(door)
    })

    test('many requests to a server that takes one at a time: each is served', async () => {
      const server = await world().server()
      const door = await world().door([server])
      door.backend.server('s1')?.setMaxConnections(1)
      const all = Array.from({ length: 8 }, () => door.ask(withLength('POST /', 'body')))
      expect((await Promise.all(all)).map(response => response.status)).toEqual(Array(8).fill(200))
      expect(server.requests.map(request => request.body.toString())).toEqual(Array(8).fill('body'))
    })
  })

  describe('a server sends', () => {
    test.each(junk)('%s: the client gets 502', async (_name, bytes) => {
      const { server, door } = await world().one(raw(bytes, { afterwards: 'close' }))
      const response = await door.ask(get)
      expect(response).toMatchObject({ status: 502, complete: true })
      expect(response.header('x-server')).toBeUndefined()
      server.behave(answer())
      await servesOn(door)
    })

    test('a length and chunks: 502, or read as chunks alone', async () => {
      const bytes =
        'HTTP/1.1 200 OK\r\nContent-Length: 20\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'
      const { server, door } = await world().one(raw(bytes, { afterwards: 'close' }))
      const response = await door.ask(get)
      expect([200, 502]).toContain(response.status)
      if (response.status === 200) expect(response).toMatchObject({ text: 'ok', complete: true })
      server.behave(answer())
      await servesOn(door)
    })

    test.each([
      ['a length', 'GET', 'HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nContent-Length: 2\r\n\r\nok', 'ok'],
      ['204', 'GET', 'HTTP/1.1 204 None\r\nTrailer: X-Sum\r\n\r\n', ''],
      ['304', 'GET', 'HTTP/1.1 304 Same\r\nTrailer: X-Sum\r\n\r\n', ''],
      ['an answer to HEAD', 'HEAD', 'HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nContent-Length: 2\r\n\r\n', ''],
    ])('Trailer with %s: passed on without it', async (_name, method, bytes, body) => {
      const { server, door } = await world().one(raw(bytes))
      const response = await door.ask(message(`${method} /`))
      expect(response).toMatchObject({ text: body, complete: true })
      expect(response.header('trailer')).toBeUndefined()
      server.behave(answer())
      await servesOn(door)
    })

    test('trailers towards an HTTP/1.0 client: the body without them', async () => {
      const behave = answer({ body: 'ok', headers: { Trailer: 'X-Sum' }, trailers: { 'X-Sum': '1' } })
      const { server, door } = await world().one(behave)
      const response = await door.ask('GET / HTTP/1.0\r\nHost: a.test\r\n\r\n')
      expect(response).toMatchObject({ status: 200, text: 'ok', complete: true, trailers: [] })
      server.behave(answer())
      await servesOn(door)
    })

    test('a length with 204: passed on without it', async () => {
      const { door } = await world().one(raw('HTTP/1.1 204 None\r\nContent-Length: 0\r\n\r\n'))
      expect(await door.ask(get)).toMatchObject({ status: 204, complete: true })
    })

    test('a second response that nobody asked for: nobody gets it', async () => {
      const first = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst'
      const evil = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'
      const server = await world().server()
      const door = await world().door([server])
      server.script([raw(first + evil)])
      expect((await door.ask(get)).text).toBe('first')
      expect((await door.ask(get)).text).toBe('fake')
      server.script([raw([first, evil])])
      expect((await door.ask(get)).text).toBe('first')
      expect((await door.ask(get)).text).toBe('fake')
    })

    test('a body where none is allowed: the next client does not get it', async () => {
      const server = await world().server()
      const door = await world().door([server])
      server.script([raw('HTTP/1.1 204 None\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil')])
      expect(await door.ask(get)).toMatchObject({ status: 204, text: '' })
      expect((await door.ask(get)).text).toBe('fake')
    })
  })
}
