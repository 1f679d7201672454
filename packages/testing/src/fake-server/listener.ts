/**
 * The listening socket of a fake server: it can go away and come back on the same port.
 *
 * The port is taken from 15,000 to 31,999 by trial, not from the kernel (`listen(0)`). The kernel's own range is also
 * where it takes the *local* ports of outgoing connections from: a port given up by `refuse()` could be taken by one
 * of those before it is wanted back; worse, a connect to a port of that range where nobody listens may be given that
 * very port as its own, and then TCP connects the socket to itself. Outside the range neither can happen.
 *
 * TLS is laid on each connection afterwards, so that the TCP socket below stays at hand for resets before the handshake.
 */
import { randomInt } from 'node:crypto'
import { createServer, type ListenOptions, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions, type Server as TlsServer } from 'node:tls'

const LOWEST_PORT = 15_000
const HIGHEST_PORT = 31_999

export interface ListenerOptions {
  readonly host: string
  /** 0 to look for a free one. */
  readonly port: number
  readonly path: string | undefined
  readonly tls: TlsOptions | undefined
  /** Called with each new TCP connection, not yet read from. */
  readonly accepted: (tcp: Socket) => void
  /** Called when the handshake of a connection is done, with the socket to speak through. */
  readonly secured: (secure: Socket, tcp: Socket) => void
}

export class Listener {
  port: number
  private server: Server | undefined
  private readonly options: ListenerOptions
  private readonly tlsServer: TlsServer | undefined
  private readonly handshaking = new Map<string, Socket>()

  constructor(options: ListenerOptions) {
    this.options = options
    this.port = options.port
    if (options.tls) this.tlsServer = this.makeTlsServer(options.tls)
  }

  /** Listen, on the same port as before if there was one. */
  async open(): Promise<void> {
    if (this.server) return
    const { host, path } = this.options
    if (path !== undefined) this.server = await listen({ path }, this.options)
    else if (this.port !== 0) this.server = await listen({ host, port: this.port }, this.options)
    else this.server = await this.openOnFreePort()
    const address = this.server.address()
    if (address !== null && typeof address === 'object') this.port = address.port
  }

  /** Stop listening: connects are refused from when this resolves. Open connections stay. */
  async close(): Promise<void> {
    this.server?.close()
    this.server = undefined
    await new Promise<void>(resolve => setImmediate(resolve))
  }

  /** Start the TLS handshake on an accepted connection. */
  secure(tcp: Socket): void {
    const key = `${tcp.remoteAddress} ${tcp.remotePort}`
    this.handshaking.set(key, tcp)
    tcp.once('close', () => this.handshaking.delete(key))
    this.tlsServer?.emit('connection', tcp)
  }

  private makeTlsServer(options: TlsOptions): TlsServer {
    const server = createTlsServer(options)
    server.on('secureConnection', secure => {
      const tcp = this.handshaking.get(`${secure.remoteAddress} ${secure.remotePort}`)
      if (tcp) this.options.secured(secure, tcp)
      else secure.destroy()
    })
    server.on('tlsClientError', (_error, secure) => secure.destroy())
    return server
  }

  private async openOnFreePort(): Promise<Server> {
    const { host } = this.options
    for (let attempt = 0; attempt < 50; attempt++) {
      try {
        return await listen({ host, port: randomInt(LOWEST_PORT, HIGHEST_PORT + 1) }, this.options)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
      }
    }
    return listen({ host, port: 0 }, this.options)
  }
}

function listen(where: ListenOptions, { tls, accepted }: ListenerOptions): Promise<Server> {
  // Half-open, so that a client's FIN is seen and judged here instead of being answered by Node; not under TLS, where
  // Node would then keep a connection whose client went during the handshake.
  const allowHalfOpen = tls === undefined
  const server = createServer({ allowHalfOpen, pauseOnConnect: true, noDelay: true }, accepted)
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ ...where, backlog: 4096 }, () => {
      server.off('error', reject)
      resolve(server)
    })
  })
}
