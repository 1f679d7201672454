/**
 * Evener as a plugin of a Fastify application: what is under /api goes to servers, past the parsers but through the
 * hooks.
 *
 *   node --conditions=@evener/source src/main.ts
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createBackend, type ServerOptions } from '@evener/core'
import { evener } from '@evener/fastify'
import fastify, { type FastifyInstance } from 'fastify'

/** The application. Closing it closes the rest. */
export function createApp(servers: readonly ServerOptions[], token: string): FastifyInstance {
  const backend = createBackend({ name: 'api', servers })
  const app = fastify()
  app.get('/', () => 'The application itself.\n')

  // A context of its own: its hook guards what is registered in it, WebSockets included, and nothing else.
  app.register(async guarded => {
    guarded.addHook('onRequest', async (request, reply) => {
      if (request.headers.authorization !== `Bearer ${token}`) return reply.code(401).send('Who are you?\n')
    })
    guarded.register(evener, { prefix: '/api', backend })
  })

  // The plugin closes what it has made. The backend was made here: other doors could be using it.
  app.addHook('onClose', async () => backend.close())
  return app
}

/** Stands for a server on another machine. */
async function apiServer(id: string): Promise<ServerOptions> {
  const server = createServer((req, res) => res.end(`${id} answers ${req.url}\n`))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return { id, address: `127.0.0.1:${(server.address() as AddressInfo).port}` }
}

if (import.meta.main) {
  const app = createApp([await apiServer('api1'), await apiServer('api2')], 'secret')
  const origin = await app.listen({ port: Number(process.env.PORT ?? 8080) })
  console.log(`curl -H 'Authorization: Bearer secret' ${origin}/api/hello`)
}
