/**
 * Bytes that tell their place: the body of any size that a test sends and checks without holding it.
 *
 * The byte at offset *i* is entry *i* mod 65,521 of a fixed table of random bytes. As 65,521 is prime, a piece of
 * any usual size that is lost, doubled or swapped moves what follows to where it does not fit.
 * Cost: a piece is a view on one shared table: no copy, no allocation beyond the view.
 */
import { seededRandom } from '../seeded-random.ts'

const PERIOD = 65_521
const LARGEST_PIECE = 65_536
const table = Buffer.alloc(PERIOD + LARGEST_PIECE)
const random = seededRandom(65_521)
for (let at = 0; at < PERIOD; at++) table[at] = Math.floor(random() * 256)
table.copy(table, PERIOD, 0, PERIOD)
table.copy(table, 2 * PERIOD, 0, LARGEST_PIECE - PERIOD)

/** The bytes of the pattern from `offset` on: `length` of them, or 65,536 if that is less. Do not write to them. */
export function patternPiece(offset: number, length: number): Buffer {
  const from = offset % PERIOD
  return table.subarray(from, from + Math.min(length, LARGEST_PIECE))
}

/** True if `bytes` are those of the pattern from `offset` on. */
export function followsPattern(bytes: Uint8Array, offset = 0): boolean {
  for (let at = 0; at < bytes.length; at += LARGEST_PIECE) {
    const expected = patternPiece(offset + at, bytes.length - at)
    if (expected.compare(bytes, at, at + expected.length) !== 0) return false
  }
  return true
}

/** `length` bytes of the pattern in one buffer, for bodies small enough to hold. */
export function patternBytes(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  for (let at = 0; at < length; at += LARGEST_PIECE) patternPiece(at, length - at).copy(bytes, at)
  return bytes
}
