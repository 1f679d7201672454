import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type FakeServer, fakeServer } from '../fake-server/fake-server.ts'
import { type RawClient, rawClient } from '../raw-client/raw-client.ts'
import { get, request } from '../raw-client/request.ts'
import { followsPattern, patternBytes } from '../wire/pattern.ts'
import { answer } from './answer.ts'
import { answerEarly } from './answer-early.ts'
import { closeAfter, staleOnReuse } from './close-after.ts'
import { echo } from './echo.ts'
import { raw } from './raw.ts'
import { type ResetPlace, reset } from './reset.ts'
import { slowRead } from './slow-read.ts'
import { type StallPlace, stall } from './stall.ts'
import { tcpEcho } from './tcp-echo.ts'
import { truncate } from './truncate.ts'
import { upgrade } from './upgrade.ts'

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const POST = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n'
let server: FakeServer
let client: RawClient

beforeEach(async () => {
  server = await fakeServer({ name: 'app1' })
  client = await rawClient({ port: server.port })
})
afterEach(async () => {
  client.destroy()
  await server.close()
})

function signal() {
  let fulfil = () => {}
  const promise = new Promise<void>(resolve => {
    fulfil = resolve
  })
  return { promise, fulfil }
}

describe('answer', () => {
  test('says 200 and its name', async () => {
    const response = await get(server.port)
    expect(response).toMatchObject({ status: 200, reason: 'OK', text: 'app1', complete: true })
    expect(response.header('x-server')).toBe('app1')
  })

  test('headers given replace its own of the same name', async () => {
    server.behave(
      answer({ headers: { 'content-length': '9', 'X-SERVER': 'other', 'Set-Cookie': ['a=1', 'b=2'] } }),
    )
    const response = await get(server.port)
    expect(response.headers).toEqual([
      ['Connection', 'close'],
      ['content-length', '9'],
      ['X-SERVER', 'other'],
      ['Set-Cookie', 'a=1'],
      ['Set-Cookie', 'b=2'],
    ])
    expect(response.complete).toBe(false)
  })

  test.each(['length', 'chunked', 'close'] as const)('sends 1 MB framed by %s, intact', async framing => {
    server.behave(answer({ body: { bytes: 1_000_000 }, framing }))
    const response = await get(server.port)
    expect(response).toMatchObject({ complete: true, bodyBytes: 1_000_000 })
    expect(followsPattern(response.body)).toBe(true)
  })

  test.each([204, 304])('a %i has no body and no framing', async status => {
    server.behave(answer({ status }))
    await client.send(GET + GET)
    expect((await client.readResponse()).headers).toEqual([['X-Server', 'app1']])
    expect((await client.readResponse()).status).toBe(status)
  })

  test('HEAD gets the length of the body and none of it', async () => {
    await client.send('HEAD / HTTP/1.1\r\n\r\n')
    const response = await client.readResponse({ method: 'HEAD' })
    expect(response.header('content-length')).toBe('4')
    server.behave(answer({ chunked: true }))
    await client.send('HEAD / HTTP/1.1\r\n\r\n')
    await client.readResponse({ method: 'HEAD' })
    await client.send(GET)
    expect((await client.readResponse()).text).toBe('app1')
  })

  test.each([
    ['GET / HTTP/1.0\r\n\r\n', 'close'],
    ['GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n', 'keep-alive'],
    ['GET / HTTP/1.1\r\n\r\n', undefined],
    ['GET / HTTP/1.1\r\nConnection: x, Close\r\n\r\n', 'close'],
  ])('%j is told Connection: %s', async (head, expected) => {
    await client.send(head)
    expect((await client.readResponse()).header('connection')).toBe(expected)
  })

  test('waits for what it is told to wait for', async () => {
    const { promise, fulfil } = signal()
    server.script([answer({ delayUntil: promise }), answer({ delayUntil: () => Promise.resolve() })])
    const work = get(server.port)
    const seen = await server.waitFor(({ requests }) => requests[0]?.complete && requests[0])
    expect(seen.answered).toBe(false)
    fulfil()
    expect((await work).status).toBe(200)
    expect((await get(server.port)).status).toBe(200)
  })

  test('tells a client that waits for 100 Continue to continue, or not', async () => {
    await client.send('POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n')
    expect((await client.readBytes(25)).toString()).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    await client.send('ab')
    expect((await client.readResponse()).informational).toEqual([])
    server.behave(answer({ sendContinue: false }))
    await client.send('POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab')
    expect((await client.readResponse()).informational).toEqual([])
  })
})

describe('raw', () => {
  test('sends exactly these bytes, and keeps the connection', async () => {
    server.behave(
      raw([Buffer.from('HTTP/1.1 200 OK\r\nContent-'), () => Promise.resolve(), 'Length: 1\r\n\r\n\xff']),
    )
    await client.send(GET + GET)
    expect([...(await client.readResponse()).body]).toEqual([0xff])
    expect([...(await client.readResponse()).body]).toEqual([0xff])
  })

  test('does not wait for the body where told so', async () => {
    server.behave(raw('HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n', { readBody: false }))
    await client.send(POST)
    expect((await client.readResponse()).status).toBe(400)
    expect(server.requests[0]!.complete).toBe(false)
  })
})

describe('stall', () => {
  const places: [StallPlace, string][] = [
    ['mid-request-body', ''],
    ['before-head', ''],
    ['mid-head', 'HTTP/1.1 200 OK\r\nX-Se'],
    ['mid-body', 'HTTP/1.1 200 OK\r\nX-Server: app1\r\nContent-Length: 1000\r\n\r\n'],
  ]
  test.each(places)('%s: silent there, and goes on when told', async (where, sent) => {
    const { promise, fulfil } = signal()
    server.behave(stall(where, { until: promise }))
    await client.send(`${POST}hello`)
    const bytes = sent.length + (where === 'mid-body' ? 100 : 0)
    expect((await client.readBytes(bytes)).toString('latin1').startsWith(sent)).toBe(true)
    expect(client.unread).toBe(0)
    fulfil()
    const rest = await client.readBytes(1057 - bytes)
    expect(rest.subarray(-900).equals(patternBytes(1000).subarray(100))).toBe(true)
    expect(server.requests[0]).toMatchObject({ answered: true, complete: true })
  })

  test('chunked, too, and until a promise that a function makes', async () => {
    server.behave(stall('mid-body', { framing: 'chunked', until: () => Promise.resolve() }))
    const response = await get(server.port)
    expect(response).toMatchObject({ complete: true, bodyBytes: 1000 })
    expect(followsPattern(response.body)).toBe(true)
  })

  test('without an end it lets go when the client does', async () => {
    server.behave(stall('mid-body'))
    await client.send(GET)
    await client.readHead()
    client.destroy()
    await server.waitFor(({ openConnections }) => openConnections === 0)
    expect(server.requests[0]).toMatchObject({ aborted: true, answered: false })
  })
})

describe('reset', () => {
  const early: ResetPlace[] = ['on-accept', 'mid-request-body', 'before-head', 'mid-head']
  test.each(early)('%s: a RST instead of an answer', async where => {
    server.behave(reset(where))
    const failure = await request(server.port, { method: 'POST', body: 'hello' }).catch(error => error)
    // The RST may arrive before the connect is noticed: then it is the connect that fails.
    expect((failure.cause ?? failure).code).toBe('ECONNRESET')
    expect(server.totalRequests).toBe(where === 'on-accept' ? 0 : 1)
  })

  test.each(['length', 'chunked'] as const)(
    'mid-body: a RST after a tenth of the body (%s)',
    async framing => {
      const { promise, fulfil } = signal()
      server.behave(reset('mid-body', { framing, until: promise }))
      await client.send(GET)
      const head = await client.readHead()
      fulfil()
      expect(await client.readBody(head)).toMatchObject({ broken: 'reset', bodyBytes: 100, complete: false })
    },
  )

  test('in a script, on-accept counts for the next connection', async () => {
    server.script([reset('on-accept'), answer({ body: 'second' })])
    // The connection made before the script was written is not concerned.
    await expect(get(server.port)).rejects.toThrow(/reset/i)
    expect((await get(server.port)).text).toBe('second')
  })

  test('waits for a promise that a function makes', async () => {
    server.behave(reset('before-head', { until: () => Promise.resolve() }))
    await client.send(GET)
    expect(await client.closed).toBe('reset')
  })
})

test.each(['length', 'chunked'] as const)('truncate: a FIN after a tenth of the body (%s)', async framing => {
  server.behave(truncate(framing))
  expect(await get(server.port)).toMatchObject({ broken: 'end', bodyBytes: 100, complete: false })
  expect(server.requests[0]!.answered).toBe(false)
})

describe('answerEarly', () => {
  test('answers before the body has come, then reads it and keeps the connection', async () => {
    server.script([answerEarly()])
    await client.send(POST)
    expect((await client.readResponse()).status).toBe(413)
    expect(server.requests[0]).toMatchObject({ complete: false, answered: true })
    await client.send(`hello${GET}`)
    expect((await client.readResponse()).status).toBe(200)
    expect(server.requests[0]!.body.toString()).toBe('hello')
  })

  test('closes towards a client that waited for 100 Continue', async () => {
    server.behave(answerEarly({ status: 401 }))
    await client.send('POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n')
    const response = await client.readResponse()
    expect([response.status, response.header('connection')]).toEqual([401, 'close'])
    expect(response.informational).toEqual([])
    expect(await client.closed).toBe('end')
  })

  test('ignores the body where told so: a FIN, and a client that can send no more', async () => {
    server.behave(answerEarly({ afterwards: 'ignore' }))
    const patient = await rawClient({ port: server.port, halfOpen: true })
    await patient.send('POST / HTTP/1.1\r\nContent-Length: 100000000\r\n\r\n')
    expect((await patient.readResponse()).status).toBe(413)
    expect(await patient.closed).toBe('end')
    let sent = false
    const sending = patient.sendBody({ bytes: 100_000_000 }).then(
      () => {
        sent = true
      },
      () => {},
    )
    await new Promise<void>(resolve => setImmediate(resolve))
    expect(server.requests[0]!.bodyBytes).toBe(0)
    patient.destroy()
    await sending
    expect(sent).toBe(false)
  })

  test.each(['close', 'reset'] as const)('then %s', async afterwards => {
    server.behave(answerEarly({ afterwards }))
    await client.send(POST)
    expect((await client.readResponse()).status).toBe(413)
    expect(await client.closed).toBe(afterwards === 'reset' ? 'reset' : 'end')
  })
})

describe('upgrade', () => {
  test('answers 101 and echoes every byte until the client ends', async () => {
    server.behave(upgrade({ first: 'hi', headers: { 'X-A': '1' } }))
    await client.send('GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\nat once')
    const head = await client.readHead()
    expect([head.status, head.header('upgrade'), head.header('x-a')]).toEqual([101, 'chat', '1'])
    expect((await client.readBytes(9)).toString()).toBe('hiat once')
    await client.send(patternBytes(100_000))
    expect(followsPattern(await client.readBytes(100_000))).toBe(true)
    client.end()
    expect(await client.closed).toBe('end')
    expect(server.requests[0]!.tunnelBytes).toBe(100_007)
  })

  test('proves a WebSocket handshake with the key of RFC 6455, and ends after so many bytes', async () => {
    server.behave(upgrade({ closeAfterBytes: 3 }))
    await client.send(
      'GET / HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    )
    const head = await client.readHead()
    expect(head.header('sec-websocket-accept')).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
    await client.send('abc')
    expect((await client.readUntilClose()).toString()).toBe('abc')
  })

  test('nobody needs to have asked', async () => {
    server.behave(upgrade())
    await client.send(GET)
    expect((await client.readHead()).header('upgrade')).toBe('echo')
  })
})

describe('echo', () => {
  test('sends the body back as it comes', async () => {
    server.behave(echo())
    await client.send(`${POST}he`)
    const head = await client.readHead()
    expect((await client.readBytes(2)).toString()).toBe('he')
    await client.send('llo')
    expect((await client.readBytes(3)).toString()).toBe('llo')
    expect(head.header('content-length')).toBe('5')
  })

  test('in the same framing, with type and trailers, 2 MB both ways at once', async () => {
    server.behave(echo())
    const bytes = 2_000_000
    const headers = { 'Content-Type': 'x/y' }
    const plain = await request(server.port, { method: 'POST', body: { bytes }, headers })
    const chunked = await request(server.port, { method: 'POST', body: { bytes }, trailers: { 'X-T': '1' } })
    expect(plain).toMatchObject({ bodyBytes: bytes, complete: true, framing: { kind: 'length', bytes } })
    expect(plain.header('content-type')).toBe('x/y')
    expect(chunked).toMatchObject({
      bodyBytes: bytes,
      framing: { kind: 'chunked' },
      trailers: [['X-T', '1']],
    })
    expect(followsPattern(plain.body) && followsPattern(chunked.body)).toBe(true)
    expect((await get(server.port)).bodyBytes).toBe(0)
  })

  test('says 100 Continue where it is waited for', async () => {
    server.behave(echo())
    await client.send('POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n')
    const head = await client.readHead()
    expect(head.informational.map(each => each.status)).toEqual([100])
  })

  test('breaks off when the client does', async () => {
    server.behave(echo())
    await client.send(`${POST}he`)
    await client.readHead()
    client.end()
    expect(await client.closed).toBe('end')
    await server.waitFor(({ openConnections }) => openConnections === 0)
    expect(server.requests[0]).toMatchObject({ aborted: true, bodyBytes: 2 })
  })
})

describe('slowRead', () => {
  test('reads so many bytes in a turn, then answers', async () => {
    let turns = 0
    server.behave(
      slowRead({
        bytesPerTurn: 10,
        turn: async () => turns++,
        answering: answer({ body: 'done' }),
      }),
    )
    const response = await request(server.port, { method: 'POST', body: { bytes: 95 } })
    expect(response.text).toBe('done')
    expect(turns).toBe(10)
  })

  test('holds the client back', async () => {
    const { promise, fulfil } = signal()
    server.behave(slowRead({ bytesPerTurn: 1000, turn: () => promise }))
    const bytes = 20_000_000
    await client.send(`POST / HTTP/1.1\r\nContent-Length: ${bytes}\r\n\r\n`)
    const sending = client.sendBody({ bytes })
    const seen = await server.waitFor(({ requests }) => requests[0]?.bodyBytes === 1000 && requests[0])
    await new Promise<void>(resolve => setImmediate(resolve))
    expect(client.socket.bytesWritten).toBeLessThan(bytes)
    fulfil()
    await sending
    expect((await client.readResponse()).status).toBe(200)
    expect(seen.bodyBytes).toBe(bytes)
  })

  test('a turn of the event loop by default', async () => {
    server.behave(slowRead({ bytesPerTurn: 50 }))
    expect((await request(server.port, { method: 'POST', body: { bytes: 200 } })).text).toBe('app1')
  })
})

test('closeAfter: so many answers on each connection, then an unannounced FIN', async () => {
  server.behave(closeAfter(2))
  await client.send(GET + GET)
  expect((await client.readResponse()).header('connection')).toBeUndefined()
  expect((await client.readResponse()).header('connection')).toBeUndefined()
  expect(await client.closed).toBe('end')
})

describe('staleOnReuse', () => {
  test.each([
    ['close', 'end'],
    ['reset', 'reset'],
  ] as const)('answers once, and meets the next request with a %s', async (how, closed) => {
    server.behave(staleOnReuse({ how }))
    await client.send(GET)
    expect((await client.readResponse()).status).toBe(200)
    await client.send(GET)
    expect(await client.closed).toBe(closed)
    expect((await get(server.port)).status).toBe(200)
    expect(server.requests.map(each => each.answered)).toEqual([true, false, true])
  })
})

test('tcpEcho: bytes back from the moment of the connect, no HTTP at all', async () => {
  server.script([tcpEcho('220 ready\r\n')])
  server.behave(tcpEcho())
  const tunnel = await rawClient({ port: server.port })
  await tunnel.send(GET)
  tunnel.end()
  expect((await tunnel.readUntilClose()).toString()).toBe(`220 ready\r\n${GET}`)
  const second = await rawClient({ port: server.port })
  await second.send('x')
  expect((await second.readBytes(1)).toString()).toBe('x')
  second.destroy()
  expect(server.totalRequests).toBe(0)
})

test.each([
  ['answer()', () => answer({ statuss: 1 } as object)],
  ['raw()', () => raw('', { afterwards: 'stop' as 'keep' })],
  ['stall()', () => stall('nowhere' as 'mid-body')],
  ['stall()', () => stall('mid-body', { framing: 'close' as 'length' })],
  ['reset()', () => reset('nowhere' as 'mid-body')],
  ['truncate()', () => truncate('head' as 'length')],
  ['answerEarly()', () => answerEarly({ delayUntil: 1 } as object)],
  ['upgrade()', () => upgrade({ to: 'x' } as object)],
  ['slowRead()', () => slowRead({ bytesPerTurn: 0 })],
  ['closeAfter()', () => closeAfter(0)],
  ['staleOnReuse()', () => staleOnReuse({ how: 'no' as 'close' })],
])('%s refuses what it does not know', (name, make) => {
  expect(make).toThrow(
    expect.objectContaining({ code: 'EVENER_INVALID_OPTION', message: expect.stringContaining(name) }),
  )
})
