import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { answer, echo, expectEventually, rawClient, request, upgrade } from '@evener/testing'
import fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, test } from 'vitest'
import { evener } from './index.ts'
import { backendOf, origin, portOf, upgrading } from './test-support.ts'

/** An application with a WebSocket server under /api. */
async function mounted(before: (app: FastifyInstance) => void = () => undefined) {
  const server = await origin(upgrade())
  const backend = backendOf(server)
  const app = fastify()
  before(app)
  app.register(evener, { prefix: '/api', backend })
  return { app, server, backend, port: await portOf(app) }
}

describe('a WebSocket under the prefix', () => {
  test('reaches the server without the prefix, and bytes pass both ways', async () => {
    const { server, port } = await mounted()
    const client = await upgrading(port, '/api/socket?room=1')
    expect((await client.readHead()).status).toBe(101)
    await client.send('ping')
    expect((await client.readBytes(4)).toString()).toBe('ping')
    expect(server.requests[0]?.target).toBe('/socket?room=1')
  })

  test('passes the hooks that guard every other request', async () => {
    const { server, port } = await mounted(app =>
      app.addHook('onRequest', async (_req, reply) => reply.code(401).send('who are you?')),
    )
    const response = await (await upgrading(port, '/api/socket')).readResponse()
    expect([response.status, response.text]).toEqual([401, 'who are you?'])
    expect(server.totalRequests).toBe(0)
  })

  test('is refused as the server refuses it', async () => {
    const { server, port } = await mounted()
    server.behave(answer({ status: 403, body: 'not you' }))
    const client = await upgrading(port, '/api/socket')
    const response = await client.readResponse()
    expect([response.status, response.text]).toEqual([403, 'not you'])
    expect(await client.closed).toBe('end')
  })

  test('gets the 404 of the application where no backend serves it', async () => {
    const app = fastify()
    app.setNotFoundHandler((_req, reply) => reply.code(404).send('nothing here'))
    app.register(evener, { prefix: '/api', route: () => undefined })
    const response = await (await upgrading(await portOf(app), '/api/socket')).readResponse()
    expect([response.status, response.text]).toEqual([404, 'nothing here'])
  })

  test('is answered where the route, or the balancer, throws', async () => {
    const broken = (): never => {
      throw new Error('broken')
    }
    const server = await origin()
    const backend = backendOf(server, {
      balancer: { name: 'broken', rebuild: () => undefined, pick: broken },
    })
    const app = fastify()
    app.register(evener, { prefix: '/route', route: broken })
    app.register(evener, { prefix: '/balancer', backend })
    const port = await portOf(app)
    expect((await (await upgrading(port, '/route/x')).readResponse()).status).toBe(500)
    expect((await (await upgrading(port, '/balancer/x')).readResponse()).status).toBe(500)
  })

  test('is routed once where two prefixes cover it, to the one that is more exact', async () => {
    const [outer, inner] = [await origin(upgrade()), await origin(upgrade())]
    const app = fastify()
    app.register(evener, { prefix: '/api', backend: backendOf(outer) })
    app.register(evener, { prefix: '/api/v2', backend: backendOf(inner) })
    const client = await upgrading(await portOf(app), '/api/v2/socket')
    expect((await client.readHead()).status).toBe(101)
    expect([outer.totalRequests, inner.totalRequests]).toEqual([0, 1])
    expect(app.server.listenerCount('upgrade')).toBe(1)
  })

  test('is closed when the application closes, and does not hold it up', async () => {
    const { app, backend, port } = await mounted()
    const client = await upgrading(port, '/api/socket')
    await client.readHead()
    await app.close()
    // Close, 1001: RFC 6455 section 5.5.1.
    expect([...(await client.readUntilClose())]).toEqual([0x88, 0x02, 0x03, 0xe9])
    expect(backend.counters.requestsNow).toBe(0)
  })

  test('whose client is gone leaves nothing behind', async () => {
    const entered = Promise.withResolvers<() => void>()
    const { backend, port } = await mounted(app =>
      app.addHook(
        'onRequest',
        (req, _reply, done) => void req.socket.once('close', () => entered.resolve(done)),
      ),
    )
    const client = await upgrading(port, '/api/socket')
    client.reset()
    const done = await entered.promise
    done()
    await expectEventually(() => backend.counters.requestsNow === 0)
    expect(backend.counters.completed).toBe(0)
  })
})

describe('what is not under the prefix', () => {
  test('is left to other listeners', async () => {
    const { server, port } = await mounted(app => {
      app.server.on('upgrade', (req: IncomingMessage, socket: Socket) => {
        if (req.url === '/own') socket.end('HTTP/1.1 101 Switching Protocols\r\nX-Own: 1\r\n\r\n')
      })
    })
    expect((await (await upgrading(port, '/own')).readHead()).header('x-own')).toBe('1')
    expect((await (await upgrading(port, '/api/socket')).readHead()).header('x-server')).toBe('app1')
    expect(server.totalRequests).toBe(1)
  })

  test('is served without the change of protocols where there are none', async () => {
    const { port } = await mounted(app => void app.get('/own', () => 'home'))
    const response = await (await upgrading(port, '/own')).readResponse()
    expect([response.status, response.text]).toEqual([200, 'home'])
  })
})

describe('a request that asks for another protocol in passing', () => {
  const asking = { headers: { Connection: 'Upgrade', Upgrade: 'h2c' }, method: 'POST', body: 'hello' }

  test('keeps its body, under the prefix and elsewhere', async () => {
    const { server, port } = await mounted(app => {
      app.addContentTypeParser('*', { parseAs: 'string' }, (_req, body, done) => done(null, body))
      app.post('/own', req => req.body)
    })
    server.behave(echo())
    expect((await request(port, { ...asking, target: '/api/x' })).text).toBe('hello')
    expect((await request(port, { ...asking, target: '/own' })).text).toBe('hello')
  })

  describe('on a Node that announces every upgrade', () => {
    async function older() {
      const world = await mounted(app => void app.get('/own', () => 'home'))
      Object.assign(world.app.server, { shouldUpgradeCallback: () => true })
      return world
    }

    test('it is served without the change', async () => {
      const { server, port } = await older()
      server.behave(answer())
      expect((await (await upgrading(port, '/own', 'h2c')).readResponse()).text).toBe('home')
      expect((await (await upgrading(port, '/api/x', 'h2c')).readResponse()).text).toBe('app1')
    })

    test('with a body, which is lost, it gets 501', async () => {
      const { server, port } = await older()
      const client = await rawClient({ port })
      const head = 'POST /api/x HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n'
      await client.send(`${head}Content-Length: 5\r\n\r\nhello`)
      expect((await client.readResponse()).status).toBe(501)
      expect(server.totalRequests).toBe(0)
      client.destroy()
    })
  })
})

test('without protocols to change to, there is no listener', async () => {
  const server = await origin()
  const app = fastify()
  app.register(evener, { backend: backendOf(server), upgrades: [] })
  const port = await portOf(app)
  expect(app.server.listenerCount('upgrade')).toBe(0)
  expect((await (await upgrading(port, '/x')).readResponse()).text).toBe('app1')
})
