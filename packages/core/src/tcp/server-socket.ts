/** The connection to a server at layer 4: plain, through a unix socket, or with TLS. */
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Server } from '../balance/server.ts'
import { type OnRead, onread } from '../base/lent-reads.ts'
import { ReadMemory } from '../base/read-memory.ts'
import { connectServerTls, serverTlsOptions } from '../engines/server-tls.ts'

/** How to connect. */
export interface ConnectOptions {
  /** What goes first, before TLS as well: a PROXY header. */
  readonly first: Buffer | undefined
  readonly noDelay: boolean
  /** 0 for no keep-alive. */
  readonly keepAliveMs: number
  /** Where the bytes of a server without TLS go; with TLS they come as events. */
  readonly reads: (memory: ReadMemory) => OnRead
}

/** Connect. The event that tells of success is {@link connectedEvent}. */
export function connectTo(server: Server, { first, noDelay, keepAliveMs, reads }: ConnectOptions): Socket {
  const { address, tls } = server
  if (tls !== undefined && first === undefined) return connectServerTls(server, [])
  const to = address.path === undefined ? { host: address.host, port: address.port } : { path: address.path }
  const memory = new ReadMemory()
  const plain = connect({
    ...to,
    allowHalfOpen: true,
    noDelay,
    ...(keepAliveMs > 0 && { keepAlive: true, keepAliveInitialDelay: keepAliveMs }),
    ...(tls === undefined && { onread: onread(memory, reads(memory)) }),
  })
  // It waits in the socket until there is a connection, and goes out before whatever is written later.
  if (first !== undefined) plain.write(first)
  if (tls === undefined) return plain
  return connectTls({ socket: plain, ...serverTlsOptions(server) })
}

/** What tells that the connection stands. */
export function connectedEvent(server: Server): 'connect' | 'secureConnect' {
  return server.tls === undefined ? 'connect' : 'secureConnect'
}
