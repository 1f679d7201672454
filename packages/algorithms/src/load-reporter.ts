/**
 * What a server says of itself when it is probed: how many requests it has in flight, and how long one takes now. The
 * other side of `prequal`.
 *
 * The latency is the median of those latest requests that met about as many others as there are now, as Prequal's servers
 * estimate it (NSDI 2024): what took long while the server was crowded says little of an idle one.
 *
 * Invariant: `end` counts a request once, however often it is called.
 * Cost: O(1) a request, with one small object; a report sorts the last 128 requests.
 * Not for: requests of very different kinds on one server, where the median says nothing: one reporter for each kind.
 */
import type { Clock, LoadReport } from './balancer.ts'
import { readClock, readOptions } from './options.ts'

/** The options of {@link loadReporter}. */
export interface LoadReporterOptions {
  /** Where time comes from; the process's monotonic clock by default. */
  readonly clock?: Clock | undefined
}

/** A request under way. */
export interface RequestUnderWay {
  /** It has been answered, or has failed. */
  end(): void
}

/** Of how many requests it remembers what they met and took, and of how many the median is. */
const remembered = 128
const compared = 16

interface Sample {
  readonly requestsInFlight: number
  readonly latencyMs: number
}

class Reporter {
  readonly #clock: Clock
  readonly #samples: Sample[] = []
  #oldest = 0
  #inFlight = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A request begins. */
  begin(): RequestUnderWay {
    const requestsInFlight = this.#inFlight++
    const startedAt = this.#clock.now()
    let ended = false
    return {
      end: () => {
        if (ended) return
        ended = true
        this.#inFlight--
        this.#remember({ requestsInFlight, latencyMs: this.#clock.now() - startedAt })
      },
    }
  }

  /** What to answer to a probe. The latency is 0 while no request has ended. */
  report(): LoadReport {
    const now = this.#inFlight
    const distance = ({ requestsInFlight }: Sample) => Math.abs(requestsInFlight - now)
    const near = [...this.#samples].sort((one, other) => distance(one) - distance(other)).slice(0, compared)
    const latencies = near.map(({ latencyMs }) => latencyMs).sort((one, other) => one - other)
    return { requestsInFlight: now, latencyMs: latencies[latencies.length >> 1] ?? 0 }
  }

  #remember(sample: Sample): void {
    if (this.#samples.length < remembered) {
      this.#samples.push(sample)
      return
    }
    this.#samples[this.#oldest] = sample
    this.#oldest = (this.#oldest + 1) % remembered
  }
}

/** What {@link loadReporter} makes. */
export type LoadReporter = Pick<Reporter, 'begin' | 'report'>

/**
 * Make a reporter, one for a server: `begin` with each request, `report` with each probe.
 *
 * @throws {AlgorithmError} `EVENER_INVALID_OPTION` for an unknown option or a clock that is none
 */
export function loadReporter(options: LoadReporterOptions = {}): LoadReporter {
  readOptions('loadReporter', options, ['clock'])
  return new Reporter(readClock('loadReporter.clock', options.clock))
}
