/**
 * One header of version 2: sixteen fixed bytes, addresses, extensions.
 *
 * What the specification has receivers skip is skipped unread: all that follows a LOCAL command, whose family is not
 * looked at either, and all that follows where family or transport is UNSPEC.
 *
 * Source: PROXY protocol specification, 2.2. Cost: O(length). Nothing that is returned points into `bytes`.
 */
import { ipv4FromBytes, ipv6FromBytes } from './address.ts'
import type { ProxyFamily, ProxyHeader } from './header.ts'
import { ProxyHeaderError } from './header-error.ts'
import { readTlvs } from './read-tlvs.ts'
import {
  ADDRESS_BYTES,
  FAMILIES,
  isPlainText,
  UNIX_PATH_BYTES,
  V2_FIXED_BYTES,
  withoutAddresses,
} from './wire.ts'

/** How long the header is, by its sixteen fixed bytes, which must be sound. */
export function v2Length(bytes: Buffer, maxBytes: number): number | ProxyHeaderError {
  const versionAndCommand = bytes[12]!
  if (versionAndCommand >> 4 !== 2) return new ProxyHeaderError('EVENER_PROXY_V2_VERSION', 12)
  const command = versionAndCommand & 0xf
  if (command > 1) return new ProxyHeaderError('EVENER_PROXY_V2_COMMAND', 12)
  const length = V2_FIXED_BYTES + bytes.readUInt16BE(14)
  if (command === 1) {
    const familyAndTransport = bytes[13]!
    if (familyAndTransport >> 4 > 3) return new ProxyHeaderError('EVENER_PROXY_V2_FAMILY', 13)
    if ((familyAndTransport & 0xf) > 2) return new ProxyHeaderError('EVENER_PROXY_V2_TRANSPORT', 13)
    if (length < V2_FIXED_BYTES + ADDRESS_BYTES[familyOf(bytes)])
      return new ProxyHeaderError('EVENER_PROXY_V2_TOO_SHORT', 14)
  }
  return length > maxBytes ? new ProxyHeaderError('EVENER_PROXY_V2_TOO_LONG', 14) : length
}

/**
 * Read the header.
 * @param bytes the header from its signature on; more may follow
 * @param length as {@link v2Length} has found it
 */
export function readV2(bytes: Buffer, length: number): ProxyHeader | ProxyHeaderError {
  if ((bytes[12]! & 0xf) === 0) return withoutAddresses(2, 'local')
  const family = familyOf(bytes)
  if (family === 'unknown') return withoutAddresses(2, 'proxy')

  let sourceAddress: string | ProxyHeaderError
  let destinationAddress: string | ProxyHeaderError
  let portsAt = -1
  if (family === 'tcp4' || family === 'udp4') {
    sourceAddress = ipv4FromBytes(bytes, 16)
    destinationAddress = ipv4FromBytes(bytes, 20)
    portsAt = 24
  } else if (family === 'tcp6' || family === 'udp6') {
    sourceAddress = ipv6FromBytes(bytes, 16)
    destinationAddress = ipv6FromBytes(bytes, 32)
    portsAt = 48
  } else {
    sourceAddress = unixPath(bytes, 16)
    if (typeof sourceAddress !== 'string') return sourceAddress
    destinationAddress = unixPath(bytes, 16 + UNIX_PATH_BYTES)
    if (typeof destinationAddress !== 'string') return destinationAddress
  }
  const tlvs = readTlvs(bytes, V2_FIXED_BYTES + ADDRESS_BYTES[family], length)
  if (tlvs instanceof ProxyHeaderError) return tlvs
  return {
    version: 2,
    command: 'proxy',
    family,
    sourceAddress,
    sourcePort: portsAt === -1 ? 0 : bytes.readUInt16BE(portsAt),
    destinationAddress,
    destinationPort: portsAt === -1 ? 0 : bytes.readUInt16BE(portsAt + 2),
    tlvs,
  }
}

function familyOf(bytes: Buffer): ProxyFamily {
  return FAMILIES.get(bytes[13]!) ?? 'unknown'
}

/** A path up to its NUL; a name in Linux's abstract namespace, which begins with NUL, as `@name`; or nothing. */
function unixPath(bytes: Buffer, at: number): string | ProxyHeaderError {
  const room = bytes.subarray(at, at + UNIX_PATH_BYTES)
  const abstract = room[0] === 0
  const from = abstract ? 1 : 0
  const nul = room.indexOf(0, from)
  const path = room.subarray(from, nul === -1 ? room.length : nul)
  if (!isPlainText(path)) return new ProxyHeaderError('EVENER_PROXY_V2_PATH', at)
  return abstract && path.length > 0 ? `@${path.toString('utf8')}` : path.toString('utf8')
}
