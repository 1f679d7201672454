import { describe, expect, it } from 'vitest'
import { monotonicClock } from './clock.ts'

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
})
