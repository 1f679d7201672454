import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { commonDivisor, interleave } from './interleave.ts'

/** The rule as HAProxy's manual and source state it, by comparing all servers for each slot. */
function plainly(weights: readonly number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const credit = weights.map(() => 0)
  return Array.from({ length: total }, () => {
    let best = 0
    weights.forEach((weight, server) => {
      credit[server] = (credit[server] as number) + weight
    })
    const turns = credit.map(value => Math.floor((value + total) / total))
    turns.forEach((value, server) => {
      if (value > (turns[best] as number)) best = server
    })
    credit[best] = (credit[best] as number) - total
    return best
  })
}

describe('the table of a static round robin', () => {
  it('has equal servers in the order given', () => {
    expect([...interleave([1, 1, 1])]).toEqual([0, 1, 2])
    expect([...interleave([1])]).toEqual([0])
    expect([...interleave([])]).toEqual([])
  })

  it('begins with the first, whatever the weights', () => {
    expect([...interleave([1, 2, 3])][0]).toBe(0)
    expect([...interleave([1, 256, 256])][0]).toBe(0)
  })

  it('is that of the plain rule for any weights', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 20 }), weights => {
        expect([...interleave(weights)]).toEqual(plainly(weights))
      }),
    )
  })

  it('is made in a moment for 1,000 servers of different weights', () => {
    const weights = Array.from({ length: 1000 }, (_, server) => 1 + ((server * 97) % 256))
    const slots = interleave(weights)
    expect(slots.filter(server => server === 500)).toHaveLength(weights[500] as number)
  })

  it('needs the greatest common divisor', () => {
    expect([commonDivisor(0, 6), commonDivisor(6, 4), commonDivisor(100, 100), commonDivisor(3, 7)]).toEqual([
      6, 2, 100, 1,
    ])
  })
})
