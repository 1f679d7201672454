/** Where and how checks connect, where that is not as their target is. */
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttp2Server, createSecureServer } from 'node:http2'
import { createServer, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import { describe, expect, it } from 'vitest'
import type { ConnectOptions } from './connect.ts'
import type { Target } from './contract.ts'
import { type HttpCheckOptions, httpCheck } from './http-check.ts'
import { tcpCheck, tlsCheck } from './tcp-check.ts'
import { allClosed, certificate, deadTarget, hex, key, listen, patience, targetOf } from './test-support.ts'

const preamble = Buffer.from('PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n')

/** What a server hears first. */
async function heard(connect: ConnectOptions, more: Partial<Target> = {}): Promise<string> {
  let first: (bytes: string) => void
  const seen = new Promise<string>(resolve => {
    first = resolve
  })
  const server = await listen(
    createServer(socket => {
      socket.once('data', piece => first(piece.toString('latin1')))
      socket.once('close', () => first(''))
    }),
  )
  const target = targetOf(server, more)
  await tcpCheck({ connect, timeoutMs: 2000 }).check(target, patience())
  return seen
}

describe('the PROXY header of a check', () => {
  it.each<[ConnectOptions, string]>([
    [{}, preamble.toString()],
    [{ sendProxy: true }, preamble.toString()],
    [{ sendProxy: false }, ''],
    [{ sendProxy: 'v1' }, 'PROXY UNKNOWN\r\n'],
    [{ sendProxy: 'v2' }, hex('0d0a0d0a000d0a515549540a 20000000').toString('latin1')],
    [{ sendProxy: Buffer.from('hi') }, 'hi'],
    [{ host: '127.0.0.1' }, ''],
    [{ host: '127.0.0.1', sendProxy: true }, preamble.toString()],
  ])('%o', async (connect, expected) => {
    expect(await heard(connect, { preamble })).toBe(expected)
  })
  it('is nobody’s where the target has none', async () => {
    expect(await heard({ sendProxy: true })).toBe('PROXY UNKNOWN\r\n')
  })
})

describe('the connection of a check', () => {
  it('goes to another port, in plain, unless told otherwise', async () => {
    const server = await listen(createServer())
    const { port } = targetOf(server)
    const target = { ...(await deadTarget()), tls: {} }
    expect(await tcpCheck({ connect: { port } }).check(target, patience())).toMatchObject({ code: 'L4OK' })
    expect(await tcpCheck({ connect: { port: () => port } }).check(target, patience())).toMatchObject({
      code: 'L4OK',
    })
    expect(await tcpCheck().check(target, patience())).toMatchObject({ code: 'L4CON' })
    await allClosed(server)
  })
  it('has a name and protocols of its own', async () => {
    const seen: unknown[] = []
    const server = await listen(
      createTlsServer({ cert: certificate, key, ALPNProtocols: ['b', 'a'] }, (socket: TLSSocket) => {
        seen.push([socket.servername, socket.alpnProtocol])
      }),
    )
    const target = targetOf(server, { tls: { ca: certificate } })
    const connect = { servername: 'app.test', alpn: ['a', 'c'] }
    const check = tcpCheck({ connect })
    expect(await check.check(target, patience())).toMatchObject({ code: 'L6OK' })
    expect(await check.check(target, patience())).toMatchObject({ code: 'L6OK' })
    await expect
      .poll(() => seen)
      .toEqual([
        ['app.test', 'a'],
        ['app.test', 'a'],
      ])
  })
  it('ends by a reset where told so', async () => {
    const codes: unknown[] = []
    const server = await listen(
      createServer((socket: Socket) => {
        socket.resume().on('error', (error: NodeJS.ErrnoException) => codes.push(error.code))
      }),
    )
    await tcpCheck({ connect: { closesWithReset: true } }).check(targetOf(server), patience())
    await expect.poll(() => codes).toEqual(['ECONNRESET'])
  })
})

describe('a check by a TLS handshake', () => {
  it('of a target that is passed through is L6OK, whoever vouches for it', async () => {
    const server = await listen(createTlsServer({ cert: certificate, key }))
    expect(await tlsCheck().check(targetOf(server), patience())).toMatchObject({ code: 'L6OK' })
    expect(tlsCheck().name).toBe('tls')
    const strict = tlsCheck({ connect: { tls: {} } })
    expect(await strict.check(targetOf(server), patience())).toMatchObject({ code: 'L6RSP' })
    await allClosed(server)
  })
  it('of what speaks no TLS is L6RSP', async () => {
    const server = await listen(createServer(socket => socket.end('220 mail.test\r\n')))
    expect(await tlsCheck().check(targetOf(server), patience())).toMatchObject({ code: 'L6RSP' })
  })
  it('refuses what it does not know', () => {
    expect(() => tlsCheck({ verify: true } as never)).toThrow('options.verify')
  })
})

describe('an HTTP check over HTTP/2', () => {
  const answer = (
    _: unknown,
    response: { writeHead(code: number, head: object): void; end(body: string): void },
  ) => {
    response.writeHead(200, { 'x-state': 'fine' })
    response.end('ready')
  }
  const expected: HttpCheckOptions = {
    method: 'GET',
    expect: { headers: { 'x-state': 'fine' }, body: 'ready' },
  }

  it('by ALPN, or as it is told, is L7OK', async () => {
    const server = await listen(
      createSecureServer({ cert: certificate, key, allowHTTP1: true }, answer as never),
    )
    const versions: string[] = []
    server.on('request', (request: { httpVersion: string }) => versions.push(request.httpVersion))
    const target = targetOf(server, { tls: { ca: certificate } })
    for (const more of [
      {},
      { protocol: 'h2' } as const,
      { connect: { alpn: ['h2', 'http/1.1'] } },
      { connect: { alpn: ['http/1.1'] } },
    ]) {
      expect(await httpCheck({ ...expected, ...more }).check(target, patience())).toMatchObject({
        code: 'L7OK',
        status: 200,
      })
    }
    expect(versions).toEqual(['1.1', '2.0', '2.0', '1.1'])
    await allClosed(server)
  })
  it('without TLS is L7OK, and L7RSP where the server speaks HTTP/1.1', async () => {
    const server = await listen(createHttp2Server(answer as never))
    const check = httpCheck({ ...expected, protocol: 'h2' })
    expect(await check.check(targetOf(server), patience())).toMatchObject({
      code: 'L7OK',
      message: '200, body as expected',
    })
    await allClosed(server)
    const old = await listen(createHttpServer(answer as never))
    expect(await check.check(targetOf(old), patience())).toMatchObject({ code: 'L7RSP' })
  })
  it('tells a body that is none, a reset, and a session that ends', async () => {
    const server = await listen(
      createHttp2Server((request, response) => {
        if (request.url === '/reset') request.stream.close(8)
        else if (request.url === '/destroy') request.stream.session?.destroy()
        else response.end('sick')
      }),
    )
    const check = (path: string) =>
      httpCheck({ ...expected, expect: { body: 'ready' }, path, protocol: 'h2' })
    const codes: string[] = []
    for (const path of ['/', '/reset', '/destroy']) {
      codes.push((await check(path).check(targetOf(server), patience())).code)
    }
    expect(codes).toEqual(['L7RSP', 'L7RSP', 'L7RSP'])
    await allClosed(server)
  })
})

describe('an HTTP check', () => {
  it('tells the server how it is seen, and takes 404 for a good-bye', async () => {
    let seen: unknown
    const server = await listen(
      createHttpServer((request, response) => {
        seen = request.headers['x-haproxy-server-state']
        response.writeHead(404).end()
      }),
    )
    const state = {
      state: 'NOLB',
      address: '10.0.0.1',
      port: 80,
      weight: [1, 2],
      connections: [13, 22],
      queued: 0,
      throttlePercent: 50,
    } as const
    const check = httpCheck({ disableOn404: true, sendState: () => state })
    expect(await check.check(targetOf(server), patience())).toMatchObject({
      ok: true,
      code: 'L7OKC',
      status: 404,
    })
    expect(seen).toBe('NOLB; address=10.0.0.1; port=80; weight=1/2; scur=13/22; qcur=0; throttle=50%')
  })
  it('tells it as the target says where told so, and nothing where nobody knows', async () => {
    const heard: unknown[] = []
    const server = await listen(
      createHttpServer((request, response) => {
        heard.push(request.headers['x-haproxy-server-state'])
        response.end()
      }),
    )
    const check = httpCheck({ sendState: true })
    const state = { state: 'UP', address: 'unix', port: 'unix', backend: 'app', maxConnections: 3 } as const
    await check.check({ ...targetOf(server), seen: () => state }, patience())
    await check.check(targetOf(server), patience())
    expect(heard).toEqual(['UP; address=unix; port=unix', undefined])
  })
  it.each<[string, object]>([
    ['options.protocol', { protocol: 'h3' }],
    ['options.connect', { connect: 'there' }],
    ['options.connect.port', { connect: { port: 70_000 } }],
    ['options.disableOn404', { disableOn404: 'yes' }],
    ['options.sendState', { sendState: {} }],
  ])('refuses %s of %j', (field, options) => {
    expect(() => httpCheck(options as HttpCheckOptions)).toThrow(`${field} is `)
  })
})
