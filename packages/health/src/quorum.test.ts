import { describe, expect, it } from 'vitest'
import { Quorum } from './quorum.ts'

describe('a quorum', () => {
  it('changes at its two edges only', () => {
    const quorum = new Quorum(5, 2)
    expect(quorum.reached).toBeUndefined()
    const weights = [5, 4, 3, 2, 3, 5, 6, 7, 6, 3, 2]
    expect(weights.map(weight => quorum.update(weight))).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
      false,
      true,
      true,
      true,
      false,
    ])
    expect(quorum.reached).toBe(false)
  })
  it('without hysteresis has one edge', () => {
    const quorum = new Quorum(2)
    expect([1, 2, 1, 2].map(weight => quorum.update(weight))).toEqual([false, true, false, true])
  })
  it.each<[string, number, number]>([
    ['options.quorum', 0, 0],
    ['options.quorumHysteresis', 2, 2],
    ['options.quorumHysteresis', 2, -1],
  ])('refuses a wrong %s', (field, quorum, hysteresis) => {
    expect(() => new Quorum(quorum, hysteresis)).toThrow(`${field} is `)
  })
})
