import { once } from 'node:events'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { pki } from '../test-support-pki.ts'
import { door, echo, h2Server, read, serverOptions } from './test-support.ts'

/** The raw fields of a request with this name. */
const values = (raw: readonly string[], name: string) =>
  raw.filter((_, i) => i % 2 === 1 && raw[i - 1] === name)

/** Until a number has not changed for a while. */
async function standsStill(number: () => number): Promise<void> {
  let before = -1
  const same = () => {
    const now = number()
    const still = now === before
    before = now
    return still
  }
  await expect.poll(same, { interval: 100 }).toBe(true)
}

describe('a request to an HTTP/2 server', () => {
  test.each([false, true])('arrives as it was sent; TLS: %s', async secure => {
    const server = await h2Server(undefined, { secure })
    const { ask, port } = await door([serverOptions(server)])
    const response = await ask({ path: '/a/../b?x=%2f&y', method: 'PROPFIND', headers: { 'X-Test': 'one' } })
    expect(response).toMatchObject({ status: 200, text: 'hello', complete: true })
    const [request] = server.requests
    expect(request?.headers).toMatchObject({
      ':method': 'PROPFIND',
      ':path': '/a/../b?x=%2f&y',
      ':scheme': secure ? 'https' : 'http',
      ':authority': `127.0.0.1:${port}`,
      'x-test': 'one',
      'x-forwarded-for': '127.0.0.1',
    })
    expect(request?.headers.host).toBeUndefined()
  })

  test('keeps repetition, order, cookies and bytes beyond ASCII', async () => {
    const server = await h2Server()
    const { begin } = await door([serverOptions(server)])
    const request = begin({
      headers: [
        ...['Host', 'a.test', 'X-B', '1', 'x-a', '2', 'X-b', '3', 'Cookie', 'a=b; c=d'],
        ...['If-None-Match', '"x"', 'If-None-Match', '"y"', 'X-Name', 'caf\u00e9'],
      ],
    })
    request.end()
    expect((await read(request)).status).toBe(200)
    const { raw, headers } = server.requests[0] as { raw: string[]; headers: Record<string, unknown> }
    expect(values(raw, 'x-b')).toEqual(['1', '3'])
    expect(values(raw, 'if-none-match')).toEqual(['"x"', '"y"'])
    expect(headers.cookie).toBe('a=b; c=d')
    expect(headers['x-name']).toBe('caf\u00e9')
    expect(headers[':authority']).toBe('a.test')
  })

  test('what is about the connection ends here, TE for trailers does not', async () => {
    const server = await h2Server()
    const { ask } = await door([serverOptions(server)])
    const headers = {
      Connection: 'keep-alive, X-Hop',
      'X-Hop': '1',
      'Keep-Alive': 'timeout=5',
      TE: 'gzip, trailers',
    }
    expect((await ask({ headers })).status).toBe(200)
    const names = server.requests[0]?.raw.filter((_, i) => i % 2 === 0)
    for (const name of ['connection', 'keep-alive', 'x-hop', 'transfer-encoding', 'upgrade']) {
      expect(names).not.toContain(name)
    }
    expect(server.requests[0]?.headers.te).toBe('trailers')
    await ask()
    expect(server.requests[1]?.headers.te).toBeUndefined()
  })

  test('OPTIONS * stays what it is', async () => {
    const server = await h2Server()
    const { ask } = await door([serverOptions(server)])
    await ask({ method: 'OPTIONS', path: '*' })
    expect(server.requests[0]?.headers).toMatchObject({ ':method': 'OPTIONS', ':path': '*' })
  })

  test.each([
    ['with its length', { 'Content-Length': '100000' }],
    ['in chunks', { 'Transfer-Encoding': 'chunked' }],
  ])('a body %s arrives whole, and so does its echo', async (_how, headers) => {
    const server = await h2Server(echo)
    const { ask } = await door([serverOptions(server)])
    const body = Buffer.alloc(100_000, 'evener ')
    const response = await ask({ method: 'POST', headers }, body)
    expect(response).toMatchObject({ status: 200, complete: true })
    expect(response.text === body.toString()).toBe(true)
    expect(server.requests[0]?.headers['content-length']).toBe(
      'Content-Length' in headers ? '100000' : undefined,
    )
  })

  test('trailers arrive, in both directions', async () => {
    const server = await h2Server((stream, headers) => {
      stream.on('trailers', trailers => {
        stream.respond({ ':status': 200, trailer: 'x-sum' }, { waitForTrailers: true })
        stream.on('wantTrailers', () =>
          stream.sendTrailers({ 'x-sum': `${trailers['x-mine']}`, 'x-two': ['1', '2'] }),
        )
        stream.end(headers[':path'])
      })
      stream.resume()
    })
    const { begin } = await door([serverOptions(server)])
    const request = begin({
      method: 'POST',
      path: '/t',
      headers: { Trailer: 'X-Mine', 'Transfer-Encoding': 'chunked' },
    })
    const response = read(request)
    request.write('body')
    request.addTrailers({ 'X-Mine': '42' })
    request.end()
    expect(await response).toMatchObject({ status: 200, text: '/t', complete: true })
    expect((await response).trailers).toMatchObject({ 'x-sum': '42', 'x-two': '1, 2' })
  })

  test('Expect: 100-continue goes on, and the client is told to go on', async () => {
    const server = await h2Server(echo)
    const { begin } = await door([serverOptions(server)])
    const request = begin({ method: 'POST', headers: { Expect: '100-continue', 'Content-Length': '4' } })
    request.flushHeaders()
    await once(request, 'continue')
    const response = read(request)
    request.end('body')
    expect(await response).toMatchObject({ status: 200, text: 'body' })
  })
})

describe('a response of an HTTP/2 server', () => {
  test('keeps status, order and repetition', async () => {
    const server = await h2Server(stream => {
      stream.respond({ ':status': 418, 'x-a': ['1', '2'], 'set-cookie': ['a=b', 'c=d'], date: 'its own' }, {})
      stream.end('short and stout')
    })
    const { ask } = await door([serverOptions(server)])
    const response = await ask()
    expect(response).toMatchObject({ status: 418, text: 'short and stout' })
    expect(response.headers['set-cookie']).toEqual(['a=b', 'c=d'])
    expect(response.headers['x-a']).toBe('1, 2')
    expect(response.headers.date).toBe('its own')
    expect(response.rawHeaders.some(name => name.startsWith(':'))).toBe(false)
  })

  test.each([
    ['HEAD', 200, { 'content-length': '5' }],
    ['GET', 204, {}],
    ['GET', 304, { etag: '"x"' }],
  ])('to %s with %i has no body, and the connection serves on', async (method, status, headers) => {
    const server = await h2Server(stream =>
      stream.respond({ ':status': status, ...headers }, { endStream: true }),
    )
    const { ask } = await door([serverOptions(server)])
    for (let i = 0; i < 2; i++) {
      const response = await ask({ method })
      expect(response).toMatchObject({ status, text: '', complete: true })
      expect(response.headers).toMatchObject(headers)
    }
    expect(server.sessions).toHaveLength(1)
  })

  test('that is a head alone is an empty one, of a length that is told', async () => {
    const server = await h2Server(stream =>
      stream.respond({ ':status': 200, 'grpc-status': '5' }, { endStream: true }),
    )
    const { ask } = await door([serverOptions(server)])
    const response = await ask()
    expect(response).toMatchObject({ status: 200, text: '', complete: true })
    expect(response.headers).toMatchObject({ 'content-length': '0', 'grpc-status': '5' })
  })

  test('103 comes before it, 100 that nobody waits for does not count', async () => {
    const server = await h2Server(stream => {
      stream.additionalHeaders({ ':status': 100 })
      stream.additionalHeaders({ ':status': 103, link: '</a.css>; rel=preload' })
      stream.respond({ ':status': 200 })
      stream.end('after')
    })
    const { begin } = await door([serverOptions(server)])
    const request = begin()
    const hints: unknown[] = []
    request.on('information', info => hints.push(info.statusCode, info.headers.link))
    request.end()
    expect(await read(request)).toMatchObject({ status: 200, text: 'after' })
    expect(hints).toEqual([103, '</a.css>; rel=preload'])
  })

  test('its head goes on before its body has come, and each piece when it comes', async () => {
    let go = () => {}
    const server = await h2Server(stream => {
      stream.respond({ ':status': 200 })
      go = () => {
        stream.write('one')
        go = () => stream.end('two')
      }
    })
    const { begin } = await door([serverOptions(server)])
    const request = begin()
    request.end()
    const [response] = await once(request, 'response')
    go()
    expect(String((await once(response, 'data'))[0])).toBe('one')
    const ended = once(response, 'end')
    go()
    expect(String((await once(response, 'data'))[0])).toBe('two')
    await ended
  })

  test('early, on the head of the request alone, is heard', async () => {
    const server = await h2Server(stream => {
      stream.respond({ ':status': 413 })
      stream.end('too much')
    })
    const { begin, ask } = await door([serverOptions(server)])
    const request = begin({ method: 'POST', headers: { 'Content-Length': '1000000' } })
    request.on('error', () => {})
    request.write('some')
    expect(await read(request).catch(() => undefined)).toMatchObject({ status: 413, text: 'too much' })
    server.onStream = (stream, headers) => {
      stream.respond({ ':status': 200 })
      stream.end(headers[':path'])
    }
    expect((await ask('/next')).text).toBe('/next')
    expect(server.sessions).toHaveLength(1)
  })

  test('a large one to a client that reads slowly is held back, and whole', async () => {
    const bytes = 8_000_000
    let written = 0
    const server = await h2Server(stream => {
      stream.respond({ ':status': 200 })
      const piece = Buffer.alloc(16_384, 'x')
      const more = () => {
        while (written < bytes) {
          written += piece.length
          if (!stream.write(piece)) {
            stream.once('drain', more)
            return
          }
        }
        stream.end()
      }
      more()
    })
    const { begin, ask } = await door([serverOptions(server)])
    const request = begin({ agent: false })
    request.end()
    const [response] = await once(request, 'response')
    response.pause()
    // It comes to a stop: what is on its way is bounded by the window and the buffers of the sockets.
    await standsStill(() => written)
    expect(written).toBeLessThan(bytes)
    server.onStream = stream => {
      stream.respond({ ':status': 200 })
      stream.end('others are served')
    }
    expect((await ask()).text).toBe('others are served')
    expect(server.sessions).toHaveLength(1)
    let got = 0
    response.on('data', (piece: Buffer) => {
      got += piece.length
    })
    response.resume()
    await once(response, 'end')
    expect(got).toBe(written)
  })

  test('a large request to a server that reads slowly is held back, and whole', async () => {
    const bytes = 8_000_000
    let got = 0
    let read: (() => void) | undefined
    const server = await h2Server(stream => {
      read = () => {
        stream.on('data', piece => {
          got += piece.length
        })
        stream.on('end', () => {
          stream.respond({ ':status': 200 })
          stream.end(String(got))
        })
      }
    })
    const { begin } = await door([serverOptions(server)])
    const request = begin({ method: 'PUT', headers: { 'Content-Length': String(bytes) } })
    let sent = 0
    const piece = Buffer.alloc(100_000)
    const more = () => {
      while (sent < bytes) {
        sent += piece.length
        if (!request.write(piece)) {
          request.once('drain', more)
          return
        }
      }
      request.end()
    }
    more()
    await expect.poll(() => read !== undefined).toBe(true)
    await standsStill(() => sent)
    expect(sent).toBeLessThan(bytes)
    read?.()
    const [response] = await once(request, 'response')
    expect(String((await once(response, 'data'))[0])).toBe(String(bytes))
  })
})

describe('what a server chooses', () => {
  test('auto, and it chooses h2', async () => {
    const server = await h2Server(undefined, { secure: 'http1-too' })
    const { ask } = await door([{ ...serverOptions(server), protocol: 'auto' }])
    expect((await ask()).text).toBe('hello')
    expect(server.sessions).toHaveLength(1)
  })

  test('auto, and it chooses HTTP/1.1: all go by that, and it is not asked again', async () => {
    let connections = 0
    const server = createHttpsServer({ ...pki.server }, (req, res) =>
      res.end(`${req.httpVersion} ${req.url}`),
    )
    server.on('secureConnection', () => connections++)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => {
      server.close()
      server.closeAllConnections()
    })
    const { port } = server.address() as AddressInfo
    const { ask } = await door([{ ...serverOptions({ port, secure: true }), protocol: 'auto' }])
    const texts = await Promise.all(['/a', '/b'].map(async path => (await ask(path)).text))
    expect(texts).toEqual(['1.1 /a', '1.1 /b'])
    const before = connections
    expect((await ask({ path: '/c', method: 'POST' }, 'x')).text).toBe('1.1 /c')
    // A POST goes on a connection of its own; the question is not asked again.
    expect(connections).toBe(before + 1)
  })

  test('auto, and HTTP/1.1 it is: a large answer is held back, a client that leaves is noticed', async () => {
    let closed = false
    const server = createHttpsServer({ ...pki.server }, (req, res) => {
      res.on('close', () => {
        closed = true
      })
      if (req.url === '/large') res.end(Buffer.alloc(3_000_000))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => {
      server.close()
      server.closeAllConnections()
    })
    const { port } = server.address() as AddressInfo
    const options = { ...serverOptions({ port, secure: true }), protocol: 'auto' as const }
    const large = await door([options])
    expect((await large.ask('/large')).text).toHaveLength(3_000_000)
    closed = false
    const leaving = await door([options])
    const request = leaving.begin({ agent: false })
    request.on('error', () => {})
    const asked = once(server, 'request')
    request.end()
    await asked
    request.destroy()
    await expect.poll(() => closed).toBe(true)
    expect(leaving.backend.counters).toMatchObject({ aborted: 1, failed: 0 })
  })

  test('h2, and it does not know it: 502, not HTTP/1.1', async () => {
    const server = createHttpsServer({ ...pki.server }, (_req, res) => res.end())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => {
      server.close()
      server.closeAllConnections()
    })
    const { port } = server.address() as AddressInfo
    const { ask } = await door([serverOptions({ port, secure: true })], { backend: { retries: 0 } })
    expect((await ask()).status).toBe(502)
  })

  test('servers of each kind stand behind one door', async () => {
    const plain = await h2Server(stream => {
      stream.respond({ ':status': 200 })
      stream.end('h2')
    })
    const other = createHttpsServer({ ...pki.server }, (req, res) => res.end(req.httpVersion))
    other.listen(0, '127.0.0.1')
    await once(other, 'listening')
    onTestFinished(() => {
      other.close()
      other.closeAllConnections()
    })
    const { port } = other.address() as AddressInfo
    const { ask } = await door([
      serverOptions(plain, 'a'),
      { ...serverOptions({ port, secure: true }, 'b'), protocol: 'http1' },
    ])
    const texts = [(await ask()).text, (await ask()).text]
    expect(texts.sort()).toEqual(['1.1', 'h2'])
  })
})
