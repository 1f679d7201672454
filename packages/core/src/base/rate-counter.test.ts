import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RateCounter } from './rate-counter.ts'

test('events of the running second count whole, those of the one before by how much of it lies within a second of now', () => {
  const rate = new RateCounter()
  for (let i = 0; i < 10; i++) rate.add(5_000)
  expect(rate.perSecond(5_000)).toBe(10)
  for (let i = 0; i < 4; i++) rate.add(6_000)
  expect(rate.perSecond(6_000)).toBe(14)
  expect(rate.perSecond(6_500)).toBe(9)
})

test('nothing for two seconds is a rate of nothing, and what was before is forgotten', () => {
  const rate = new RateCounter()
  expect(rate.perSecond(0)).toBe(0)
  rate.add(0)
  expect(rate.perSecond(1_500)).toBe(0.5)
  expect(rate.perSecond(2_000)).toBe(0)
  rate.add(7_300)
  expect(rate.perSecond(7_300)).toBe(1)
})

test('the most of a second is kept', () => {
  const rate = new RateCounter()
  for (const now of [0, 1, 2, 1_000, 1_001, 2_500]) rate.add(now)
  expect(rate.max).toBe(3)
})

test('the rate lies between nothing and all that happened in the last two seconds', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(700), { maxLength: 200 }), fc.nat(3_000), (gaps, later) => {
      const rate = new RateCounter()
      const times: number[] = []
      let now = 0
      for (const gap of gaps) {
        now += gap
        times.push(now)
        rate.add(now)
      }
      const at = now + later
      const recent = times.filter(time => time > at - 2_000).length
      expect(rate.perSecond(at)).toBeGreaterThanOrEqual(0)
      expect(rate.perSecond(at)).toBeLessThanOrEqual(recent)
      if (later === 0 && gaps.length > 0) expect(rate.perSecond(at)).toBeGreaterThanOrEqual(1)
    }),
  )
})
