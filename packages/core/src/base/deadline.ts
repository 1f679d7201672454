/**
 * A deadline that is moved often and expires seldom.
 *
 * Moving it (on every chunk of a body) only stores a time. The one timer underneath runs out at the earliest
 * moment the deadline may be due, and is set again for the rest when it has been moved meanwhile: a transfer
 * of a million chunks in a minute costs one timer.
 *
 * Invariant: at most one timer is pending, and none while disarmed.
 * Cost: O(1) for each operation; `touch` allocates nothing.
 */
import type { Clock, Timer } from './clock.ts'

export class Deadline {
  readonly #clock: Clock
  readonly #expired: () => void
  #durationMs = Number.POSITIVE_INFINITY
  #startedAt = 0
  #timer: Timer | undefined
  #timerDueAt = Number.POSITIVE_INFINITY

  constructor(clock: Clock, expired: () => void) {
    this.#clock = clock
    this.#expired = expired
  }

  /** Run out this many milliseconds from now; `Infinity` means never. */
  arm(durationMs: number): void {
    this.#durationMs = durationMs
    this.#startedAt = this.#clock.now()
    if (durationMs === Number.POSITIVE_INFINITY) {
      this.disarm()
      return
    }
    const dueAt = this.#startedAt + durationMs
    // A pending timer that runs out earlier finds the deadline moved, and goes on from there.
    if (this.#timer !== undefined && this.#timerDueAt <= dueAt) return
    this.#schedule(durationMs, dueAt)
  }

  /** Something happened: start the same duration anew. */
  touch(): void {
    this.#startedAt = this.#clock.now()
  }

  /** Milliseconds since it was armed or touched. */
  get idleMs(): number {
    return this.#clock.now() - this.#startedAt
  }

  /** Run out later: this many milliseconds after it was armed or touched last. For use when it has run out. */
  extend(durationMs: number): void {
    this.#durationMs = durationMs
    if (durationMs !== Number.POSITIVE_INFINITY) {
      const dueAt = this.#startedAt + durationMs
      this.#schedule(Math.max(1, Math.ceil(dueAt - this.#clock.now())), dueAt)
    }
  }

  /**
   * Never run out, until armed again. A pending timer is left to find that out: cheaper than cancelling it, where the
   * deadline is armed again soon.
   */
  rest(): void {
    this.#durationMs = Number.POSITIVE_INFINITY
  }

  /** Never run out. */
  disarm(): void {
    this.#durationMs = Number.POSITIVE_INFINITY
    this.#timer?.cancel()
    this.#timer = undefined
    this.#timerDueAt = Number.POSITIVE_INFINITY
  }

  #schedule(delayMs: number, dueAt: number): void {
    this.#timer?.cancel()
    this.#timerDueAt = dueAt
    this.#timer = this.#clock.setTimeout(() => this.#check(), delayMs)
  }

  #check(): void {
    this.#timer = undefined
    const dueAt = this.#startedAt + this.#durationMs
    const leftMs = dueAt - this.#clock.now()
    if (leftMs <= 0) {
      this.disarm()
      this.#expired()
    } else if (leftMs !== Number.POSITIVE_INFINITY) {
      // Node's timers count whole milliseconds and may fire up to one early.
      this.#schedule(Math.max(1, Math.ceil(leftMs)), dueAt)
    }
  }
}
