/**
 * When is each request due? Evenly spaced, from a start on: a timetable that does not wait for anybody.
 *
 * Invariant: `taken` requests have been handed out, in the order in which they are due.
 */
export class Timetable {
  taken = 0
  readonly #startMs: number
  readonly #intervalMs: number
  readonly #count: number

  constructor(startMs: number, requestsPerSecond: number, durationMs: number) {
    this.#startMs = startMs
    this.#intervalMs = 1_000 / requestsPerSecond
    this.#count = Math.max(1, Math.floor(durationMs / this.#intervalMs))
  }

  /** When the next request is due; infinity when there is none. */
  get nextMs(): number {
    return this.taken < this.#count ? this.#startMs + this.taken * this.#intervalMs : Number.POSITIVE_INFINITY
  }

  /** Take the next request and say when it was due. */
  take(): number {
    const due = this.nextMs
    this.taken++
    return due
  }

  get over(): boolean {
    return this.taken >= this.#count
  }
}
