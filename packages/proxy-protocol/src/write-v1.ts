/**
 * Writing a header of version 1.
 *
 * Source: PROXY protocol specification, 2.1. Not for what version 1 cannot say: UDP, unix sockets, extensions, a
 * `local` command.
 */
import { ipv4FromBytes, ipv6FromBytes } from './address.ts'
import type { ProxyHeaderContent } from './header.ts'
import { checkKind, portOf, putAddress } from './write-checks.ts'

/**
 * The header as a line of text, to be sent before anything else on the connection, and at once.
 *
 * UDP, unix sockets and `unknown` become `PROXY UNKNOWN`, which some receivers refuse. A `local` header with TCP
 * addresses becomes a line with these, which the specification recommends for health checks: give those of the
 * connection itself. Extensions are left out.
 * @throws {ProxyWriteError} `EVENER_PROXY_UNWRITABLE` where addresses or ports are not those of the family
 */
export function proxyHeaderV1(header: ProxyHeaderContent): Buffer {
  checkKind(header)
  const { family } = header
  if (family !== 'tcp4' && family !== 'tcp6') return Buffer.from('PROXY UNKNOWN\r\n')
  const version = family === 'tcp4' ? 4 : 6
  const bytes = new Uint8Array(32)
  putAddress(header, 'source', version, bytes, 0)
  putAddress(header, 'destination', version, bytes, 16)
  const textOf = version === 4 ? ipv4FromBytes : ipv6FromBytes
  const addresses = `${textOf(bytes, 0)} ${textOf(bytes, 16)}`
  const ports = `${portOf(header, 'source')} ${portOf(header, 'destination')}`
  return Buffer.from(`PROXY TCP${version} ${addresses} ${ports}\r\n`, 'latin1')
}
