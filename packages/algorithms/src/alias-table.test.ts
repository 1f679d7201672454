import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AliasTable } from './alias-table.ts'

describe('the alias table', () => {
  it('gives each item its share, measured at evenly spaced draws', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 256 }), { minLength: 1, maxLength: 30 }), weights => {
        const table = new AliasTable(weights)
        const total = weights.reduce((sum, weight) => sum + weight, 0)
        const draws = weights.length * 2000
        const drawn = weights.map(() => 0)
        for (let draw = 0; draw < draws; draw++) {
          const item = table.draw(() => (draw + 0.5) / draws)
          drawn[item] = (drawn[item] as number) + 1
        }
        // Each column is cut at one point, which costs at most one draw on either side of it.
        weights.forEach((weight, item) => {
          expect(Math.abs((drawn[item] as number) / draws - weight / total)).toBeLessThan(0.001)
        })
      }),
      { numRuns: 50 },
    )
  })

  it('draws something that exists even if the chance given is not below 1', () => {
    const table = new AliasTable([1, 2, 3])
    for (const chance of [1, 7, Number.NaN, -1]) expect([0, 1, 2]).toContain(table.draw(() => chance))
  })
})
