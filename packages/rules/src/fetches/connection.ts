/** HAProxy's `src`, `dst` and their ports: the ends of the client's connection. */
import { networkInterfaces } from 'node:os'
import type { ConnectionScope } from '../scope.ts'
import { fetch, keyed, type Value } from '../value.ts'

/** The client's address: what a trusted proxy in front vouches for, where one does. Nothing on a unix socket. */
export const src = (): Value<string, ConnectionScope> =>
  keyed(
    fetch('src', 'addr', 'connection', ({ connection }: ConnectionScope) =>
      addressOf(connection.peerAddress),
    ),
  )

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

/** Whether the client is on this machine: its address is one of the loopback, or of an interface. */
export const srcIsLocal = (): Value<boolean, ConnectionScope> => {
  const isLocal = localAddresses()
  return fetch('src_is_local', 'bool', 'connection', ({ connection }: ConnectionScope) =>
    connection.peerAddress === '' ? undefined : isLocal(connection.peerAddress),
  )
}

/** Whether the client connected to an address of this machine, which is not so where it was redirected here. */
export const dstIsLocal = (): Value<boolean, ConnectionScope> => {
  const isLocal = localAddresses()
  return fetch('dst_is_local', 'bool', 'connection', ({ connection }: ConnectionScope) =>
    connection.localAddress === '' ? undefined : isLocal(connection.localAddress),
  )
}

/** Whether an address is of this machine: of the loopback, or of its interfaces as they are now. */
export function localAddresses(): (address: string) => boolean {
  const addresses = new Set(
    Object.values(networkInterfaces()).flatMap(list => list?.map(({ address }) => address) ?? []),
  )
  return address => address.startsWith('127.') || address === '::1' || addresses.has(address)
}
