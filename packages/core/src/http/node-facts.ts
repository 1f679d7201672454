/**
 * The facts of a connection that `node:http` or `node:https` serves, made when somebody asks, and once: what is kept by
 * them (a PROXY header, lines about TLS) is kept for all requests of the connection.
 *
 * Cost: none until it is asked for; then those of `readTlsFacts`.
 */
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { readTlsFacts } from '@evener/tls'
import { type ConnectionFacts, connectionFacts } from '../base/connection-facts.ts'

const known = new WeakMap<Socket, ConnectionFacts>()

export function nodeFacts(socket: Socket): ConnectionFacts {
  let facts = known.get(socket)
  if (facts === undefined) {
    const encrypted = (socket as TLSSocket).encrypted === true
    // Where none was asked for, no certificate came.
    facts = connectionFacts(
      socket,
      encrypted ? readTlsFacts(socket as TLSSocket, true) : undefined,
      undefined,
    )
    known.set(socket, facts)
  }
  return facts
}
