/**
 * Events per second, as HAProxy counts them for its statistics: those of the running second, and those of the one before,
 * of which the part counts that still lies within a second of now (manual, `fe_sess_rate`; management guide, `rate`).
 *
 * Invariant: `#before` are the events of exactly the second before `#startedAt`.
 * Cost: O(1), a few comparisons for an event; the time is the caller's, who has just looked at the clock.
 * Not for: exact counts over a second that moves, or limits that nobody may pass by one.
 */
const second = 1_000

export class RateCounter {
  /** The most events that fell in one of its seconds. */
  max = 0
  #startedAt = Number.NEGATIVE_INFINITY
  #current = 0
  #before = 0

  /**
   * Count an event.
   * @param now milliseconds, by the clock that the reader uses as well
   */
  add(now: number): void {
    if (now - this.#startedAt >= second) this.#turn(now)
    if (++this.#current > this.max) this.max = this.#current
  }

  /** Events in the second up to now; 0 where nothing happened in two. */
  perSecond(now: number): number {
    const elapsed = now - this.#startedAt
    if (elapsed >= 2 * second) return 0
    const full = elapsed >= second
    const share = full ? 2 - elapsed / second : 1 - elapsed / second
    return full ? this.#current * share : this.#current + this.#before * share
  }

  /** Another second begins: the next one, or after a silence one that begins now. */
  #turn(now: number): void {
    const next = now - this.#startedAt < 2 * second
    this.#before = next ? this.#current : 0
    this.#startedAt = next ? this.#startedAt + second : now
    this.#current = 0
  }
}
