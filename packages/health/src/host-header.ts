/** The `Host` header for a target, as a browser would write it (RFC 9110, 7.2; RFC 3986, 3.2.2 for IPv6). */
import { isIPv6 } from 'node:net'
import type { Target } from './contract.ts'

/** The target's host, and its port unless that is the protocol's own; `localhost` for a unix socket. */
export function hostHeader({ host, port, path, tls }: Target): string {
  if (path !== undefined) return tls?.servername || 'localhost'
  const name = isIPv6(host) ? `[${host}]` : host
  return port === (tls === undefined ? 80 : 443) ? name : `${name}:${port}`
}
