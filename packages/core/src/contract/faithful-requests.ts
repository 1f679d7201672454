/**
 * A server gets the request that the client sent, that one only, and nothing of it that is not meant for servers:
 * no request smuggled in the body of another, no rule passed by with a target that is rewritten on the way.
 */
import { answer, type FakeRequest, type FakeServer } from '@evener/testing'
import { describe, expect, test } from 'vitest'
import type { ContractSubject } from './subject.ts'
import { inChunks, message, type World, withLength, worlds } from './world.ts'

const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n'

/** Send this to a door with one server, and see what that server got. */
async function seen(world: World, bytes: string): Promise<{ request: FakeRequest; server: FakeServer }> {
  const { server, door } = await world.one()
  expect(await door.ask(bytes)).toMatchObject({ status: 200, complete: true })
  expect(server.requests).toHaveLength(1)
  return { request: server.requests[0] as FakeRequest, server }
}

/** The names of a request's headers, in lower case. */
function namesOf(request: FakeRequest): string[] {
  return request.headers.map(([name]) => name.toLowerCase())
}

/** Register the tests. */
export function faithfulRequests(subject: ContractSubject): void {
  const world = worlds(subject)

  describe('target', () => {
    test.each([
      '/p/../admin',
      '/p/%2e%2e/admin',
      '/./admin',
      '/\\x/admin',
      '//other.test/admin',
      '///',
      "/it's",
      '/a%2Fb%00',
      '/%zz',
      '/?',
      '/?a=b?c&d=/../e',
      '/{a}|b^`"<>',
      '/http://b.test/',
      '/;a=b/..;/c',
    ])('%s reaches the server byte for byte', async target => {
      const { request } = await seen(world(), message(`GET ${target}`))
      expect(request.target).toBe(target)
    })

    test.each([
      ['http://a.test/p/../admin?q', '/p/../admin?q'],
      ['http://a.test?q', '/?q'],
      ['http://a.test', '/'],
      ['HTTP://a.test/x', '/x'],
    ])('the absolute form %s becomes %s', async (target, path) => {
      const { request } = await seen(world(), message(`GET ${target}`))
      expect(request.target).toBe(path)
      expect(request.header('host')).toBe('a.test')
    })

    test('the absolute form without a Host names the host', async () => {
      const { request } = await seen(world(), 'GET http://b.test:81/x HTTP/1.0\r\n\r\n')
      expect([request.target, request.header('host')]).toEqual(['/x', 'b.test:81'])
    })

    test('OPTIONS * stays what it is', async () => {
      const { request } = await seen(world(), message('OPTIONS *'))
      expect([request.method, request.target]).toEqual(['OPTIONS', '*'])
    })

    test.each(['GET', 'DELETE', 'PROPFIND', 'PATCH', 'SEARCH'])('the method %s stays', async method => {
      const { request } = await seen(world(), message(`${method} /`))
      expect(request).toMatchObject({ method, bodyBytes: 0 })
    })
  })

  describe('body', () => {
    test.each(['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'HEAD', 'PROPFIND'])(
      'a chunked %s stays one request',
      async method => {
        const { request } = await seen(world(), inChunks(`${method} /`, [smuggled, 'more']))
        expect(request).toMatchObject({ method, target: '/', complete: true })
        expect(request.framing.kind).toBe('chunked')
        expect(request.body.toString()).toBe(`${smuggled}more`)
        expect(namesOf(request).filter(name => name === 'content-length')).toEqual([])
      },
    )

    test.each(['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'HEAD', 'PROPFIND'])(
      'a %s with a length stays one request',
      async method => {
        const { request } = await seen(world(), withLength(`${method} /`, smuggled))
        expect(request).toMatchObject({ method, target: '/', complete: true })
        expect(request.framing).toEqual({ kind: 'length', bytes: smuggled.length })
        expect(request.body.toString()).toBe(smuggled)
        expect(namesOf(request).filter(name => name === 'content-length')).toHaveLength(1)
      },
    )

    test.each([
      ['a length of zero', withLength('POST /', '')],
      ['chunks without any', inChunks('DELETE /', [])],
      ['neither', message('POST /')],
    ])('%s is an empty body, and what follows is another request', async (_name, bytes) => {
      const { server, door } = await world().one()
      const client = await door.send(bytes + message('GET /second'))
      expect((await client.readResponse()).status).toBe(200)
      expect((await client.readResponse()).status).toBe(200)
      expect(server.requests.map(request => [request.target, request.bodyBytes])).toEqual([
        ['/', 0],
        ['/second', 0],
      ])
    })

    test('requests sent at once are answered in their order, each with its own body', async () => {
      const { server, door } = await world().one()
      server.behave(request => answer({ body: `${request.target} ` }))
      const client = await door.send(
        withLength('POST /1', smuggled) + inChunks('DELETE /2', [smuggled]) + message('GET /3'),
      )
      const texts: string[] = []
      for (let i = 0; i < 3; i++) texts.push((await client.readResponse()).text)
      expect(texts).toEqual(['/1 ', '/2 ', '/3 '])
      expect(server.requests.map(request => request.target).sort()).toEqual(['/1', '/2', '/3'])
    })

    test('the extensions of chunks are not passed on', async () => {
      const bytes = message('POST /', ['Transfer-Encoding: chunked'], '2;a=b\r\nok\r\n0;c\r\n\r\n')
      const { request } = await seen(world(), bytes)
      expect(request.body.toString()).toBe('ok')
    })

    test('trailers reach the server', async () => {
      const { request } = await seen(world(), inChunks('POST /', ['body'], [], ['X-Sum: 1', 'X-Sum: 2']))
      expect(request.trailers).toEqual([
        ['X-Sum', '1'],
        ['X-Sum', '2'],
      ])
    })

    test.each([
      'Content-Length: 3',
      'Transfer-Encoding: gzip',
      'Host: b.test',
      'Cookie: a=b',
      'Authorization: Basic eDp5',
      'X-Forwarded-For: 6.6.6.6',
    ])('the trailer %s would change the message: left out, or refused', async trailer => {
      const { server, door } = await world().one()
      const response = await door.ask(inChunks('POST /', ['body'], [], [trailer, 'X-Sum: 1']))
      expect([200, 400]).toContain(response.status)
      const whole = server.requests.filter(request => request.complete)
      expect(whole.map(request => request.trailers)).toEqual(
        response.status === 200 ? [[['X-Sum', '1']]] : [],
      )
    })

    test('a client that waits for 100 Continue gets it, from Evener or from the server', async () => {
      const { server, door } = await world().one(answer({ informational: [{ status: 100 }] }))
      const client = await door.send(message('POST /', ['Expect: 100-continue', 'Content-Length: 4']))
      expect((await client.readBytes(25)).toString()).toBe('HTTP/1.1 100 Continue\r\n\r\n')
      await client.send('body')
      expect((await client.readResponse()).status).toBe(200)
      const request = server.requests[0] as FakeRequest
      expect(request.body.toString()).toBe('body')
      // Added whatever the client expects: rules must not be at its choice.
      expect(request.header('x-forwarded-for')).toBe('127.0.0.1')
    })
  })

  describe('headers', () => {
    test('keep their order, case and repetition', async () => {
      const lines = ['X-b: 1', 'x-A: 2', 'X-b: 3', 'Cookie: a=b', 'Accept: */*']
      const { request } = await seen(world(), message('GET /', lines))
      const sent = request.headers.map(pair => pair.join(': '))
      expect(sent.filter(line => /^x-b:/i.test(line))).toEqual(['X-b: 1', 'X-b: 3'])
      expect(sent).toEqual(expect.arrayContaining(['x-A: 2', 'Cookie: a=b', 'Accept: */*']))
      expect(request.header('host')).toBe('a.test')
    })

    test('cookies in several lines all arrive', async () => {
      const { request } = await seen(world(), message('GET /', ['Cookie: a=b', 'Cookie: c=d']))
      expect(request.header('cookie')?.split(/[;,] /)).toEqual(['a=b', 'c=d'])
    })

    test('bytes beyond ASCII arrive as they were', async () => {
      const { request } = await seen(world(), message('GET /', ['X-Name: J\xf6rg\xc3\xbc']))
      expect(request.header('x-name')).toBe('J\xf6rg\xc3\xbc')
    })

    test('what is about the connection ends here', async () => {
      const { request } = await seen(
        world(),
        message('GET /', [
          'Connection: keep-alive, X-Private',
          'X-Private: 1',
          'Keep-Alive: timeout=5',
          'TE: trailers',
          'Upgrade: h2c',
          'Proxy-Connection: keep-alive',
          'Proxy-Authorization: Basic eDp5',
          'HTTP2-Settings: AAMAAABk',
          'X-Public: 1',
        ]),
      )
      const names = namesOf(request)
      for (const name of ['x-private', 'te', 'upgrade', 'proxy-connection', 'proxy-authorization'])
        expect(names).not.toContain(name)
      expect(names).not.toContain('http2-settings')
      expect(request.header('keep-alive')).not.toBe('timeout=5')
      expect(request.header('connection') ?? '').not.toMatch(/x-private/i)
      expect(request.header('x-public')).toBe('1')
    })

    test('a client cannot have headers of ours taken out, nor those that make the message', async () => {
      const listed =
        'X-Forwarded-For, X-Forwarded-Proto, Forwarded, Host, Content-Length, Cookie, Authorization'
      const { request } = await seen(
        world(),
        withLength('POST /', smuggled, [`Connection: ${listed}`, 'Cookie: a=b', 'Authorization: Basic eDp5']),
      )
      expect(request.header('x-forwarded-for')).toBe('127.0.0.1')
      expect(request.header('x-forwarded-proto')).toBe('http')
      expect(request.header('host')).toBe('a.test')
      expect(request.header('cookie')).toBe('a=b')
      expect(request.header('authorization')).toBe('Basic eDp5')
      expect(request.body.toString()).toBe(smuggled)
    })

    test('a request without a Host reaches the server with one', async () => {
      const { request } = await seen(world(), 'GET / HTTP/1.0\r\n\r\n')
      expect(request.version).toBe('HTTP/1.1')
      expect(namesOf(request).filter(name => name === 'host')).toHaveLength(1)
    })
  })

  describe('word about the client', () => {
    const spoofed = [
      'X-Forwarded-For: 6.6.6.6',
      'x-forwarded-for: 6.6.6.7',
      'X-Forwarded-Proto: https',
      'X-Forwarded-Host: evil.test',
      'X-Forwarded-Port: 443',
      'X-Real-IP: 6.6.6.6',
      'Forwarded: for=6.6.6.6',
    ]

    test('from anybody is not believed', async () => {
      const { request } = await seen(world(), message('GET /', spoofed))
      expect(request.header('x-forwarded-for')).toBe('127.0.0.1')
      expect(request.header('x-forwarded-proto')).toBe('http')
      expect(request.header('x-forwarded-host')).toBe('a.test')
      for (const name of ['x-forwarded-port', 'x-real-ip', 'forwarded'])
        expect(namesOf(request)).not.toContain(name)
      expect(request.rawHead).not.toMatch(/6\.6\.6|evil/)
    })

    test('from a trusted peer is kept, and its own address added', async () => {
      const { server, door } = await world().one(undefined, {
        door: { forwarded: { trust: ['127.0.0.0/8'] } },
      })
      await door.ask(message('GET /', ['X-Forwarded-For: 6.6.6.6', 'X-Forwarded-Proto: https']))
      const request = server.requests[0] as FakeRequest
      expect(request.header('x-forwarded-for')).toBe('6.6.6.6, 127.0.0.1')
      expect(request.header('x-forwarded-proto')).toBe('https')
    })

    test('can be left out altogether, spoofed fields too', async () => {
      const { server, door } = await world().one(undefined, {
        door: { forwarded: { for: false, proto: false, host: false } },
      })
      await door.ask(message('GET /', spoofed))
      expect((server.requests[0] as FakeRequest).rawHead).not.toMatch(/forwarded|real-ip/i)
    })
  })
}
