/**
 * Slow start: after coming up, a server's share of its weight grows in even steps to the whole.
 *
 * As in HAProxy (manual, `slowstart`) there are twenty steps, so that the pool is rebuilt twenty times and
 * not on every pick. The first step is taken at once: a server never starts with nothing.
 *
 * Not for: a server that is up when the process starts; it has been serving others all along.
 */
import type { Clock, Timer } from '../base/clock.ts'

const steps = 20

export class SlowStart {
  readonly #durationMs: number
  readonly #clock: Clock
  readonly #changed: (share: number) => void
  #timer: Timer | undefined
  #step = steps

  /**
   * @param durationMs how long the whole ramp takes; 0 for none
   * @param changed told of the new share after each step
   */
  constructor(durationMs: number, clock: Clock, changed: (share: number) => void) {
    this.#durationMs = durationMs
    this.#clock = clock
    this.#changed = changed
  }

  /** The share of the weight in force now: above 0, at most 1. */
  get share(): number {
    return this.#step / steps
  }

  /** Start the ramp, from its first step. */
  begin(): void {
    this.end()
    if (this.#durationMs === 0 || this.#durationMs === Number.POSITIVE_INFINITY) return
    this.#step = 0
    this.#next()
  }

  /** Go to the whole weight at once, and stop. */
  end(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#step = steps
  }

  #next(): void {
    this.#step++
    this.#timer =
      this.#step < steps ? this.#clock.setTimeout(() => this.#next(), this.#durationMs / steps) : undefined
    this.#changed(this.share)
  }
}
