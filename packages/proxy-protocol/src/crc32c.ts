/**
 * CRC-32C (Castagnoli), the checksum of version 2's headers.
 *
 * One table look-up a byte; a header has a few dozen bytes. Not for bulk data, where the processor's own instruction
 * is a hundred times as fast. `node:zlib` has the other CRC-32 only.
 *
 * Source: RFC 9260 (SCTP), appendix A; PROXY protocol specification, 2.2.3.
 */

/** The polynomial 0x1edc6f41, its bits reversed. */
const POLYNOMIAL = 0x82f63b78

const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1
  return value
})

/**
 * The CRC-32C of bytes.
 * @param bytes any number of them
 * @param before the checksum of what came before these bytes; 0 by default, for nothing
 * @returns an integer from 0 to 2^32 - 1
 */
export function crc32c(bytes: Uint8Array, before = 0): number {
  let value = ~before
  for (const byte of bytes) value = (value >>> 8) ^ TABLE[(value ^ byte) & 0xff]!
  return ~value >>> 0
}
