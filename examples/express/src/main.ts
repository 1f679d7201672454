/**
 * Evener inside an Express application: what is under /api goes to servers, the rest is the application's own.
 *
 *   node --conditions=@evener/source src/main.ts
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createBackend, httpHandler, type ServerOptions } from '@evener/core'
import { httpCheck } from '@evener/health'
import express from 'express'

/** The application, and what of it has to be closed. */
export function createApp(servers: readonly ServerOptions[]) {
  const backend = createBackend({
    name: 'api',
    servers,
    checks: { checker: httpCheck({ path: '/health' }), intervalMs: 1000 },
  })
  const api = httpHandler(backend)
  const app = express()

  // Ahead of the body parsers: what a parser has read, nobody can send on. Express takes /api off the URL here.
  app.use('/api', api)

  app.use(express.json())
  app.get('/', (_req, res) => void res.send('The application itself. Try /api/hello, again and again.\n'))
  app.post('/echo', (req, res) => void res.json(req.body))
  return { app, api, backend }
}

/** Stands for a server on another machine. */
async function apiServer(id: string): Promise<ServerOptions> {
  const server = createServer((req, res) => res.end(`${id} answers ${req.url}\n`))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return { id, address: `127.0.0.1:${(server.address() as AddressInfo).port}` }
}

if (import.meta.main) {
  const { app, api } = createApp([await apiServer('api1'), await apiServer('api2')])
  const server = createServer(app)
  // WebSockets do not come by way of Express: Node announces them to the server.
  api.attach(server)
  server.listen(Number(process.env.PORT ?? 8080), () => {
    console.log(`http://localhost:${(server.address() as AddressInfo).port}/api/hello`)
  })
}
