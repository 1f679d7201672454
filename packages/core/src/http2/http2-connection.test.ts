import { answer, expectEventually, raw, stall, VirtualClock } from '@evener/testing'
import { describe, expect, test } from 'vitest'
import { requestFields, setting, uint32 } from './frames.ts'
import { ask, http2Door, responseOf } from './test-support.ts'

/** A promise, and the function that keeps it. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = () => {}
  const opened = new Promise<void>(resolve => {
    open = resolve
  })
  return { opened, open }
}

describe('a request', () => {
  test('goes to the server as HTTP/1.1, its cookies in one line again', async () => {
    const { server, client, backend, port } = await http2Door()
    const fields = { ':path': '/a?b=c', cookie: ['a=1', 'b=2'], 'x-one': ['1', '2'], te: 'trailers' }
    expect(await ask(client(), fields)).toMatchObject({ status: 200, resetCode: 0 })
    const [request] = server.requests
    expect(request).toMatchObject({ method: 'GET', target: '/a?b=c', version: 'HTTP/1.1' })
    expect(request?.headers.filter(([name]) => /^(host|cookie|x-one|te)$/i.test(name))).toEqual([
      ['host', `127.0.0.1:${port}`],
      ['cookie', 'a=1; b=2'],
      ['x-one', '1'],
      ['x-one', '2'],
    ])
    expect(request?.header('x-forwarded-for')).toBe('127.0.0.1')
    await expectEventually(() => expect(backend.counters.requestsNow).toBe(0))
  })

  test('of bytes beyond ASCII arrives byte for byte, as does its answer', async () => {
    const { server, client } = await http2Door({
      server: { behave: answer({ headers: [['X-Back', 'gr\xfc\xdfe']] }) },
    })
    const { headers } = await ask(client(), { 'x-name': 'caf\xe9' })
    expect(server.requests[0]?.header('x-name')).toBe('caf\xe9')
    expect(headers['x-back']).toBe('gr\xfc\xdfe')
  })

  test('without a length goes on in chunks, with its trailers', async () => {
    const { server, client } = await http2Door()
    const stream = client().request({ ':method': 'POST' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': 'abc' }))
    stream.end('hello')
    expect(await responseOf(stream)).toMatchObject({ status: 200 })
    const [request] = server.requests
    expect(request?.header('transfer-encoding')).toBe('chunked')
    expect(request?.body.toString()).toBe('hello')
    expect(request?.trailers).toEqual([['x-sum', 'abc']])
  })

  test('with a length keeps it', async () => {
    const { server, client } = await http2Door()
    const response = await ask(client(), { ':method': 'PUT', 'content-length': 5 }, 'hello')
    expect(response).toMatchObject({ status: 200 })
    expect(server.requests[0]?.header('content-length')).toBe('5')
    expect(server.requests[0]?.header('transfer-encoding')).toBeUndefined()
  })

  test('that is large arrives whole, while the server holds it back now and then', async () => {
    const { server, client } = await http2Door({ server: { digest: true } })
    const body = Buffer.alloc(4_000_000, 'abcdefg')
    expect(await ask(client(), { ':method': 'PUT' }, body)).toMatchObject({ status: 200 })
    expect(server.requests[0]?.body.equals(body)).toBe(true)
  })

  test('of a client that waits for a 100 gets it from the server', async () => {
    const { server, client } = await http2Door({ server: { behave: answer({ sendContinue: true }) } })
    const stream = client().request({ ':method': 'PUT', expect: '100-continue' })
    let continued = false
    stream.on('continue', () => {
      continued = true
      stream.end('hello')
    })
    expect(await responseOf(stream)).toMatchObject({ status: 200 })
    expect(continued).toBe(true)
    expect(server.requests[0]?.body.toString()).toBe('hello')
  })

  test('beyond the largest body is refused, by its length or by its bytes', async () => {
    const { client } = await http2Door({ maxBodyBytes: 4 })
    const session = client()
    expect(await ask(session, { ':method': 'PUT', 'content-length': 5 }, 'hello')).toMatchObject({
      status: 413,
    })
    expect(await ask(session, { ':method': 'PUT' }, 'hello')).toMatchObject({ status: 413 })
    expect(await ask(session, { ':method': 'PUT' }, 'hell')).toMatchObject({ status: 200 })
  })

  test('is taken in no faster than the server takes it', async () => {
    const { opened, open } = gate()
    const { client, server } = await http2Door({
      server: { behave: stall('mid-request-body', { until: opened }) },
    })
    const stream = client().request({ ':method': 'PUT' })
    const total = 64 * 1_048_576
    const piece = Buffer.alloc(1_048_576)
    let sent = 0
    stream.on('error', () => undefined)
    await new Promise<void>(resolve => {
      const next = () => {
        while (sent < total && stream.write(piece)) sent += piece.length
        sent += piece.length
        if (sent < total) stream.once('drain', next)
        else resolve()
      }
      next()
      void server.waitFor('request').then(() => setImmediate(resolve))
    })
    expect(sent).toBeLessThan(total)
    stream.close()
    open()
  })
})

describe('a response', () => {
  test('leaves behind what is about one connection', async () => {
    const { client } = await http2Door({
      server: {
        behave: raw(
          'HTTP/1.1 200 Fine\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: x\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Two: 1\r\nX-Two: 2\r\nContent-Length: 2\r\n\r\nok',
        ),
      },
    })
    const { status, headers, text } = await ask(client())
    expect({ status, text }).toEqual({ status: 200, text: 'ok' })
    const { date: _, ...rest } = headers
    expect(rest).toEqual({ 'set-cookie': ['a=1', 'b=2'], 'x-two': '1, 2', 'content-length': '2' })
  })

  test.each([
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
  ])('to %s with %i has no body', async (method, status) => {
    const { client } = await http2Door({
      server: {
        behave: raw(
          `HTTP/1.1 ${status} X\r\nETag: "a"\r\n${status === 204 ? '' : 'Content-Length: 5\r\n'}\r\n`,
        ),
      },
    })
    const response = await ask(client(), { ':method': method })
    expect(response).toMatchObject({ status, text: '', resetCode: 0, headers: { etag: '"a"' } })
  })

  test('in chunks comes with its trailers', async () => {
    const { client } = await http2Door({
      server: { behave: answer({ body: 'hello', framing: 'chunked', trailers: [['X-Sum', 'abc']] }) },
    })
    expect(await ask(client())).toMatchObject({ text: 'hello', trailers: { 'x-sum': 'abc' }, resetCode: 0 })
  })

  test('is preceded by its early hints', async () => {
    const informational = [{ status: 103, headers: [['Link', '</a.css>; rel=preload']] }] as const
    const { client } = await http2Door({ server: { behave: answer({ informational }) } })
    const { hints, status } = await ask(client())
    expect(status).toBe(200)
    expect(hints).toMatchObject([{ ':status': 103, link: '</a.css>; rel=preload' }])
  })

  test('of many megabytes comes whole', async () => {
    const { client } = await http2Door({ server: { behave: answer({ body: { bytes: 5_000_000 } }) } })
    expect(await ask(client())).toMatchObject({ bytes: 5_000_000, resetCode: 0 })
  })

  test('that breaks off resets the stream, and leaves the others alone', async () => {
    const { client, server } = await http2Door()
    const session = client()
    server.script([raw('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf', { afterwards: 'close' })])
    expect(await ask(session)).toMatchObject({ status: 200, resetCode: 2 })
    expect(await ask(session)).toMatchObject({ status: 200, resetCode: 0 })
  })

  test.each(['Content-Length: 10\r\n\r\nhalf', 'Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'])(
    'that breaks off does not look whole (%j)',
    async rest => {
      const { frames } = await http2Door({
        server: { behave: raw(`HTTP/1.1 200 OK\r\n${rest}`, { afterwards: 'close' }) },
      })
      const client = (await frames()).request(1)
      expect(await client.reset(1)).toBe(2)
      for (const { type, flags } of client.frames) if (type === 'data') expect(flags).toBe(0)
    },
  )

  test('is held back from the server while the client reads none of it', async () => {
    const { client, backend } = await http2Door({
      server: { behave: answer({ body: { bytes: 50_000_000 } }) },
    })
    const stream = client().request({})
    await new Promise(resolve => stream.once('response', resolve))
    let before = -1
    await expectEventually(() => {
      const now = backend.counters.bytesOut
      const still = now === before
      before = now
      expect(still).toBe(true)
    })
    expect(backend.counters.bytesOut).toBeLessThan(5_000_000)
    stream.close()
  })

  test('before the request is whole is followed by a reset that blames nobody', async () => {
    const { frames, server } = await http2Door()
    server.script([raw('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', { readBody: false })])
    const client = await frames()
    client.request(1, requestFields([], 'POST'), 0)
    expect(await client.reset(1)).toBe(0)
    const types = client.frames.filter(each => each.stream === 1).map(each => each.type)
    expect(types).toEqual(['headers', 'data', 'reset'])
    expect(client.frames.find(each => each.type === 'data')).toMatchObject({ flags: 1 })
  })

  test('before the request is whole, with trailers, ends with these', async () => {
    const { frames, server } = await http2Door()
    server.script([
      raw('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n', {
        readBody: false,
      }),
    ])
    const client = await frames()
    client.request(1, requestFields([], 'POST'), 0)
    expect(await client.reset(1)).toBe(0)
    const types = client.frames.filter(each => each.stream === 1).map(each => each.type)
    expect(types).toEqual(['headers', 'data', 'headers', 'reset'])
  })
})

test('a client that takes its request back frees the server', async () => {
  const { client, server, backend } = await http2Door({ server: { behave: stall('before-head') } })
  const stream = client().request({})
  stream.on('error', () => undefined)
  await server.waitFor('request')
  stream.close(8)
  await expectEventually(() => expect(backend.counters.requestsNow).toBe(0))
  await expectEventually(() => expect(server.openConnections).toBe(0))
})

test('a body that was cut off by a reset is not taken for a whole one', async () => {
  const { frames, server, backend } = await http2Door()
  const client = (await frames()).request(1, requestFields([], 'PUT'), 0)
  client.send('data', 0, 1, Buffer.from('half'))
  const request = await server.waitFor('request')
  client.send('reset', 0, 1, uint32(8))
  await expectEventually(() => expect(backend.counters.requestsNow).toBe(0))
  await expectEventually(() => expect(server.openConnections).toBe(0))
  expect(request.complete).toBe(false)
})

test('an HTTP/2 client that vanishes is noticed by every request that it had', async () => {
  const { client, server, backend, connections } = await http2Door({
    server: { behave: stall('before-head') },
  })
  const session = client()
  for (let i = 0; i < 3; i++) session.request({}).on('error', () => undefined)
  await server.waitFor(3)
  expect(backend.counters.requestsNow).toBe(3)
  session.destroy()
  await expectEventually(() => expect(backend.counters.requestsNow).toBe(0))
  await expectEventually(() => expect(connections.size).toBe(0))
})

describe('an answer of our own', () => {
  test('is a page with a length', async () => {
    const { client, refused } = await http2Door({ route: 404 })
    const response = await ask(client())
    expect(response).toMatchObject({ status: 404, text: '404 Not Found: Nothing is served here.\n' })
    expect(response.headers['content-length']).toBe(String(response.text.length))
    expect(refused).toEqual([404])
  })

  test('to HEAD is the same without the page', async () => {
    const { client } = await http2Door({ route: 404 })
    const response = await ask(client(), { ':method': 'HEAD' })
    expect(response).toMatchObject({ status: 404, text: '', headers: { 'content-length': '39' } })
  })

  test.each([
    [404, 12],
    [429, 14],
    [502, 14],
    [503, 14],
    [504, 4],
    [400, 13],
  ] as const)('with %i is for gRPC a grpc-status %i', async (route, status) => {
    const { client } = await http2Door({ route })
    const fields = { ':method': 'POST', 'content-type': 'application/grpc+proto', te: 'trailers' }
    const response = await ask(client(), fields, 'x')
    expect(response).toMatchObject({ status: 200, text: '' })
    expect(response.headers).toMatchObject({
      'grpc-status': String(status),
      'content-type': 'application/grpc',
    })
    expect(response.headers['grpc-message']).toContain(String(route))
  })

  test('is a 502 where the server cannot be understood', async () => {
    const { client } = await http2Door({
      server: { behave: raw('nonsense\r\n\r\n', { afterwards: 'close' }) },
    })
    expect(await ask(client())).toMatchObject({ status: 502 })
  })
})

describe('the end of a connection', () => {
  test('lets requests under way finish, and announces itself', async () => {
    const { opened, open } = gate()
    const { client, server, connections } = await http2Door({
      server: { behave: answer({ delayUntil: opened }) },
    })
    const session = client()
    let goaway: number | undefined
    session.on('goaway', code => {
      goaway = code
    })
    const response = ask(session)
    await server.waitFor('request')
    const [connection] = connections
    expect(connection?.idle).toBe(false)
    connection?.closeSoon()
    await expectEventually(() => expect(goaway).toBe(0))
    open()
    expect(await response).toMatchObject({ status: 200 })
    await expectEventually(() => expect(connections.size).toBe(0))
  })

  test('comes at once where nothing is under way', async () => {
    const { client, connections } = await http2Door()
    const session = client()
    await ask(session)
    const [connection] = connections
    await expectEventually(() => expect(connection?.idle).toBe(true))
    connection?.closeSoon()
    await expectEventually(() => expect(connections.size).toBe(0))
  })

  test('by force answers what can still be answered', async () => {
    const { client, server, connections } = await http2Door({ server: { behave: stall('before-head') } })
    const response = ask(client())
    await server.waitFor('request')
    for (const connection of connections) connection.destroy()
    expect(await response).toMatchObject({ status: 503 })
    await expectEventually(() => expect(connections.size).toBe(0))
  })

  test('by force does not wait for a client that keeps its side open', async () => {
    const clock = new VirtualClock()
    const { frames, server, connections } = await http2Door({
      clock,
      backend: { clock },
      server: { behave: stall('before-head') },
    })
    const client = (await frames()).request(1)
    client.socket.allowHalfOpen = true
    await server.waitFor('request')
    for (const connection of connections) connection.destroy()
    expect(await client.frame('headers', 1)).toBeDefined()
    await expectEventually(() => expect(connections.size).toBe(0))
  })

  test('comes when the client has made as many requests as it may', async () => {
    const { client, connections } = await http2Door({ maxRequests: 2 })
    const session = client()
    expect(await ask(session)).toMatchObject({ status: 200 })
    expect(await ask(session)).toMatchObject({ status: 200 })
    await expectEventually(() => expect(connections.size).toBe(0))
  })

  test('comes to a client that asks for nothing', async () => {
    const clock = new VirtualClock()
    const { frames, connections } = await http2Door({ clock, httpRequestMs: 1_000 })
    const client = await frames()
    await client.frame('settings')
    await clock.advance(999)
    expect(connections.size).toBe(1)
    await clock.advance(1)
    expect(await client.goaway()).toBe(0)
    // It does not go by itself, so it is made to.
    await clock.advance(5_000)
    await client.end()
    await expectEventually(() => expect(connections.size).toBe(0))
  })

  test('comes to a client that asks for nothing more', async () => {
    const clock = new VirtualClock()
    const { frames, connections } = await http2Door({ clock, httpKeepAliveMs: 1_000, httpRequestMs: 500 })
    const client = await frames()
    client.request(1)
    await client.frame('data', 1)
    const [connection] = connections
    await expectEventually(() => expect(connection?.idle).toBe(true))
    await clock.advance(999)
    expect(connections.size).toBe(1)
    await clock.advance(1)
    expect(await client.goaway()).toBe(0)
    await clock.advance(5_000)
    await expectEventually(() => expect(connections.size).toBe(0))
  })

  test('is not kept off by a client that takes no answer: its stream is reset', async () => {
    const clock = new VirtualClock()
    const { frames, connections, active } = await http2Door({
      clock,
      clientMs: 1_000,
      httpRequestMs: 500_000,
    })
    // A window of nothing (SETTINGS_INITIAL_WINDOW_SIZE).
    const client = await frames(setting(4, 0))
    client.request(1)
    await client.frame('headers', 1)
    await expectEventually(() => expect(active()).toBe(0))
    await clock.advance(2_000)
    expect(await client.reset(1)).toBe(8)
    await expectEventually(() => expect([...connections][0]?.idle).toBe(true))
  })
})
