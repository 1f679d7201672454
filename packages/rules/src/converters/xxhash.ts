/**
 * XXH32 and XXH64, after the published description (`doc/xxhash_spec.md` of the xxHash project).
 *
 * Cost: XXH32 some 2 ns a byte; XXH64 is in big integers, tens of microseconds for a short text.
 */

const prime32 = [0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f, 0x165667b1] as const

/** @returns 32 bits without sign */
export function xxh32Hash(text: string, seed: number): number {
  let at = 0
  let hash = (seed + prime32[4]) | 0
  if (text.length >= 16) {
    let one = (seed + prime32[0] + prime32[1]) | 0
    let two = (seed + prime32[1]) | 0
    let three = seed | 0
    let four = (seed - prime32[0]) | 0
    for (; at + 16 <= text.length; at += 16) {
      one = round32(one, fourAt(text, at))
      two = round32(two, fourAt(text, at + 4))
      three = round32(three, fourAt(text, at + 8))
      four = round32(four, fourAt(text, at + 12))
    }
    hash = (turn32(one, 1) + turn32(two, 7) + turn32(three, 12) + turn32(four, 18)) | 0
  }
  hash = (hash + text.length) | 0
  for (; at + 4 <= text.length; at += 4)
    hash = Math.imul(turn32((hash + Math.imul(fourAt(text, at), prime32[2])) | 0, 17), prime32[3])
  for (; at < text.length; at++)
    hash = Math.imul(turn32((hash + Math.imul(text.charCodeAt(at), prime32[4])) | 0, 11), prime32[0])
  hash = Math.imul(hash ^ (hash >>> 15), prime32[1])
  hash = Math.imul(hash ^ (hash >>> 13), prime32[2])
  return (hash ^ (hash >>> 16)) >>> 0
}

function round32(lane: number, input: number): number {
  return Math.imul(turn32((lane + Math.imul(input, prime32[1])) | 0, 13), prime32[0])
}

function turn32(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}

/** Four bytes, the lowest first. */
function fourAt(text: string, at: number): number {
  return (
    text.charCodeAt(at) |
    (text.charCodeAt(at + 1) << 8) |
    (text.charCodeAt(at + 2) << 16) |
    (text.charCodeAt(at + 3) << 24)
  )
}

const mask = 2n ** 64n - 1n
const one64 = 0x9e3779b185ebca87n
const two64 = 0xc2b2ae3d27d4eb4fn
const three64 = 0x165667b19e3779f9n
const four64 = 0x85ebca77c2b2ae63n
const five64 = 0x27d4eb2f165667c5n

/** @returns 64 bits without sign */
export function xxh64Hash(text: string, seed: bigint): bigint {
  const bytes = Buffer.from(text, 'latin1')
  let at = 0
  let hash = wrap(seed + five64)
  if (bytes.length >= 32) {
    const lanes = [seed + one64 + two64, seed + two64, seed, seed - one64].map(wrap)
    for (; at + 32 <= bytes.length; at += 32)
      for (let lane = 0; lane < 4; lane++)
        lanes[lane] = round64(lanes[lane] as bigint, bytes.readBigUInt64LE(at + 8 * lane))
    const turns = [1n, 7n, 12n, 18n]
    hash = wrap(lanes.reduce((sum, lane, index) => sum + turn64(lane, turns[index] as bigint), 0n))
    for (const lane of lanes) hash = wrap((hash ^ round64(0n, lane)) * one64 + four64)
  }
  hash = wrap(hash + BigInt(bytes.length))
  for (; at + 8 <= bytes.length; at += 8)
    hash = wrap(turn64(hash ^ round64(0n, bytes.readBigUInt64LE(at)), 27n) * one64 + four64)
  if (at + 4 <= bytes.length) {
    hash = wrap(turn64(hash ^ wrap(BigInt(bytes.readUInt32LE(at)) * one64), 23n) * two64 + three64)
    at += 4
  }
  for (; at < bytes.length; at++)
    hash = wrap(turn64(hash ^ wrap(BigInt(bytes[at] as number) * five64), 11n) * one64)
  hash = wrap((hash ^ (hash >> 33n)) * two64)
  hash = wrap((hash ^ (hash >> 29n)) * three64)
  return hash ^ (hash >> 32n)
}

function round64(lane: bigint, input: bigint): bigint {
  return wrap(turn64(wrap(lane + input * two64), 31n) * one64)
}

function turn64(value: bigint, bits: bigint): bigint {
  return wrap((value << bits) | (value >> (64n - bits)))
}

function wrap(value: bigint): bigint {
  return value & mask
}
