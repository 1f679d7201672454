import { once } from 'node:events'
import { VirtualClock } from '@evener/testing'
import { describe, expect, test } from 'vitest'
import { createBackend } from '../../balance/backend.ts'
import { defaultEngine } from '../default-engine.ts'
import { http2Engine } from './http2-engine.ts'
import { cut, door, echo, h2Server, hello, type OnStream, read, serverOptions } from './test-support.ts'

/** Holds each request until it is told to answer. */
function holding() {
  const held: (() => void)[] = []
  const onStream: OnStream = stream => {
    held.push(() => {
      if (stream.destroyed) return
      stream.respond({ ':status': 200 })
      stream.end('held')
    })
  }
  const letGo = () => {
    for (const answer of held.splice(0)) answer()
  }
  return { held, onStream, letGo }
}

describe('connections to a server', () => {
  test('one carries many requests at once, those that came before it was there too', async () => {
    const { held, onStream, letGo } = holding()
    const server = await h2Server(onStream)
    const { ask } = await door([serverOptions(server)])
    const answers = Array.from({ length: 50 }, () => ask())
    await expect.poll(() => held.length).toBe(50)
    expect(server.sessions).toHaveLength(1)
    letGo()
    expect((await Promise.all(answers)).every(({ text }) => text === 'held')).toBe(true)
  })

  test('another is made when the streams of one are taken', async () => {
    const { held, onStream, letGo } = holding()
    const server = await h2Server(onStream)
    const { ask } = await door([serverOptions(server)], { engine: { maxStreams: 4 } })
    const answers = Array.from({ length: 10 }, () => ask())
    await expect.poll(() => held.length).toBe(10)
    expect(server.sessions).toHaveLength(3)
    letGo()
    await Promise.all(answers)
  })

  test('the server’s own limit counts too', async () => {
    const { held, onStream, letGo } = holding()
    const server = await h2Server(onStream, { settings: { maxConcurrentStreams: 2 } })
    const { ask } = await door([serverOptions(server)])
    server.onStream = hello
    await ask()
    server.onStream = onStream
    const answers = Array.from({ length: 5 }, () => ask())
    await expect.poll(() => held.length).toBe(5)
    expect(server.sessions).toHaveLength(3)
    letGo()
    await Promise.all(answers)
  })

  test('there are never more than allowed: who finds no stream waits for one', async () => {
    const { held, onStream, letGo } = holding()
    const server = await h2Server(onStream)
    const { ask } = await door([serverOptions(server)], { engine: { maxSessions: 2, maxStreams: 2 } })
    const answers = Array.from({ length: 9 }, () => ask())
    for (const expected of [4, 4, 1]) {
      await expect.poll(() => held.length).toBe(expected)
      letGo()
    }
    expect((await Promise.all(answers)).every(({ text }) => text === 'held')).toBe(true)
    expect(server.sessions).toHaveLength(2)
  })

  test('who waits for a stream is served when the connections die', async () => {
    const { held, onStream } = holding()
    const server = await h2Server(onStream)
    const { ask } = await door([serverOptions(server)], { engine: { maxSessions: 1, maxStreams: 1 } })
    const first = ask({ method: 'POST' }, 'x')
    await expect.poll(() => held.length).toBe(1)
    const second = ask({ method: 'POST' }, 'x')
    server.onStream = hello
    await expect.poll(() => server.requests.length).toBe(1)
    cut(server.sessions[0])
    expect((await first).status).toBe(502)
    expect((await second).text).toBe('hello')
  })

  test('an idle one is closed after a while', async () => {
    const clock = new VirtualClock()
    const server = await h2Server()
    const { ask } = await door([serverOptions(server)], { backend: { clock }, engine: { idleMs: 1_000 } })
    await ask()
    await clock.advanceAsync(600)
    await ask()
    await clock.advanceAsync(600)
    expect(server.openSessions).toBe(1)
    await clock.advanceAsync(600)
    await expect.poll(() => server.openSessions).toBe(0)
    expect((await ask()).status).toBe(200)
    expect(server.sessions).toHaveLength(2)
  })

  test('of a server that is removed end with its last request', async () => {
    const { held, onStream, letGo } = holding()
    const clock = new VirtualClock()
    const server = await h2Server(onStream)
    const { ask, backend } = await door([serverOptions(server)], {
      backend: { clock, allowEmpty: true },
      engine: { idleMs: 1_000 },
    })
    const answer = ask()
    await expect.poll(() => held.length).toBe(1)
    const removed = backend.removeServer('s1')
    letGo()
    expect((await answer).status).toBe(200)
    await removed
    await clock.advanceAsync(1_000)
    await expect.poll(() => server.openSessions).toBe(0)
  })

  test('after close those under way go on, and connections end with their last request', async () => {
    const { held, onStream, letGo } = holding()
    const server = await h2Server(onStream)
    const { ask, engine } = await door([serverOptions(server)])
    const answer = ask()
    await expect.poll(() => held.length).toBe(1)
    engine.close()
    expect(server.openSessions).toBe(1)
    letGo()
    expect((await answer).text).toBe('held')
    await expect.poll(() => server.openSessions).toBe(0)
    server.onStream = hello
    expect((await ask()).text).toBe('hello')
    await expect.poll(() => server.openSessions).toBe(0)
  })
})

describe('a client that goes away', () => {
  test.each(['before the answer', 'in mid-answer'])('%s: the stream is reset, others go on', async when => {
    const { held, onStream, letGo } = holding()
    const closed: number[] = []
    const server = await h2Server((stream, headers, raw) => {
      stream.on('close', () => closed.push(stream.rstCode))
      if (headers[':path'] === '/other') onStream(stream, headers, raw)
      else if (when === 'in mid-answer') {
        stream.respond({ ':status': 200 })
        stream.write('some')
      }
    })
    const { ask, begin, backend } = await door([serverOptions(server)])
    const other = ask('/other')
    await expect.poll(() => held.length).toBe(1)
    const request = begin({ agent: false })
    request.on('error', () => {})
    request.end()
    if (when === 'in mid-answer') await once(request, 'response')
    else await expect.poll(() => server.requests.length).toBe(2)
    request.destroy()
    await expect.poll(() => closed).toEqual([8])
    letGo()
    expect((await other).text).toBe('held')
    expect(server.sessions).toHaveLength(1)
    expect(backend.counters).toMatchObject({ aborted: 1, failed: 0 })
  })

  test('while it waits for a stream: its turn passes to the next', async () => {
    const { held, onStream, letGo } = holding()
    const server = await h2Server(onStream)
    const { ask, begin, backend } = await door([serverOptions(server)], {
      engine: { maxSessions: 1, maxStreams: 1 },
    })
    const first = ask()
    await expect.poll(() => held.length).toBe(1)
    const gone = begin({ agent: false })
    gone.on('error', () => {})
    gone.end()
    await expect.poll(() => backend.counters.requestsNow).toBe(2)
    const third = ask('/third')
    await expect.poll(() => backend.counters.requestsNow).toBe(3)
    gone.destroy()
    await expect.poll(() => backend.counters.aborted).toBe(1)
    letGo()
    await first
    await expect.poll(() => held.length).toBe(1)
    letGo()
    expect((await third).text).toBe('held')
    expect(server.requests.map(({ headers }) => headers[':path'])).toEqual(['/', '/third'])
  })
})

describe('a body that comes with the framing of HTTP/1.1', () => {
  test('is sent as its content, when it is sent again too', async () => {
    // createFrontend hands bodies on as they stand on the wire, before it is known which server gets them.
    const { createFrontend } = await import('../../frontend/frontend.ts')
    let asked = 0
    const server = await h2Server((...args) => {
      if (asked++ === 0) args[0].close(7)
      else echo(...args)
    })
    const backend = createBackend({ name: 'b', servers: [serverOptions(server)] })
    const engine = defaultEngine()
    const frontend = createFrontend({ route: backend, engine })
    const { port } = await frontend.listen({ port: 0, host: '127.0.0.1' })
    const { request: requestHttp } = await import('node:http')
    const request = requestHttp({ host: '127.0.0.1', port, method: 'POST', headers: { Trailer: 'x-sum' } })
    const response = read(request)
    for (const piece of ['one', 'two', 'three'.repeat(1000)]) request.write(piece)
    request.addTrailers({ 'x-sum': '42' })
    request.end()
    expect(await response).toMatchObject({
      status: 200,
      text: `onetwo${'three'.repeat(1000)}`,
      complete: true,
    })
    expect(server.requests).toHaveLength(2)
    const plain = requestHttp({ host: '127.0.0.1', port, method: 'POST' })
    const second = read(plain)
    plain.write('no ')
    plain.end('trailers')
    expect(await second).toMatchObject({ status: 200, text: 'no trailers', complete: true })
    await frontend.close({ drainMs: 0 })
    engine.close()
    backend.close()
  })
})

describe('the options of the engine', () => {
  test.each([
    [{ maxSessions: 0 }, 'maxSessions'],
    [{ maxStreams: 1.5 }, 'maxStreams'],
    [{ idleMs: -1 }, 'idleMs'],
    [{ pingMs: 0 }, 'pingMs'],
    [{ windowBytes: 1 }, 'windowBytes'],
    [{ maxHeaderBytes: 1 }, 'maxHeaderBytes'],
    [{ maxHeaders: 1 }, 'maxHeaders'],
    [{ http1: {} }, 'http1'],
    [{ clock: {} }, 'clock'],
  ])('%o is refused', (options, name) => {
    const refusal = { code: 'EVENER_INVALID_OPTION', message: expect.stringContaining(`http2Engine.${name}`) }
    expect(() => http2Engine(options as never)).toThrow(expect.objectContaining(refusal))
    if (name !== 'http1')
      expect(() => defaultEngine({ http2: options as never })).toThrow(expect.objectContaining(refusal))
  })

  test('an unknown one is refused', () => {
    const refusal = expect.objectContaining({ code: 'EVENER_UNKNOWN_OPTION' })
    expect(() => http2Engine({ sessions: 1 } as never)).toThrow(refusal)
    expect(() => defaultEngine({ http3: {} } as never)).toThrow(refusal)
  })

  test('an engine of the host’s own for HTTP/1.1 is not closed with this one', () => {
    let closed = 0
    const http1 = { name: 'own', attempt: () => ({ resume() {}, abort() {} }), close: () => closed++ }
    http2Engine({ http1 }).close()
    expect(closed).toBe(0)
  })
})
