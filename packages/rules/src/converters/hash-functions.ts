/**
 * The hash functions of HAProxy's converters and of `base32` and `url32`, to its numbers bit for bit.
 *
 * Sources: sdbm and djb2 (http://www.cse.yorku.ca/~oz/hash.html), wt6 (http://marc.info/?l=haproxy&m=138213693909219),
 * CRC-32 (IEEE 802.3) and CRC-32C (RFC 9260 appendix A), Bob Jenkins' integer hash
 * (https://burtleburtle.net/bob/hash/integer.html).
 *
 * A byte in each character. Cost: O(length), 1 to 4 ns a byte, nothing allocated.
 * Not for: anything that an attacker must not be able to steer.
 */

export function sdbmHash(text: string): number {
  let hash = 0
  for (let at = 0; at < text.length; at++)
    hash = (text.charCodeAt(at) + (hash << 6) + (hash << 16) - hash) | 0
  return hash
}

/** Go on with sdbm's number over a part of a text, its bytes taken with a sign, as `base32` and `url32` do. */
export function signedSdbm(start: number, text: string, from = 0, end = text.length): number {
  let hash = start
  for (let at = from; at < end; at++)
    hash = (((text.charCodeAt(at) << 24) >> 24) + (hash << 6) + (hash << 16) - hash) | 0
  return hash
}

export function djb2Hash(text: string): number {
  let hash = 5381
  for (let at = 0; at < text.length; at++) hash = ((hash << 5) + hash + text.charCodeAt(at)) | 0
  return hash
}

export function wt6Hash(text: string): number {
  let low = 0xa53c965a | 0
  let high = 0x5ca6953a
  let turnHigh = 6
  let turnLow = 18
  for (let at = 0; at < text.length; at++) {
    const byte = text.charCodeAt(at)
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

export function crc32Hash(text: string): number {
  return cyclic(ieee, text)
}

export function crc32cHash(text: string): number {
  return cyclic(castagnoli, text)
}

const ieee = table(0xedb88320)
const castagnoli = table(0x82f63b78)

function table(polynomial: number): Int32Array {
  return Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? polynomial : 0)
    return crc
  })
}

function cyclic(of: Int32Array, text: string): number {
  let crc = -1
  for (let at = 0; at < text.length; at++)
    crc = (crc >>> 8) ^ (of[(crc ^ text.charCodeAt(at)) & 255] as number)
  return ~crc
}

/** Spread a number over all 32 bits: HAProxy's `avalanche`. */
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
