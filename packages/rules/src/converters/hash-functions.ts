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

/** Go on with sdbm's number over a part of a text. */
export function sdbmPart(start: number, text: string, from = 0, end = text.length): number {
  let hash = start
  // As signed bytes, which is what HAProxy's characters are here.
  for (let at = from; at < end; at++)
    hash = (((text.charCodeAt(at) << 24) >> 24) + (hash << 6) + (hash << 16) - hash) | 0
  return hash
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
