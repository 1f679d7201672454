/** Where time comes from. Its timers do not keep the process alive. */
import { performance } from 'node:perf_hooks'

/** A timer that can be called off. */
export interface TlsTimer {
  cancel(): void
}

/** Monotonic milliseconds, and timers. */
export interface TlsClock {
  now(): number
  setTimeout(callback: () => void, delayMs: number): TlsTimer
}

/** The process's own time. */
export const processClock: TlsClock = {
  now: () => performance.now(),
  setTimeout: (callback, delayMs) => {
    const timeout = setTimeout(callback, delayMs)
    timeout.unref()
    return { cancel: () => clearTimeout(timeout) }
  },
}
