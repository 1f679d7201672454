/** The HTTP door in the servers and frameworks that it is made for: real ones, over real sockets. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { EvenerError, type HttpHandler, type HttpHandlerOptions, httpHandler } from '@evener/core'
import { answer, echo, expectEventually, rawClient, request, testCertificate, upgrade } from '@evener/testing'
import express, { type ErrorRequestHandler, type Express } from 'express'
import fastify from 'fastify'
import { describe, expect, test } from 'vitest'
import { afterwards, backendOf, origin, portOf } from './support/hosting.ts'

const websocket =
  'Connection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n'

/** Closed when the test is over, as an application would close it. */
function door(...args: Parameters<typeof httpHandler>): HttpHandler {
  const handler = httpHandler(...args)
  afterwards(() => handler.close({ drainMs: 0 }))
  return handler
}

describe('Express 5', () => {
  /** An application with the error handler that applications have, and what it saw. */
  async function serve(build: (app: Express) => void): Promise<{ port: number; errors: unknown[] }> {
    const errors: unknown[] = []
    const app = express()
    build(app)
    const handleError: ErrorRequestHandler = (error, _req, res, _next) => {
      errors.push(error)
      res.status(500).json({ handledBy: 'the application' })
    }
    app.use(handleError)
    return { port: await portOf(createServer(app)), errors }
  }

  async function mounted(options: HttpHandlerOptions = {}, before: (app: Express) => void = () => undefined) {
    const server = await origin(echo())
    const handler = door(backendOf(server), options)
    const { port, errors } = await serve(app => {
      before(app)
      app.use('/api', handler)
    })
    return { server, port, errors }
  }

  test.each([
    ['/api/users?id=1', '/users?id=1'],
    ['/api', '/'],
    ['/api?id=1', '/?id=1'],
    ["/api/a/../%2e/'x%2Fy", "/a/../%2e/'x%2Fy"],
  ])('mounted under /api, %j reaches the server as %j', async (target, expected) => {
    const { server, port } = await mounted()
    expect((await request(port, { target })).status).toBe(200)
    expect(server.requests.map(each => each.target)).toEqual([expected])
  })

  test('with originalUrl, the server gets the target that the client sent', async () => {
    const { server, port } = await mounted({ originalUrl: true })
    await request(port, { target: '/api/users?id=1' })
    expect(server.requests[0]?.target).toBe('/api/users?id=1')
  })

  test('methods that Express has no word for pass with their bodies', async () => {
    const { server, port } = await mounted()
    const response = await request(port, { method: 'PROPFIND', target: '/api/x', body: '<propfind/>' })
    expect(response.text).toBe('<propfind/>')
    expect(server.requests[0]?.method).toBe('PROPFIND')
  })

  test('a large body streams through a mounted application', async () => {
    const { port } = await mounted()
    const response = await request(port, {
      method: 'PUT',
      target: '/api/x',
      body: { bytes: 3_000_000 },
      chunked: true,
    })
    expect(response.bodyBytes).toBe(3_000_000)
  })

  test('what middleware set on the response stays, and the server has the last word', async () => {
    const server = await origin(
      answer({ headers: { Vary: 'Accept', 'Set-Cookie': 'server=1', 'X-Who': 'server' } }),
    )
    const { port } = await serve(app => {
      app.use((_req, res, next) => {
        res.setHeader('Access-Control-Allow-Origin', 'https://a.test')
        res.setHeader('X-Who', 'middleware')
        res.vary('Origin')
        res.cookie('host', '1')
        next()
      })
      app.use(door(backendOf(server)))
    })
    const response = await request(port)
    expect(response.header('access-control-allow-origin')).toBe('https://a.test')
    expect(response.header('x-who')).toBe('server')
    // Fields that are lists are joined: to lose one of these would poison caches, or log a user out.
    expect(response.header('vary')?.split(', ').sort()).toEqual(['Accept', 'Origin'])
    const cookies = response.headers.filter(([name]) => name.toLowerCase() === 'set-cookie')
    expect(cookies.map(([, value]) => value.split(';')[0]).sort()).toEqual(['host=1', 'server=1'])
  })

  test('a request that no backend serves goes on to the next middleware', async () => {
    const { port } = await serve(app => {
      app.use(door(() => undefined))
      app.use((_req, res) => void res.send('the application itself'))
    })
    expect((await request(port)).text).toBe('the application itself')
  })

  test('what the route throws goes to the error handler', async () => {
    const error = new Error('no such tenant')
    const { port, errors } = await serve(app => {
      app.use(
        door(() => {
          throw error
        }),
      )
    })
    const response = await request(port)
    expect([response.status, response.text]).toEqual([500, '{"handledBy":"the application"}'])
    expect(errors).toEqual([error])
  })

  test('what a balancer of its own throws does so too, and the request is over', async () => {
    const backend = backendOf(await origin(), {
      balancer: {
        name: 'broken',
        rebuild: () => undefined,
        pick: () => {
          throw new Error('broken')
        },
      },
    })
    const { port, errors } = await serve(app => app.use(door(backend)))
    expect((await request(port)).status).toBe(500)
    expect(errors).toMatchObject([{ message: 'broken' }])
    expect(backend.counters).toMatchObject({ requests: 1, requestsNow: 0, failed: 1 })
  })

  test('a server that cannot be reached is no error of the application: 502', async () => {
    const server = await origin()
    await server.refuse()
    const { port, errors } = await serve(app => app.use(door(backendOf(server, { retries: 0 }))))
    expect((await request(port)).status).toBe(502)
    expect(errors).toEqual([])
  })

  test('a client that goes away while middleware is busy is not served any more', async () => {
    const server = await origin()
    const backend = backendOf(server)
    const busy = Promise.withResolvers<() => void>()
    const { port } = await serve(app => {
      app.use((_req, res, next) => {
        res.once('close', () => busy.resolve(next))
      })
      app.use(door(backend))
    })
    const client = await rawClient({ port })
    await client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    client.reset()
    const next = await busy.promise
    next()
    expect(backend.counters).toMatchObject({ requests: 1, aborted: 1, requestsNow: 0 })
    expect(server.totalConnections).toBe(0)
  })

  test('WebSockets come by way of attach, past the mount', async () => {
    const server = await origin(upgrade())
    const handler = door(backendOf(server))
    const app = express()
    app.use('/api', handler)
    const http = createServer(app)
    handler.attach(http)
    const client = await rawClient({ port: await portOf(http) })
    await client.send(`GET /socket HTTP/1.1\r\nHost: a\r\n${websocket}\r\nping`)
    expect((await client.readHead()).status).toBe(101)
    expect((await client.readBytes(4)).toString()).toBe('ping')
    client.destroy()
  })

  describe('behind a body parser', () => {
    const json = { headers: { 'Content-Type': 'application/json' }, body: '{"a": [1, "ü"]}' }
    const form = {
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'a=1&a=2&b=x+y%26',
    }

    test('an error that says what to do goes to the error handler, and nothing to the server', async () => {
      const { server, port, errors } = await mounted({}, app => app.use(express.json()))
      const response = await request(port, { method: 'POST', target: '/api/x', ...json })
      expect([response.status, response.text]).toEqual([500, '{"handledBy":"the application"}'])
      expect(errors[0]).toBeInstanceOf(EvenerError)
      expect(errors[0]).toMatchObject({
        code: 'EVENER_BODY_CONSUMED',
        message: expect.stringMatching(/before body parsers.*reserializeBody: true/),
      })
      expect(server.totalRequests).toBe(0)
    })

    test("Express's own error handler answers too", async () => {
      const server = await origin()
      const app = express()
        .set('env', 'test')
        .use(express.json())
        .use(door(backendOf(server)))
      const response = await request(await portOf(createServer(app)), { method: 'POST', ...json })
      expect(response.status).toBe(500)
      expect(response.text).toContain('reserializeBody: true')
    })

    test('requests without a body, and bodies that the parser left alone, pass as ever', async () => {
      const { server, port } = await mounted({}, app => app.use(express.json()))
      expect((await request(port, { target: '/api/x' })).status).toBe(200)
      const text = { headers: { 'Content-Type': 'text/csv' }, body: 'a;b' }
      expect((await request(port, { method: 'POST', target: '/api/x', ...text })).text).toBe('a;b')
      expect(server.totalRequests).toBe(2)
    })

    test.each([
      ['JSON', express.json(), json, '{"a":[1,"ü"]}'],
      [
        'JSON of another name',
        express.json({ type: '*/*' }),
        { ...json, headers: { 'Content-Type': 'application/ld+json' } },
        '{"a":[1,"ü"]}',
      ],
      ['form fields', express.urlencoded(), form, form.body],
      ['text', express.text({ type: '*/*' }), json, json.body],
      ['bytes', express.raw({ type: '*/*' }), json, json.body],
    ])('with reserializeBody, %s is written out again', async (_, parser, sent, expected) => {
      const { server, port } = await mounted({ reserializeBody: true }, app => app.use(parser))
      const response = await request(port, { method: 'POST', target: '/api/x', ...sent })
      expect(response.text).toBe(expected)
      expect(server.requests[0]?.header('content-length')).toBe(String(Buffer.byteLength(expected)))
      expect(server.requests[0]?.header('content-type')).toBe(sent.headers['Content-Type'])
    })

    test('with reserializeBody, a chunked and compressed body becomes a plain one with a length', async () => {
      const { server, port } = await mounted({ reserializeBody: true }, app => app.use(express.json()))
      await request(port, {
        method: 'POST',
        target: '/api/x',
        headers: { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' },
        body: gzipSync('{"a":1}'),
        chunked: true,
      })
      expect(server.requests[0]?.body.toString()).toBe('{"a":1}')
      expect(server.requests[0]?.header('content-encoding')).toBeUndefined()
      expect(server.requests[0]?.header('transfer-encoding')).toBeUndefined()
    })

    test('with reserializeBody, a body of another kind is an error all the same', async () => {
      const readAll = (req: IncomingMessage, _res: ServerResponse, next: () => void) => {
        req.resume().once('end', next)
      }
      const { server, port, errors } = await mounted({ reserializeBody: true }, app => app.use(readAll))
      const multipart = { headers: { 'Content-Type': 'multipart/form-data; boundary=x' }, body: '--x--' }
      expect((await request(port, { method: 'POST', target: '/api/x', ...multipart })).status).toBe(500)
      expect(errors[0]).toMatchObject({ code: 'EVENER_BODY_CONSUMED' })
      expect(server.totalRequests).toBe(0)
    })
  })
})

describe('node:http', () => {
  test('a handler is a request listener', async () => {
    const server = await origin()
    const port = await portOf(createServer(door(backendOf(server))))
    expect((await request(port)).text).toBe('app1')
  })

  test('without a backend 404, and 500 for what the route throws', async () => {
    const port = await portOf(
      createServer(
        door(({ uri }) => {
          if (uri === '/throw') throw new Error('secret detail')
          return undefined
        }),
      ),
    )
    expect((await request(port)).status).toBe(404)
    const failed = await request(port, { target: '/throw' })
    expect(failed.status).toBe(500)
    expect(failed.text).not.toContain('secret detail')
  })

  test('a body that was read before is answered with the reason', async () => {
    const server = await origin()
    const handler = door(backendOf(server))
    const http = createServer((req, res) => void req.resume().once('end', () => handler(req, res)))
    const response = await request(await portOf(http), { method: 'POST', body: 'gone' })
    expect(response.status).toBe(500)
    expect(response.text).toContain('reserializeBody: true')
    expect(server.totalRequests).toBe(0)
  })

  test('attach serves requests and upgrades, until that is undone', async () => {
    const server = await origin(upgrade())
    const http = createServer()
    const detach = door(backendOf(server)).attach(http)
    const client = await rawClient({ port: await portOf(http) })
    await client.send(`GET / HTTP/1.1\r\nHost: a\r\n${websocket}\r\n`)
    expect((await client.readHead()).status).toBe(101)
    client.destroy()
    detach()
    expect([http.listenerCount('request'), http.listenerCount('upgrade')]).toEqual([0, 0])
  })

  test.each(['Content-Length: 5\r\n\r\nhello', 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'])(
    'a request that asks for h2c in passing keeps its body: %j',
    async rest => {
      // Clients do that (Java's among them), and Node by itself gives up reading a request that wants an upgrade.
      const server = await origin(echo())
      const http = createServer()
      door(backendOf(server)).attach(http)
      const client = await rawClient({ port: await portOf(http), timeoutMs: 2000 })
      await client.send(`POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n${rest}`)
      expect((await client.readResponse()).text).toBe('hello')
      client.destroy()
    },
  )

  test('where Node has given up reading it, a request with a body gets 501 and its connection an end', async () => {
    const server = await origin()
    const handler = door(backendOf(server))
    const http = createServer(handler).on('upgrade', handler.upgrade)
    const client = await rawClient({ port: await portOf(http), timeoutMs: 2000 })
    await client.send(
      'POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 5\r\n\r\nhello',
    )
    expect((await client.readResponse()).status).toBe(501)
    expect(await client.closed).toBe('end')
    expect(server.totalRequests).toBe(0)
  })

  test("of two handlers on one server each takes its own upgrades, and what is nobody's is closed", async () => {
    const http = createServer((_req, res) => void res.end())
    for (const path of ['/a', '/b']) {
      const backend = backendOf(await origin(upgrade({ headers: { 'X-Path': path } })))
      door(({ uri }) => (uri === path || uri === '/both' ? backend : undefined)).attach(http)
    }
    const port = await portOf(http)
    const open = async (path: string) => {
      const client = await rawClient({ port, timeoutMs: 2000 })
      afterwards(() => client.destroy())
      await client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n${websocket}\r\n`)
      return client
    }
    for (const path of ['/a', '/b']) expect((await (await open(path)).readHead()).header('x-path')).toBe(path)
    expect((await (await open('/both')).readHead()).header('x-path')).toBe('/a')
    expect((await (await open('/other')).readUntilClose()).toString()).toBe('')
  })

  test('a connection whose upgrade was refused is closed when the client closes it', async () => {
    const server = await origin(answer({ status: 403 }))
    const http = createServer()
    door(backendOf(server)).attach(http)
    const sockets = new Set<Socket>()
    http.on('connection', socket => void sockets.add(socket.once('close', () => sockets.delete(socket))))
    const client = await rawClient({ port: await portOf(http) })
    await client.send(`GET / HTTP/1.1\r\nHost: a\r\n${websocket}\r\nsome bytes`)
    expect((await client.readResponse()).status).toBe(403)
    client.end()
    await expectEventually(() => sockets.size === 0)
  })
})

describe('node:https', () => {
  const trust = { ca: testCertificate.cert, servername: 'localhost' }

  test('servers are told that the client came by TLS', async () => {
    const server = await origin()
    const port = await portOf(createSecureServer(testCertificate, door(backendOf(server))))
    expect((await request(port, { tls: trust })).text).toBe('app1')
    expect(server.requests[0]?.header('x-forwarded-proto')).toBe('https')
  })

  test('WebSockets pass over TLS', async () => {
    const server = await origin(upgrade())
    const https = createSecureServer(testCertificate)
    door(backendOf(server)).attach(https)
    const client = await rawClient({ port: await portOf(https), tls: trust })
    await client.send(`GET / HTTP/1.1\r\nHost: a\r\n${websocket}\r\n`)
    expect((await client.readHead()).status).toBe(101)
    await client.send('ping')
    expect((await client.readBytes(4)).toString()).toBe('ping')
    client.destroy()
  })
})

describe('Fastify 5, without the plugin', () => {
  const json = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"a": 1}' }

  /** A route that hands over by itself, behind Fastify's own JSON parser. */
  async function routed(
    handler: HttpHandler,
    prepare: (raw: IncomingMessage & { body?: unknown }, body: unknown) => void = () => undefined,
  ) {
    const app = fastify()
    afterwards(() => app.close())
    app.post('/', (req, reply) => {
      reply.hijack()
      prepare(req.raw, req.body)
      handler(req.raw, reply.raw)
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    return (app.server.address() as { port: number }).port
  }

  test('the default parser having run, the answer says so instead of never coming', async () => {
    const server = await origin()
    const response = await request(await routed(door(backendOf(server))), json)
    expect(response.status).toBe(500)
    expect(response.text).toContain('reserializeBody: true')
    expect(server.totalRequests).toBe(0)
  })

  test('what it parsed is written out again on request', async () => {
    const server = await origin(echo())
    const handler = door(backendOf(server), { reserializeBody: true })
    const port = await routed(handler, (raw, body) => {
      raw.body = body
    })
    expect((await request(port, json)).text).toBe('{"a":1}')
  })
})
