/** A real HTTP server that says who it is, and can be stopped and started again on its port. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export class RestartableServer {
  readonly id: string
  served = 0
  #port = 0
  #server: Server | undefined

  constructor(id: string) {
    this.id = id
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`
  }

  async start(): Promise<this> {
    const server = createServer((_req, res) => {
      this.served++
      res.writeHead(200, { 'Content-Length': '2', 'X-Server': this.id })
      res.end('ok')
    })
    this.#server = server
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(this.#port, '127.0.0.1', resolve)
    })
    this.#port = (server.address() as AddressInfo).port
    return this
  }

  /** Cut every connection, whatever is under way, and close the port. */
  async stop(): Promise<void> {
    const server = this.#server
    if (server === undefined) return
    this.#server = undefined
    const closed = new Promise<void>(resolve => server.close(() => resolve()))
    server.closeAllConnections()
    await closed
  }
}
