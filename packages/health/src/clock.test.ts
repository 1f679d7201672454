import { describe, expect, it } from 'vitest'
import { MOST_IN_A_TURN, monotonicClock } from './clock.ts'

const waitingTimers = () => process.getActiveResourcesInfo().filter(name => name === 'Timeout').length

describe('the monotonic clock', () => {
  it('never goes back', () => {
    const before = monotonicClock.now()
    expect(monotonicClock.now()).toBeGreaterThanOrEqual(before)
  })
  it('calls back after the delay', async () => {
    const before = monotonicClock.now()
    await new Promise<void>(resolve => monotonicClock.setTimeout(resolve, 2))
    // Node's timers count whole milliseconds, and may be up to one early by a finer clock.
    expect(monotonicClock.now() - before).toBeGreaterThanOrEqual(1)
  })
  it('does not call back when cancelled', async () => {
    let called = false
    monotonicClock
      .setTimeout(() => {
        called = true
      }, 1)
      .cancel()
    await new Promise<void>(resolve => monotonicClock.setTimeout(resolve, 3))
    expect(called).toBe(false)
  })
  it('has timers that do not keep the process alive', () => {
    const before = waitingTimers()
    const timer = monotonicClock.setTimeout(() => {}, 60_000)
    expect(waitingTimers()).toBe(before)
    timer.cancel()
  })

  /** Timers that are all due at once, and what runs when the loop has looked at its sockets: in the order they did. */
  const dueAtOnce = async (count: number, run: (index: number) => void = () => {}): Promise<string> => {
    let seen = ''
    let left = count
    await new Promise<void>(resolve => {
      for (let index = 0; index < count; index++) {
        monotonicClock.setTimeout(() => {
          seen += `${index} `
          run(index)
          if (--left === 0) resolve()
        }, 1)
      }
      const look = (): void => {
        seen += '| '
        if (left > 0) setImmediate(look)
      }
      const until = monotonicClock.now() + 3
      while (monotonicClock.now() < until);
      setImmediate(look)
    })
    return seen
  }
  it('lets the loop look at its sockets between many that are due at once, and keeps their order', async () => {
    const seen = await dueAtOnce(1000)
    expect(seen.match(/\d+/g)?.map(Number)).toEqual(Array.from({ length: 1000 }, (_, index) => index))
    const runs = seen.split('|').map(run => run.match(/\d+/g)?.length ?? 0)
    expect(Math.max(...runs)).toBe(MOST_IN_A_TURN)
  })
  it('calls none back that was cancelled while it waited its turn', async () => {
    const timers = Array.from({ length: 200 }, () =>
      monotonicClock.setTimeout(() => {
        called++
        for (const timer of timers) timer.cancel()
      }, 1),
    )
    let called = 0
    await dueAtOnce(100)
    expect(called).toBe(1)
  })
})
