/**
 * How long requests take, phase by phase: HAProxy's averages over the last 1024 requests and its maxima (management guide,
 * `qtime`, `ctime`, `rtime`, `ttime` and their `…_max`), and beside them a histogram for each phase.
 *
 * Only requests that got an answer are counted: how long it takes to fail is a matter of timeouts.
 * Cost: a few additions for a request; nothing is allocated after construction.
 */

/** The average forgets by and by, as HAProxy's does; over fewer requests than this it is the exact one. */
const samples = 1_024

/** The upper bounds of the buckets of a histogram, in milliseconds; a last one beyond them takes the rest. */
export const latencyBounds: readonly number[] = [
  1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000,
]

/** The times of one phase, in milliseconds. */
export class PhaseTimes {
  /** Over the last 1024 requests, or fewer where there were not so many. */
  averageMs = 0
  maxMs = 0
  /** All of them together, and how many there were. */
  sumMs = 0
  count = 0
  /** How many fell in each bucket of {@link latencyBounds}, and beyond the last. */
  readonly buckets = new Float64Array(latencyBounds.length + 1)

  /** As if there had been none. */
  clear(): void {
    this.averageMs = 0
    this.maxMs = 0
    this.sumMs = 0
    this.count = 0
    this.buckets.fill(0)
  }

  add(ms: number): void {
    this.count++
    this.sumMs += ms
    if (ms > this.maxMs) this.maxMs = ms
    this.averageMs += (ms - this.averageMs) / Math.min(this.count, samples)
    let bucket = 0
    while (bucket < latencyBounds.length && ms > (latencyBounds[bucket] as number)) bucket++
    ;(this.buckets[bucket] as number)++
  }
}

/** The times of the requests of a server, or of a backend. */
export class RequestTimes {
  /** From its arrival to the place on the server that answered it: in the queue, and in attempts that failed. */
  readonly queue = new PhaseTimes()
  /** To a connection; 0 on one that was kept. */
  readonly connect = new PhaseTimes()
  /** From there to the head of the response; 0 at layer 4. */
  readonly response = new PhaseTimes()
  /** From its arrival to the end of the response, or tunnel. */
  readonly total = new PhaseTimes()
}
