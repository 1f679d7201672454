import { array, assert, integer, property, tuple } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addToRate, msUntilRate, rateState, readRate, setRate } from './freq-ctr.ts'

const period = 1_000

/** A rate, and its cells, beginning at this time. */
function rate(startAt = 5_000) {
  const cells = new Uint32Array(5)
  let now = startAt
  return {
    cells,
    at: (time: number) => {
      now = time
    },
    add: (by = 1) => addToRate(cells, 1, now, period, by),
    read: () => readRate(cells, 1, now, period),
    until: (most: number) => msUntilRate(cells, 1, now, period, most),
    now: () => now,
  }
}

describe('a rate', () => {
  test('is all of the running period, and of the one before what still lies in the window', () => {
    const one = rate()
    one.add(10)
    expect(one.read()).toBe(10)
    one.at(5_999)
    expect(one.read()).toBe(10)
    one.at(6_250)
    expect(one.read()).toBe(7) // three quarters of 10, rounded down
    one.add(4)
    expect(one.read()).toBe(11)
    one.at(6_999)
    expect(one.read()).toBe(4)
    one.at(7_500)
    expect(one.read()).toBe(2)
    one.at(8_000)
    expect(one.read()).toBe(0)
  })

  test('of a single event is told for the whole period that follows, so that it does not flap', () => {
    const one = rate()
    one.add()
    one.at(6_999)
    expect(one.read()).toBe(1)
    one.at(8_001)
    expect(one.read()).toBe(0)
  })

  test('forgets what is two periods old', () => {
    const one = rate()
    one.add(100)
    one.at(7_001)
    one.add()
    expect(one.read()).toBe(1)
  })

  test('touches no cell but its own three', () => {
    const one = rate()
    one.add(7)
    one.at(6_100)
    one.add(8)
    expect([one.cells[0], one.cells[4]]).toEqual([0, 0])
    expect(one.cells.slice(2, 4)).toEqual(new Uint32Array([8, 7]))
  })

  test('begins its first period with its first event, also where the clock is younger than a period', () => {
    const one = rate(400)
    one.add(10)
    one.at(1_399)
    expect(one.read()).toBe(10)
    one.at(1_650)
    expect(one.read()).toBe(7)
  })

  test('goes on where the clock of 32 bits begins anew', () => {
    const end = 2 ** 32
    const one = rate(end - 500)
    one.add(10)
    one.at(end + 400)
    expect(one.read()).toBe(10)
    one.at(end + 750)
    expect(one.read()).toBe(7)
    one.add()
    expect(one.read()).toBe(8)
  })

  test('is the same after it was saved and loaded, on another clock', () => {
    const one = rate()
    one.add(10)
    one.at(6_100)
    one.add(6)
    one.at(6_350)
    const cells = new Uint32Array(3)
    setRate(cells, 0, 90_350, period, rateState(one.cells, 1, one.now()))
    expect(readRate(cells, 0, 90_350, period)).toBe(one.read())
    setRate(cells, 0, 90_350, period, { ageMs: 2_000, current: 9, previous: 9 })
    expect(readRate(cells, 0, 90_350, period)).toBe(0)
  })
})

describe('the time until a rate has come down', () => {
  test('is none where it is low enough', () => {
    const one = rate()
    one.add(3)
    expect(one.until(3)).toBe(0)
  })

  test('is exact: a millisecond earlier it is too high', () => {
    const events = array(tuple(integer({ min: 0, max: 900 }), integer({ min: 1, max: 50 })), {
      minLength: 1,
      maxLength: 12,
    })
    const pauses = integer({ min: 0, max: 1_500 })
    assert(
      property(events, pauses, integer({ min: 1, max: 40 }), (given, pause, most) => {
        const one = rate()
        for (const [wait, by] of given) {
          one.at(one.now() + wait)
          one.add(by)
        }
        one.at(one.now() + pause)
        const wait = one.until(most)
        const from = one.now()
        one.at(from + wait)
        expect(one.read()).toBeLessThanOrEqual(most)
        if (wait === 0) return
        one.at(from + wait - 1)
        expect(one.read()).toBeGreaterThan(most)
      }),
    )
  })
})
