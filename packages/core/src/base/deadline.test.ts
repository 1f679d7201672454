import { VirtualClock } from '@evener/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Deadline } from './deadline.ts'

function armed(durationMs: number) {
  const clock = new VirtualClock(1_000)
  const state = { expired: 0 }
  const deadline = new Deadline(clock, () => state.expired++)
  deadline.arm(durationMs)
  return { clock, deadline, state }
}

describe('a deadline', () => {
  test('runs out when its time has passed, once', () => {
    const { clock, state } = armed(100)
    clock.advance(99)
    expect(state.expired).toBe(0)
    clock.advance(1)
    expect(state.expired).toBe(1)
    clock.advance(1_000)
    expect(state.expired).toBe(1)
    expect(clock.pending).toBe(0)
  })

  test('that is touched runs out that much later', () => {
    const { clock, deadline, state } = armed(100)
    clock.advance(60)
    deadline.touch()
    expect(deadline.idleMs).toBe(0)
    clock.advance(99)
    expect(state.expired).toBe(0)
    expect(deadline.idleMs).toBe(99)
    clock.advance(1)
    expect(state.expired).toBe(1)
  })

  test('that is touched a thousand times costs one timer at a time', () => {
    const { clock, deadline, state } = armed(100)
    let ran = 0
    for (let i = 0; i < 1_000; i++) {
      ran += clock.advance(1)
      deadline.touch()
      expect(clock.pending).toBe(1)
    }
    expect(ran).toBeLessThanOrEqual(11)
    expect(state.expired).toBe(0)
  })

  test('that is armed anew for longer, or for less, runs out by the new time', () => {
    const { clock, deadline, state } = armed(100)
    deadline.arm(500)
    clock.advance(400)
    expect(state.expired).toBe(0)
    deadline.arm(10)
    clock.advance(9)
    expect(state.expired).toBe(0)
    clock.advance(1)
    expect(state.expired).toBe(1)
  })

  test('that is disarmed, or armed for ever, never runs out and holds no timer', () => {
    const { clock, deadline, state } = armed(100)
    deadline.disarm()
    expect(clock.pending).toBe(0)
    deadline.arm(100)
    deadline.arm(Number.POSITIVE_INFINITY)
    expect(clock.pending).toBe(0)
    clock.advance(1_000)
    expect(state.expired).toBe(0)
  })

  test('that has run out can be extended, counted from when something happened last', () => {
    const { clock, deadline, state } = armed(100)
    clock.advance(100)
    deadline.extend(150)
    clock.advance(49)
    expect(state.expired).toBe(1)
    clock.advance(1)
    expect(state.expired).toBe(2)
    deadline.extend(Number.POSITIVE_INFINITY)
    expect(clock.pending).toBe(0)
  })

  test('property: it never runs out while it is touched in time, and always once it is not', () => {
    const steps = fc.array(
      fc.record({
        after: fc.integer({ min: 0, max: 99 }),
        arm: fc.option(fc.integer({ min: 100, max: 900 })),
      }),
    )
    fc.assert(
      fc.property(steps, each => {
        const { clock, deadline, state } = armed(100)
        let durationMs = 100
        for (const { after, arm } of each) {
          clock.advance(after)
          expect(state.expired).toBe(0)
          if (arm === null) deadline.touch()
          else {
            durationMs = arm
            deadline.arm(arm)
          }
        }
        clock.advance(durationMs - 1)
        expect(state.expired).toBe(0)
        clock.advance(1)
        expect(state.expired).toBe(1)
        expect(clock.pending).toBe(0)
      }),
    )
  })
})
