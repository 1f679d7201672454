/** HAProxy's `bc_…`: the connection with the server that answered. */
import type { ResponseScope } from '../scope.ts'
import { fetch, type Value } from '../value.ts'

type Of<T extends number | string | boolean> = Value<T, ResponseScope>

/** Our own end of it. */
export const src = (): Of<string> =>
  fetch('bc_src', 'addr', 'response', (scope: ResponseScope) => scope.serverConnection?.localAddress)

export const srcPort = (): Of<number> =>
  fetch('bc_src_port', 'int', 'response', (scope: ResponseScope) => scope.serverConnection?.localPort)

/** The server's end. */
export const dst = (): Of<string> =>
  fetch('bc_dst', 'addr', 'response', (scope: ResponseScope) => scope.serverConnection?.peerAddress)

export const dstPort = (): Of<number> =>
  fetch('bc_dst_port', 'int', 'response', (scope: ResponseScope) => scope.serverConnection?.peerPort)

/** 1 for HTTP/1, 2 for HTTP/2. */
export const httpMajor = (): Of<number> =>
  fetch('bc_http_major', 'int', 'response', (scope: ResponseScope) => scope.serverConnection?.httpMajor)

/** Whether it was there before this request. */
export const reused = (): Of<boolean> =>
  fetch('bc_reused', 'bool', 'response', (scope: ResponseScope) => scope.serverConnection?.reused)
