import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { VirtualClock } from './virtual-clock.ts'

describe('VirtualClock', () => {
  test('stands still until it is advanced', () => {
    const clock = new VirtualClock(1000)
    expect(clock.now()).toBe(1000)
    clock.advance(25)
    expect(clock.now()).toBe(1025)
  })

  test('runs timers in the order of due time, then of creation, each at its own time', () => {
    const clock = new VirtualClock()
    const seen: string[] = []
    const at = (name: string) => () => seen.push(`${name}@${clock.now()}`)
    clock.setTimeout(at('late'), 30)
    clock.setTimeout(at('first of two'), 10)
    clock.setTimeout(at('second of two'), 10)
    clock.setTimeout(at('beyond'), 31)
    expect(clock.nextInMs).toBe(10)
    expect(clock.advance(30)).toBe(3)
    expect(seen).toEqual(['first of two@10', 'second of two@10', 'late@30'])
    expect(clock.pending).toBe(1)
    expect(clock.nextInMs).toBe(1)
  })

  test('runs what timers set in turn, if it is due in the same stretch', () => {
    const clock = new VirtualClock()
    const seen: number[] = []
    const tick = () => {
      seen.push(clock.now())
      clock.setTimeout(tick, 10)
    }
    clock.setTimeout(tick, 10)
    clock.advance(35)
    expect(seen).toEqual([10, 20, 30])
    expect(clock.now()).toBe(35)
    expect(clock.pending).toBe(1)
  })

  test('a cancelled timer never runs, and cancelling again or too late does nothing', () => {
    const clock = new VirtualClock()
    let ran = 0
    const cancelled = clock.setTimeout(() => ran++, 5)
    const done = clock.setTimeout(() => ran++, 5)
    cancelled.cancel()
    cancelled.cancel()
    expect(clock.pending).toBe(1)
    clock.advance(5)
    done.cancel()
    expect(ran).toBe(1)
    expect(clock.pending).toBe(0)
    expect(clock.nextInMs).toBeUndefined()
  })

  test('ten thousand timers set and cancelled leave those that were not, in their order', () => {
    const clock = new VirtualClock()
    const ran: number[] = []
    for (let at = 0; at < 10_000; at++) {
      const timer = clock.setTimeout(() => ran.push(at), 10_000 - at)
      if (at % 1000 !== 0) timer.cancel()
    }
    expect(clock.pending).toBe(10)
    clock.advance(10_000)
    expect(ran).toEqual([9000, 8000, 7000, 6000, 5000, 4000, 3000, 2000, 1000, 0])
  })

  test('a timer may cancel another that is due at the same time', () => {
    const clock = new VirtualClock()
    let ran = false
    clock.setTimeout(() => second.cancel(), 5)
    const second = clock.setTimeout(() => {
      ran = true
    }, 5)
    clock.advance(5)
    expect(ran).toBe(false)
  })

  test('a negative delay is due at once, but never runs on its own', () => {
    const clock = new VirtualClock()
    let ran = false
    clock.setTimeout(() => {
      ran = true
    }, -5)
    expect(ran).toBe(false)
    clock.advance(0)
    expect(ran).toBe(true)
    expect(clock.now()).toBe(0)
  })

  test('a timer that throws leaves the others in place', () => {
    const clock = new VirtualClock()
    let ran = false
    clock.setTimeout(() => {
      throw new Error('from the timer')
    }, 1)
    clock.setTimeout(() => {
      ran = true
    }, 2)
    expect(() => clock.advance(5)).toThrow('from the timer')
    expect(clock.now()).toBe(1)
    clock.advance(4)
    expect(ran).toBe(true)
  })

  test('advanceAsync lets promises go on between timers', async () => {
    const clock = new VirtualClock()
    const seen: string[] = []
    const sleep = (ms: number) => new Promise<void>(resolve => clock.setTimeout(resolve, ms))
    const work = async () => {
      for (let round = 0; round < 3; round++) {
        await sleep(10)
        await new Promise<void>(resolve => setImmediate(resolve))
        seen.push(`round ${round}@${clock.now()}`)
      }
    }
    const done = work()
    expect(await clock.advanceAsync(25)).toBe(2)
    expect(seen).toEqual(['round 0@10', 'round 1@20'])
    await clock.advanceAsync(5)
    await done
    expect(clock.now()).toBe(30)
  })

  test('runAll ends with the last timer, and refuses to go on for ever', async () => {
    const clock = new VirtualClock()
    clock.setTimeout(() => clock.setTimeout(() => {}, 1000), 1000)
    expect(clock.runAll()).toBe(2)
    expect(clock.now()).toBe(2000)
    const again = () => clock.setTimeout(again, 1)
    again()
    expect(() => clock.runAll(50)).toThrow(expect.objectContaining({ code: 'EVENER_EXHAUSTED' }))
    await expect(clock.runAllAsync(50)).rejects.toMatchObject({ code: 'EVENER_EXHAUSTED' })
  })

  test('runAllAsync follows timers that only promises set', async () => {
    const clock = new VirtualClock()
    const sleep = (ms: number) => new Promise<void>(resolve => clock.setTimeout(resolve, ms))
    const work = sleep(5).then(() => sleep(7))
    expect(await clock.runAllAsync()).toBe(2)
    await work
    expect(clock.now()).toBe(12)
  })

  test('refuses times that are none, and being advanced inside its own timer', () => {
    const clock = new VirtualClock()
    const invalid = expect.objectContaining({ code: 'EVENER_INVALID_OPTION' })
    expect(() => new VirtualClock(Number.NaN)).toThrow(invalid)
    expect(() => clock.setTimeout(() => {}, Number.NaN)).toThrow(invalid)
    expect(() => clock.setTimeout(() => {}, Number.POSITIVE_INFINITY)).toThrow(invalid)
    expect(() => clock.advance(-1)).toThrow(invalid)
    clock.setTimeout(() => clock.advance(1), 1)
    clock.setTimeout(() => {}, 1)
    expect(() => clock.advance(1)).toThrow(expect.objectContaining({ code: 'EVENER_INVALID_STATE' }))
  })

  test('whatever is set and cancelled, what runs is what was left, sorted by time and creation', () => {
    const timers = fc.array(fc.record({ delayMs: fc.nat(50), cancelled: fc.boolean() }), { maxLength: 300 })
    fc.assert(
      fc.property(timers, all => {
        const clock = new VirtualClock()
        const ran: number[] = []
        const set = all.map((each, at) => clock.setTimeout(() => ran.push(at), each.delayMs))
        for (const [at, each] of all.entries()) if (each.cancelled) set[at]!.cancel()
        const left = [...all.entries()].filter(([, each]) => !each.cancelled)
        expect(clock.pending).toBe(left.length)
        clock.advance(50)
        const sorted = left.sort(([a, one], [b, other]) => one.delayMs - other.delayMs || a - b)
        expect(ran).toEqual(sorted.map(([at]) => at))
        expect(clock.pending).toBe(0)
      }),
    )
  })
})
