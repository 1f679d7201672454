import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SortedHashes } from './sorted-hashes.ts'

const hash = fc.oneof(fc.nat(20), fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.constant(2 ** 32 - 1))

describe('sorted hashes', () => {
  it('finds the first place at a hash or after it, as a search through all finds it', () => {
    fc.assert(
      fc.property(fc.array(hash, { maxLength: 200 }), fc.array(hash, { maxLength: 20 }), (unsorted, keys) => {
        const hashes = Uint32Array.from(unsorted).sort()
        const sorted = new SortedHashes(hashes)
        for (const key of [...hashes, ...keys, 0, 2 ** 32 - 1]) {
          const first = hashes.findIndex(one => one >= key)
          expect(sorted.find(key)).toBe(first < 0 ? hashes.length : first)
        }
      }),
    )
  })

  it('finds nothing in nothing', () => {
    expect(new SortedHashes(new Uint32Array(0)).find(5)).toBe(0)
  })
})
