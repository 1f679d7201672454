import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SlidingQuantile } from './sliding-quantile.ts'

describe('the sliding quantile', () => {
  it('is what sorting the last numbers gives', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 12 }),
        (all, size) => {
          const quantile = new SlidingQuantile(size)
          for (const [place, value] of all.entries()) {
            quantile.add(value)
            const window = all.slice(Math.max(0, place + 1 - size), place + 1).sort((a, b) => a - b)
            expect(quantile.at(0)).toBe(window[0])
            expect(quantile.at(1)).toBe(window.at(-1))
            expect(quantile.at(0.5)).toBe(window[Math.ceil(window.length / 2) - 1])
          }
        },
      ),
    )
  })

  it('is beyond all numbers while there are none', () => {
    expect(new SlidingQuantile(3).at(0.5)).toBe(Number.POSITIVE_INFINITY)
  })
})
