import { describe, expect, it } from 'vitest'
import { chance } from './chance.ts'

describe('the chance that algorithms draw from by default', () => {
  it('lies from 0 up to 1, and is spread evenly: within one hundredth in each tenth of 100,000 numbers', () => {
    const random = chance()
    const tenths = Array.from({ length: 10 }, () => 0)
    for (let draw = 0; draw < 100_000; draw++) {
      const number = random()
      expect(number >= 0 && number < 1).toBe(true)
      const tenth = Math.floor(number * 10)
      tenths[tenth] = (tenths[tenth] as number) + 1
    }
    for (const count of tenths) expect(count / 100_000).toBeCloseTo(0.1, 1.7)
  })

  it('is another one each time', () => {
    expect(chance()()).not.toBe(chance()())
  })
})
