/**
 * Writing a header of version 2.
 *
 * Source: PROXY protocol specification, 2.2. Cost: O(length), once per connection.
 */
import { crc32c as checksum } from './crc32c.ts'
import type { ProxyFamily, ProxyHeaderContent } from './header.ts'
import { checkNames, refuseField, refuseOption } from './options.ts'
import { tlvBytes, writeTlvs } from './tlv.ts'
import {
  ADDRESS_BYTES,
  FAMILIES,
  TLV_CRC32C,
  UNIX_PATH_BYTES,
  V2_FIXED_BYTES,
  V2_MAX_BYTES,
  V2_SIGNATURE,
} from './wire.ts'
import { checkKind, portOf, putAddress, putPath } from './write-checks.ts'
import { encodeTlvs } from './write-tlvs.ts'

/** The options of {@link proxyHeaderV2}. */
export interface ProxyHeaderV2Options {
  /** Add a checksum of the header; false by default. TCP has its own; this one finds faults in programs. */
  readonly crc32c?: boolean | undefined
}

const FAMILY_BYTES = new Map<ProxyFamily, number>([...FAMILIES].map(([byte, family]) => [family, byte]))

/**
 * The header in binary, to be sent before anything else on the connection, and at once; or in front of the payload in
 * each datagram.
 *
 * A `local` header has no addresses, whatever its family. Extensions go in HAProxy's order: checksum, `alpn`,
 * `authority`, `uniqueId`, `tls`, `netns`, then the others as given.
 * @throws {ProxyWriteError} `EVENER_PROXY_UNWRITABLE` where a field is not what the protocol carries
 * @throws {ProxyOptionError} `EVENER_INVALID_OPTION`
 */
export function proxyHeaderV2(header: ProxyHeaderContent, options: ProxyHeaderV2Options = {}): Buffer {
  checkNames('proxyHeaderV2', options, ['crc32c'])
  const { crc32c = false } = options
  if (typeof crc32c !== 'boolean') refuseOption('crc32c', crc32c, 'true or false')
  checkKind(header)

  const family = header.command === 'local' ? 'unknown' : header.family
  const tlvs = encodeTlvs(header.tlvs ?? {})
  if (crc32c) tlvs.unshift({ type: TLV_CRC32C, value: Buffer.alloc(4) })
  const tlvsAt = V2_FIXED_BYTES + ADDRESS_BYTES[family]
  const length = tlvsAt + tlvBytes(tlvs)
  if (length > V2_MAX_BYTES)
    refuseField('tlvs', `${length - tlvsAt} bytes`, `at most ${V2_MAX_BYTES - tlvsAt}`)

  const bytes = Buffer.alloc(length)
  V2_SIGNATURE.copy(bytes)
  bytes[12] = header.command === 'local' ? 0x20 : 0x21
  bytes[13] = FAMILY_BYTES.get(family) ?? 0
  bytes.writeUInt16BE(length - V2_FIXED_BYTES, 14)
  if (family === 'unix-stream' || family === 'unix-datagram') {
    putPath(header, 'source', bytes, 16)
    putPath(header, 'destination', bytes, 16 + UNIX_PATH_BYTES)
  } else if (family !== 'unknown') {
    const version = family.endsWith('4') ? 4 : 6
    putAddress(header, 'source', version, bytes, 16)
    putAddress(header, 'destination', version, bytes, version === 4 ? 20 : 32)
    bytes.writeUInt16BE(portOf(header, 'source'), tlvsAt - 4)
    bytes.writeUInt16BE(portOf(header, 'destination'), tlvsAt - 2)
  }
  writeTlvs(tlvs, bytes, tlvsAt)
  // First of the extensions, so that its place is known; zero until now, as the sum requires.
  if (crc32c) bytes.writeUInt32BE(checksum(bytes), tlvsAt + 3)
  return bytes
}
