/**
 * How much of something a client may do: a full purse that refills over a minute, and that useful work fills as well.
 *
 * So a client that resets a hundred requests and reads a thousand answers is left alone, however long it goes on, and one
 * that only resets is not (a token bucket, with earnings).
 *
 * Invariant: what is left is at most `perMinute`. Cost: O(1), three numbers.
 */
import type { Clock } from '../base/clock.ts'

export class Allowance {
  readonly #perMinute: number
  readonly #clock: Clock
  #left: number
  #countedAt: number

  constructor(perMinute: number, clock: Clock) {
    this.#perMinute = perMinute
    this.#clock = clock
    this.#left = perMinute
    this.#countedAt = clock.now()
  }

  /** Spend one. @returns false where there is none left */
  spend(): boolean {
    const now = this.#clock.now()
    const refill = ((now - this.#countedAt) * this.#perMinute) / 60_000
    this.#countedAt = now
    this.#left = Math.min(this.#perMinute, this.#left + refill) - 1
    return this.#left >= 0
  }

  /** Something useful was done: one more may be spent. */
  earn(): void {
    if (this.#left < this.#perMinute) this.#left++
  }
}
