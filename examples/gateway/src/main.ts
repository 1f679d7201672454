/**
 * The gateway, with four servers that say who they are, until Ctrl-C.
 *
 *   node --conditions=@evener/source src/main.ts
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ServerOptions } from '@evener/core'
import { createGateway } from './gateway.ts'

/** Stands for a server on another machine. */
async function namedServer(id: string): Promise<ServerOptions> {
  const server = createServer((req, res) => res.end(`${id} answers ${req.url}\n`))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  // They need not keep the process running: it ends with the gateway.
  server.unref()
  return { id, address: `127.0.0.1:${(server.address() as AddressInfo).port}` }
}

const gateway = createGateway({
  web: [await namedServer('web1'), await namedServer('web2')],
  api: [await namedServer('api1'), await namedServer('api2')],
  checkIntervalMs: 2000,
})
for (const backend of [gateway.web, gateway.api]) {
  backend.on('down', server =>
    console.log(`${backend.name}/${server.id} is down: ${server.lastCheck?.message}`),
  )
  backend.on('up', server => console.log(`${backend.name}/${server.id} is up`))
}

gateway.server.listen(Number(process.env.PORT ?? 8080), () => {
  const { port } = gateway.server.address() as AddressInfo
  console.log(`curl -H 'Host: example.test' http://localhost:${port}/`)
  console.log(`curl -H 'Host: example.test' http://localhost:${port}/api/users`)
})

// What stops processes in earnest (systemd, Kubernetes) sends SIGTERM, and waits a while before it kills.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    console.log(`${signal}: no more connections; requests under way have ten seconds`)
    await gateway.close(10_000)
  })
}
