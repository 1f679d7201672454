/**
 * Where a server is: `host:port`, `[v6]:port`, `http://host[:port]`, `https://host[:port]` or `unix:/path`.
 */
import { isIPv6 } from 'node:net'
import { EvenerError } from '../base/errors.ts'
import { show } from '../base/options.ts'

/** A parsed address. */
export interface Address {
  /** Host name or address, IPv6 without brackets; empty for a unix socket. */
  readonly host: string
  /** 1 to 65535; 0 for a unix socket. */
  readonly port: number
  /** A unix socket's path. */
  readonly path: string | undefined
  /** True where the address asked for TLS (`https:`). */
  readonly secure: boolean
  /** The address as it is shown: `host:port`, `[v6]:port` or `unix:/path`. */
  readonly text: string
}

const hostName =
  /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,62}[a-z0-9_])?)*\.?$/i

/**
 * Parse a server's address.
 * @throws {EvenerError} `EVENER_INVALID_ADDRESS`, naming the field, the value and what is allowed
 */
export function parseAddress(field: string, value: unknown): Address {
  const refuse = (why: string) =>
    new EvenerError(
      'EVENER_INVALID_ADDRESS',
      `${field}: ${show(value)}: ${why}; expected host:port, [ipv6]:port, http(s)://host[:port] or unix:/path`,
    )
  if (typeof value !== 'string' || value === '') throw refuse('not an address')
  if (value.startsWith('unix:')) {
    const path = value.slice(5)
    // 108 bytes is sun_path on Linux, its final NUL included.
    if (path === '' || path.includes('\0') || Buffer.byteLength(path) > 107) {
      throw refuse('a socket path has 1 to 107 bytes')
    }
    return { host: '', port: 0, path, secure: false, text: value }
  }
  const scheme = /^(https?):\/\//.exec(value)
  const secure = scheme?.[1] === 'https'
  let rest = scheme === null ? value : value.slice(scheme[0].length)
  if (scheme !== null && rest.endsWith('/')) rest = rest.slice(0, -1)
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d*))?$/.exec(rest)
  if (match === null) throw refuse(isIPv6(rest) ? 'an IPv6 address needs brackets' : 'cannot be read')
  const host = match[1] ?? match[2] ?? ''
  if (match[1] === undefined ? !hostName.test(host) : !isIPv6(host)) throw refuse('the host is not valid')
  // A name that ends in a number is read as an IPv4 address by resolvers: 300.1.1.1 is neither.
  if (/(^|\.)\d+$/.test(host) && !/^((25[0-5]|2[0-4]\d|1?\d?\d)(\.(?!$)|$)){4}$/.test(host)) {
    throw refuse('the host is not a valid IPv4 address')
  }
  if (match[3] === undefined && scheme === null) throw refuse('the port is missing')
  const port = match[3] === undefined ? (secure ? 443 : 80) : Number(match[3])
  if (match[3] === '' || port < 1 || port > 65535) throw refuse('the port must be from 1 to 65535')
  const text = match[1] === undefined ? `${host}:${port}` : `[${host}]:${port}`
  return { host, port, path: undefined, secure, text }
}
