/**
 * The process's own time: monotonic, so that a clock set back or forth moves no check.
 *
 * Invariant: its timers never keep the process alive; a host that is done may end in the middle of an interval.
 */
import { performance } from 'node:perf_hooks'
import type { Clock, Timer } from './contract.ts'

class UnreferencedTimer implements Timer {
  readonly #timeout: NodeJS.Timeout

  constructor(callback: () => void, delayMs: number) {
    this.#timeout = setTimeout(callback, delayMs)
    this.#timeout.unref()
  }

  cancel(): void {
    clearTimeout(this.#timeout)
  }
}

/** Milliseconds since the process began, and timers that are not waited for at its end. */
export const monotonicClock: Clock = {
  now: () => performance.now(),
  setTimeout: (callback, delayMs) => new UnreferencedTimer(callback, delayMs),
}
