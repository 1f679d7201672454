import { randomUUID } from 'node:crypto'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { answer } from '../behaviours/answer.ts'
import { echo } from '../behaviours/echo.ts'
import { raw } from '../behaviours/raw.ts'
import { reset } from '../behaviours/reset.ts'
import { stall } from '../behaviours/stall.ts'
import { type RawClient, rawClient } from '../raw-client/raw-client.ts'
import { get, request } from '../raw-client/request.ts'
import { testCertificate } from '../test-certificate.ts'
import { patternBytes } from '../wire/pattern.ts'
import { type FakeServer, fakeServer } from './fake-server.ts'

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const servers: FakeServer[] = []
const clients: RawClient[] = []

async function start(options: Parameters<typeof fakeServer>[0] = {}) {
  const server = await fakeServer(options)
  servers.push(server)
  return server
}

async function connect(server: FakeServer, halfOpen = false) {
  const client = await rawClient({ port: server.port, halfOpen })
  clients.push(client)
  return client
}

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy()
  await Promise.all(servers.splice(0).map(server => server.close()))
})

describe('a fake server records', () => {
  test('a request byte for byte', async () => {
    const server = await start()
    const client = await connect(server)
    const head = 'post  /x?y=1#z HTTP/1.1\r\nhOst: a\r\nX-Odd:\t1 \r\nx-odd: 2\r\nContent-Length: 3\r\n\r\n'
    await client.send(`${head}abc`)
    const seen = await server.waitFor(({ requests }) => requests[0]?.answered && requests[0])
    expect(seen.rawHead).toBe(head)
    expect(seen.headers.slice(0, 3)).toEqual([
      ['hOst', 'a'],
      ['X-Odd', '1'],
      ['x-odd', '2'],
    ])
    expect(seen.header('X-ODD')).toBe('1, 2')
    expect(seen.header('missing')).toBeUndefined()
    expect(seen).toMatchObject({ method: 'post', complete: true, aborted: false, connection: 1 })
    expect(seen.body.toString()).toBe('abc')
  })

  test('method, target, and version as they stand between single blanks', async () => {
    const server = await start()
    await get(server.port, '/a/../b%2f?c')
    expect(server.requests[0]).toMatchObject({ method: 'GET', target: '/a/../b%2f?c', version: 'HTTP/1.1' })
  })

  test('what follows a request as a further request: so smuggling shows', async () => {
    const server = await start()
    const client = await connect(server)
    await client.send(
      'POST /first HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello\r\nGET /smuggled HTTP/1.1\r\n\r\n',
    )
    await server.waitFor(2)
    expect(server.requests.map(each => [each.target, each.connection])).toEqual([
      ['/first', 1],
      ['/smuggled', 1],
    ])
    expect((await client.readResponse()).status).toBe(200)
    expect((await client.readResponse()).status).toBe(200)
  })

  test('what follows even after an answer that closes the connection', async () => {
    const server = await start({ behave: answer({ keepAlive: false }) })
    const client = await connect(server)
    await client.send(`GET /first HTTP/1.1\r\n\r\nPOST /smuggled HTTP/1.1\r\nContent-Length: 2\r\n\r\nab`)
    const second = await server.waitFor(({ requests }) => requests[1]?.complete && requests[1])
    expect(second).toMatchObject({ target: '/smuggled', afterClose: true, answered: false })
    expect(second.body.toString()).toBe('ab')
    expect((await client.readResponse()).header('connection')).toBe('close')
    expect(await client.readUntilClose()).toHaveLength(0)
  })

  test('a head that broke off', async () => {
    const server = await start()
    const client = await connect(server)
    await client.send('GET /half HTTP/1.1\r\nHost')
    client.end()
    const seen = await server.waitFor(({ requests }) => requests[0]?.aborted && requests[0])
    expect(seen).toMatchObject({ complete: false, rawHead: 'GET /half HTTP/1.1\r\nHost', answered: false })
    await server.waitFor(({ openConnections }) => openConnections === 0)
    const other = await connect(server)
    await other.send('GE')
    other.end()
    expect(await server.waitFor(2)).toMatchObject({ method: 'GE', aborted: true })
  })

  test('a transfer coding before a length, as RFC 9112 has it, and the first of several lengths', async () => {
    const server = await start()
    const client = await connect(server)
    await client.send(
      'POST /te HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: Chunked\r\n\r\n2;x=y\r\nab\r\n0\r\nX-T: 1\r\n\r\n',
    )
    await client.send('POST /cl HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 4\r\n\r\nab')
    await client.send('POST /gzip HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n')
    await server.waitFor(({ requests }) => requests[2]?.answered)
    expect(server.requests.map(each => [each.target, each.body.toString()])).toEqual([
      ['/te', 'ab'],
      ['/cl', 'ab'],
      ['/gzip', ''],
    ])
    expect(server.requests[0]!.trailers).toEqual([['X-T', '1']])
  })

  test('heads that no server should accept', async () => {
    const server = await start()
    const client = await connect(server)
    await client.send('GET\nfolded: a\n  b\nnocolon\nblank : x\n\n')
    const seen = await server.waitFor(1)
    expect(seen.headers).toEqual([
      ['folded', 'a b'],
      ['nocolon', ''],
      ['blank', 'x'],
    ])
    expect(seen).toMatchObject({ method: 'GET', target: '', version: '' })
  })

  test('chunks that are none, and answers 400', async () => {
    const server = await start()
    const client = await connect(server)
    await client.send('POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n')
    expect((await client.readResponse()).status).toBe(400)
    expect(server.requests[0]!.malformed).toContain('nonsense')
  })

  test('a large body by its size and digest, keeping only so much', async () => {
    const server = await start({ keepBodyBytes: 1000, digest: true })
    await request(server.port, { method: 'POST', body: { bytes: 1_000_000 } })
    const { createHash } = await import('node:crypto')
    const expected = createHash('sha256').update(patternBytes(1_000_000)).digest('hex')
    expect(server.requests[0]).toMatchObject({ bodyBytes: 1_000_000, sha256: expected })
    expect(server.requests[0]!.body.equals(patternBytes(1000))).toBe(true)
  })

  test('only the last requests where it is told so, and counts them all', async () => {
    const server = await start({ keepRequests: 2 })
    for (const target of ['/1', '/2', '/3']) await get(server.port, target)
    expect(server.requests.map(each => each.target)).toEqual(['/2', '/3'])
    expect(server.totalRequests).toBe(3)
    expect((await server.waitFor(3)).target).toBe('/3')
    server.forget()
    expect([server.totalRequests, server.requests.length]).toEqual([0, 0])
    await get(server.port, '/4')
    expect((await server.waitFor('request')).target).toBe('/4')
  })

  test('an upload that its client gave up', async () => {
    const server = await start()
    const client = await connect(server)
    await client.send('POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf')
    await server.waitFor(({ requests }) => requests[0]?.bodyBytes === 4)
    client.reset()
    const seen = await server.waitFor(({ requests }) => requests[0]?.aborted && requests[0])
    expect(seen.complete).toBe(false)
    await server.waitFor(({ openConnections }) => openConnections === 0)
  })

  test('a client that went while it waited, and lets go of the connection', async () => {
    const server = await start({ behave: answer({ delayUntil: new Promise(() => {}) }) })
    const client = await connect(server)
    await client.send(GET + GET)
    await server.waitFor(({ requests }) => requests[0]?.complete)
    client.destroy()
    await server.waitFor(({ requests }) => requests[0]?.aborted && requests[1]?.aborted)
    await server.waitFor(({ openConnections }) => openConnections === 0)
  })
})

describe('a fake server behaves', () => {
  test('as its script says, request by request, then as by default', async () => {
    const server = await start({ name: 'app1' })
    server.script([answer({ status: 503, reason: '' }), answer({ body: Buffer.from('second') })])
    expect(server.unscripted).toBe(2)
    expect((await get(server.port)).status).toBe(503)
    expect((await get(server.port)).text).toBe('second')
    expect((await get(server.port)).text).toBe('app1')
    server.behave(answer({ body: 'from now on' }))
    expect((await get(server.port)).text).toBe('from now on')
  })

  test('as a function says, which may pass a request on to another behaviour', async () => {
    const server = await start()
    server.behave(({ target }) => (target === '/echo' ? echo() : answer({ body: target })))
    expect((await get(server.port, '/other')).text).toBe('/other')
    expect((await request(server.port, { method: 'POST', target: '/echo', body: 'abc' })).text).toBe('abc')
  })

  test('by hand, through the connection', async () => {
    const server = await start({
      behave: async (incoming, connection) => {
        await incoming.readBody()
        await connection.write(`HTTP/1.1 200 OK\r\nContent-Length: ${incoming.bodyBytes}\r\n\r\n`)
        await connection.write(incoming.body)
        incoming.answered = true
      },
    })
    expect((await request(server.port, { method: 'POST', body: 'by hand' })).text).toBe('by hand')
  })

  test('a behaviour that throws fails the test when the server is closed', async () => {
    const server = await fakeServer({
      behave: () => {
        throw new Error('a mistake in the test')
      },
    })
    await expect(get(server.port)).rejects.toMatchObject({ code: 'EVENER_CONNECTION_GONE' })
    expect(server.errors).toHaveLength(1)
    await expect(server.close()).rejects.toThrow('a mistake in the test')
  })

  test("with Node's own client", async () => {
    const server = await start({ name: 'app1' })
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    const ask = () =>
      new Promise<string>((resolve, reject) => {
        const outgoing = http.get({ port: server.port, host: '127.0.0.1', agent }, async response => {
          let text = ''
          for await (const piece of response) text += piece
          resolve(`${response.statusCode} ${text}`)
        })
        outgoing.on('error', reject)
      })
    expect(await Promise.all([ask(), ask(), ask()])).toEqual(['200 app1', '200 app1', '200 app1'])
    expect(server.totalConnections).toBe(1)
    agent.destroy()
    await server.waitFor(({ openConnections }) => openConnections === 0)
  })
})

describe('a fake server listens', () => {
  test('refuses and accepts again on the same port, leaving open connections alone', async () => {
    const server = await start()
    const { port } = server
    const client = await connect(server)
    await server.refuse()
    await expect(get(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await client.send(GET)
    expect((await client.readResponse()).status).toBe(200)
    await server.accept()
    await server.accept()
    expect(server.port).toBe(port)
    expect((await get(port)).status).toBe(200)
  })

  test('on a port outside the range that outgoing connections are given', async () => {
    const server = await start()
    expect(server.port).toBeGreaterThanOrEqual(15_000)
    expect(server.port).toBeLessThan(32_000)
  })

  test('a killed server resets what it had in hand and can come back', async () => {
    const server = await start({ behave: stall('mid-body') })
    const client = await connect(server)
    await client.send(GET)
    const head = await client.readHead()
    await server.kill()
    expect(await client.readBody(head)).toMatchObject({ complete: false, broken: 'reset' })
    await expect(get(server.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    server.behave(answer())
    await server.accept()
    expect((await get(server.port)).status).toBe(200)
  })

  test('a frozen server completes connects, reads nothing, and goes on when thawed', async () => {
    const server = await start()
    const before = await connect(server)
    await server.waitFor(({ openConnections }) => openConnections === 1)
    await server.freeze()
    await server.freeze()
    const during = await connect(server)
    await before.send(GET)
    await during.send(GET)
    await server.waitFor(({ openConnections }) => openConnections === 2)
    await new Promise<void>(resolve => setImmediate(resolve))
    expect(server.totalRequests).toBe(0)
    await server.thaw()
    await server.thaw()
    expect((await before.readResponse()).status).toBe(200)
    expect((await during.readResponse()).status).toBe(200)
  })

  test('frozen with pipelined requests in hand, it does not go on to the next', async () => {
    const server = await start()
    server.behave(async () => {
      await server.freeze()
      return answer()
    })
    const client = await connect(server)
    await client.send(GET + GET)
    await server.waitFor(({ requests }) => requests[0]?.complete)
    await new Promise<void>(resolve => setImmediate(resolve))
    expect([server.totalRequests, client.unread]).toEqual([1, 0])
    server.behave(answer())
    await server.thaw()
    expect((await client.readResponse()).status).toBe(200)
    expect((await client.readResponse()).status).toBe(200)
  })

  test('frozen in the middle of an answer, it writes no more of it', async () => {
    let goOn = () => {}
    const signal = new Promise<void>(resolve => {
      goOn = resolve
    })
    const server = await start({ behave: raw(['HTTP/1.1 200 OK\r\n', signal, 'Content-Length: 0\r\n\r\n']) })
    const client = await connect(server)
    await client.send(GET)
    await client.readBytes(17)
    await server.freeze()
    goOn()
    await new Promise<void>(resolve => setImmediate(resolve))
    expect(client.unread).toBe(0)
    await server.thaw()
    expect((await client.readBytes(21)).toString()).toBe('Content-Length: 0\r\n\r\n')
  })

  test('a connection given up while the server was frozen, and one reset, are let go', async () => {
    const server = await start()
    await server.freeze()
    const client = await connect(server)
    await server.waitFor(({ openConnections }) => openConnections === 1)
    server.resetConnections()
    await client.closed
    await server.thaw()
    expect(server.openConnections).toBe(0)
  })

  test('over IPv6', async context => {
    const server = await start({ host: '::1' }).catch(error => {
      if (error.code === 'EADDRNOTAVAIL') context.skip('no IPv6 on this machine')
      throw error
    })
    expect(server.address).toBe(`[::1]:${server.port}`)
    expect((await request(server.port, { host: '::1' })).status).toBe(200)
    expect(server.requests[0]!.header('host')).toBe(server.address)
  })

  test('over a unix socket, where a reset is a close', async () => {
    const path = join(tmpdir(), `evener-${randomUUID()}.sock`)
    const server = await start({ path, name: 'unix' })
    server.script([answer(), reset('before-head')])
    const client = await rawClient({ path })
    clients.push(client)
    await client.send(GET)
    expect((await client.readResponse()).text).toBe('unix')
    expect([server.address, server.port]).toEqual([path, 0])
    await client.send(GET)
    await client.closed
    const other = await rawClient({ path })
    other.reset()
    await server.refuse()
    await expect(rawClient({ path })).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('over TLS, also when the handshake fails or the server is frozen in front of it', async () => {
    const server = await start({ tls: testCertificate, name: 'secure' })
    const tls = { ca: testCertificate.cert, servername: 'localhost' }
    expect((await request(server.port, { tls })).text).toBe('secure')
    const plain = await connect(server)
    await plain.send('GET / HTTP/1.1\r\n\r\n')
    await plain.closed
    await server.freeze()
    const work = request(server.port, { tls })
    await server.waitFor(({ openConnections }) => openConnections === 1)
    await server.thaw()
    expect((await work).text).toBe('secure')
    await server.waitFor(({ openConnections }) => openConnections === 0)
    expect(server.totalRequests).toBe(2)
  })

  test('over TLS it resets too: before the handshake, and in mid-answer', async () => {
    const server = await start({ tls: testCertificate })
    const tls = { ca: testCertificate.cert, servername: 'localhost' }
    server.script([reset('on-accept'), reset('mid-body')])
    await expect(rawClient({ port: server.port, tls })).rejects.toMatchObject({ code: 'ECONNRESET' })
    const client = await rawClient({ port: server.port, tls })
    clients.push(client)
    await client.send(GET)
    expect(await client.readResponse()).toMatchObject({ complete: false, broken: 'reset' })
    const other = await rawClient({ port: server.port, tls })
    await server.waitFor(({ openConnections }) => openConnections === 1)
    other.reset()
    await server.waitFor(({ openConnections }) => openConnections === 0)
  })

  test('a client that goes as soon as its TLS handshake is done is let go', async () => {
    const server = await start({ tls: testCertificate })
    const tls = { ca: testCertificate.cert, servername: 'localhost' }
    for (let round = 0; round < 5; round++) {
      const destroyed = await rawClient({ port: server.port, tls })
      destroyed.destroy()
      const reset = await rawClient({ port: server.port, tls })
      reset.reset()
    }
    await server.waitFor(({ openConnections }) => openConnections === 0)
    expect(server.totalConnections).toBe(10)
  })

  test('closing resolves when all is closed, handshakes and frozen connections included', async () => {
    const server = await fakeServer({ tls: testCertificate })
    const client = await rawClient({ port: server.port })
    await server.waitFor(({ openConnections }) => openConnections === 1)
    await server.close()
    await client.closed
    await server.waitFor(({ openConnections }) => openConnections === 0)
    await server.close()
  })

  test('at the end of a block, with `await using`', async () => {
    let port: number
    {
      await using server = await fakeServer()
      await using client = await rawClient({ port: server.port })
      port = server.port
      await client.send(GET)
      expect((await client.readResponse()).status).toBe(200)
    }
    await expect(get(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('a port that is taken is an error', async () => {
    const server = await start()
    await expect(fakeServer({ port: server.port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })
})

describe('waitFor', () => {
  test('resolves at once for what has happened, later for what will', async () => {
    const server = await start()
    const second = server.waitFor(2)
    await get(server.port, '/1')
    expect((await server.waitFor('request')).target).toBe('/1')
    await get(server.port, '/2')
    expect((await second).target).toBe('/2')
  })

  test('says at its deadline what has come', async () => {
    const server = await start({ name: 'app1', behave: stall('before-head') })
    const client = await connect(server)
    await client.send('GET /x HTTP/1.1\r\n\r\n')
    await server.waitFor(({ requests }) => requests[0]?.complete)
    const work = server.waitFor(2, { timeoutMs: 5 })
    await expect(work).rejects.toThrow('app1: 1 requests, 1 connections open; GET /x (read, 0 bytes)')
    await expect(server.waitFor(() => false, { timeoutMs: 0 })).rejects.toMatchObject({
      code: 'EVENER_TIMEOUT',
    })
  })

  test('passes on what its predicate throws', async () => {
    const server = await start()
    const work = server.waitFor(() => {
      throw new Error('from the predicate')
    })
    await expect(work).rejects.toThrow('from the predicate')
  })
})

test('a half-open server answers a client that has ended', async () => {
  const server = await start({ halfOpen: true })
  const client = await connect(server, true)
  const body = 'POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nab'
  await client.send(body)
  client.end()
  expect((await client.readResponse()).status).toBe(200)
  expect(await client.readUntilClose()).toHaveLength(0)
  expect(server.requests[0]!.aborted).toBe(false)
})

test.each([
  [{ nane: 'x' }, 'option nane is "unknown"'],
  [{ port: 70_000 }, 'port is 70000; allowed: an integer from 0 to 65535'],
  [{ keepBodyBytes: -1 }, 'keepBodyBytes is -1'],
  [{ path: '/x', tls: {} }, 'tls and path do not go together'],
])('refuses %j', async (options, message) => {
  await expect(fakeServer(options as object)).rejects.toMatchObject({
    code: 'EVENER_INVALID_OPTION',
    message: expect.stringContaining(message),
  })
})
