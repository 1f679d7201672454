/**
 * Where time comes from. Everything that waits takes a {@link Clock}, so that a test moves time by hand.
 */

/** A timer that can be cancelled, any number of times. */
export interface Timer {
  cancel(): void
}

/** A source of time: milliseconds, monotonic, from an arbitrary beginning. */
export interface Clock {
  now(): number
  setTimeout(callback: () => void, delayMs: number): Timer
}

class NodeTimer implements Timer {
  readonly #timeout: NodeJS.Timeout

  constructor(callback: () => void, delayMs: number) {
    this.#timeout = setTimeout(callback, delayMs)
    // A balancer's timers never keep a finished program alive; its sockets do that where there are any.
    this.#timeout.unref()
  }

  cancel(): void {
    clearTimeout(this.#timeout)
  }
}

/** The process's own monotonic clock. Its timers do not keep the process alive. */
export const monotonic: Clock = {
  now: () => performance.now(),
  setTimeout: (callback, delayMs) => new NodeTimer(callback, delayMs),
}
