/**
 * The extensions of a version 2 header: a type, a length of two bytes and a value, one after the other.
 *
 * Invariant: no value reaches beyond `to`, and the last one ends there. Those with a meaning here come once; two
 * would leave it to chance which of them counts (HAProxy takes the first for one type and the last for another).
 *
 * Source: PROXY protocol specification, 2.2.1 to 2.2.8. Cost: O(length). Values are copied, since the bytes may be a
 * socket's read buffer, which is large, or used again.
 */
import { crc32c } from './crc32c.ts'
import type { ProxyTlv, ProxyTlvs } from './header.ts'
import { ProxyHeaderError } from './header-error.ts'
import { readTls } from './read-tls.ts'
import { TLV_HEAD_BYTES, tlvEnd } from './tlv.ts'
import {
  isPlainText,
  NO_TLVS,
  TEXT_MAX_BYTES,
  TEXTS,
  TLV_CRC32C,
  TLV_NOOP,
  TLV_SSL,
  TLV_UNIQUE_ID,
  UNIQUE_ID_MAX_BYTES,
} from './wire.ts'

const ZEROS = new Uint8Array(4)

/** Read the extensions from `from` to `to`, which is the header's end; it begins at 0. */
export function readTlvs(bytes: Buffer, from: number, to: number): ProxyTlvs | ProxyHeaderError {
  if (from === to) return NO_TLVS
  const found: { -readonly [Field in keyof ProxyTlvs]: ProxyTlvs[Field] } = {}
  const other: ProxyTlv[] = []
  let checked = false

  for (let at = from; at < to; ) {
    const end = tlvEnd(bytes, at, to)
    if (end === -1) return new ProxyHeaderError('EVENER_PROXY_V2_TLV_TRUNCATED', at)
    const type = bytes[at]!
    const valueAt = at + TLV_HEAD_BYTES
    const value = bytes.subarray(valueAt, end)
    const text = TEXTS.get(type as never)

    if (text !== undefined) {
      if (found[text] !== undefined) return new ProxyHeaderError('EVENER_PROXY_V2_TLV_DUPLICATE', at)
      if (value.length > TEXT_MAX_BYTES) return new ProxyHeaderError('EVENER_PROXY_V2_TLV_LENGTH', at)
      if (!isPlainText(value)) return new ProxyHeaderError('EVENER_PROXY_V2_TLV_TEXT', at)
      found[text] = value.toString('utf8')
    } else if (type === TLV_CRC32C) {
      if (checked) return new ProxyHeaderError('EVENER_PROXY_V2_TLV_DUPLICATE', at)
      if (value.length !== 4) return new ProxyHeaderError('EVENER_PROXY_V2_TLV_LENGTH', at)
      // The sum was made while its own four bytes were zero.
      const before = crc32c(ZEROS, crc32c(bytes.subarray(0, valueAt)))
      if (crc32c(bytes.subarray(end, to), before) !== value.readUInt32BE(0))
        return new ProxyHeaderError('EVENER_PROXY_V2_CRC', at)
      checked = true
    } else if (type === TLV_UNIQUE_ID) {
      if (found.uniqueId !== undefined) return new ProxyHeaderError('EVENER_PROXY_V2_TLV_DUPLICATE', at)
      if (value.length > UNIQUE_ID_MAX_BYTES) return new ProxyHeaderError('EVENER_PROXY_V2_TLV_LENGTH', at)
      found.uniqueId = Buffer.from(value)
    } else if (type === TLV_SSL) {
      if (found.tls !== undefined) return new ProxyHeaderError('EVENER_PROXY_V2_TLV_DUPLICATE', at)
      const tls = readTls(bytes, valueAt, end)
      if (tls instanceof ProxyHeaderError) return tls
      found.tls = tls
    } else if (type !== TLV_NOOP) other.push({ type, value: Buffer.from(value) })
    at = end
  }
  if (other.length > 0) found.other = other
  return found
}
