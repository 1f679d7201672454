/**
 * A server to be hurt: a process of its own, so that it can be killed and frozen. Told by its parent to be slow, or to reset
 * its connections.
 */
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

let delayMs = 0
const sockets = new Set<Socket>()
const id = process.argv[2] as string
const server = createServer((_request, response) => {
  const answer = (): void => {
    if (response.destroyed) return
    response.writeHead(200, { 'Content-Length': '2', 'X-Server': id }).end('ok')
  }
  if (delayMs === 0) answer()
  else setTimeout(answer, delayMs)
})
server.on('connection', socket => {
  sockets.add(socket)
  socket.on('close', () => sockets.delete(socket))
})
process.on('message', (order: { readonly delayMs?: number; readonly reset?: true }) => {
  if (order.delayMs !== undefined) delayMs = order.delayMs
  if (order.reset) for (const socket of sockets) socket.resetAndDestroy()
})
process.on('disconnect', () => process.exit())
server.listen(Number(process.argv[3]), '127.0.0.1', () =>
  process.send?.((server.address() as AddressInfo).port),
)
