/** HAProxy's `src`, `dst` and their ports: the ends of the client's connection. */
import type { ConnectionScope } from '../scope.ts'
import { fetch, type Value } from '../value.ts'

/** The client's address: what a trusted proxy in front vouches for, where one does. Nothing on a unix socket. */
export const src = (): Value<string, ConnectionScope> =>
  fetch('src', 'addr', 'connection', ({ connection }: ConnectionScope) => addressOf(connection.peerAddress))

/** The client's port. */
export const srcPort = (): Value<number, ConnectionScope> =>
  fetch('src_port', 'int', 'connection', ({ connection }: ConnectionScope) => connection.peerPort)

/** The address that the client connected to. */
export const dst = (): Value<string, ConnectionScope> =>
  fetch('dst', 'addr', 'connection', ({ connection }: ConnectionScope) => addressOf(connection.localAddress))

/** The port that the client connected to. */
export const dstPort = (): Value<number, ConnectionScope> =>
  fetch('dst_port', 'int', 'connection', ({ connection }: ConnectionScope) => connection.localPort)

/** Sockets give canonical texts. */
function addressOf(text: string): string | undefined {
  return text === '' ? undefined : text
}
