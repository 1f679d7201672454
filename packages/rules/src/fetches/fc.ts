/** HAProxy's `fc_…`: the client's connection, whatever rules of a request make of it. */
import type { ConnectionScope, ConnectionView } from '../scope.ts'
import { fetch, type Value } from '../value.ts'
import { localAddresses } from './connection.ts'

type Of<T extends number | string | boolean> = Value<T, ConnectionScope>

/** The client's address, as a PROXY header and the rules of the connection say; no other rule alters it. */
export const src = (): Of<string> =>
  fetch('fc_src', 'addr', 'connection', scope => address(ends(scope).peerAddress))

export const srcPort = (): Of<number> =>
  fetch('fc_src_port', 'int', 'connection', scope => ends(scope).peerPort)

/** The address that was connected to. */
export const dst = (): Of<string> =>
  fetch('fc_dst', 'addr', 'connection', scope => address(ends(scope).localAddress))

export const dstPort = (): Of<number> =>
  fetch('fc_dst_port', 'int', 'connection', scope => ends(scope).localPort)

/** Whether whoever connected is on this machine. */
export const srcIsLocal = (): Of<boolean> => isLocal('fc_src_is_local', 'peerAddress')

/** Whether what was connected to is an address of this machine. */
export const dstIsLocal = (): Of<boolean> => isLocal('fc_dst_is_local', 'localAddress')

/** 1 for HTTP/1, 2 for HTTP/2. */
export const httpMajor = (): Of<number> =>
  fetch('fc_http_major', 'int', 'connection', ({ connection }: ConnectionScope) => connection.httpMajor)

/** Whether a PROXY header came. */
export const rcvdProxy = (): Of<boolean> =>
  fetch(
    'fc_rcvd_proxy',
    'bool',
    'connection',
    ({ connection }: ConnectionScope) => connection.proxyHeader !== undefined,
  )

/** The host that the client asked the proxy in front for, as its PROXY header says. */
export const ppAuthority = (): Of<string> =>
  fetch(
    'fc_pp_authority',
    'str',
    'connection',
    ({ connection }: ConnectionScope) => connection.proxyHeader?.authority,
  )

/** The connection's own name, as its PROXY header says. */
export const ppUniqueId = (): Of<string> =>
  fetch(
    'fc_pp_unique_id',
    'str',
    'connection',
    ({ connection }: ConnectionScope) => connection.proxyHeader?.uniqueId,
  )

function ends({ connection }: ConnectionScope): NonNullable<ConnectionView['socket']> {
  return connection.socket ?? connection
}

function isLocal(text: string, end: 'peerAddress' | 'localAddress'): Of<boolean> {
  const isOfThisMachine = localAddresses()
  return fetch(text, 'bool', 'connection', scope => {
    const found = ends(scope)[end]
    return found === '' ? undefined : isOfThisMachine(found)
  })
}

/** Nothing for a unix socket. */
function address(text: string): string | undefined {
  return text === '' ? undefined : text
}
