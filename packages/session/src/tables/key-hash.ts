/**
 * A hash of a key that nobody outside can foresee: HalfSipHash-1-3 under a key that each process draws for itself.
 *
 * Clients choose what many keys are. With a hash that they could compute, a few thousand well-chosen keys would all fall
 * into one place of the index, and each look-up would walk through all of them.
 *
 * Cost: about 50 ns for an address; O(length). Not for signatures: 32 bits.
 * Source: J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast short-input PRF" (2012); the variant with words of 32 bits, one
 * round for each and three at the end, is what Linux has for its hash tables.
 */
import { randomBytes } from 'node:crypto'

/** 64 secret bits. */
export interface HashKey {
  readonly low: number
  readonly high: number
}

const drawn = randomBytes(8)
const own: HashKey = { low: drawn.readInt32LE(0), high: drawn.readInt32LE(4) }

/** @returns 0 to 2^32 - 1, of the text as UTF-16 */
export function keyHash(text: string, { low, high }: HashKey = own): number {
  let a = low
  let b = high
  let c = 0x6c796765 ^ low
  let d = 0x74656462 ^ high
  const words = text.length >> 1
  // A round for each pair of characters, one for the last character and the length, three to end with.
  for (let step = 0; step < words + 4; step++) {
    let word = 0
    if (step < words) word = text.charCodeAt(2 * step) | (text.charCodeAt(2 * step + 1) << 16)
    else if (step === words) word = (text.length << 25) | (text.length & 1 ? text.charCodeAt(2 * step) : 0)
    else if (step === words + 1) c ^= 0xff
    d ^= word
    a = (a + b) | 0
    b = ((b << 5) | (b >>> 27)) ^ a
    a = (a << 16) | (a >>> 16)
    c = (c + d) | 0
    d = ((d << 8) | (d >>> 24)) ^ c
    a = (a + d) | 0
    d = ((d << 7) | (d >>> 25)) ^ a
    c = (c + b) | 0
    b = ((b << 13) | (b >>> 19)) ^ c
    c = (c << 16) | (c >>> 16)
    a ^= word
  }
  return (b ^ d) >>> 0
}
