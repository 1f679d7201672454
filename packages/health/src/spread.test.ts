import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jittered, startPoint } from './spread.ts'

describe('spreading checks', () => {
  it('the first target is checked at once', () => {
    expect(startPoint(0)).toBe(0)
  })
  it.each([2, 3, 10, 100, 1000, 10_000])('%i starts have no gap of more than twice the fair one', count => {
    const points = Array.from({ length: count }, (_, index) => startPoint(index)).sort((a, b) => a - b)
    const gaps = points.map((point, index) => (points[index + 1] ?? 1) - point)
    expect(Math.max(...gaps)).toBeLessThan(2 / count)
  })
  it('a spread of 0 keeps the delay and asks for no chance', () => {
    const random = () => {
      throw new Error('not to be asked')
    }
    expect(jittered(2000, 0, random)).toBe(2000)
  })
  it('chance 0, a half and nearly 1 give the longest, the plain and the shortest delay', () => {
    expect(jittered(1000, 0.1, () => 0)).toBe(1100)
    expect(jittered(1000, 0.1, () => 0.5)).toBe(1000)
    expect(jittered(1000, 0.1, () => 1 - Number.EPSILON)).toBeCloseTo(900)
  })
  it('stays within the spread', () => {
    const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
    fc.assert(
      fc.property(fc.double({ min: 0, max: 0.5, noNaN: true }), fraction, (spread, chance) => {
        const delayMs = jittered(2000, spread, () => chance)
        expect(delayMs).toBeGreaterThanOrEqual(2000 * (1 - spread) - 1e-9)
        expect(delayMs).toBeLessThanOrEqual(2000 * (1 + spread) + 1e-9)
      }),
    )
  })
})
