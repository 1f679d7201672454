/**
 * What the first line of a request says, and what HAProxy makes of it together with `Host`.
 *
 * Path and query are what rules before have left of them, as in HAProxy. Nothing is decoded.
 */
import { addressBytes, ipv4Text, readIpv4 } from '../address.ts'
import { avalanche, signedSdbm } from '../converters/hash-functions.ts'
import { fourBytes } from '../integer.ts'
import type { RequestScope, RequestView } from '../scope.ts'
import { fetch, keyed, type Value } from '../value.ts'
import { elementAt } from './list.ts'
import { pathAndQuery, pathOf, pathStart } from './target.ts'

/** The method, in its own case. */
export const method = (): Value<string, RequestScope> =>
  keyed(fetch('method', 'str', 'request', ({ request }: RequestScope) => request.method))

/** The path, without the query. */
export const path = (): Value<string, RequestScope> =>
  keyed(fetch('path', 'str', 'request', ({ request }: RequestScope) => pathOf(request.uri)))

/** The path with the query. */
export const pathq = (): Value<string, RequestScope> =>
  keyed(fetch('pathq', 'str', 'request', ({ request }: RequestScope) => pathAndQuery(request.uri)))

/** What is behind the question mark, which `with_qm` includes where something follows it. */
export const query = (option?: 'with_qm'): Value<string, RequestScope> => {
  const withMark = option === 'with_qm'
  return fetch(
    withMark ? 'query(with_qm)' : 'query',
    'str',
    'request',
    ({ request: { uri } }: RequestScope) => {
      const mark = uri.indexOf('?')
      if (mark < 0) return undefined
      return uri.slice(withMark && mark + 1 < uri.length ? mark : mark + 1)
    },
  )
}

/** The whole target, with scheme and authority where they came. */
export const url = (): Value<string, RequestScope> =>
  keyed(fetch('url', 'str', 'request', ({ request }: RequestScope) => urlOf(request)))

/** `Host` and the path. */
export const base = (): Value<string, RequestScope> =>
  fetch('base', 'str', 'request', ({ request }: RequestScope) => hostAnd(request, pathOf(request.uri)))

/** `Host`, the path and the query. */
export const baseq = (): Value<string, RequestScope> =>
  fetch('baseq', 'str', 'request', ({ request }: RequestScope) => hostAnd(request, pathAndQuery(request.uri)))

/** A hash of `base`: for tables, where the text would be too long. */
export const base32 = (): Value<number, RequestScope> =>
  fetch('base32', 'int', 'request', ({ request }: RequestScope) => baseHash(request))

/** A hash of `baseq`, with the whole line of `Host`. */
export const url32 = (): Value<number, RequestScope> =>
  fetch('url32', 'int', 'request', ({ request }: RequestScope) => urlHash(request))

/** `base32` and the client's address: 8 bytes, or 20. */
export const base32Src = (): Value<string, RequestScope> =>
  fetch('base32+src', 'bin', 'request', (scope: RequestScope) => withSource(baseHash(scope.request), scope))

/** `url32` and the client's address: 8 bytes, or 20. */
export const url32Src = (): Value<string, RequestScope> =>
  fetch('url32+src', 'bin', 'request', (scope: RequestScope) => withSource(urlHash(scope.request), scope))

/** The IPv4 address that an absolute target names; nothing for a name, or for a target in origin form. */
export const urlIp = (): Value<string, RequestScope> =>
  fetch('url_ip', 'addr', 'request', ({ request }: RequestScope) => {
    const authority = authorityOf(request)
    return authority === undefined ? undefined : canonicalIpv4(authority.replace(/:\d*$/, ''))
  })

/** The port beside it: 80, or 443 for https, where none is written. */
export const urlPort = (): Value<number, RequestScope> =>
  fetch('url_port', 'int', 'request', ({ request }: RequestScope) => {
    const authority = authorityOf(request)
    if (authority === undefined || canonicalIpv4(authority.replace(/:\d*$/, '')) === undefined)
      return undefined
    const port = /:(\d{1,5})$/.exec(authority)?.[1]
    return port === undefined ? (request.target.startsWith('https:') ? 443 : 80) : Number(port)
  })

/** Whether it is the first request of its connection. */
export const httpFirstReq = (): Value<boolean, RequestScope> =>
  fetch('http_first_req', 'bool', 'request', ({ request }: RequestScope) => request.isFirst)

function authorityOf({ target }: RequestView): string | undefined {
  return /^https?:\/\/([^/?#]*)/.exec(target)?.[1]
}

function canonicalIpv4(text: string): string | undefined {
  const bits = readIpv4(text)
  return bits < 0 ? undefined : ipv4Text(bits)
}

/** Where scheme and authority came, they are still there, and the rest is what rules have left. */
function urlOf({ target, uri }: RequestView): string {
  const start = pathStart(target)
  return start > 0 ? target.slice(0, start) + uri : start === 0 || target === '*' ? uri : target
}

function hostAnd({ head }: RequestView, path: string | undefined): string | undefined {
  const line = head.all('host')[0]
  const host = line === undefined ? '' : elementAt(line, 0)
  if (host === '') return path
  return path?.startsWith('/') ? host + path : host
}

function baseHash({ head, uri }: RequestView): number {
  const line = head.all('host')[0]
  let hash = 0
  if (line !== undefined) hash = signedSdbm(hash, elementAt(line, 0))
  const start = pathStart(uri)
  const mark = uri.indexOf('?', start)
  if (start >= 0 && uri.charCodeAt(start) === 0x2f)
    hash = signedSdbm(hash, uri, start, mark < 0 ? uri.length : mark)
  return avalanche(hash) >>> 0
}

function urlHash({ head, uri }: RequestView): number {
  const line = head.all('host')[0]
  let hash = line === undefined ? 0 : signedSdbm(0, line)
  const start = pathStart(uri)
  if (start >= 0 && uri.charCodeAt(start) === 0x2f) hash = signedSdbm(hash, uri, start)
  return avalanche(hash) >>> 0
}

function withSource(hash: number, { connection }: RequestScope): string | undefined {
  const address = addressBytes(connection.peerAddress)
  return address === undefined ? undefined : fourBytes(hash) + address
}
