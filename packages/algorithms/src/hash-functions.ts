/**
 * From a key to 32 bits: the hash functions that HAProxy offers, giving its numbers bit for bit.
 *
 * Sources: sdbm and djb2 (http://www.cse.yorku.ca/~oz/hash.html), wt6 (http://marc.info/?l=haproxy&m=138213693909219),
 * crc32 (IEEE 802.3, as in zlib), Bob Jenkins' integer hash (https://burtleburtle.net/bob/hash/integer.html).
 *
 * A key is bytes. What Node reads from the network as header or target is a string of one character for each byte,
 * and is hashed as those bytes. Other text has characters beyond 255, and is hashed as UTF-8.
 *
 * Cost: O(length), some 1 to 4 ns a byte; crc32 takes a table of 1 KB. No allocation for keys up to 64 KB that have
 * no character beyond 255.
 * Not for: anything that an attacker must not be able to steer. All of them are easily made to collide.
 */

/** The names of the functions, as `hash-type` has them. */
export type HashFunctionName = 'sdbm' | 'djb2' | 'wt6' | 'crc32' | 'none'

/** @returns a 32-bit number, with or without sign */
export type HashFunction = (bytes: Uint8Array, length: number) => number

function sdbm(bytes: Uint8Array, length: number): number {
  let hash = 0
  for (let i = 0; i < length; i++) hash = ((bytes[i] as number) + (hash << 6) + (hash << 16) - hash) | 0
  return hash
}

function djb2(bytes: Uint8Array, length: number): number {
  let hash = 5381
  for (let i = 0; i < length; i++) hash = ((hash << 5) + hash + (bytes[i] as number)) | 0
  return hash
}

function wt6(bytes: Uint8Array, length: number): number {
  let low = 0xa53c965a | 0
  let high = 0x5ca6953a
  let turnHigh = 6
  let turnLow = 18
  for (let i = 0; i < length; i++) {
    const byte = bytes[i] as number
    low = ~(low ^ byte)
    high = ~(high + byte)
    // A turn by 0 shifts by 32, which JavaScript takes as 0, as x86 does: the number stays as it is.
    const turned = (high << turnHigh) | (high >>> (32 - turnHigh))
    high = (low << turnLow) | (low >>> (32 - turnLow))
    low = turned
    const turns = ((low >>> 16) ^ high) & 0xffff
    turnHigh = turns & 31
    turnLow = turns >>> 11
  }
  return low ^ high
}

const crcTable = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  return crc
})

function crc32(bytes: Uint8Array, length: number): number {
  let crc = -1
  for (let i = 0; i < length; i++)
    crc = (crc >>> 8) ^ (crcTable[(crc ^ (bytes[i] as number)) & 0xff] as number)
  return ~crc
}

/** The key is a number already, in decimal digits: read as a 64-bit number with sign, of which the low half counts. */
function none(bytes: Uint8Array, length: number): number {
  const sign = length > 0 ? bytes[0] : 0
  const negative = sign === 0x2d
  let at = negative || sign === 0x2b ? 1 : 0
  let value = 0n
  const limit = negative ? 2n ** 63n : 2n ** 63n - 1n
  for (; at < length && value < limit; at++) {
    const digit = (bytes[at] as number) - 0x30
    if (digit < 0 || digit > 9) break
    value = value * 10n + BigInt(digit)
  }
  if (value > limit) value = limit
  return Number(BigInt.asIntN(32, negative ? -value : value))
}

export const hashFunctions: Readonly<Record<HashFunctionName, HashFunction>> = {
  sdbm,
  djb2,
  wt6,
  crc32,
  none,
}

/** Spread a number over all 32 bits, so that similar ones come to lie far apart: HAProxy's `avalanche`. */
export function avalanche(value: number): number {
  let a = value | 0
  a = (a + 0x7ed55d16 + (a << 12)) | 0
  a = a ^ 0xc761c23c ^ (a >>> 19)
  a = (a + 0x165667b1 + (a << 5)) | 0
  a = (a + 0xd3a2646c) ^ (a << 9)
  a = (a + 0xfd7046c5 + (a << 3)) | 0
  a = a ^ 0xb55a4f09 ^ (a >>> 16)
  return Math.imul(a, 0xc0000001)
}

const largestKept = 65_536
let scratch = new Uint8Array(256)
const encoder = new TextEncoder()

/** Hash a part of a text. */
export function hashText(hash: HashFunction, text: string, start = 0, end = text.length): number {
  const length = end - start
  if (length > scratch.length && length <= largestKept) scratch = new Uint8Array(largestKept)
  const bytes = length <= scratch.length ? scratch : new Uint8Array(length)
  let seen = 0
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(start + i)
    seen |= code
    bytes[i] = code
  }
  if (seen < 256) return hash(bytes, length)
  const encoded = encoder.encode(text.slice(start, end))
  return hash(encoded, encoded.length)
}
