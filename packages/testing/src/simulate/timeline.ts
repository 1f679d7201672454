/**
 * How a simulation went: its time cut into equal slices, with each server's load and the requests' latency in each.
 */
import { percentile } from './latency.ts'
import type { Statistics } from './statistics.ts'

/** Time in slices; every array has one number for each of them. */
export interface Timeline {
  readonly sliceMs: number
  /** Latency of the completed requests that came in the slice; 0 where there were none. */
  readonly p50: readonly number[]
  readonly p99: readonly number[]
  /** Requests that came in it and were completed. */
  readonly completed: readonly number[]
  /** For each server in its order, the requests in flight on it, on average over the slice. */
  readonly inFlight: readonly (readonly number[])[]
}

const slices = 60

export function timelineOf(statistics: Statistics, durationMs: number): Timeline {
  const sliceMs = durationMs > 0 ? durationMs / slices : 1
  const sliceOf = (ms: number) => Math.min(slices - 1, Math.floor(ms / sliceMs))
  const latencies = Array.from({ length: slices }, (): number[] => [])
  for (let at = 0; at < statistics.latencies.length; at++) {
    latencies[sliceOf(statistics.arrivals.at(at))]!.push(statistics.latencies.at(at))
  }
  for (const slice of latencies) slice.sort((one, other) => one - other)

  const inFlight = statistics.tallies.map(() => new Array<number>(slices).fill(0))
  for (let at = 0; at < statistics.attemptServers.length; at++) {
    const load = inFlight[statistics.attemptServers.at(at)]!
    const begin = statistics.attemptBegins.at(at)
    const end = statistics.attemptEnds.at(at)
    const first = sliceOf(begin)
    const last = sliceOf(end)
    for (let slice = first; slice <= last; slice++) {
      const from = slice === first ? begin : slice * sliceMs
      const to = slice === last ? end : (slice + 1) * sliceMs
      load[slice]! += (to - from) / sliceMs
    }
  }
  return {
    sliceMs,
    p50: latencies.map(slice => percentile(slice, 50)),
    p99: latencies.map(slice => percentile(slice, 99)),
    completed: latencies.map(slice => slice.length),
    inFlight,
  }
}
