/** The protocol's numbers and bounds, shared by reading and writing. Source: the PROXY protocol specification, 2.1 and 2.2. */
import { isUtf8 } from 'node:buffer'
import type { ProxyFamily, ProxyHeader, ProxyTlvs } from './header.ts'

/** What every header of version 1 begins with. */
export const V1_PREFIX = Buffer.from('PROXY ')
/** The longest line of version 1, with its CRLF. */
export const V1_MAX_BYTES = 107

/** What every header of version 2 begins with: bytes that make servers of other protocols give up at once. */
export const V2_SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
/** Signature, version and command, family and transport, length. */
export const V2_FIXED_BYTES = 16
/** The longest header of version 2. */
export const V2_MAX_BYTES = V2_FIXED_BYTES + 0xffff
/** The longest header of version 2 without extensions: two unix paths. */
export const V2_MAX_BARE_BYTES = V2_FIXED_BYTES + 216
/** The room for one unix path. */
export const UNIX_PATH_BYTES = 108

/** Families by their byte. Those not here have an address or a transport of no known meaning: `unknown`. */
export const FAMILIES: ReadonlyMap<number, ProxyFamily> = new Map([
  [0x11, 'tcp4'],
  [0x12, 'udp4'],
  [0x21, 'tcp6'],
  [0x22, 'udp6'],
  [0x31, 'unix-stream'],
  [0x32, 'unix-datagram'],
])

/** How many bytes the two addresses and ports take. */
export const ADDRESS_BYTES: Readonly<Record<ProxyFamily, number>> = {
  tcp4: 12,
  udp4: 12,
  tcp6: 36,
  udp6: 36,
  'unix-stream': 2 * UNIX_PATH_BYTES,
  'unix-datagram': 2 * UNIX_PATH_BYTES,
  unknown: 0,
}

/** Types of extensions. */
export const TLV_ALPN = 0x01
export const TLV_AUTHORITY = 0x02
export const TLV_CRC32C = 0x03
export const TLV_NOOP = 0x04
export const TLV_UNIQUE_ID = 0x05
export const TLV_SSL = 0x20
export const TLV_NETNS = 0x30

/** Extensions that are texts, with their fields. */
export const TEXTS = new Map([
  [TLV_ALPN, 'alpn'],
  [TLV_AUTHORITY, 'authority'],
  [TLV_NETNS, 'netns'],
] as const)

/** The longest text: that of a protocol in ALPN (RFC 7301), of a host name, of a file's name; HAProxy's bound too. */
export const TEXT_MAX_BYTES = 255
/** The longest unique id. */
export const UNIQUE_ID_MAX_BYTES = 128

/** Parts of the TLS extension that are texts, with their fields. */
export const TLS_TEXTS = new Map([
  [0x21, 'version'],
  [0x22, 'commonName'],
  [0x23, 'cipher'],
  [0x24, 'signatureAlgorithm'],
  [0x25, 'keyAlgorithm'],
  [0x26, 'group'],
  [0x27, 'signatureScheme'],
] as const)
export const TLS_CLIENT_CERTIFICATE = 0x28

/** Bits of the TLS extension's first byte. */
export const CLIENT_TLS = 1
export const CLIENT_CERTIFICATE_ON_CONNECTION = 2
export const CLIENT_CERTIFICATE_IN_SESSION = 4

/** No extensions. */
export const NO_TLVS: ProxyTlvs = Object.freeze({})

/** A header that says nothing of addresses. */
export function withoutAddresses(version: 1 | 2, command: ProxyHeader['command']): ProxyHeader {
  return {
    version,
    command,
    family: 'unknown',
    sourceAddress: '',
    sourcePort: 0,
    destinationAddress: '',
    destinationPort: 0,
    tlvs: NO_TLVS,
  }
}

/**
 * UTF-8 without control characters. Names and paths end up in headers and logs, where a line break or a NUL would
 * begin something new; and a text that is not UTF-8 could be read as another one.
 */
export function isPlainText(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte < 0x20 || byte === 0x7f) return false
  return isUtf8(bytes)
}
