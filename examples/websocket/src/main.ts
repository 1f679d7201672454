/**
 * WebSocket servers behind Evener, each new connection going to the one with the fewest open.
 *
 *   node --conditions=@evener/source src/main.ts
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { leastConnections } from '@evener/algorithms'
import { createBackend, httpHandler, type ServerOptions } from '@evener/core'
import { WebSocket, WebSocketServer } from 'ws'

/** A chat of one: says who it is, then echoes. */
export async function chatServer(id: string): Promise<{ options: ServerOptions; close(): void }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  server.on('connection', socket => {
    socket.send(`welcome to ${id}`)
    socket.on('message', message => socket.send(`${id}: ${message}`))
  })
  await once(server, 'listening')
  return {
    options: { id, address: `127.0.0.1:${(server.address() as AddressInfo).port}` },
    close() {
      for (const socket of server.clients) socket.terminate()
      server.close()
    },
  }
}

export function createGateway(servers: readonly ServerOptions[]) {
  const backend = createBackend({
    name: 'chat',
    servers,
    // Turns would do for requests. Connections stay, so what counts is how many each server has.
    balancer: leastConnections(),
    // A chat may be silent for long. Beyond this, the other end is taken for lost.
    timeouts: { tunnelMs: 3_600_000 },
  })
  const handler = httpHandler(backend)
  const server = createServer()
  handler.attach(server)

  async function close(): Promise<void> {
    server.close()
    // WebSockets have no end to wait for; their clients are told 1001, "going away".
    await handler.close({ drainMs: 0 })
    backend.close()
  }
  return { server, backend, close }
}

if (import.meta.main) {
  const servers = [await chatServer('chat1'), await chatServer('chat2')]
  const gateway = createGateway(servers.map(({ options }) => options))
  gateway.server.listen(0, '127.0.0.1')
  await once(gateway.server, 'listening')
  const url = `ws://127.0.0.1:${(gateway.server.address() as AddressInfo).port}/`

  const sockets = Array.from({ length: 4 }, () => new WebSocket(url))
  await Promise.all(
    sockets.map(async (socket, index) => {
      const [welcome] = await once(socket, 'message')
      console.log(`client ${index + 1}: ${welcome}`)
    }),
  )
  for (const { id, counters } of gateway.backend.servers)
    console.log(`${id} has ${counters.requestsNow} connections`)
  await gateway.close()
  for (const server of servers) server.close()
}
