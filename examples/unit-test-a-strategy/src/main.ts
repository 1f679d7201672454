/**
 * The strategy at work: three servers of which one is slow, and who got how much.
 *
 *   node --conditions=@evener/source src/main.ts
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createBackend, httpHandler, type ServerOptions } from '@evener/core'
import { fasterOfTwo } from './faster-of-two.ts'

async function start(id: string, delayMs: number): Promise<ServerOptions> {
  const server = createServer((_req, res) => void setTimeout(() => res.end(id), delayMs))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  server.unref()
  return { id, address: `127.0.0.1:${(server.address() as AddressInfo).port}` }
}

const backend = createBackend({
  name: 'app',
  servers: [await start('fast1', 2), await start('fast2', 2), await start('slow', 40)],
  balancer: fasterOfTwo(),
})
const handler = httpHandler(backend)
const gateway = createServer(handler)
await new Promise<void>(resolve => gateway.listen(0, '127.0.0.1', resolve))

const url = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}/`
for (let sent = 0; sent < 300; sent++) await (await fetch(url)).text()
for (const { id, counters } of backend.servers)
  console.log(`${id.padEnd(5)} answered ${counters.completed} of 300`)

await handler.close()
backend.close()
gateway.close()
gateway.closeAllConnections()
