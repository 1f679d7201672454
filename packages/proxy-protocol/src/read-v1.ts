/**
 * One header of version 1: a line of text.
 *
 * The grammar is the specification's and no wider: single spaces, one way to write a number. After UNKNOWN anything
 * may stand, and is ignored, up to the CRLF; HAProxy itself reads UNKNOWN only when nothing follows.
 *
 * Source: PROXY protocol specification, 2.1. Cost: O(length), which is 107 at most.
 */
import { ipv4FromBytes, ipv4ToBytes, ipv6FromBytes, ipv6ToBytes, plainNumber } from './address.ts'
import type { ProxyHeader } from './header.ts'
import { ProxyHeaderError } from './header-error.ts'
import { NO_TLVS, V1_MAX_BYTES, V1_PREFIX, withoutAddresses } from './wire.ts'

const CR = 0x0d
const LF = 0x0a

/** Where the line's CRLF begins; below 0 where it is not there yet. Looks at 107 bytes and no further. */
export function v1LineEnd(bytes: Buffer): number | ProxyHeaderError {
  const limit = Math.min(bytes.length, V1_MAX_BYTES)
  for (let at = V1_PREFIX.length; at < limit; at++) {
    const byte = bytes[at]
    if (byte === LF) return new ProxyHeaderError('EVENER_PROXY_V1_LINE_END', at)
    if (byte !== CR) continue
    if (at + 1 === limit) break
    return bytes[at + 1] === LF ? at : new ProxyHeaderError('EVENER_PROXY_V1_LINE_END', at)
  }
  return limit === V1_MAX_BYTES ? new ProxyHeaderError('EVENER_PROXY_V1_TOO_LONG', limit) : -1
}

/**
 * Read the line.
 * @param bytes begin with `PROXY `
 * @param end where its CRLF begins
 */
export function readV1(bytes: Buffer, end: number): ProxyHeader | ProxyHeaderError {
  const fields = bytes.toString('latin1', V1_PREFIX.length, end).split(' ')
  const protocol = fields[0]
  if (protocol === 'UNKNOWN') return withoutAddresses(1, 'proxy')
  if (protocol !== 'TCP4' && protocol !== 'TCP6')
    return new ProxyHeaderError('EVENER_PROXY_V1_PROTOCOL', V1_PREFIX.length)
  const starts: number[] = []
  let start = V1_PREFIX.length
  for (const field of fields) {
    starts.push(start)
    start += field.length + 1
  }
  const empty = fields.indexOf('')
  if (fields.length !== 5 || empty !== -1)
    return new ProxyHeaderError('EVENER_PROXY_V1_FIELDS', starts[empty === -1 ? 5 : empty] ?? end)

  const addresses: string[] = []
  for (const index of [1, 2]) {
    const address = canonical(protocol, fields[index] as string)
    if (address === undefined) return new ProxyHeaderError('EVENER_PROXY_V1_ADDRESS', starts[index] as number)
    addresses.push(address)
  }
  const ports: number[] = []
  for (const index of [3, 4]) {
    const port = plainNumber(fields[index] as string, 0xffff)
    if (port === -1) return new ProxyHeaderError('EVENER_PROXY_V1_PORT', starts[index] as number)
    ports.push(port)
  }
  const [sourceAddress, destinationAddress] = addresses as [string, string]
  const [sourcePort, destinationPort] = ports as [number, number]
  return {
    version: 1,
    command: 'proxy',
    family: protocol === 'TCP4' ? 'tcp4' : 'tcp6',
    sourceAddress,
    sourcePort,
    destinationAddress,
    destinationPort,
    tlvs: NO_TLVS,
  }
}

const scratch = new Uint8Array(16)

/** The one text for this address. */
function canonical(protocol: 'TCP4' | 'TCP6', text: string): string | undefined {
  if (protocol === 'TCP4') return ipv4ToBytes(text, scratch, 0) ? ipv4FromBytes(scratch, 0) : undefined
  return ipv6ToBytes(text, scratch, 0) ? ipv6FromBytes(scratch, 0) : undefined
}
