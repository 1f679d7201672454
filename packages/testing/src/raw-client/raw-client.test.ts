import { createServer, type Server } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { answer } from '../behaviours/answer.ts'
import { raw } from '../behaviours/raw.ts'
import { stall } from '../behaviours/stall.ts'
import { type FakeServer, fakeServer } from '../fake-server/fake-server.ts'
import { testCertificate } from '../test-certificate.ts'
import { followsPattern } from '../wire/pattern.ts'
import { rawClient } from './raw-client.ts'
import { get, request } from './request.ts'

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
let server: FakeServer
afterEach(() => server.close())

/** What a strict reading makes of these bytes. */
async function reading(bytes: string, method = 'GET') {
  server = await fakeServer({ behave: raw(bytes, { afterwards: 'close' }) })
  const client = await rawClient({ port: server.port })
  await client.send(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`)
  const response = await client.readResponse({ method })
  return { response, rest: (await client.readUntilClose()).toString() }
}

describe('rawClient', () => {
  test('reads several responses in order over one connection', async () => {
    server = await fakeServer({ name: 'app1' })
    server.script([answer({ body: 'one' }), answer({ body: 'two', chunked: true }), answer({ status: 204 })])
    const client = await rawClient({ port: server.port })
    await client.send(GET + GET + GET)
    const all = [await client.readResponse(), await client.readResponse(), await client.readResponse()]
    expect(all.map(each => [each.status, each.text, each.complete])).toEqual([
      [200, 'one', true],
      [200, 'two', true],
      [204, '', true],
    ])
    expect(all[0]!.header('x-SERVER')).toBe('app1')
    expect(all[0]!.rawHead).toBe('HTTP/1.1 200 OK\r\nX-Server: app1\r\nContent-Length: 3\r\n\r\n')
    expect(server.totalConnections).toBe(1)
    client.destroy()
  })

  test('collects interim responses and trailers', async () => {
    server = await fakeServer({
      behave: answer({
        informational: [{ status: 103, headers: { Link: '</a.css>' } }, { status: 103 }],
        trailers: { 'X-Sum': ['1', '2'] },
        body: 'abc',
      }),
    })
    const response = await get(server.port)
    expect(response.informational.map(each => each.status)).toEqual([103, 103])
    expect(response.informational[0]!.headers).toEqual([['Link', '</a.css>']])
    expect(response.trailers).toEqual([
      ['X-Sum', '1'],
      ['X-Sum', '2'],
    ])
  })

  test('knows that an answer to HEAD has no body, whatever its length says', async () => {
    const { response, rest } = await reading('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', 'HEAD')
    expect([response.complete, response.bodyBytes, rest]).toEqual([true, 0, ''])
  })

  test('knows that an answer to CONNECT is followed by a tunnel', async () => {
    const { response, rest } = await reading('HTTP/1.1 200 OK\r\n\r\nbytes', 'CONNECT')
    expect([response.complete, rest]).toEqual([true, 'bytes'])
  })

  test('reads up to the end of the connection where the body has no other end', async () => {
    const { response } = await reading('HTTP/1.0 200 OK\r\n\r\nall of this')
    expect([response.version, response.text, response.complete]).toEqual(['HTTP/1.0', 'all of this', true])
    await server.close()
    const coded = await reading('HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nall of this')
    expect(coded.response.framing).toEqual({ kind: 'until-close' })
  })

  test('a body that ends too early is told as such, by FIN or by RST', async () => {
    const { response } = await reading('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf')
    expect(response).toMatchObject({ complete: false, broken: 'end', bodyBytes: 4 })
    server.behave(raw('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf', { afterwards: 'reset' }))
    const reset = await get(server.port)
    expect(reset).toMatchObject({ complete: false, broken: 'reset' })
    expect(reset.text).toBe('half')
  })

  test.each([
    ['a chunk size that is none', 'xyz\r\n'],
    ['a chunk longer than it said', '1\r\nab\r\n0\r\n\r\n'],
    ['a chunk size with a bare line feed', '1\na\r\n0\r\n\r\n'],
    ['a negative chunk size', '-1\r\n\r\n'],
  ])('refuses %s', async (_name, body) => {
    const work = reading(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body}`)
    await expect(work).rejects.toMatchObject({ code: 'EVENER_MALFORMED_MESSAGE' })
  })

  test.each([
    ['in a chunk size', '4'],
    ['in chunk data', '4\r\nab'],
    ['after chunk data', '4\r\nabcd'],
    ['in trailers', '0\r\nX-A: 1\r\n'],
  ])('a chunked body that breaks off %s is not complete', async (_name, body) => {
    const { response } = await reading(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body}`)
    expect(response).toMatchObject({ complete: false, broken: 'end' })
  })

  test.each([
    ['no status line', 'hello\r\n\r\n'],
    ['another version', 'HTTP/2.0 200 OK\r\n\r\n'],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n'],
    ['status 099', 'HTTP/1.1 099 OK\r\n\r\n'],
    ['a control character in the reason', 'HTTP/1.1 200 O\u0001K\r\n\r\n'],
    ['a bare line feed', 'HTTP/1.1 200 OK\nA: b\r\n\r\n'],
    ['a folded header', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n'],
    ['a header without a colon', 'HTTP/1.1 200 OK\r\nA\r\n\r\n'],
    ['a blank before the colon', 'HTTP/1.1 200 OK\r\nA : b\r\n\r\n'],
    ['a NUL in a header', 'HTTP/1.1 200 OK\r\nA: b\u0000\r\n\r\n'],
    ['two lengths that differ', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    ['a length that is no number', 'HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na'],
    [
      'length and chunked',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['chunked in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a length in a 204', 'HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n'],
    ['a coding in a 103', 'HTTP/1.1 103 Hint\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ])('refuses %s', async (_name, bytes) => {
    await expect(reading(bytes)).rejects.toMatchObject({ code: 'EVENER_MALFORMED_MESSAGE' })
  })

  test('says how the connection ended where a response was expected', async () => {
    server = await fakeServer()
    server.script([
      raw('', { afterwards: 'close' }),
      raw('HTTP/1.1 20', { afterwards: 'close' }),
      raw('', { afterwards: 'reset' }),
    ])
    await expect(get(server.port)).rejects.toThrow('closed before a response')
    await expect(get(server.port)).rejects.toThrow('closed after "HTTP/1.1 20"')
    await expect(get(server.port)).rejects.toMatchObject({
      code: 'EVENER_CONNECTION_GONE',
      message: expect.stringContaining('reset before a response'),
    })
  })

  test('gives up waiting at its deadline, and says for what', async () => {
    server = await fakeServer({ behave: stall('mid-body') })
    const client = await rawClient({ port: server.port, timeoutMs: 20 })
    await client.send(GET)
    await expect(client.readResponse()).rejects.toThrow('waited 20 ms for more than 100 bytes of body')
    client.destroy()
  })

  test('`closed` tells a FIN from a RST', async () => {
    server = await fakeServer()
    server.script([answer({ keepAlive: false }), raw('', { afterwards: 'reset' })])
    const [one, two] = [await rawClient({ port: server.port }), await rawClient({ port: server.port })]
    await one.send(GET)
    expect(await one.closed).toBe('end')
    expect(one.ended).toBe(true)
    expect((await one.readResponse()).complete).toBe(true)
    await two.send(GET)
    expect(await two.closed).toBe('reset')
    expect(await two.readUntilClose()).toHaveLength(0)
  })

  test('a client that resets is seen to reset, one that ends to end', async () => {
    server = await fakeServer({ behave: stall('before-head') })
    const reset = await rawClient({ port: server.port })
    await reset.send(GET)
    await server.waitFor(1)
    const failure = new Promise(resolve => server.connections[0]!.socket.once('error', resolve))
    reset.reset()
    expect(await failure).toMatchObject({ code: 'ECONNRESET' })
    const ended = await rawClient({ port: server.port })
    await ended.send(GET)
    await server.waitFor(2)
    ended.end()
    await server.waitFor(({ requests }) => requests[1]?.aborted)
    expect(await ended.closed).toBe('end')
  })

  test('sending to a server that is gone fails with a code', async () => {
    server = await fakeServer({ behave: raw('', { afterwards: 'reset' }) })
    const client = await rawClient({ port: server.port })
    await client.send(GET)
    await client.closed
    await expect(client.send(GET)).rejects.toMatchObject({ code: 'EVENER_CONNECTION_GONE' })
  })

  test('a paused client takes nothing, so that the server is held back', async () => {
    const bytes = 50_000_000
    server = await fakeServer({ behave: answer({ body: { bytes } }) })
    const client = await rawClient({ port: server.port })
    client.pause()
    await client.send(GET)
    const socket = await server.waitFor(({ connections }) => connections[0]?.socket)
    await server.waitFor(({ requests }) => requests[0]?.complete)
    await new Promise<void>(resolve => setImmediate(resolve))
    expect(socket.bytesWritten).toBeLessThan(bytes)
    expect(client.unread).toBeLessThan(200_000)
    client.resume()
    let intact = true
    const response = await client.readResponse({
      keepBodyBytes: 10,
      onPiece: (piece, offset) => {
        intact &&= followsPattern(piece, offset)
      },
    })
    expect(response).toMatchObject({ bodyBytes: bytes, complete: true })
    expect(response.body).toHaveLength(10)
    expect(intact).toBe(true)
    client.destroy()
  })

  test('a half-open client can go on sending after the server has ended', async () => {
    server = await fakeServer({ behave: answer({ keepAlive: false }) })
    const client = await rawClient({ port: server.port, halfOpen: true })
    await client.send(GET)
    await client.readResponse()
    expect(await client.closed).toBe('end')
    await client.send(GET)
    expect(await server.waitFor(2)).toMatchObject({ afterClose: true, answered: false })
    client.end()
  })

  test('readBytes wants exactly so many', async () => {
    server = await fakeServer({ behave: raw('abcdef', { afterwards: 'close' }) })
    const client = await rawClient({ port: server.port })
    await client.send(GET)
    expect((await client.readBytes(4)).toString()).toBe('abcd')
    await expect(client.readBytes(3)).rejects.toThrow('after 2 of 3 bytes')
  })

  test('a refused connect, and a name missing in the certificate, are errors at once', async () => {
    server = await fakeServer({ tls: testCertificate })
    const tls = { ca: testCertificate.cert, servername: 'elsewhere.test' }
    await expect(rawClient({ port: server.port, tls })).rejects.toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    })
    await server.refuse()
    await expect(get(server.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('a handshake that nobody answers ends at the deadline', async () => {
    server = await fakeServer()
    const silent: Server = createServer(() => {})
    await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as { port: number }
    const work = rawClient({ port, tls: {}, timeoutMs: 20 })
    await expect(work).rejects.toThrow('not connected within 20 ms')
    silent.close()
  })

  test('refuses options that it does not know, and a missing port', async () => {
    server = await fakeServer()
    await expect(rawClient({ ports: 1 } as object)).rejects.toThrow('option ports')
    await expect(rawClient({})).rejects.toThrow('port is undefined')
    await expect(request(server.port, { path: '/' } as object)).rejects.toThrow('option path')
  })
})

describe('request', () => {
  test('sends what it is told, with framing of its own', async () => {
    server = await fakeServer()
    await request(server.port, {
      method: 'PUT',
      target: '/a?b',
      body: 'text',
      headers: { host: 'x', 'X-A': ['1', '2'] },
    })
    expect(server.requests[0]!.rawHead).toBe(
      'PUT /a?b HTTP/1.1\r\nConnection: close\r\nContent-Length: 4\r\nhost: x\r\nX-A: 1\r\nX-A: 2\r\n\r\n',
    )
    await request(server.port, { method: 'POST', body: { bytes: 10 } })
    expect(server.requests[1]!.bodyBytes).toBe(10)
    await request(server.port, { method: 'POST', body: { bytes: 100_000 }, trailers: { 'X-End': 'yes' } })
    expect(server.requests[2]).toMatchObject({ bodyBytes: 100_000, trailers: [['X-End', 'yes']] })
    await request(server.port, { method: 'POST', chunked: true })
    expect(server.requests[3]).toMatchObject({ bodyBytes: 0, complete: true, framing: { kind: 'chunked' } })
  })
})
