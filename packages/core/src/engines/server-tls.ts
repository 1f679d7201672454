/**
 * TLS towards a server: connections that are verified, made with what was read once when the server was, and that
 * resume the session of the one before.
 *
 * A session is kept only of a connection that was verified. A resumed handshake brings no certificate, so what was not
 * found good when there was one would never be looked at again.
 *
 * Invariant: one session for each server, the last one, and it goes with the server. Cost: O(1).
 * Source: RFC 8446 section 2.2, RFC 5077.
 */

import type { Socket } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import { type TlsConnectOptions, tlsConnectOptions } from '@evener/health'
import type { Address } from '../balance/address.ts'
import type { Server } from '../balance/server.ts'

/** What is known of a server for connecting to it: kept as long as the server itself stays where it is. */
interface ServerTls {
  /** Where it was then: a server that was moved is another one. */
  readonly address: Address
  readonly options: TlsConnectOptions
  session: Buffer | undefined
}

const known = new WeakMap<Server, ServerTls>()

function serverTls(server: Server): ServerTls {
  let tls = known.get(server)
  const { address } = server
  if (tls === undefined || tls.address !== address) {
    tls = { address, options: tlsConnectOptions(server.tls ?? {}, address.host), session: undefined }
    known.set(server, tls)
  }
  return tls
}

/** For engines that let somebody else connect: what `tls.connect` is to be given, the same object each time. */
export function serverTlsOptions(server: Server): TlsConnectOptions {
  return serverTls(server).options
}

/**
 * Connect to a server that speaks TLS. The socket emits `secureConnect` when it is verified, else `error`.
 * @param protocols what is offered by ALPN, the preferred one first; none for an empty list
 * @param over a connection to the server that is there already, with what goes before TLS: a PROXY header
 */
export function connectServerTls(server: Server, protocols: readonly string[], over?: Socket): TLSSocket {
  const tls = serverTls(server)
  const { host, port, path } = server.address
  const { session } = tls
  const socket = connect({
    ...(over !== undefined ? { socket: over } : path === undefined ? { host, port } : { path }),
    ...tls.options,
    ...(protocols.length > 0 && { ALPNProtocols: [...protocols] }),
    ...(session !== undefined && { session }),
  })
  let verified = false
  // Node tells of a session only once the connection is verified. With TLS 1.3 several come, later: the last one is kept.
  socket.on('session', next => {
    tls.session = next
  })
  socket.once('secureConnect', () => {
    verified = true
  })
  socket.on('error', () => {
    // What a server trips over is not to be shown to it again.
    if (!verified && tls.session === session) tls.session = undefined
  })
  return socket
}
