/**
 * Percentiles by nearest rank: each is a latency that some request had, and no estimate between two of them.
 */

/** How long something took, in milliseconds; all 0 where there was nothing. */
export interface Latency {
  readonly count: number
  readonly mean: number
  readonly p50: number
  readonly p90: number
  readonly p95: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

/** The smallest value that at least `percent` of all do not exceed; 0 where there are none. */
export function percentile(sorted: ArrayLike<number>, percent: number): number {
  if (sorted.length === 0) return 0
  // Without the small subtraction 99.9 % of 1000 would be rank 1000, by the error of the multiplication.
  const rank = Math.ceil((percent / 100) * sorted.length - 1e-9)
  return sorted[Math.min(sorted.length, Math.max(1, rank)) - 1]!
}

/** @param sorted from small to large */
export function latencyOf(sorted: Float64Array): Latency {
  let sum = 0
  for (const value of sorted) sum += value
  return {
    count: sorted.length,
    mean: sorted.length === 0 ? 0 : sum / sorted.length,
    p50: percentile(sorted, 50),
    p90: percentile(sorted, 90),
    p95: percentile(sorted, 95),
    p99: percentile(sorted, 99),
    p999: percentile(sorted, 99.9),
    max: percentile(sorted, 100),
  }
}
