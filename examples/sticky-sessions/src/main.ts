/**
 * Sticky sessions: a client is balanced once, and a cookie brings it back to the server that knows it.
 *
 *   node --conditions=@evener/source src/main.ts
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createBackend, httpHandler, type ServerOptions } from '@evener/core'
import { httpCheck } from '@evener/health'
import { insertCookie } from '@evener/session'
import { sessionServer } from './session-server.ts'

export function createGateway(servers: readonly ServerOptions[], secret: string, checkIntervalMs = 1000) {
  const backend = createBackend({
    name: 'app',
    servers,
    // Signed, so that clients cannot choose a server; never shown to the servers; gone with the browser's session.
    affinity: insertCookie({ name: 'SERVER', signing: { secrets: [secret] } }),
    // Without checks a client would be brought back to a dead server, to find out by its own request.
    checks: {
      checker: httpCheck({ path: '/', expect: { status: '200-499' } }),
      intervalMs: checkIntervalMs,
      timeoutMs: 1000,
      fall: 2,
    },
  })
  const handler = httpHandler(backend)
  const server = createServer()
  handler.attach(server)

  async function close(): Promise<void> {
    server.close()
    await handler.close({ drainMs: 0 })
    server.closeAllConnections()
    backend.close()
  }
  return { server, backend, close }
}

if (import.meta.main) {
  const servers: ServerOptions[] = []
  for (const id of ['app1', 'app2']) {
    const server = sessionServer(id)
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    servers.push({ id, address: `127.0.0.1:${(server.address() as AddressInfo).port}` })
  }
  const { server } = createGateway(servers, 'a secret of at least sixteen bytes')
  server.listen(Number(process.env.PORT ?? 8080), () => {
    const url = `http://localhost:${(server.address() as AddressInfo).port}`
    console.log(`curl -c jar -b jar -X POST '${url}/login?user=Ada'`)
    console.log(`curl -c jar -b jar ${url}/`)
  })
}
