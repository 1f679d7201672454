import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { constants } from 'node:http2'
import { type AddressInfo, createServer as createPlainServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { VirtualClock } from '@evener/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Failed } from '../../balance/outcome.ts'
import { cut, door, echo, h2Server, hello, type OnStream, read, serverOptions } from './test-support.ts'

const once1 = (first: OnStream, then: OnStream = hello): OnStream => {
  let asked = 0
  return (...args) => (asked++ === 0 ? first : then)(...args)
}

/** A server that speaks in bytes, each connection with this. */
async function rawServer(onSocket: (socket: Socket) => void) {
  const sockets = new Set<Socket>()
  const server = createPlainServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    onSocket(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, sockets }
}

/** A frame: RFC 9113 section 4.1. */
function frame(type: number, flags: number, stream: number, payload: Buffer | string = ''): Buffer {
  const bytes = Buffer.from(payload)
  const head = Buffer.alloc(9)
  head.writeUIntBE(bytes.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, bytes])
}

/** A field as a literal without indexing: RFC 7541 section 6.2.2. */
function field(name: string, value: string): Buffer {
  return Buffer.concat([
    Buffer.from([0, name.length]),
    Buffer.from(name),
    Buffer.from([value.length]),
    Buffer.from(value),
  ])
}

const settings = frame(4, 0, 0)
const endHeaders = 0x4
const endStream = 0x1
const headers = (fields: Buffer[], flags = endHeaders) => frame(1, flags, 1, Buffer.concat(fields))
const ok = field(':status', '200')

/** Answers the first request of each connection with the next of these lists of frames, the last one for ever. */
async function answers(...lists: Buffer[][]) {
  const counted = { connections: 0 }
  const server = await rawServer(socket => {
    const frames = lists[Math.min(counted.connections++, lists.length - 1)] as Buffer[]
    socket.write(settings)
    let bytes = Buffer.alloc(0)
    let asked = false
    socket.on('data', chunk => {
      bytes = Buffer.concat([bytes, chunk])
      if (asked || !hasHead(bytes)) return
      asked = true
      socket.write(Buffer.concat(frames))
    })
  })
  return Object.assign(counted, server)
}

/** Whether the head of a request has come, behind the preface. */
function hasHead(bytes: Buffer): boolean {
  for (let at = 24; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3))
    if (bytes[at + 3] === 1) return true
  return false
}

describe('a server that breaks the protocol', () => {
  test.each([
    ['a name in upper case', [headers([ok, field('X-Big', '1')])]],
    ['a field about the connection', [headers([ok, field('connection', 'close')])]],
    ['a transfer coding', [headers([ok, field('transfer-encoding', 'chunked')])]],
    ['no status', [headers([field('x-a', '1')])]],
    ['two statuses', [headers([ok, ok])]],
    ['a status that is none', [headers([field(':status', 'abc')])]],
    ['a status that HTTP does not know', [headers([field(':status', '999')], endHeaders | endStream)]],
    ['101', [headers([field(':status', '101')])]],
    ['a pseudo-field of requests', [headers([ok, field(':path', '/')])]],
    ['a pseudo-field behind others', [headers([field('x-a', '1'), ok])]],
    ['two lengths', [headers([ok, field('content-length', '1'), field('content-length', '2')])]],
    ['a length that is none', [headers([ok, field('content-length', '-1')])]],
    [
      'a head that says a length, and ends',
      [headers([ok, field('content-length', '5')], endHeaders | endStream)],
    ],
    ['data before the head', [frame(0, endStream, 1, 'x')]],
    ['bytes that are no head', [frame(1, endHeaders, 1, Buffer.from([0xff, 0xff, 0xff, 0xff]))]],
    ['an answer in HTTP/1.1', [Buffer.from('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n')]],
    ['a frame that is too large', [frame(0, 0, 1, Buffer.alloc(20_000))]],
  ])('%s: 502, at once, and not tried again', async (_what, frames) => {
    const server = await answers(frames)
    const { ask, backend } = await door([serverOptions(server)])
    const retries: unknown[] = []
    backend.on('retry', (_server, outcome) => retries.push(outcome))
    expect((await ask()).status).toBe(502)
    expect(retries).toEqual([])
    expect(backend.counters.requests).toBe(1)
  })

  test.each([
    ['less than its length', [headers([ok, field('content-length', '9')]), frame(0, endStream, 1, 'short')]],
    ['more than its length', [headers([ok, field('content-length', '3')]), frame(0, endStream, 1, 'long')]],
    ['and a reset', [headers([ok]), frame(0, 0, 1, 'some'), frame(3, 0, 1, Buffer.from([0, 0, 0, 2]))]],
    [
      'and a reset that says nothing is wrong',
      [headers([ok]), frame(0, 0, 1, 'some'), frame(3, 0, 1, Buffer.alloc(4))],
    ],
    [
      'and a reset that says cancelled',
      [headers([ok]), frame(0, 0, 1, 'some'), frame(3, 0, 1, Buffer.from([0, 0, 0, 8]))],
    ],
    [
      'and a connection that ends in error',
      [headers([ok]), frame(0, 0, 1, 'some'), frame(7, 0, 0, Buffer.from([0, 0, 0, 1, 0, 0, 0, 2]))],
    ],
  ])('a body, %s: the client sees that it is broken', async (_what, frames) => {
    const server = await answers(frames)
    const { ask, backend } = await door([serverOptions(server)])
    const ended = await ask().then(
      response => (response.complete ? 'whole' : 'broken'),
      () => 'broken',
    )
    expect(ended).toBe('broken')
    expect(backend.counters.failed).toBe(1)
  })

  test('a head without end: 502', async () => {
    const part = Buffer.concat(Array.from({ length: 60 }, (_, i) => field(`x-${i}`, 'v'.repeat(100))))
    const server = await answers([
      frame(1, 0, 1, Buffer.concat([ok, part])),
      ...Array.from({ length: 40 }, () => frame(9, 0, 1, part)),
      frame(9, endHeaders, 1, part),
    ])
    const { ask } = await door([serverOptions(server)], { engine: { maxHeaderBytes: 4096 } })
    expect((await ask()).status).toBe(502)
  })

  test('a body where none is allowed: nobody else gets it', async () => {
    const server = await answers([headers([ok]), frame(0, endStream, 1, 'HEAD has none')])
    const { ask } = await door([serverOptions(server)])
    expect(await ask({ method: 'HEAD' })).toMatchObject({ status: 200, text: '' })
  })
})

describe('a server that goes away', () => {
  test.each([['refuses to connect', async (server: { close(): Promise<void> }) => server.close()]])(
    '%s: 502',
    async (_how, act) => {
      const server = await h2Server()
      const options = serverOptions(server)
      await act(server)
      const { ask, backend } = await door([options], { backend: { retries: 1 } })
      expect((await ask()).status).toBe(502)
      expect(backend.counters).toMatchObject({ failed: 1, retries: 1, redispatches: 0 })
    },
  )

  test('hangs up on the first bytes: 502', async () => {
    const server = await rawServer(socket => socket.once('data', () => socket.destroy()))
    const { ask } = await door([serverOptions(server)], { backend: { retries: 0 } })
    expect((await ask()).status).toBe(502)
  })

  test('dies before the answer: a GET is sent elsewhere, a POST is not', async () => {
    const dying = await h2Server(stream => cut(stream))
    const good = await h2Server()
    const { ask, backend } = await door([serverOptions(dying, 'a'), serverOptions(good, 'b')])
    expect(await ask()).toMatchObject({ status: 200, text: 'hello' })
    expect(backend.counters.redispatches).toBe(1)
    const statuses: number[] = []
    for (let i = 0; i < 2; i++) statuses.push((await ask({ method: 'POST' }, 'x')).status)
    expect(statuses.sort()).toEqual([200, 502])
  })

  test('dies in mid-answer: the client sees that it is broken', async () => {
    const server = await h2Server(stream => {
      stream.respond({ ':status': 200 })
      stream.write('some', () => cut(stream))
    })
    const { ask } = await door([serverOptions(server)])
    expect((await ask()).complete).toBe(false)
  })

  test('resets every stream: each request ends by itself, and the connection stays', async () => {
    const server = await h2Server(stream => stream.close(constants.NGHTTP2_INTERNAL_ERROR))
    const { ask } = await door([serverOptions(server)], { backend: { retries: 0 } })
    const answers = await Promise.all(Array.from({ length: 5 }, () => ask({ method: 'POST' }, 'x')))
    expect(answers.map(({ status }) => status)).toEqual([502, 502, 502, 502, 502])
    server.onStream = hello
    expect((await ask()).status).toBe(200)
    expect(server.sessions).toHaveLength(1)
  })

  test('comes back: the next requests are served on new connections', async () => {
    const server = await h2Server()
    const { port } = server
    const { ask } = await door([serverOptions(server)])
    await ask()
    await server.close()
    await server.listen(port)
    for (const method of ['GET', 'POST', 'PUT']) {
      expect((await ask({ method }, method === 'GET' ? undefined : 'x')).text).toBe('hello')
    }
  })
})

describe('a request that the server has not looked at', () => {
  const refuse: OnStream = stream => stream.close(constants.NGHTTP2_REFUSED_STREAM)

  test.each(['GET', 'POST'])('%s, refused: sent again, body and all', async method => {
    const server = await h2Server(once1(refuse, echo))
    const { ask, backend } = await door([serverOptions(server)])
    const body = method === 'POST' ? 'once and only once' : undefined
    expect(await ask({ method }, body)).toMatchObject({ status: 200, text: body ?? '', complete: true })
    expect(server.requests).toHaveLength(2)
    // The server is not at fault, and it was no retry of the policy's.
    expect(backend.counters).toMatchObject({ retries: 0, completed: 1 })
  })

  test('refused by all connections: it goes to another server', async () => {
    const refusing = await h2Server(refuse)
    const good = await h2Server(echo)
    const { ask, backend } = await door([serverOptions(refusing, 'a'), serverOptions(good, 'b')])
    for (let i = 0; i < 2; i++) expect((await ask({ method: 'POST' }, 'body')).text).toBe('body')
    expect(backend.counters).toMatchObject({ redispatches: 2, completed: 2 })
  })

  test('refused, with a body that is too long to be kept: 502, and never half of it again', async () => {
    const server = await h2Server((stream, ...rest) => {
      stream.once('data', () => refuse(stream, ...rest))
    })
    const { begin } = await door([serverOptions(server)], { door: { replayBytes: 10 } })
    const request = begin({ method: 'POST', headers: { 'Content-Length': '1000' } })
    const response = read(request)
    request.write('x'.repeat(500))
    await expect.poll(() => server.requests.length).toBe(1)
    request.end('x'.repeat(500))
    expect((await response).status).toBe(502)
    expect(server.requests).toHaveLength(1)
  })

  test.each([0, 2])(
    'beyond the last stream of a GOAWAY, code %i: sent again on a new connection',
    async code => {
      const nothing = frame(7, 0, 0, Buffer.from([0, 0, 0, 0, 0, 0, 0, code]))
      const server = await answers([nothing], [headers([ok]), frame(0, endStream, 1, 'at last')])
      const { ask } = await door([serverOptions(server)])
      expect(await ask({ method: 'POST' }, 'body')).toMatchObject({ status: 200, text: 'at last' })
      expect(server.connections).toBe(2)
    },
  )

  test('up to the last stream of a GOAWAY: finished where it is, while others go on a new connection', async () => {
    let finish = () => {}
    const server = await h2Server(
      once1(stream => {
        stream.session?.goaway(constants.NGHTTP2_NO_ERROR, 1)
        stream.respond({ ':status': 200 })
        finish = () => stream.end('the old one')
      }),
    )
    const { ask, begin } = await door([serverOptions(server)])
    const request = begin()
    const first = read(request)
    request.end()
    await once(request, 'response')
    expect((await ask()).text).toBe('hello')
    finish()
    expect(await first).toMatchObject({ text: 'the old one', complete: true })
    expect(server.sessions).toHaveLength(2)
    await expect.poll(() => server.openSessions).toBe(1)
  })

  test('of a server that shuts down gracefully under load: none is lost', async () => {
    const server = await h2Server(echo)
    const { ask, backend } = await door([serverOptions(server)])
    const answers: Promise<{ status: number; text: string }>[] = []
    for (let round = 0; round < 10; round++) {
      for (let i = 0; i < 10; i++) answers.push(ask({ method: 'POST' }, `${round} ${i}`))
      await answers.at(-5)
      server.sessions.at(-1)?.close()
    }
    const texts = (await Promise.all(answers)).map(({ status, text }) =>
      status === 200 ? text : String(status),
    )
    expect(texts).toEqual(Array.from({ length: 100 }, (_, i) => `${Math.floor(i / 10)} ${i % 10}`))
    expect(backend.counters.failed).toBe(0)
    expect(server.sessions.length).toBeGreaterThan(1)
  })
})

describe('silence', () => {
  test('of a server that does not even connect: 504 after connectMs', async () => {
    const clock = new VirtualClock()
    // Accepts, but says no word of TLS.
    const server = await rawServer(socket => socket.resume())
    const { ask, backend } = await door([serverOptions({ ...server, secure: true })], {
      backend: { clock, retries: 0, timeouts: { connectMs: 1_000 } },
    })
    const response = ask()
    await expect.poll(() => server.sockets.size).toBe(1)
    await expect.poll(() => backend.counters.requestsNow).toBe(1)
    await clock.advanceAsync(1_000)
    expect((await response).status).toBe(504)
    await expect.poll(() => [...server.sockets].every(socket => socket.destroyed)).toBe(true)
  })

  test('before the answer: 504 after responseMs, and the stream is reset', async () => {
    const clock = new VirtualClock()
    let reset: number | undefined
    const server = await h2Server(stream => {
      stream.on('close', () => {
        reset = stream.rstCode
      })
    })
    const { ask } = await door([serverOptions(server)], {
      backend: { clock, retries: 0, timeouts: { responseMs: 1_000 } },
    })
    const response = ask()
    await expect.poll(() => server.requests.length).toBe(1)
    await clock.advanceAsync(1_000)
    expect((await response).status).toBe(504)
    await expect.poll(() => reset).toBe(constants.NGHTTP2_CANCEL)
    server.onStream = hello
    expect((await ask()).status).toBe(200)
    // It answered the ping: the connection is as good as before.
    expect(server.sessions).toHaveLength(1)
  })

  test('of the whole connection: it is given up, and not used for others meanwhile', async () => {
    const clock = new VirtualClock()
    const heads: Socket[] = []
    const server = await rawServer(socket => {
      let bytes = Buffer.alloc(0)
      socket.on('data', chunk => {
        bytes = Buffer.concat([bytes, chunk])
        if (hasHead(bytes) && !heads.includes(socket)) heads.push(socket)
      })
    })
    const { ask } = await door([serverOptions(server)], {
      backend: { clock, retries: 0, timeouts: { responseMs: 1_000 } },
    })
    const first = ask()
    await expect.poll(() => heads.length).toBe(1)
    await clock.advanceAsync(1_000)
    expect((await first).status).toBe(504)
    const second = ask()
    await expect.poll(() => heads.length).toBe(2)
    await clock.advanceAsync(5_000)
    expect((await second).status).toBe(504)
    await expect.poll(() => heads[0]?.destroyed).toBe(true)
  })

  test('of an idle connection that has to answer pings: it is closed', async () => {
    const clock = new VirtualClock()
    // Answers a request, and then nothing any more.
    const server = await answers([headers([ok], endHeaders | endStream)])
    const { ask } = await door([serverOptions(server)], {
      backend: { clock },
      engine: { pingMs: 10_000, idleMs: Number.POSITIVE_INFINITY },
    })
    expect((await ask()).status).toBe(200)
    await clock.advanceAsync(15_000)
    expect((await ask()).status).toBe(200)
    expect(server.connections).toBe(2)
  })

  test('of none: a connection that answers pings stays', async () => {
    const clock = new VirtualClock()
    const server = await h2Server()
    const { ask } = await door([serverOptions(server)], {
      backend: { clock },
      engine: { pingMs: 10_000, idleMs: Number.POSITIVE_INFINITY },
    })
    await ask()
    let pings = 0
    server.sessions[0]?.on('ping', () => pings++)
    for (let round = 1; round <= 3; round++) {
      await clock.advanceAsync(10_000)
      await expect.poll(() => pings).toBe(round)
      expect((await ask()).status).toBe(200)
    }
    expect(server.sessions).toHaveLength(1)
  })
})

describe('the outcome of an attempt', () => {
  test.each<[string, OnStream, Partial<Failed>]>([
    ['no answer', s => cut(s), { phase: 'wait', reason: 'empty-response' }],
    ['a reset', s => s.close(constants.NGHTTP2_INTERNAL_ERROR), { phase: 'wait', reason: 'empty-response' }],
    [
      'a protocol error',
      s => s.close(constants.NGHTTP2_PROTOCOL_ERROR),
      { phase: 'wait', reason: 'junk-response' },
    ],
  ])('%s', async (_what, act, expected) => {
    const server = await h2Server(act)
    const { ask, backend } = await door([serverOptions(server)], {
      backend: { retries: 1, retryOn: ['empty-response', 'junk-response'] },
    })
    const outcomes: Failed[] = []
    backend.on('retry', (_server, outcome) => outcomes.push(outcome))
    expect((await ask()).status).toBe(502)
    expect(outcomes[0]).toMatchObject({ kind: 'failed', side: 'server', ...expected })
  })
})

describe('at the edges', () => {
  test('a server that wants HTTP/1.1 for a request gets it so, with auto', async () => {
    const server = await h2Server(stream => stream.close(constants.NGHTTP2_HTTP_1_1_REQUIRED), {
      secure: 'http1-too',
    })
    server.node.on('request', (req, res) => {
      if (req.httpVersionMajor === 1) req.pipe(res)
    })
    const auto = await door([{ ...serverOptions(server), protocol: 'auto' }])
    expect(await auto.ask({ method: 'POST' }, 'body')).toMatchObject({ status: 200, text: 'body' })
    expect(server.requests).toHaveLength(1)
    const h2 = await door([serverOptions(server)], { backend: { retries: 0 } })
    expect((await h2.ask({ method: 'POST' }, 'body')).status).toBe(502)
  })

  test('an early answer, and a server that wants no more: the answer is whole', async () => {
    const text = 'x'.repeat(150_000)
    const server = await h2Server(stream => {
      stream.respond({ ':status': 200 })
      stream.end(text, () => stream.close(constants.NGHTTP2_NO_ERROR))
    })
    const { begin, backend } = await door([serverOptions(server)])
    const request = begin({ method: 'POST', headers: { 'Content-Length': '10000000' }, agent: false })
    request.on('error', () => {})
    request.write('some')
    const [response] = await once(request, 'response')
    response.on('error', () => {})
    // The client neither reads nor stops to send.
    response.pause()
    while (backend.counters.requestsNow > 0) {
      request.write(Buffer.alloc(1_000))
      await new Promise(setImmediate)
    }
    expect(backend.counters).toMatchObject({ completed: 1, failed: 0, bytesOut: text.length })
    request.destroy()
  })

  test('a status that is tried again: elsewhere, and nothing of the first answer is seen', async () => {
    const busy = await h2Server(stream => {
      stream.respond({ ':status': 503 })
      stream.write('never seen')
    })
    const good = await h2Server()
    const { ask } = await door([serverOptions(busy, 'a'), serverOptions(good, 'b')], {
      backend: { retryOn: ['conn-failure', 503] },
    })
    for (let i = 0; i < 3; i++) expect(await ask()).toMatchObject({ status: 200, text: 'hello' })
  })

  test('a unix socket', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'evener-')), 'h2.sock')
    const server = await h2Server()
    await server.close()
    server.node.listen(path)
    await once(server.node, 'listening')
    const { ask } = await door([{ id: 'a', address: `unix:${path}`, protocol: 'h2' }])
    expect((await ask({ headers: { Host: 'a.test' } })).text).toBe('hello')
    expect(server.requests[0]?.headers[':authority']).toBe('a.test')
    server.node.close()
  })

  const webSocket = {
    headers: {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version': '13',
    },
    agent: false as const,
  }

  test('a tunnel to a server that does not say what it knows: 504, and then 502 when it hangs up', async () => {
    const clock = new VirtualClock()
    const server = await rawServer(socket => socket.resume())
    const { begin, backend } = await door([serverOptions(server)], {
      backend: { clock, retries: 0, timeouts: { connectMs: 1_000 } },
    })
    const ask = async () => {
      const request = begin(webSocket)
      request.end()
      return (await read(request)).status
    }
    const first = ask()
    await expect.poll(() => server.sockets.size).toBe(1)
    await expect.poll(() => backend.counters.requestsNow).toBe(1)
    await clock.advanceAsync(1_000)
    expect(await first).toBe(504)
    const second = ask()
    await expect.poll(() => backend.counters.requestsNow).toBe(1)
    for (const socket of server.sockets) socket.destroy()
    expect(await second).toBe(502)
  })

  test('a protocol other than WebSocket cannot be changed to on a stream: 502', async () => {
    const server = await h2Server(hello, { settings: { enableConnectProtocol: true } })
    const { begin } = await door([serverOptions(server)], { door: { upgrades: ['websocket', 'other'] } })
    const request = begin({ headers: { Connection: 'Upgrade', Upgrade: 'other' }, agent: false })
    request.end()
    expect((await read(request)).status).toBe(502)
    expect(server.requests).toHaveLength(0)
  })

  test('a client that leaves while everything connects: the attempt is given up, and others go on', async () => {
    const server = await rawServer(socket => socket.resume())
    const { begin, backend } = await door([serverOptions({ ...server, secure: true })])
    const requests = [begin({ agent: false }), begin({ agent: false })]
    for (const request of requests) request.on('error', () => {}).end()
    await expect.poll(() => backend.counters.requestsNow).toBe(2)
    expect(server.sockets.size).toBe(1)
    requests[0]?.destroy()
    await expect.poll(() => backend.counters.aborted).toBe(1)
    expect([...server.sockets][0]?.destroyed).toBe(false)
    requests[1]?.destroy()
    await expect.poll(() => [...server.sockets].every(socket => socket.destroyed)).toBe(true)
  })

  test('a new connection is wanted and none may be made: another stream of the old one', async () => {
    const server = await h2Server(once1(stream => stream.close(constants.NGHTTP2_REFUSED_STREAM), echo))
    const { ask } = await door([serverOptions(server)], { engine: { maxSessions: 1 } })
    expect((await ask({ method: 'POST' }, 'body')).text).toBe('body')
    expect(server.sessions).toHaveLength(1)
  })
})
