/** A shop to look at: a frontend, an application on four servers and a spare one, static files, and a database by TCP. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createBackend, createFrontend, createTcpProxy } from '@evener/core'
import { tcpCheck } from '@evener/health'

const checks = { checker: tcpCheck(), intervalMs: 500, fall: 2, rise: 2 }

async function started(server: Server): Promise<string> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

export async function openShop() {
  const origin = createServer((request, response) => {
    response.statusCode = request.url?.startsWith('/missing') ? 404 : 200
    setTimeout(() => response.end('x'.repeat(2_000)), Math.random() * 20)
  })
  const address = await started(origin)
  const app = createBackend({
    name: 'app',
    checks,
    servers: [
      { id: 'app1', address, weight: 100 },
      { id: 'app2', address, weight: 100 },
      { id: 'app3', address: '127.0.0.1:9', weight: 100 },
      { id: 'app4', address, weight: 50, state: 'maintenance' },
      { id: 'app5', address, weight: 50, state: 'drain' },
      { id: 'spare', address, backup: true },
    ],
  })
  const files = createBackend({ name: 'static', servers: [{ id: 'files', address }] })
  const database = createBackend({ name: 'database', checks, servers: [{ id: 'primary', address }] })
  const main = createFrontend({ route: ({ uri }) => (uri.startsWith('/static/') ? files : app) })
  const sql = createTcpProxy({ route: database })
  const { port } = await main.listen({ port: 0, host: '127.0.0.1' })
  await sql.listen({ port: 0, host: '127.0.0.1' })
  const backends = [app, files, database]
  async function close(): Promise<void> {
    await Promise.all([main.close({ drainMs: 0 }), sql.close({ drainMs: 0 })])
    for (const backend of backends) backend.close()
    origin.closeAllConnections()
    origin.close()
  }
  return { frontends: { main, sql }, backends, port: port as number, close }
}
