/** A server that says who it is, and can be killed and revived on the same port. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export class NamedServer {
  readonly name: string
  port = 0
  served = 0
  #server: Server | undefined

  constructor(name: string) {
    this.name = name
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  /** Listen: on a free port the first time, on the same one after that. */
  start(): Promise<void> {
    const server = createServer((req, res) => {
      this.served++
      // A few milliseconds of work, so that a kill finds requests under way.
      setTimeout(() => {
        res.setHeader('X-Server', this.name)
        res.end(`${this.name} answered ${req.method} ${req.url}\n`)
      }, 3)
    })
    this.#server = server
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(this.port, '127.0.0.1', () => {
        this.port = (server.address() as AddressInfo).port
        resolve()
      })
    })
  }

  /** Die as a process does: the port closes and every connection is cut, whatever was under way. */
  kill(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (server === undefined) return Promise.resolve()
    return new Promise(resolve => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  }
}
