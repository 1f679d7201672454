/** Where time comes from. */
import { performance } from 'node:perf_hooks'

/** A timer that can be called off. */
export interface LogTimer {
  cancel(): void
}

/** Monotonic milliseconds, and timers that do not keep the process alive. */
export interface LogClock {
  now(): number
  setTimeout(callback: () => void, delayMs: number): LogTimer
}

/** The process's own time. */
export const processClock: LogClock = {
  now: () => performance.now(),
  setTimeout: (callback, delayMs) => {
    const timeout = setTimeout(callback, delayMs)
    timeout.unref()
    return { cancel: () => clearTimeout(timeout) }
  },
}
