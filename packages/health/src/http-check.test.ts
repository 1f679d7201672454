import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Target } from './contract.ts'
import { type HttpCheckOptions, httpCheck } from './http-check.ts'
import {
  allClosed,
  certificate,
  deadTarget,
  key,
  listen,
  patience,
  rawServer,
  targetOf,
  VirtualClock,
} from './test-support.ts'

const answering = (listener: RequestListener) => listen(createServer(listener))

/** A server that answers every request with these bytes, and hangs up. */
const saying = (bytes: string | Buffer) => rawServer(socket => socket.end(bytes))

/** Check a server once. */
function check(server: Server, options: HttpCheckOptions = {}, more: Partial<Target> = {}) {
  return httpCheck(options).check(targetOf(server, more), patience())
}

const ok = (body: string, head = '') =>
  `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${head}\r\n${body}`

/** Write to a socket as fast as it takes it, until it closes. */
function flood(socket: Socket, piece: Buffer | string): void {
  const write = (): void => {
    while (!socket.destroyed && socket.write(piece));
  }
  socket.on('drain', write)
  write()
}

describe('the request of an HTTP check', () => {
  it('is OPTIONS / with Host and Connection: close by default', async () => {
    let seen = ''
    const server = await rawServer((socket, first) => {
      seen = first.toString()
      socket.end(ok(''))
    })
    expect(await check(server)).toMatchObject({ ok: true, code: 'L7OK', status: 200, message: '200 OK' })
    const { port } = targetOf(server)
    expect(seen).toBe(`OPTIONS / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`)
  })
  it('has the method, path, host and headers that it is told', async () => {
    let seen: unknown
    const server = await answering((request, response) => {
      const { host, 'x-from': from } = request.headers
      seen = [request.method, request.url, host, from]
      response.end()
    })
    await check(server, {
      method: 'GET',
      path: '/health?deep=1',
      host: 'shop.test',
      headers: { 'X-From': 'evener' },
    })
    expect(seen).toEqual(['GET', '/health?deep=1', 'shop.test', 'evener'])
  })
  it('works on a unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'evener-health-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    let seen: string | undefined
    const server = createServer((request, response) => {
      seen = request.headers.host
      response.end()
    })
    const path = join(folder, 'socket')
    await once(server.listen(path), 'listening')
    const target: Target = { id: 'app', host: '', port: 0, path }
    expect(await httpCheck().check(target, patience())).toMatchObject({ code: 'L7OK' })
    expect(seen).toBe('localhost')
    await allClosed(server)
  })
})

describe('the answer to an HTTP check', () => {
  it.each([200, 204, 301, 304, 399])('%i is good by default', async status => {
    const server = await answering((_, response) => response.writeHead(status).end())
    expect(await check(server)).toMatchObject({ ok: true, code: 'L7OK', status })
  })
  it.each([400, 404, 500, 503])('%i is not, by default', async status => {
    const server = await answering((_, response) => response.writeHead(status).end('a body'))
    expect(await check(server)).toMatchObject({ ok: false, code: 'L7STS', status })
    await allClosed(server)
  })
  it('may be any status that is expected', async () => {
    const server = await answering((_, response) => response.writeHead(401).end())
    expect(await check(server, { expect: { status: [200, 401] } })).toMatchObject({ ok: true })
    expect(await check(server, { expect: { status: 200 } })).toMatchObject({
      ok: false,
      message: '401 Unauthorized',
    })
  })
  it('may be 101, which is an answer like any other', async () => {
    const server = await saying(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
    )
    expect(await check(server)).toMatchObject({ ok: false, code: 'L7STS', status: 101 })
    expect(await check(server, { expect: { status: 101 } })).toMatchObject({ ok: true, code: 'L7OK' })
    await allClosed(server)
  })
  it('comes after any interim ones', async () => {
    const server = await saying(`HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n${ok('')}`)
    expect(await check(server)).toMatchObject({ code: 'L7OK', status: 200 })
  })
  it('must have the headers that are expected', async () => {
    const server = await answering((_, response) => {
      response.setHeader('X-State', 'ready')
      response.setHeader('Set-Cookie', ['a=1', 'b=2'])
      response.end()
    })
    const found = async (headers: Record<string, string | RegExp | true>) => {
      const { code, message } = await check(server, { expect: { headers } })
      return code === 'L7OK' ? 'fine' : `${code} ${message}`
    }
    expect(await found({ 'X-State': 'ready', 'set-cookie': 'a=1, b=2' })).toBe('fine')
    expect(await found({ 'x-state': /^rea/ })).toBe('fine')
    expect(await found({ 'x-state': true })).toBe('fine')
    expect(await found({ 'x-state': 'read' })).toBe('L7STS 200 OK, header x-state is "ready"')
    expect(await found({ 'x-state': /busy/ })).toBe('L7STS 200 OK, header x-state is "ready"')
    expect(await found({ 'x-other': true })).toBe('L7STS 200 OK, header x-other is missing')
  })
  it('must have the body that is expected', async () => {
    const server = await saying(ok('database: ready'))
    const found = async (body: string | RegExp) => (await check(server, { expect: { body } })).message
    expect(await found('ready')).toBe('200 OK, body as expected')
    expect(await found(/^database: (ready|idle)$/)).toBe('200 OK, body as expected')
    expect(await found('broken')).toBe('200 OK, body not as expected')
    expect(await found(/^ready/)).toBe('200 OK, body not as expected')
  })
  it('with a global expression is judged the same each time', async () => {
    const server = await saying(ok('ready'))
    const checker = httpCheck({ expect: { body: /ready/g } })
    for (let count = 0; count < 3; count++) {
      expect(await checker.check(targetOf(server), patience())).toMatchObject({ ok: true })
    }
  })
  it('with a body in chunks, or until the connection ends, is judged by it', async () => {
    const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nrea\r\n2\r\ndy\r\n0\r\n\r\n'
    const endless = 'HTTP/1.0 200 OK\r\n\r\nready'
    for (const bytes of [chunked, endless]) {
      expect(await check(await saying(bytes), { expect: { body: /^ready$/ } })).toMatchObject({ ok: true })
    }
  })
  it('that has no body where one is expected is not good', async () => {
    const server = await answering((_, response) => response.writeHead(204).end())
    expect(await check(server, { expect: { body: 'ready' } })).toMatchObject({ code: 'L7RSP', status: 204 })
  })
  it('to HEAD has no body', async () => {
    const server = await answering((_, response) => response.end('ready'))
    expect(await check(server, { method: 'HEAD' })).toMatchObject({ code: 'L7OK' })
  })
  it('of 100 MB without an end is read no further than it matters', async () => {
    const head = 'HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n'
    const server = await rawServer(socket => {
      socket.write(head)
      flood(socket, Buffer.alloc(65_536, 'x'))
    })
    expect(await check(server)).toMatchObject({ code: 'L7OK' })
    expect(await check(server, { expect: { body: 'ready' } })).toMatchObject({ code: 'L7RSP' })
    expect(await check(server, { expect: { body: /x{10}/ }, maxBodyBytes: 10 })).toMatchObject({
      code: 'L7OK',
    })
    await allClosed(server)
  })
  it('may come byte by byte', async () => {
    const bytes = ok('database: ready')
    const server = await rawServer(async socket => {
      socket.setNoDelay(true)
      for (const byte of bytes) await new Promise(resolve => socket.write(byte, resolve))
      socket.end()
    })
    expect(await check(server, { expect: { body: /ready$/ } })).toMatchObject({ code: 'L7OK' })
  })
  it('has a message of bounded length', async () => {
    const server = await saying(`HTTP/1.1 500 ${'x'.repeat(5000)}\r\nContent-Length: 0\r\n\r\n`)
    const { message } = await check(server)
    expect(message).toBe(`500 ${'x'.repeat(80)}`)
  })
})

describe('an HTTP check of something that is no HTTP', () => {
  it.each<[string, string | Buffer]>([
    ['nothing at all', ''],
    ['a greeting', '220 mail.test ESMTP\r\n'],
    ['rubbish', Buffer.from(Array.from({ length: 512 }, (_, index) => (index * 151) % 256))],
    ['half a head', 'HTTP/1.1 200 OK\r\nContent-'],
    ['an unknown version', 'HTTP/9.9 200 OK\r\n\r\n'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
    [
      'a head without end',
      `HTTP/1.1 200 OK\r\n${'X-Filler: 123456789012345678901234567890\r\n'.repeat(2000)}`,
    ],
    ['a length twice', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
  ])('as %s is L7RSP', async (_, bytes) => {
    const server = await saying(bytes)
    const result = await check(server)
    expect(result).toMatchObject({ ok: false, code: 'L7RSP' })
    expect(result.message).toMatch(/^waiting for the answer: .{1,200}$/)
    await allClosed(server)
  })
  it.each<[string, string]>([
    ['shorter than it said', 'Content-Length: 100\r\n\r\nread'],
    ['with a broken chunk', 'Transfer-Encoding: chunked\r\n\r\nzz\r\nready\r\n'],
    ['with chunks that do not end', 'Transfer-Encoding: chunked\r\n\r\n5\r\nread'],
  ])('as a body %s is L7RSP', async (_, rest) => {
    const server = await saying(`HTTP/1.1 200 OK\r\n${rest}`)
    expect(await check(server, { expect: { body: 'ready!' } })).toMatchObject({ ok: false, code: 'L7RSP' })
    await allClosed(server)
  })
  it('that resets the connection is L7RSP', async () => {
    const server = await rawServer(socket => socket.resetAndDestroy())
    expect(await check(server)).toMatchObject({ ok: false, code: 'L7RSP' })
  })
  it('that speaks before it is asked is L7RSP', async () => {
    const server = await listen(createServer())
    server.removeAllListeners('connection')
    server.on('connection', (socket: Socket) => {
      socket.on('error', () => {})
      socket.end('220 mail.test ESMTP\r\n')
    })
    expect(await check(server)).toMatchObject({ ok: false, code: 'L7RSP' })
  })
})

describe('an HTTP check over TLS', () => {
  const httpsServer = () =>
    listen(createHttpsServer({ cert: certificate, key }, (_, response) => response.end('ready')))

  it('of a trusted server is L7OK', async () => {
    const server = await httpsServer()
    const result = await check(server, { expect: { body: 'ready' } }, { tls: { ca: [certificate] } })
    expect(result).toMatchObject({ ok: true, code: 'L7OK' })
    await allClosed(server)
  })
  it('of a server nobody vouches for is L6RSP', async () => {
    const server = await httpsServer()
    expect(await check(server, {}, { tls: {} })).toMatchObject({ ok: false, code: 'L6RSP' })
  })
  it('of a server without TLS is L6RSP', async () => {
    const server = await answering((_, response) => response.end())
    expect(await check(server, {}, { tls: {} })).toMatchObject({ ok: false, code: 'L6RSP' })
  })
  it('of a server with TLS, but without TLS itself, is no success', async () => {
    expect(await check(await httpsServer())).toMatchObject({ ok: false, code: 'L7RSP' })
  })
})

describe('an HTTP check without a connection', () => {
  it('is L4CON where nobody listens', async () => {
    expect(await httpCheck().check(await deadTarget(), patience())).toMatchObject({ code: 'L4CON' })
  })
  it('works over IPv6', async () => {
    const server = createServer((_, response) => response.end())
    await listen(server, { host: '::1' })
    expect(await check(server)).toMatchObject({ code: 'L7OK' })
  })
})

describe('an HTTP check that is aborted', () => {
  const tls = { ca: certificate }

  it('before it begins is L4TOUT', async () => {
    const server = await answering((_, response) => response.end())
    const result = await httpCheck().check(targetOf(server), AbortSignal.abort())
    expect(result).toMatchObject({ ok: false, code: 'L4TOUT' })
    await allClosed(server)
  })
  it('while connecting is L4TOUT and leaves no socket', async () => {
    const server = await answering((_, response) => response.end())
    const controller = new AbortController()
    const checking = httpCheck().check(targetOf(server), controller.signal)
    controller.abort()
    expect(await checking).toMatchObject({ ok: false, code: 'L4TOUT' })
    await allClosed(server)
  })
  it('during the TLS handshake is L6TOUT and leaves no socket', async () => {
    const controller = new AbortController()
    const server = await rawServer(() => controller.abort())
    const result = await httpCheck().check(targetOf(server, { tls }), controller.signal)
    expect(result).toMatchObject({ ok: false, code: 'L6TOUT' })
    await allClosed(server)
  })
  it('while it waits for the head is L7TOUT and leaves no socket', async () => {
    const controller = new AbortController()
    const server = await answering(() => controller.abort())
    const result = await httpCheck().check(targetOf(server), controller.signal)
    expect(result).toMatchObject({ ok: false, code: 'L7TOUT' })
    await allClosed(server)
  })
  it('within a head that never ends is L7TOUT and leaves no socket', async () => {
    const controller = new AbortController()
    const server = await rawServer(socket => {
      socket.write('HTTP/1.1 200 OK\r\nX-Half: ', () => controller.abort())
    })
    const result = await httpCheck().check(targetOf(server), controller.signal)
    expect(result).toMatchObject({ ok: false, code: 'L7TOUT' })
    await allClosed(server)
  })
  it('within a body that never ends is L7TOUT and leaves no socket', async () => {
    const controller = new AbortController()
    const server = await rawServer(socket => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nrea', () =>
        setImmediate(() => controller.abort()),
      )
    })
    const expectBody = { expect: { body: 'ready' } }
    const result = await httpCheck(expectBody).check(targetOf(server), controller.signal)
    expect(result).toMatchObject({ ok: false, code: 'L7TOUT' })
    await allClosed(server)
  })
  it('by its own time is L7TOUT with the time it took', async () => {
    const clock = new VirtualClock()
    const server = await answering(() => clock.advanceNow(700))
    const result = await check(server, { timeoutMs: 700, clock })
    expect(result).toMatchObject({ code: 'L7TOUT', durationMs: 700 })
    expect(result.message).toBe('waiting for the answer: longer than 700 ms')
    await allClosed(server)
  })
})

describe('what an HTTP check refuses', () => {
  it.each<[string, object]>([
    ['options.url', { url: '/' }],
    ['options.method', { method: 'get' }],
    ['options.method', { method: 'CONNECT' }],
    ['options.method', { method: 7 }],
    ['options.path', { path: 'health' }],
    ['options.path', { path: '/a b' }],
    ['options.path', { path: '/a\r\nX: y' }],
    ['options.path', { path: 7 }],
    ['options.host', { host: '' }],
    ['options.host', { host: 'a\r\nX: y' }],
    ['options.host', { host: 7 }],
    ['options.headers', { headers: 'X: y' }],
    ['options.headers.Host', { headers: { Host: 'a' } }],
    ['options.headers.content-length', { headers: { 'content-length': '1' } }],
    ['options.headers.X Y', { headers: { 'X Y': 'z' } }],
    ['options.headers.X', { headers: { X: 'a\r\nb' } }],
    ['options.headers.X', { headers: { X: 7 } }],
    ['options.expect', { expect: 200 }],
    ['options.expect.code', { expect: { code: 200 } }],
    ['options.expect.status', { expect: { status: 20 } }],
    ['options.expect.body', { expect: { body: '' } }],
    ['options.expect.body', { expect: { body: 7 } }],
    ['options.expect.headers', { expect: { headers: [] } }],
    ['options.expect.headers.x', { expect: { headers: { x: false } } }],
    ['options.maxBodyBytes', { maxBodyBytes: 0 }],
    ['options.timeoutMs', { timeoutMs: 1.5 }],
    ['options.clock', { clock: 'now' }],
  ])('%s of %j', (field, options) => {
    expect(() => httpCheck(options as HttpCheckOptions)).toThrow(
      expect.objectContaining({
        code: 'EVENER_INVALID_OPTION',
        message: expect.stringContaining(`${field} is `),
      }),
    )
  })
})

it('five hundred checks of all kinds leave nothing behind', async () => {
  const good = await answering((_, response) => response.end('ready'))
  const slow = await rawServer(socket => socket.write('HTTP/1.1 200 OK\r\n\r\nrea'))
  const bad = await saying('rubbish')
  const checker = httpCheck({ expect: { body: 'ready' } })
  const controller = new AbortController()
  const checks = (server: Server) =>
    Array.from({ length: 50 }, () => checker.check(targetOf(server), controller.signal))
  const slowOnes = checks(slow)
  for (let round = 0; round < 5; round++) {
    const codes = (await Promise.all([...checks(good), ...checks(bad)])).map(({ code }) => code)
    expect(codes.filter(code => code === 'L7OK')).toHaveLength(50)
    expect(codes.filter(code => code === 'L7RSP')).toHaveLength(50)
  }
  controller.abort()
  expect(new Set((await Promise.all(slowOnes)).map(({ code }) => code))).toEqual(new Set(['L7TOUT']))
  await Promise.all([good, slow, bad].map(allClosed))
})
