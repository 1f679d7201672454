import { expect, test } from 'vitest'
import { xxh64 } from './xxh64.ts'

/** `abcdef…` over and over, in so many letters. */
const alphabet = (length: number) => Buffer.from(Array.from({ length }, (_, at) => 97 + (at % 26)))

/** As HAProxy's converter `xxh64` has them, which signs them; lengths that take every way through the hash. */
test.each([
  [1, -3292477735350538661n],
  [3, 4952883123889572249n],
  [4, -2449070131962342708n],
  [5, 568411279426701291n],
  [8, 4238821247360054455n],
  [12, 5407054947222279347n],
  [15, 3319742962362437736n],
  [31, -588808533058512183n],
  [32, 5595383772381926855n],
  [33, -7294282170313269390n],
  [39, -6430378063091135980n],
  [40, 3657638563554174099n],
  [44, 6063392773747983434n],
  [63, -6833289008760248644n],
  [64, 1470824913320466200n],
  [65, -2896169956689480546n],
  [100, 8775820317742677105n],
])('%i letters are hashed as HAProxy hashes them', (length, expected) => {
  expect(BigInt.asIntN(64, xxh64(alphabet(length)))).toBe(expected)
})

test('nothing is hashed too, and bytes wherever they lie', () => {
  expect(xxh64(new Uint8Array()).toString(16)).toBe('ef46db3751d8e999')
  expect(xxh64(new Uint8Array(alphabet(5)).subarray(1, 4))).toBe(xxh64(Buffer.from('bcd')))
})
