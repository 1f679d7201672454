import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answer, expectEventually, fakeServer, raw, rawClient, stall, upgrade } from '@evener/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createBackend } from '../balance/backend.ts'
import type { Engine } from './engine.ts'
import { type HttpHandler, type HttpHandlerOptions, httpHandler } from './http-handler.ts'
import type { BodySink } from './request-body.ts'

const get = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'
const getUpgrade = get.replace('\r\n\r\n', '\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')

/** A handler in front of one server, hooked in by `attach` or given as the listener alone; and a client. */
async function served(
  how: 'attached' | 'listener',
  listen?: (req: IncomingMessage, res: ServerResponse, handler: HttpHandler) => void,
  options: HttpHandlerOptions & { prepare?: (host: Server) => void } = {},
) {
  const { prepare, ...door } = options
  const server = await fakeServer()
  const backend = createBackend({ name: 'app', servers: [{ id: 's1', address: server.address }] })
  const handler = httpHandler(backend, door)
  const host = createServer({ connectionsCheckingInterval: 10 })
  prepare?.(host)
  if (how === 'attached' && listen !== undefined) host.on('request', (req, res) => listen(req, res, handler))
  if (how === 'attached') handler.attach(host)
  else
    host.on('request', (req, res) => (listen === undefined ? handler(req, res) : listen(req, res, handler)))
  await new Promise<void>(resolve => host.listen(0, '127.0.0.1', resolve))
  const client = await rawClient({ port: (host.address() as AddressInfo).port, timeoutMs: 5_000 })
  onTestFinished(async () => {
    client.destroy()
    host.closeAllConnections()
    host.close()
    await handler.close({ drainMs: 0 })
    backend.close()
    await server.close()
  })
  return { server, backend, handler, host, client }
}

test('an upgrade behind a response that is under way is served in its turn, without the change', async () => {
  const { server, handler, client } = await served('attached')
  server.script([answer({ body: 'first' }), answer({ body: 'second' })])
  await client.send(get + getUpgrade)
  expect(await client.readResponse()).toMatchObject({ status: 200 })
  expect(await client.readResponse()).toMatchObject({ status: 200 })
  expect(server.requests.map(request => request.header('upgrade'))).toEqual([undefined, undefined])
  expect(handler.active).toBe(0)
})

test('where nothing tells of upgrades, they are served without the change', async () => {
  const { server, client } = await served('listener')
  server.behave(upgrade())
  await client.send(getUpgrade)
  expect((await client.readResponse()).status).not.toBe(101)
  expect(server.requests[0]?.header('upgrade')).toBeUndefined()
})

test('a server that sends 1xx without end does not fill the memory for a client that does not read', async () => {
  const { server, client } = await served('listener')
  const hints = 2_000
  const hint = `HTTP/1.1 103 Early Hints\r\nLink: </${'a'.repeat(8_000)}>; rel=preload\r\n\r\n`
  const readOn = async () => client.resume()
  server.behave(raw([hint.repeat(hints), readOn, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok']))
  client.pause()
  await client.send(get)
  const response = await client.readResponse()
  expect(response).toMatchObject({ status: 200, text: 'ok' })
  expect(response.informational.length).toBeLessThan(hints)
})

describe('pipelined requests', () => {
  test.each(['attached', 'listener'] as const)('take one place after the other (%s)', async how => {
    const { server, backend, client } = await served(how)
    const go = Promise.withResolvers<void>()
    server.behave(request => answer({ body: request.target, delayUntil: go.promise }))
    const many = 500
    await client.send(
      Array.from({ length: many }, (_, i) => `GET /${i} HTTP/1.1\r\nHost: a.test\r\n\r\n`).join(''),
    )
    await server.waitFor('request')
    // All were read by now: they came in one piece, with the first.
    expect(backend.counters).toMatchObject({ requests: 1, requestsNow: 1 })
    go.resolve()
    for (let i = 0; i < many; i++) {
      expect(await client.readResponse()).toMatchObject({ status: 200, text: `/${i}` })
    }
    expect(backend.counters).toMatchObject({ requests: many, requestsMax: 1 })
  })

  test('are not read without end while they wait', async () => {
    const { server, host, client } = await served('listener')
    const go = Promise.withResolvers<void>()
    server.behave(answer({ delayUntil: go.promise }))
    let read = 0
    host.prependListener('request', () => read++)
    const many = 8_000
    void client.send(get.repeat(many)).catch(() => undefined)
    await server.waitFor('request')
    let unchanged = 0
    let before = 0
    await expectEventually(() => {
      unchanged = read === before ? unchanged + 1 : 0
      before = read
      expect(unchanged).toBeGreaterThan(20)
    })
    // What one read brought, and hardly more.
    expect(read).toBeLessThan(4_000)
    go.resolve()
    for (let i = 0; i < many; i++) expect((await client.readResponse()).status).toBe(200)
  })

  test('wait behind an answer of the application itself, too', async () => {
    const own = Promise.withResolvers<ServerResponse>()
    const { server, backend, client } = await served('listener', (req, res, handler) => {
      if (req.url === '/own') own.resolve(res)
      else handler(req, res)
    })
    await client.send(get.replace('/', '/own') + get)
    const res = await own.promise
    await new Promise(resolve => setImmediate(resolve))
    expect(backend.counters.requests).toBe(0)
    res.end('own')
    expect(await client.readResponse()).toMatchObject({ text: 'own' })
    expect(await client.readResponse()).toMatchObject({ text: server.name })
  })

  test('that the application has answered meanwhile are not served', async () => {
    const waiting: ServerResponse[] = []
    const { server, backend, client } = await served('listener', (req, res, handler) => {
      waiting.push(res)
      handler(req, res)
    })
    const go = Promise.withResolvers<void>()
    server.behave(answer({ body: 'first', delayUntil: go.promise }))
    await client.send(get.repeat(3))
    await server.waitFor('request')
    waiting[1]?.writeHead(503).end('too slow')
    go.resolve()
    const texts: string[] = []
    for (let i = 0; i < 3; i++) texts.push((await client.readResponse()).text)
    expect(texts).toEqual(['first', 'too slow', 'first'])
    expect(backend.counters).toMatchObject({ requests: 2, completed: 2 })
  })

  test('that wait at a graceful end are not served any more', async () => {
    const { server, handler, client } = await served('listener')
    const go = Promise.withResolvers<void>()
    server.behave(answer({ body: 'last', delayUntil: go.promise }))
    await client.send(get.repeat(3))
    await server.waitFor('request')
    const closed = handler.close()
    go.resolve()
    await closed
    expect(await client.readResponse()).toMatchObject({ status: 200, text: 'last' })
    const refused = await client.readResponse()
    expect(refused).toMatchObject({ status: 503 })
    expect(refused.header('connection')).toBe('close')
    expect(server.totalRequests).toBe(1)
  })

  test('that wait when the client goes away are forgotten', async () => {
    const { server, backend, handler, client } = await served('listener')
    server.behave(stall('before-head'))
    await client.send(get.repeat(10))
    await server.waitFor('request')
    client.reset()
    await expectEventually(() => expect(server.openConnections).toBe(0))
    expect(handler.active).toBe(0)
    expect(backend.counters).toMatchObject({ requests: 1, aborted: 1 })
  })
})

test('a body in small chunks goes on in pieces of a size, whole and without waiting for more', async () => {
  const pieces: string[] = []
  let ended = false
  const engine: Engine = {
    name: 'counting',
    attempt(attempt) {
      const sink: BodySink = {
        write: chunk => pieces.push(chunk.toString()) > 0,
        end() {
          ended = true
        },
      }
      attempt.connected()
      attempt.body.attach(sink)
      return { abort: () => attempt.body.detach(sink), resume() {} }
    },
    close() {},
  }
  const { client } = await served('attached', undefined, { engine })
  await client.send(get.replace('GET', 'PUT').replace('\r\n\r\n', '\r\nTransfer-Encoding: chunked\r\n\r\n'))
  await client.send('1\r\na\r\n')
  await expectEventually(() => expect(pieces).toEqual(['a']))
  await client.send('1\r\nb\r\n'.repeat(50_000))
  await expectEventually(() => expect(pieces.join('')).toBe(`a${'b'.repeat(50_000)}`))
  // As many as there were reads, and not as chunks.
  expect(pieces.length).toBeLessThan(100)
  await client.send(`8000\r\n${'c'.repeat(0x8000)}\r\n1\r\nd\r\n0\r\n\r\n`)
  await expectEventually(() => expect(ended).toBe(true))
  expect(pieces.join('')).toBe(`a${'b'.repeat(50_000)}${'c'.repeat(0x8000)}d`)
})

describe('a message that Node cannot read', () => {
  const junk = 'GET / HTTP/1.1\r\nHost a.test\r\n\r\n'

  test.each([
    ['a head that is none', 400, junk],
    ['a head that is too large', 431, get.replace('\r\n\r\n', `\r\nX-A: ${'a'.repeat(20_000)}`)],
    ['another version', 505, get.replace('1.1', '1.7')],
    ['a version that ends in a bare line feed', 400, get.replace('\r\n', '\n')],
  ])('%s gets an answer of ours: %i', async (_, status, bytes) => {
    const { server, handler, client } = await served('attached')
    await client.send(bytes)
    const response = await client.readResponse()
    expect(response).toMatchObject({ status, complete: true })
    expect(response.text).toMatch(new RegExp(`^${status} .*: `))
    expect(response.header('connection')).toBe('close')
    expect(response.header('cache-control')).toBe('no-store')
    expect(await client.closed).toBe('end')
    expect(handler.counters.refused).toEqual({ [status]: 1 })
    expect(server.totalRequests).toBe(0)
  })

  test('that goes on without end is read for a while only', async () => {
    const { client } = await served('attached')
    await client.send(junk)
    const all = (async () => {
      for (;;) await client.send('x'.repeat(65_536))
    })()
    await expect(all).rejects.toThrow('closed while sending')
  })

  test('gets the page of the host, where there is one', async () => {
    const { client } = await served('attached', undefined, { errorPages: { 400: '<p>What?' } })
    await client.send(junk)
    expect(await client.readResponse()).toMatchObject({ status: 400, text: '<p>What?' })
  })

  test('because it comes too slowly, gets 408', async () => {
    const { handler, client } = await served('attached', undefined, { timeouts: { httpRequestMs: 30 } })
    await client.send('GET / HTTP/1.1\r\nHost:')
    expect((await client.readResponse()).status).toBe(408)
    expect(await client.closed).toBe('end')
    expect(handler.counters.refused).toEqual({ 408: 1 })
  })

  test('is answered after the requests before it', async () => {
    const { server, handler, client } = await served('attached')
    const go = Promise.withResolvers<void>()
    server.behave(request => answer({ body: request.target, delayUntil: go.promise }))
    await client.send(`${get.replace('/', '/1')}${get.replace('/', '/2')}${junk}`)
    await server.waitFor('request')
    // What follows it is not read any more, whatever it is.
    await client.send(get)
    go.resolve()
    for (const text of ['/1', '/2']) expect(await client.readResponse()).toMatchObject({ status: 200, text })
    expect((await client.readResponse()).status).toBe(400)
    expect(await client.closed).toBe('end')
    expect(server.totalRequests).toBe(2)
    expect(handler.counters.refused).toEqual({ 400: 1 })
  })

  const chunked = get.replace('GET', 'POST').replace('\r\n\r\n', '\r\nTransfer-Encoding: chunked\r\n\r\n')

  test('in the body of a request that is under way ends that', async () => {
    const { server, backend, client } = await served('attached')
    await client.send(`${chunked}5\r\nhello\r\n`)
    await server.waitFor(({ requests }) => requests[0]?.bodyBytes === 5)
    await client.send('zz\r\n')
    const response = await client.readResponse()
    expect(response.status).toBe(400)
    expect(response.header('connection')).toBe('close')
    await server.waitFor(({ requests }) => requests[0]?.aborted)
    expect(backend.counters).toMatchObject({ requestsNow: 0, aborted: 1 })
  })

  test('in the body of a request that waits for its turn ends that', async () => {
    const { server, client } = await served('attached')
    await client.send(`${get}${chunked}zz\r\n`)
    expect((await client.readResponse()).status).toBe(200)
    expect((await client.readResponse()).status).toBe(400)
    await server.waitFor(({ requests }) => requests[1] === undefined || requests[1].aborted)
    expect(server.requests[1]?.complete ?? false).toBe(false)
  })

  test('in a body that was answered already closes the connection, and is no request to answer', async () => {
    const { handler, client } = await served('attached', (req, res, serve) => {
      if (req.url === '/early') res.end('early')
      else serve(req, res)
    })
    await client.send(chunked.replace('/', '/early'))
    expect(await client.readResponse()).toMatchObject({ text: 'early' })
    await client.send('zz\r\n')
    expect((await client.readUntilClose()).toString()).toBe('')
    expect(handler.counters.refused).toEqual({})
  })

  test("in the body of a request of the application's own is answered, where that has said nothing yet", async () => {
    let own: ServerResponse | undefined
    const { client } = await served('attached', (req, res) => {
      req.resume()
      own = res
    })
    await client.send(`${chunked}zz\r\n`)
    expect((await client.readResponse()).status).toBe(400)
    own?.end('too late')
    expect((await client.readUntilClose()).toString()).toBe('')
  })

  test.each(['before', 'after'])("is the host's business, where it has set a listener %s", async when => {
    const seen: string[] = []
    const listen = (host: Server) =>
      host.on('clientError', (error: NodeJS.ErrnoException, socket) => {
        seen.push(error.code ?? '')
        socket.end('HTTP/1.1 418 Own\r\nContent-Length: 0\r\n\r\n')
      })
    const { host, handler, client } = await served('attached', undefined, {
      ...(when === 'before' && { prepare: listen }),
    })
    if (when === 'after') listen(host)
    await client.send(junk)
    expect((await client.readResponse()).status).toBe(418)
    expect((await client.readUntilClose()).toString()).toBe('')
    expect(seen).toEqual(['HPE_INVALID_HEADER_TOKEN'])
    expect(handler.counters.refused).toEqual({})
  })

  test('is Node’s business again after a handler has been taken off', () => {
    const host = createServer()
    const handler = httpHandler(() => undefined)
    handler.attach(host)()
    expect(host.listenerCount('clientError')).toBe(0)
  })
})

test('a graceful end that is asked for twice at once is one end, and both are told of it', async () => {
  const { server, handler, client } = await served('listener')
  const go = Promise.withResolvers<void>()
  server.behave(answer({ delayUntil: go.promise }))
  await client.send(get)
  await server.waitFor('request')
  const told: number[] = []
  for (const each of [1, 2]) void handler.close().then(() => told.push(each))
  go.resolve()
  expect((await client.readResponse()).status).toBe(200)
  await expectEventually(() => expect(told.toSorted()).toEqual([1, 2]))
})

test('what was refused without a backend is counted', async () => {
  const { handler, client } = await served('listener', (req, res) => httpHandlerOfNobody(req, res))
  const httpHandlerOfNobody = httpHandler(() => undefined)
  await client.send(get)
  expect((await client.readResponse()).status).toBe(404)
  expect(httpHandlerOfNobody.counters.refused).toEqual({ 404: 1 })
  expect(handler.counters.refused).toEqual({})
})
