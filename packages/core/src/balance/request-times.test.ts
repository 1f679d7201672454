import fc from 'fast-check'
import { expect, test } from 'vitest'
import { latencyBounds, PhaseTimes } from './request-times.ts'

const timesOf = (...all: number[]): PhaseTimes => {
  const times = new PhaseTimes()
  for (const ms of all) times.add(ms)
  return times
}

test('the average of a few is exact; later ones move that of many by a 1024th', () => {
  expect(timesOf(1, 2, 6).averageMs).toBeCloseTo(3, 10)
  const many = timesOf(...Array.from({ length: 5_000 }, () => 10))
  many.add(1_034)
  expect(many.averageMs).toBeCloseTo(11, 6)
})

test('the most is kept, and all are summed', () => {
  expect(timesOf(3, 70, 1)).toMatchObject({ maxMs: 70, sumMs: 74, count: 3 })
})

test('a time falls in the first bucket whose bound it does not pass', () => {
  const { buckets } = timesOf(0, 1, 1.1, 10_000, 10_001)
  expect([...buckets]).toEqual([2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1])
})

test('every time is in exactly one bucket', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 100_000, noNaN: true })), all => {
      const { buckets, count } = timesOf(...all)
      let below = 0
      for (const [index, bound] of latencyBounds.entries()) {
        below += buckets[index] as number
        expect(below).toBe(all.filter(ms => ms <= bound).length)
      }
      expect(below + (buckets.at(-1) as number)).toBe(count)
    }),
  )
})
