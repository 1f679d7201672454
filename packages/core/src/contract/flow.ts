/**
 * Bodies on their way: whole, in order, framed as HTTP has it, at the pace of the slower side, and never held.
 */
import {
  answer,
  answerEarly,
  type Behaviour,
  echo,
  fakeServer,
  followsPattern,
  patternBytes,
  type RawClient,
  raw,
  rawClient,
  slowRead,
  VirtualClock,
} from '@evener/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { signal, world } from './stage.ts'
import type { ContractSubject, Isolated } from './subject.ts'

/** Register the tests. */
export function flow(subject: ContractSubject): void {
  describe('framing of responses', () => framingOfResponses(subject))
  describe('framing of requests', () => framingOfRequests(subject))
  describe('1xx', () => informational(subject))
  describe('large heads', () => largeHeads(subject))
  describe('answers before the end of the request', () => earlyAnswers(subject))
  describe('connections of clients', () => clientConnections(subject))
  describe('HTTP/1.0', () => httpOneZero(subject))
  describe.runIf(subject.isolated)('100 MB', () => oneHundredMegabytes(subject))
}

const get = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'
const megabyte = 1_048_576

function framingOfResponses(subject: ContractSubject): void {
  test.each(['length', 'chunked', 'close'] as const)(
    'a body of 1 MB, framed by %s, is whole',
    async framing => {
      const { client, server } = await world(subject)
      server.behave(answer({ body: { bytes: megabyte }, framing }))
      const one = await client()
      await one.send(get)
      const response = await one.readResponse()
      expect(response).toMatchObject({ status: 200, complete: true, bodyBytes: megabyte })
      expect(followsPattern(response.body)).toBe(true)
      expect(response.framing.kind).toBe(framing === 'length' ? 'length' : 'chunked')
    },
  )

  test('an empty body is empty, in each framing', async () => {
    const { client, server } = await world(subject)
    const one = await client()
    for (const framing of ['length', 'chunked', 'close'] as const) {
      server.behave(answer({ body: '', framing }))
      await one.send(get)
      expect(await one.readResponse()).toMatchObject({ status: 200, complete: true, bodyBytes: 0 })
    }
  })

  test('the first part of a body does not wait for the rest', async () => {
    const { client, server } = await world(subject)
    const seen = signal()
    server.behave(
      raw([
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
        '5\r\nfirst\r\n',
        seen.promise,
        '0\r\n\r\n',
      ]),
    )
    const one = await client()
    await one.send(get)
    const response = await one.readResponse({ onPiece: seen.give })
    expect(response).toMatchObject({ complete: true, text: 'first' })
  })

  test('the head of a response does not wait for its body', async () => {
    const { client, server } = await world(subject)
    const seen = signal()
    server.behave(raw(['HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n', seen.promise, 'body']))
    const one = await client()
    await one.send(get)
    const head = await one.readHead()
    seen.give()
    expect(await one.readBody(head)).toMatchObject({ complete: true, text: 'body' })
  })

  test.each([204, 304])('%i has no body, and the connection serves on', async status => {
    const { client, server } = await world(subject)
    server.script([answer({ status, headers: { ETag: '"1"' } }), answer({ body: 'next' })])
    const one = await client()
    await one.send(get)
    const response = await one.readResponse()
    expect(response).toMatchObject({ status, complete: true, bodyBytes: 0 })
    expect(response.header('etag')).toBe('"1"')
    await one.send(get)
    expect(await one.readResponse()).toMatchObject({ status: 200, text: 'next' })
  })

  test('304 and HEAD keep the length that the body would have', async () => {
    const { client, server } = await world(subject)
    const one = await client()
    server.script([answer({ status: 304, headers: { 'Content-Length': '321' } }), answer({ body: 'four' })])
    await one.send(get)
    const same = await one.readResponse()
    expect(same).toMatchObject({ status: 304, bodyBytes: 0, complete: true })
    expect(same.header('content-length')).toBe('321')
    await one.send(get.replace('GET', 'HEAD'))
    const head = await one.readResponse({ method: 'HEAD' })
    expect(head).toMatchObject({ status: 200, bodyBytes: 0, complete: true })
    expect(head.header('content-length')).toBe('4')
  })

  test('HEAD has no body where the length is not known either, and the connection serves on', async () => {
    const { client, server } = await world(subject)
    server.script([answer({ chunked: true }), answer({ body: 'next' })])
    const one = await client()
    await one.send(get.replace('GET', 'HEAD'))
    expect(await one.readResponse({ method: 'HEAD' })).toMatchObject({ status: 200, bodyBytes: 0 })
    await one.send(get)
    expect(await one.readResponse()).toMatchObject({ status: 200, text: 'next', complete: true })
  })

  test('trailers reach the client', async () => {
    const { client, server } = await world(subject)
    server.behave(
      answer({ body: 'sum', headers: { Trailer: 'X-Sum, X-End' }, trailers: { 'X-Sum': '6', 'X-End': 'e' } }),
    )
    const one = await client()
    await one.send(get)
    const response = await one.readResponse()
    expect(response).toMatchObject({ text: 'sum', complete: true })
    expect(response.header('trailer')).toBe('X-Sum, X-End')
    expect(response.trailers).toEqual([
      ['X-Sum', '6'],
      ['X-End', 'e'],
    ])
  })
}

function framingOfRequests(subject: ContractSubject): void {
  test.each([true, false])('a body of 1 MB reaches the server whole; chunked: %s', async chunked => {
    const { client, server } = await world(subject)
    const one = await client()
    const framing = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${megabyte}`
    await one.send(`POST / HTTP/1.1\r\nHost: a.test\r\n${framing}\r\n\r\n`)
    await one.sendBody({ bytes: megabyte }, { chunked })
    expect(await one.readResponse()).toMatchObject({ status: 200, complete: true })
    const [request] = server.requests
    expect(request).toMatchObject({ complete: true, bodyBytes: megabyte })
    expect(request?.framing.kind).toBe(chunked ? 'chunked' : 'length')
    expect(followsPattern(request?.body ?? Buffer.alloc(0))).toBe(true)
  })

  test('chunked in both directions at once, with trailers both ways', async () => {
    const { client, server } = await world(subject)
    server.behave(echo())
    const one = await client()
    await one.send('PUT / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n')
    const sent = one.sendBody({ bytes: megabyte }, { chunked: true, trailers: [['X-Sum', '6']] })
    const response = await one.readResponse()
    await sent
    expect(response).toMatchObject({ status: 200, complete: true, bodyBytes: megabyte })
    expect(followsPattern(response.body)).toBe(true)
    expect(response.trailers).toEqual([['X-Sum', '6']])
    expect(server.requests[0]?.trailers).toEqual([['X-Sum', '6']])
  })

  test('chunks are sizes on the way and no boundaries: many small ones make one body', async () => {
    const { client, server } = await world(subject)
    server.behave(echo())
    const one = await client()
    await one.send('POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n')
    for (const piece of ['a', 'bc', 'def']) await one.send(`${piece.length};ext=1\r\n${piece}\r\n`)
    await one.send('0\r\n\r\n')
    expect(await one.readResponse()).toMatchObject({ text: 'abcdef', complete: true })
  })

  test('the head of a request does not wait for its body', async () => {
    const { client, server } = await world(subject)
    const one = await client()
    await one.send('POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4\r\n\r\n')
    await server.waitFor('request')
    await one.send('body')
    expect(await one.readResponse()).toMatchObject({ status: 200, complete: true })
    expect(server.requests[0]?.body.toString()).toBe('body')
  })
}

function informational(subject: ContractSubject): void {
  test('103 Early Hints pass, before the response', async () => {
    const { client, server } = await world(subject)
    const headers = { Link: '</a.css>; rel=preload; as=style' }
    server.behave(answer({ informational: [{ status: 103, headers }], body: 'page' }))
    const one = await client()
    await one.send(get)
    const response = await one.readResponse()
    expect(response).toMatchObject({ status: 200, text: 'page' })
    expect(response.informational.map(each => each.status)).toEqual([103])
    const hints = response.informational[0]?.headers.map(([name, value]) => [name.toLowerCase(), value])
    expect(hints).toContainEqual(['link', headers.Link])
  })

  test('102 passes, and several of them', async () => {
    const { client, server } = await world(subject)
    server.behave(answer({ informational: [{ status: 102 }, { status: 102 }] }))
    const one = await client()
    await one.send(get)
    const response = await one.readResponse()
    expect(response.informational.map(each => each.status)).toEqual([102, 102])
    expect(response.status).toBe(200)
  })

  test('none reaches a client of HTTP/1.0', async () => {
    const { client, server } = await world(subject)
    server.behave(answer({ informational: [{ status: 102 }, { status: 103, headers: { Link: '</a>' } }] }))
    const one = await client()
    await one.send('GET / HTTP/1.0\r\n\r\n')
    expect(await one.readResponse()).toMatchObject({ status: 200, informational: [] })
  })

  test('a client that expects 100 is told to go on, and its body arrives', async () => {
    const { client, server } = await world(subject)
    const one = await client()
    await one.send('POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n')
    expect((await one.readBytes(25)).toString()).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    await one.send('body')
    expect(await one.readResponse()).toMatchObject({ status: 200, complete: true })
    expect(server.requests[0]?.body.toString()).toBe('body')
  })
}

function largeHeads(subject: ContractSubject): void {
  const large = Array.from({ length: 60 }, (_, i): [string, string] => [`X-Large-${i}`, 'v'.repeat(190)])

  test('a request head of 12 KB passes', async () => {
    const { client, server } = await world(subject)
    const one = await client()
    await one.send(get.replace('\r\n\r\n', `\r\n${large.map(([n, v]) => `${n}: ${v}`).join('\r\n')}\r\n\r\n`))
    expect((await one.readResponse()).status).toBe(200)
    expect(server.requests[0]?.headers).toEqual(expect.arrayContaining(large))
  })

  test('a response head of 12 KB passes', async () => {
    const { client, server } = await world(subject)
    server.behave(answer({ headers: large }))
    const one = await client()
    await one.send(get)
    expect((await one.readResponse()).headers).toEqual(expect.arrayContaining(large))
  })

  test('a request head without end is refused with 431, and never reaches a server', async () => {
    const { client, server } = await world(subject)
    const one = await client()
    const sent = one.send(get.replace('\r\n\r\n', `\r\nX-Large: ${'v'.repeat(megabyte)}\r\n\r\n`))
    expect((await one.readHead()).status).toBe(431)
    await sent.catch(() => undefined)
    await one.closed
    expect(server.totalRequests).toBe(0)
  })

  test('a response head without end is answered with 502', async () => {
    const { client, server } = await world(subject)
    server.behave(answer({ headers: { 'X-Large': 'v'.repeat(megabyte) } }))
    const one = await client()
    await one.send(get)
    expect(await one.readResponse()).toMatchObject({ status: 502, complete: true })
  })
}

function earlyAnswers(subject: ContractSubject): void {
  const upload = `POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${megabyte}\r\n\r\n`

  test('a server that answers on the head alone is heard, and the connection serves on', async () => {
    const { client, server } = await world(subject)
    server.script([answerEarly({ status: 413, body: 'too much' }), answer({ body: 'next' })])
    const one = await client()
    await one.send(upload)
    expect(await one.readResponse()).toMatchObject({ status: 413, text: 'too much', complete: true })
    await one.sendBody({ bytes: megabyte })
    await one.send(get)
    expect(await one.readResponse()).toMatchObject({ status: 200, text: 'next' })
  })

  test('a server that answers and reads no further is heard, while the client still sends', async () => {
    const { client, server } = await world(subject)
    server.behave(answerEarly({ body: 'no', afterwards: 'ignore' }))
    const one = await client()
    await one.send(upload)
    const sent = one.sendBody({ bytes: megabyte / 2 })
    expect(await one.readResponse()).toMatchObject({ status: 413, text: 'no', complete: true })
    await sent
  })

  test('an answer of the door itself is heard while the client still sends', async () => {
    const { client, server } = await world(subject)
    await server.refuse()
    const one = await client()
    const sent = one.send(upload).then(() => one.sendBody({ bytes: megabyte }))
    expect(await one.readResponse()).toMatchObject({ status: 502, complete: true })
    await sent
    await server.accept()
    await one.send(get)
    expect((await one.readResponse()).status).toBe(200)
  })

  test('a client that never sends the rest is let go', async () => {
    const clock = new VirtualClock()
    const { client, server } = await world(subject, { clock })
    server.behave(answerEarly())
    const one = await client()
    await one.send(upload)
    expect((await one.readResponse()).status).toBe(413)
    await clock.advanceAsync(5_000)
    await one.closed
    expect(clock.pending).toBe(0)
  })

  test('a client that sends without end is let go', async () => {
    const { client, server } = await world(subject)
    server.behave(answerEarly({ afterwards: 'ignore' }))
    const one = await client()
    await one.send('POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000000000\r\n\r\n')
    expect((await one.readResponse()).status).toBe(413)
    await expect(one.sendBody({ bytes: 1_000_000_000 })).rejects.toMatchObject({
      code: 'EVENER_CONNECTION_GONE',
    })
  })
}

function clientConnections(subject: ContractSubject): void {
  /** The target as the body, so that an answer tells which request it belongs to. */
  const telling: Behaviour = request => answer({ body: request.target })
  const ask = (target: string) => `GET ${target} HTTP/1.1\r\nHost: a.test\r\n\r\n`

  test('many requests on one connection, one after the other', async () => {
    const { client, server } = await world(subject)
    server.behave(telling)
    const one = await client()
    for (let i = 0; i < 20; i++) {
      await one.send(ask(`/${i}`))
      expect(await one.readResponse()).toMatchObject({ status: 200, text: `/${i}` })
    }
  })

  test('pipelined requests are answered in their order, whichever is ready first', async () => {
    const { client, server } = await world(subject)
    const release = signal()
    server.behave(request =>
      answer({ body: request.target, ...(request.target === '/0' && { delayUntil: release.promise }) }),
    )
    const one = await client()
    await one.send([0, 1, 2, 3].map(i => ask(`/${i}`)).join(''))
    await server.waitFor(({ requests }) => requests.some(each => each.target === '/0'))
    release.give()
    for (let i = 0; i < 4; i++) expect((await one.readResponse()).text).toBe(`/${i}`)
  })

  test('pipelined requests with bodies keep them apart', async () => {
    const { client, server } = await world(subject)
    server.behave(echo())
    const one = await client()
    const post = (body: string) =>
      `POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    await one.send(post('first') + post('second') + post('3rd'))
    const texts: string[] = []
    for (let i = 0; i < 3; i++) texts.push((await one.readResponse()).text)
    expect(texts).toEqual(['first', 'second', '3rd'])
  })

  test('a pipelined request whose answer breaks does not take the one before it away', async () => {
    const { client, server, backend } = await world(subject)
    const broken = signal()
    const begin = 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf'
    server.behave(request =>
      request.target === '/0'
        ? answer({ body: 'whole', delayUntil: broken.promise })
        : raw(begin, { afterwards: 'reset' }),
    )
    const one = await client()
    await one.send(ask('/0') + ask('/1'))
    // A door that serves one after the other has not asked for the second yet.
    await expect
      .poll(() => backend.counters.failed, { interval: 1, timeout: 200 })
      .toBe(1)
      .catch(() => undefined)
    broken.give()
    expect(await one.readResponse()).toMatchObject({ status: 200, text: 'whole', complete: true })
    expect((await one.readUntilClose()).toString()).not.toMatch(/\r\n\r\nhalf.{996}/s)
  })

  test('Connection: close is kept', async () => {
    const { client } = await world(subject)
    const one = await client()
    await one.send(get.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))
    expect((await one.readResponse()).header('connection')).toBe('close')
    expect(await one.closed).toBe('end')
  })
}

function httpOneZero(subject: ContractSubject): void {
  test.each(['length', 'chunked', 'close'] as const)(
    'a client gets a body framed by %s to the end of the connection',
    async framing => {
      const { client, server } = await world(subject)
      server.behave(answer({ body: { bytes: megabyte }, framing }))
      const one = await client()
      await one.send('GET / HTTP/1.0\r\nHost: a.test\r\n\r\n')
      const response = await one.readResponse()
      expect(response.header('transfer-encoding')).toBeUndefined()
      expect(response).toMatchObject({ status: 200, complete: true, bodyBytes: megabyte })
      expect(await one.closed).toBe('end')
    },
  )

  test('a client need not say a host', async () => {
    const { client, server } = await world(subject)
    const one = await client()
    await one.send('GET /old HTTP/1.0\r\n\r\n')
    expect((await one.readResponse()).status).toBe(200)
    expect(server.requests[0]?.target).toBe('/old')
  })

  test('a client that asks for it keeps its connection', async () => {
    const { client } = await world(subject)
    const one = await client()
    for (let i = 0; i < 3; i++) {
      await one.send('GET / HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n')
      expect(await one.readResponse()).toMatchObject({ status: 200, complete: true })
    }
  })

  test('a client sees a response that was broken off as broken, though its end is that of the connection', async () => {
    const { client, server } = await world(subject)
    const seen = signal()
    server.behave(
      raw(['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n', seen.promise], {
        afterwards: 'close',
      }),
    )
    const one = await client()
    await one.send('GET / HTTP/1.0\r\nHost: a.test\r\n\r\n')
    const response = await one.readResponse({ onPiece: seen.give })
    expect(response).toMatchObject({ status: 200, complete: false, broken: 'reset' })
  })

  test('a server may speak it, to the end of its connection', async () => {
    const { client, server } = await world(subject)
    server.behave(raw('HTTP/1.0 200 OK\r\nX-Old: yes\r\n\r\nold body', { afterwards: 'close' }))
    const one = await client()
    await one.send(get)
    const response = await one.readResponse()
    expect(response).toMatchObject({ version: 'HTTP/1.1', status: 200, text: 'old body', complete: true })
    expect(response.header('x-old')).toBe('yes')
  })
}

/** 100 MB in each direction, past somebody slow, in a process of its own whose memory is measured on the way. */
function oneHundredMegabytes(subject: ContractSubject): void {
  const total = 100 * megabyte
  const allowed = 30 * megabyte

  /** A subject that has served a little already, so that idle is what it is after its code is loaded. */
  async function subjectWith(
    behave: Behaviour,
  ): Promise<{ at: Isolated; one: RawClient; grown: () => Promise<void> }> {
    const server = await fakeServer({ keepBodyBytes: 0, behave: answer() })
    const at = await (subject.isolated as NonNullable<ContractSubject['isolated']>)([server.address])
    const one = await rawClient({ port: at.port, timeoutMs: 30_000 })
    onTestFinished(async () => {
      one.destroy()
      await at.close()
      await server.close()
    })
    for (let i = 0; i < 200; i++) {
      server.script([answer({ body: { bytes: i % 20 === 0 ? megabyte : 1 } })])
      await one.send(get)
      await one.readResponse()
    }
    // And what a transfer at full speed leaves to the allocator belongs to idle, too: it is held by nobody.
    server.script([echo()])
    await one.send(`PUT / HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${32 * megabyte}\r\n\r\n`)
    const sent = one.sendBody({ bytes: 32 * megabyte })
    await one.readResponse({ keepBodyBytes: 0 })
    await sent
    server.behave(behave)
    const idle = await at.memory()
    const grown = async () => {
      const now = await at.memory()
      expect(now.liveBytes - idle.liveBytes).toBeLessThan(allowed)
      expect(now.rssBytes - idle.rssBytes).toBeLessThan(allowed)
    }
    return { at, one, grown }
  }

  test('to a slow reader: whole, and never held', async () => {
    const { one, grown } = await subjectWith(answer({ body: { bytes: total } }))
    await one.send(get)
    let next = megabyte
    let follows = true
    const response = await one.readResponse({
      keepBodyBytes: 0,
      // Each look at the memory is a pause in which the server could run ahead.
      async onPiece(piece, offset) {
        follows &&= followsPattern(piece, offset)
        if (offset < next) return
        next += 4 * megabyte
        await grown()
      },
    })
    expect(response).toMatchObject({ complete: true, bodyBytes: total })
    expect(follows).toBe(true)
    await grown()
  })

  test('to a server that reads slowly: whole, and never held', async () => {
    let looked = 0
    let look = async () => {}
    let follows = true
    const reading: Behaviour = async request => {
      let offset = 0
      for await (const piece of request.pieces()) {
        follows &&= followsPattern(piece, offset)
        offset += piece.length
        if (offset / megabyte > looked + 4) {
          looked = offset / megabyte
          await look()
        }
      }
      return answer({ body: String(offset) })
    }
    const { one, grown } = await subjectWith(reading)
    look = grown
    await one.send(`PUT / HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${total}\r\n\r\n`)
    const sent = one.sendBody({ bytes: total })
    expect(await one.readResponse()).toMatchObject({ status: 200, text: String(total) })
    await sent
    expect(looked).toBeGreaterThan(90)
    expect(follows).toBe(true)
    await grown()
  })

  test('from a slow writer, there and back, in chunks', async () => {
    const { one, grown } = await subjectWith(echo())
    await one.send('PUT / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n')
    const piece = patternBytes(65_521)
    const chunk = Buffer.concat([Buffer.from('fff1\r\n'), piece, Buffer.from('\r\n')])
    const pieces = Math.ceil(total / piece.length)
    const sent = (async () => {
      for (let i = 0; i < pieces; i++) {
        await one.send(chunk)
        if (i % 128 === 0) await grown()
      }
      await one.send('0\r\n\r\n')
    })()
    let follows = true
    const response = await one.readResponse({
      keepBodyBytes: 0,
      onPiece: (bytes, offset) => {
        follows &&= followsPattern(bytes, offset)
      },
    })
    await sent
    expect(response).toMatchObject({ complete: true, bodyBytes: pieces * piece.length })
    expect(follows).toBe(true)
    await grown()
  })

  test('a server that takes small bites gets every byte', async () => {
    const { one, grown } = await subjectWith(
      slowRead({ bytesPerTurn: 16_384, answering: answer({ body: 'eaten' }) }),
    )
    await one.send(`POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${total}\r\n\r\n`)
    await one.sendBody({ bytes: total })
    expect(await one.readResponse()).toMatchObject({ text: 'eaten', complete: true })
    await grown()
  })
}
