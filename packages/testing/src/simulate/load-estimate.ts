/**
 * What a server says when it is probed: how long a request takes that comes now, to the best of its knowledge.
 *
 * As Prequal's servers do it (Wydrowski et al., NSDI 2024, section 4): of each request it is remembered how many were in
 * flight when it came, and how long it took; the answer is the median of the latest of those that found as many as
 * there are now, or else the nearest number of which something is known.
 *
 * Cost: O(1) to remember; O(1) to answer where something is known of this number.
 */
const remembered = 15
/** Above this, numbers in flight count as one. */
const mostInFlight = 255

interface Seen {
  readonly latest: number[]
  next: number
  /** Negative where it must be found anew. */
  median: number
}

export class LoadEstimate {
  private readonly seen: (Seen | undefined)[] = []

  /** A request that found so many in flight took so long. */
  add(inFlight: number, latencyMs: number): void {
    const at = Math.min(inFlight, mostInFlight)
    let seen = this.seen[at]
    if (seen === undefined) {
      seen = { latest: [], next: 0, median: -1 }
      this.seen[at] = seen
    }
    seen.latest[seen.next] = latencyMs
    seen.next = (seen.next + 1) % remembered
    seen.median = -1
  }

  /** For one that finds so many in flight, in milliseconds; 0 while nothing is known. */
  latencyMs(inFlight: number): number {
    const at = Math.min(inFlight, mostInFlight)
    const { seen } = this
    for (let distance = 0; distance < seen.length || distance <= at; distance++) {
      const near = seen[at - distance] ?? seen[at + distance]
      if (near === undefined) continue
      if (near.median < 0) {
        const sorted = [...near.latest].sort((one, other) => one - other)
        near.median = sorted[sorted.length >> 1]!
      }
      return near.median
    }
    return 0
  }
}
