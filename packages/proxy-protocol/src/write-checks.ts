/**
 * What both versions ask of a header that is to be written: that its addresses and ports are those of its family.
 *
 * An IPv4 address in an IPv6 family goes as an IPv4-mapped one, as HAProxy has it when only one side is IPv6. The zone
 * that Node writes behind link-local addresses (`%eth0`) means nothing to another machine, and is left out.
 */
import { ipv4ToBytes, ipv6ToBytes } from './address.ts'
import type { ProxyHeaderContent } from './header.ts'
import { refuseField } from './options.ts'
import { ADDRESS_BYTES, isPlainText, UNIX_PATH_BYTES } from './wire.ts'

type Side = 'source' | 'destination'

/** Put an address's bytes into `into` at `at`: four, or sixteen, of which sixteen must be zero before. */
export function putAddress(
  header: ProxyHeaderContent,
  side: Side,
  version: 4 | 6,
  into: Uint8Array,
  at: number,
): void {
  const field = `${side}Address` as const
  const text = header[field] as unknown
  if (version === 4) {
    if (typeof text !== 'string' || !ipv4ToBytes(text, into, at)) refuseField(field, text, 'an IPv4 address')
    return
  }
  if (typeof text === 'string') {
    if (ipv4ToBytes(text, into, at + 12)) {
      into.fill(0xff, at + 10, at + 12)
      return
    }
    const zone = text.indexOf('%')
    if (ipv6ToBytes(zone === -1 ? text : text.slice(0, zone), into, at)) return
  }
  refuseField(field, text, 'an IPv6 or IPv4 address')
}

/** The port, checked. */
export function portOf(header: ProxyHeaderContent, side: Side): number {
  const field = `${side}Port` as const
  const port = header[field]
  if (!Number.isInteger(port) || port < 0 || port > 0xffff)
    refuseField(field, port, 'an integer from 0 to 65535')
  return port
}

/** Put the path of a unix socket into `into` at `at`, where 108 bytes must be zero before. `@name` is abstract. */
export function putPath(header: ProxyHeaderContent, side: Side, into: Buffer, at: number): void {
  const field = `${side}Address` as const
  const text = header[field] as unknown
  const allowed = `a path of at most ${UNIX_PATH_BYTES} bytes without control characters`
  if (typeof text !== 'string' || !text.isWellFormed()) refuseField(field, text, allowed)
  const path = Buffer.from(text)
  if (path.length > UNIX_PATH_BYTES || !isPlainText(path)) refuseField(field, text, allowed)
  path.copy(into, at)
  if (text.startsWith('@')) into[at] = 0
}

/** Command and family are words of this package. */
export function checkKind(header: ProxyHeaderContent): void {
  if (header.command !== 'proxy' && header.command !== 'local')
    refuseField('command', header.command, 'proxy or local')
  if (!Object.hasOwn(ADDRESS_BYTES, header.family))
    refuseField('family', header.family, Object.keys(ADDRESS_BYTES).join(', '))
}
