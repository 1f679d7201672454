/**
 * A server that answers each GET with its target, and others never, on bare sockets: cheap enough for a hundred
 * thousand in a test. `/large` is answered with 64 KiB.
 */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

const large = 'x'.repeat(65_536)

export class TellingServer {
  /** Requests answered. */
  answered = 0
  /** Those of them for `/large`. */
  large = 0
  /** Requests that are no GET, and get no answer. */
  others = 0
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  constructor() {
    this.#server = createServer({ noDelay: true }, socket => this.#serve(socket))
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async start(): Promise<this> {
    await new Promise<void>(resolve => this.#server.listen(0, '127.0.0.1', resolve))
    return this
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>(resolve => this.#server.close(() => resolve()))
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('error', () => undefined)
    let received = ''
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      received += text
      for (let end = received.indexOf('\r\n\r\n'); end !== -1; end = received.indexOf('\r\n\r\n')) {
        const [method, target = ''] = received.split(' ', 2)
        if (method !== 'GET') {
          this.others++
          // Its body is of no interest, and nothing follows it.
          socket.removeAllListeners('data').resume()
          return
        }
        received = received.slice(end + 4)
        this.answered++
        if (target === '/large') this.large++
        const body = target === '/large' ? large : target
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
      }
    })
  }
}
