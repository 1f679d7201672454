/**
 * Real time whose timers are counted: what proves that work done leaves no timer behind.
 *
 * `process.getActiveResourcesInfo()` does not see timers that are unref'd; a clock handed to the code under test
 * sees each of them.
 * Invariant: `pending` is the number of timers set that have neither run nor been cancelled.
 */
import type { Clock, Timer } from './virtual-clock.ts'

// Kept from before a test replaces the globals by fake ones.
const { setTimeout: startTimer, clearTimeout: stopTimer, performance } = globalThis

export class CountingClock implements Clock {
  /** Timers set and neither run nor cancelled. */
  pending = 0
  /** Timers ever set. */
  created = 0

  /** Monotonic milliseconds. */
  now(): number {
    return performance.now()
  }

  /** As the global one, counted. The timer keeps the process alive. */
  setTimeout(callback: () => void, delayMs: number): Timer {
    this.pending++
    this.created++
    let done = false
    const finish = () => {
      if (done) return false
      done = true
      this.pending--
      return true
    }
    const timer = startTimer(() => {
      finish()
      callback()
    }, delayMs)
    return {
      cancel: () => {
        if (finish()) stopTimer(timer)
      },
    }
  }
}
