/** What the tests of layer 4 share: servers that speak no protocol, proxies, and clients; all closed after each test. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server as NetServer, type Socket } from 'node:net'
import { afterEach } from 'vitest'
import { type Backend, type BackendOptions, createBackend } from '../balance/backend.ts'
import { createTcpProxy, type TcpProxy, type TcpProxyOptions } from './tcp-proxy.ts'

const closings: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closings.splice(0).reverse()) await close()
})

/** Have this done when the test is over; last in, first out. */
export function afterwards(close: () => unknown): void {
  closings.push(close)
}

/** A server of bytes. */
export interface TestServer {
  readonly port: number
  readonly address: string
  /** Its connections, in their order, those that are over included. */
  readonly sockets: Socket[]
  stop(): Promise<void>
}

/** A server that does this with each connection; half-closed ones are kept. */
export async function tcpServer(serve: (socket: Socket) => void): Promise<TestServer> {
  const sockets: Socket[] = []
  const server = createServer({ allowHalfOpen: true }, socket => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    serve(socket)
  })
  const port = await portOf(server)
  const stop = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    if (server.listening) await new Promise(resolve => server.close(resolve))
  }
  afterwards(stop)
  return { port, address: `127.0.0.1:${port}`, sockets, stop }
}

async function portOf(server: NetServer): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Says who it is, then what it hears; ends when its client does. */
export const namedEcho = (name: string) =>
  tcpServer(socket => {
    socket.write(`${name}:`)
    socket.on('data', chunk => socket.write(chunk))
    socket.on('end', () => socket.end())
  })

/** Nobody listens there, and nobody will within the test: it was free a moment ago. */
export async function deadAddress(): Promise<string> {
  const server = createServer()
  const port = await portOf(server)
  await new Promise(resolve => server.close(resolve))
  return `127.0.0.1:${port}`
}

/** A backend of these servers, s1, s2, …. */
export function backendOf(
  servers: readonly { address: string }[],
  options: Partial<BackendOptions> = {},
): Backend {
  const backend = createBackend({
    name: 'test',
    servers: servers.map(({ address }, i) => ({ id: `s${i + 1}`, address })),
    retryDelayMs: 0,
    ...options,
  })
  afterwards(() => backend.close())
  return backend
}

/** A proxy that listens on a free port. */
export async function proxyOf(
  options: TcpProxyOptions,
): Promise<{ proxy: TcpProxy; port: number; dial: () => Client }> {
  const proxy = createTcpProxy(options)
  afterwards(() => proxy.close({ drainMs: 0 }))
  const { port } = await proxy.listen({ port: 0, host: '127.0.0.1' })
  return { proxy, port: port as number, dial: () => new Client(port as number) }
}

/** A client that remembers what it heard. */
export class Client {
  readonly socket: Socket
  heard = ''
  ended = false
  error: (Error & { code?: string }) | undefined
  readonly #waiting = new Set<() => void>()

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    this.socket.on('data', chunk => {
      this.heard += chunk.toString('latin1')
      this.#changed()
    })
    this.socket.on('end', () => {
      this.ended = true
      this.#changed()
    })
    this.socket.on('error', error => {
      this.error = error
      this.#changed()
    })
    this.socket.on('close', () => this.#changed())
    afterwards(() => this.socket.destroy())
  }

  /** Send this. */
  say(text: string | Buffer): this {
    this.socket.write(text)
    return this
  }

  /** Resolves when this has been heard at the end. */
  async hears(text: string): Promise<void> {
    await this.#until(() => this.heard.endsWith(text))
  }

  /** Resolves when the other side has ended or broken off. */
  async over(): Promise<this> {
    await this.#until(() => this.ended || this.socket.closed)
    return this
  }

  #changed(): void {
    for (const look of [...this.#waiting]) look()
  }

  #until(holds: () => boolean): Promise<void> {
    return new Promise(resolve => {
      const look = (): void => {
        if (!holds()) return
        this.#waiting.delete(look)
        resolve()
      }
      this.#waiting.add(look)
      look()
    })
  }
}
