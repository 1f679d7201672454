/** The histograms of core, as plain data: what a line of the statistics has beside its columns, and workers tell one another. */
import { latencyBounds, type PhaseTimes, type RequestTimes } from '@evener/core'

/** One histogram: how many took up to each bound, and longer than the last; their sum; how many. */
export interface Histogram {
  readonly buckets: readonly number[]
  readonly sumMs: number
  readonly count: number
}

/** The phases of a request; those that a line has. */
export type Latencies = { readonly [P in keyof RequestTimes]?: Histogram }

const histogramOf = ({ buckets, sumMs, count }: PhaseTimes): Histogram => ({
  buckets: [...buckets],
  sumMs,
  count,
})

/** All four phases of a backend. */
export function latenciesOf({ queue, connect, response, total }: RequestTimes): Latencies {
  return {
    queue: histogramOf(queue),
    connect: histogramOf(connect),
    response: histogramOf(response),
    total: histogramOf(total),
  }
}

/** Of a server only what it is answerable for: thousands of servers have thousands of histograms. */
export function serverLatenciesOf({ response }: RequestTimes): Latencies {
  return { response: histogramOf(response) }
}

function addHistograms(one: Histogram | undefined, other: Histogram | undefined): Histogram | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return {
    buckets: latencyBounds
      .map((_, index) => index)
      .concat(latencyBounds.length)
      .map(index => (one.buckets[index] ?? 0) + (other.buckets[index] ?? 0)),
    sumMs: one.sumMs + other.sumMs,
    count: one.count + other.count,
  }
}

/** Both together. */
export function addLatencies(one: Latencies, other: Latencies): Latencies {
  const phases = ['queue', 'connect', 'response', 'total'] as const
  const sums = phases.map(phase => [phase, addHistograms(one[phase], other[phase])] as const)
  return Object.fromEntries(sums.filter(([, histogram]) => histogram !== undefined))
}
