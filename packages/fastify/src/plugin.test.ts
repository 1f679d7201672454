import { METHODS } from 'node:http'
import { type Engine, EvenerError } from '@evener/core'
import { answer, echo, leaks, rawClient, request, testCertificate } from '@evener/testing'
import fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, test } from 'vitest'
import { type EvenerOptions, evener } from './index.ts'
import { backendOf, origin, portOf } from './test-support.ts'

const json = { 'Content-Type': 'application/json' }

/** An application with the plugin under /api. */
async function mounted(
  options: Partial<EvenerOptions> = {},
  before: (app: FastifyInstance) => void = () => undefined,
) {
  const server = await origin(echo())
  const backend = backendOf(server)
  const app = fastify()
  before(app)
  app.register(evener, { prefix: '/api', ...(options.route === undefined && { backend }), ...options })
  return { app, server, backend, port: await portOf(app) }
}

describe('the prefix', () => {
  test.each([
    ['/api/users?id=1', '/users?id=1'],
    ['/api', '/'],
    ['/api/', '/'],
    ['/api?id=1', '/?id=1'],
    ['/%61pi/x%2Fy', '/x%2Fy'],
    [`/api/${'x'.repeat(500)}`, `/${'x'.repeat(500)}`],
    ['http://a.test/api/users', '/users'],
  ])('is taken off: %j reaches the server as %j', async (target, expected) => {
    const { server, port } = await mounted()
    const response = await request(port, { target, headers: { Host: 'a.test' } })
    expect(response.status).toBe(200)
    expect(server.requests[0]?.target).toBe(expected)
  })

  test('stays on request', async () => {
    const { server, port } = await mounted({ keepPrefix: true })
    await request(port, { target: '/api/users?id=1' })
    expect(server.requests[0]?.target).toBe('/api/users?id=1')
  })

  test('is that of all the contexts around the plugin, with their parameters', async () => {
    const server = await origin()
    const app = fastify()
    app.register(async scope => void scope.register(evener, { prefix: '/v1', backend: backendOf(server) }), {
      prefix: '/:tenant',
    })
    await request(await portOf(app), { target: '/acme/v1/users' })
    expect(server.requests[0]?.target).toBe('/users')
  })

  test("may be none: then all is the backend's that is not a route of the application", async () => {
    const server = await origin()
    const app = fastify()
    app.get('/', () => 'home')
    app.register(evener, { backend: backendOf(server) })
    const port = await portOf(app)
    expect((await request(port)).text).toBe('home')
    expect((await request(port, { target: '/users' })).text).toBe('app1')
    expect((await request(port, { target: '/', method: 'POST' })).text).toBe('app1')
  })

  test('is there again for hooks that run after the handler', async () => {
    const seen: string[] = []
    const { port } = await mounted({}, app => app.addHook('onResponse', async req => void seen.push(req.url)))
    await request(port, { target: '/api/users' })
    await expect.poll(() => seen).toEqual(['/api/users'])
  })

  test('is not what the route sees', async () => {
    const server = await origin()
    const backend = backendOf(server)
    const { port } = await mounted({ route: ({ uri }) => (uri === '/users' ? backend : undefined) })
    expect((await request(port, { target: '/api/users' })).status).toBe(200)
    expect((await request(port, { target: '/api/api/users' })).status).toBe(404)
  })
})

describe('methods and bodies', () => {
  test('every method that Node parses reaches the server with its body', async () => {
    const { server, port } = await mounted()
    server.behave(answer())
    const methods = METHODS.filter(method => method !== 'CONNECT')
    for (const method of methods) {
      const response = await request(port, { method, target: '/api/x', headers: json, body: 'body' })
      expect([method, response.status]).toEqual([method, 200])
    }
    expect(server.requests.map(each => each.method)).toEqual(methods)
    expect(new Set(server.requests.map(each => each.body.toString()))).toEqual(new Set(['body']))
  })

  test('methods that the application has added itself are not added again', async () => {
    const warnings: unknown[] = []
    const listen = (warning: unknown) => void warnings.push(warning)
    process.on('warning', listen)
    const { port } = await mounted({}, app => app.addHttpMethod('PROPFIND', { hasBody: true }))
    expect((await request(port, { method: 'PROPFIND', target: '/api/x', body: 'x' })).text).toBe('x')
    process.off('warning', listen)
    expect(warnings).toEqual([])
  })

  test.each([
    ['JSON that is none', json, '{"a": '],
    ['JSON with spaces and doubled names', json, '{ "a": 1,  "a": 2 }'],
    ['a type that nobody knows', { 'Content-Type': 'x-private/y; z="1"' }, 'abc'],
    ['no type at all', {}, 'abc'],
    ['an empty body', json, ''],
  ])('%s passes byte for byte', async (_, headers, body) => {
    const { server, port } = await mounted()
    const response = await request(port, { method: 'POST', target: '/api/x', headers, body })
    expect([response.status, response.text]).toEqual([200, body])
    expect(server.requests[0]?.header('content-length')).toBe(String(body.length))
  })

  test('a body beyond the bodyLimit of the application streams through', async () => {
    const { port } = await mounted()
    const body = { bytes: 3_000_000 }
    const response = await request(port, {
      method: 'PUT',
      target: '/api/x',
      headers: json,
      body,
      chunked: true,
    })
    expect(response.bodyBytes).toBe(3_000_000)
  })

  test('the routes of the application keep their parsers', async () => {
    const { port } = await mounted({}, app => void app.post('/own', req => ({ parsed: req.body })))
    const sent = { method: 'POST', headers: json, body: '{"a":1}' }
    expect((await request(port, { ...sent, target: '/own' })).text).toBe('{"parsed":{"a":1}}')
  })

  test('a hook that has read the body gets a clear error, in the error handler', async () => {
    const errors: unknown[] = []
    const { server, port } = await mounted({}, app => {
      app.addHook('preHandler', (req, _reply, done) => void req.raw.resume().once('end', done))
      app.setErrorHandler((error, _req, reply) => {
        errors.push(error)
        return reply.code(500).send('handled')
      })
    })
    const response = await request(port, { method: 'POST', target: '/api/x', headers: json, body: '{}' })
    expect([response.status, response.text]).toEqual([500, 'handled'])
    expect(errors).toMatchObject([{ code: 'EVENER_BODY_CONSUMED' }])
    expect(server.totalRequests).toBe(0)
  })
})

describe('hooks', () => {
  test('headers that they set by reply.header() are on the response', async () => {
    const { port } = await mounted({}, app =>
      app.addHook('onRequest', async (_req, reply) => {
        reply.header('Access-Control-Allow-Origin', 'https://a.test')
        reply.header('Set-Cookie', 'a=1').header('Set-Cookie', 'b=2')
      }),
    )
    const response = await request(port, { target: '/api/x' })
    expect(response.header('access-control-allow-origin')).toBe('https://a.test')
    expect(response.header('set-cookie')).toBe('a=1, b=2')
  })

  test('the server has the last word, and lists are joined', async () => {
    const server = await origin(
      answer({ headers: { Vary: 'Accept', 'X-Who': 'server', 'Set-Cookie': 'c=3' } }),
    )
    const app = fastify()
    app.addHook('onRequest', async (_req, reply) => {
      reply.headers({ Vary: 'Origin', 'X-Who': 'hook', 'Set-Cookie': 'a=1' })
    })
    app.register(evener, { backend: backendOf(server) })
    const response = await request(await portOf(app))
    expect(response.header('x-who')).toBe('server')
    expect(response.header('vary')?.split(', ').sort()).toEqual(['Accept', 'Origin'])
    expect(response.header('set-cookie')?.split(', ').sort()).toEqual(['a=1', 'c=3'])
  })

  test('headers are there too where no server answers', async () => {
    const server = await origin()
    await server.refuse()
    const app = fastify()
    app.addHook('onRequest', async (_req, reply) => void reply.header('Access-Control-Allow-Origin', '*'))
    app.register(evener, { backend: backendOf(server, { retries: 0 }) })
    const response = await request(await portOf(app))
    expect([response.status, response.header('access-control-allow-origin')]).toEqual([502, '*'])
  })

  test('a length that a hook set does not frame the response of the server', async () => {
    const { port } = await mounted({}, app =>
      app.addHook('onRequest', async (_req, reply) => void reply.header('content-length', '1')),
    )
    const body = 'a body of more than one byte'
    const response = await request(port, { method: 'POST', target: '/api/x', body, chunked: true })
    expect(response.text).toBe(body)
  })

  test('one that answers keeps the request from the server', async () => {
    const { server, port } = await mounted({}, app =>
      app.addHook('preHandler', async (_req, reply) => reply.code(401).send('who are you?')),
    )
    expect((await request(port, { target: '/api/x' })).status).toBe(401)
    expect(server.totalRequests).toBe(0)
  })
})

describe('what the backend does not serve', () => {
  test("without a backend it is the not-found handler's, untouched by headers that were copied", async () => {
    const { port } = await mounted({ route: () => undefined }, app => {
      app.addHook('onRequest', async (_req, reply) => void reply.header('x-hook', '1'))
      app.setNotFoundHandler((req, reply) =>
        reply.removeHeader('x-hook').code(404).send(`no ${req.url} here`),
      )
    })
    const response = await request(port, { target: '/api/x' })
    expect([response.status, response.text]).toEqual([404, 'no /api/x here'])
    expect(response.header('x-hook')).toBeUndefined()
  })

  test("what the route throws is the error handler's", async () => {
    const error = Object.assign(new Error('no such tenant'), { statusCode: 421 })
    const route = () => {
      throw error
    }
    const { port } = await mounted({ route })
    const response = await request(port, { target: '/api/x' })
    expect([response.status, JSON.parse(response.text)]).toMatchObject([421, { message: 'no such tenant' }])
  })

  test('a balancer that throws leaves no client waiting', async () => {
    const server = await origin()
    const balancer = {
      name: 'broken',
      rebuild: () => undefined,
      pick: () => {
        throw new Error('broken')
      },
    }
    const { port } = await mounted({ backend: backendOf(server, { balancer }) })
    expect((await request(port, { target: '/api/x' })).status).toBe(500)
  })

  test('an engine that throws in mid-response leaves no client waiting', async () => {
    const engine: Engine = {
      name: 'broken',
      attempt: attempt => {
        attempt.response({ status: 200, reason: 'OK', rawHeaders: ['Content-Length', '5'], hasBody: true })
        throw new Error('broken')
      },
      close: () => undefined,
    }
    const { backend, port } = await mounted({ engine })
    const client = await rawClient({ port })
    await client.send('GET /api/x HTTP/1.1\r\nHost: a.test\r\n\r\n')
    // Broken off, with or without the head: never a whole response.
    expect((await client.readUntilClose()).toString()).not.toMatch(/\r\n\r\n.{5}/)
    expect(backend.counters).toMatchObject({ requests: 1, requestsNow: 0, failed: 1 })
  })
})

describe('the end of the application', () => {
  test('lets requests under way finish, and leaves nothing open', async () => {
    const watch = leaks()
    const gate = Promise.withResolvers<void>()
    const server = await origin(answer({ delayUntil: gate.promise }))
    const app = fastify()
    app.register(evener, { backend: backendOf(server) })
    const underWay = request(await portOf(app))
    await server.waitFor('request')
    const closed = app.close()
    gate.resolve()
    expect((await underWay).text).toBe('app1')
    await closed
    await server.close()
    await watch.none()
  })

  test('breaks off after drainMs what has not finished', async () => {
    const server = await origin(answer({ delayUntil: new Promise(() => undefined) }))
    const app = fastify()
    app.register(evener, { backend: backendOf(server), drainMs: 20 })
    const underWay = request(await portOf(app))
    await server.waitFor('request')
    await app.close()
    expect((await underWay).status).toBe(503)
  })

  test('comes just as well where nothing has been asked for', async () => {
    const app = fastify().register(evener, { backend: backendOf(await origin()) })
    await app.ready()
    await app.close()
  })
})

describe('options', () => {
  const backend = { name: 'app', servers: [], allowEmpty: true }

  test.each<[string, (server: EvenerOptions) => object, RegExp]>([
    ['neither backend nor route', () => ({}), /backend and route: neither/],
    ['both', given => ({ ...given, route: () => undefined }), /backend and route: both/],
    ['a backend that is none', () => ({ backend }), /backend/],
    ['a keepPrefix that is not true or false', given => ({ ...given, keepPrefix: 'yes' }), /keepPrefix: yes/],
    ['a drainMs out of range', given => ({ ...given, drainMs: -1 }), /drainMs: -1.*0 to 2147483647/],
    ['an unknown option', given => ({ ...given, keepPrefx: true }), /"keepPrefx".*keepPrefix/],
    ['what is for Express', given => ({ ...given, originalUrl: true }), /"originalUrl".*keepPrefix/],
    ['an option of the handler out of range', given => ({ ...given, replayBytes: -1 }), /replayBytes/],
  ])('refused with a message that names it: %s', async (_, make, message) => {
    const app = fastify()
    const options = make({ backend: backendOf(await origin()) })
    const failure = await app.register(evener, options as EvenerOptions).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(failure).toBeInstanceOf(EvenerError)
    expect((failure as Error).message).toMatch(message)
  })

  test('those of Fastify are not mistaken for unknown ones', async () => {
    const app = fastify()
    await app.register(evener, {
      prefix: '/a',
      logLevel: 'silent',
      logSerializers: {},
      backend: backendOf(await origin()),
    })
    await app.ready()
  })
})

test('over TLS, servers are told so', async () => {
  const server = await origin()
  const app = fastify({ https: testCertificate })
  app.register(evener, { backend: backendOf(server) })
  const port = await portOf(app as unknown as FastifyInstance)
  await request(port, { tls: { ca: testCertificate.cert, servername: 'localhost' } })
  expect(server.requests[0]?.header('x-forwarded-proto')).toBe('https')
})
