/**
 * What a simulation found, in figures, and as pictures to look at.
 */
import type { KeyFigures } from './key-tracker.ts'
import { type Latency, latencyOf, percentile } from './latency.ts'
import type { Simulation } from './simulation.ts'
import type { Statistics } from './statistics.ts'
import { svgPicture } from './svg-picture.ts'
import { textPicture } from './text-picture.ts'
import { type Timeline, timelineOf } from './timeline.ts'

/** What one server had to do. */
export interface ServerFigures {
  readonly id: string
  /** Attempts that were sent to it, retries among them. */
  readonly attempts: number
  /** Attempts that failed on it. */
  readonly failed: number
  /** Its share of all attempts, 0 to 1. */
  readonly share: number
  /** The share that it was due by its weight, while it was in the pool. */
  readonly dueShare: number
  /** The share of its workers that was at work, on average; 0 where workers are unlimited. */
  readonly busy: number
  /** Requests that it worked on or had in line: on average, and the most. */
  readonly meanInFlight: number
  readonly maxInFlight: number
}

/** The result of `simulate()`. All of it counts requests from `settleMs` on, but for what is said of all time. */
export class SimulationResult {
  /** The balancer's name. */
  readonly balancer: string
  readonly seed: number | string
  /** Requests that came; each was completed, failed or refused. */
  readonly requests: number
  readonly completed: number
  /** Requests whose every attempt failed. */
  readonly failed: number
  /** Requests that got no place: no server, a full queue, too long in it. */
  readonly refused: number
  /** Attempts beyond the first. */
  readonly retries: number
  /** From the beginning to the last request's end. */
  readonly durationMs: number
  /** From arrival to the end, waiting and retries included, of completed requests. */
  readonly latency: Latency
  /** The part of it spent in the balancer's queue. */
  readonly wait: Latency
  /** The most that ever waited with one balancer. */
  readonly maxQueued: number
  readonly servers: readonly ServerFigures[]
  /** What became of the keys, over all time. */
  readonly keys: KeyFigures
  readonly #statistics: Statistics
  #timeline: Timeline | undefined
  readonly #latencies: Float64Array

  /** Made by `simulate()`. @internal */
  constructor(simulation: Simulation, seed: number | string) {
    const { statistics, pools, clock } = simulation
    this.balancer = pools[0]!.balancer.name
    this.seed = seed
    this.requests = statistics.requests
    this.failed = statistics.failures
    this.refused = statistics.refusals
    this.retries = statistics.retries
    this.durationMs = clock.now()
    this.#latencies = statistics.latencies.sorted()
    this.completed = this.#latencies.length
    this.latency = latencyOf(this.#latencies)
    this.wait = latencyOf(statistics.waits.sorted())
    this.maxQueued = statistics.maxQueued
    this.servers = serversOf(statistics)
    this.keys = statistics.keys.figures()
    this.#statistics = statistics
  }

  /** How load and latency went, over all time. Reckoned when first asked for. */
  get timeline(): Timeline {
    this.#timeline ??= timelineOf(this.#statistics, this.durationMs)
    return this.#timeline
  }

  /**
   * A percentile of latency, in milliseconds.
   * @param percent 0 to 100: 99.9 is the latency that one request in a thousand exceeds
   */
  percentile(percent: number): number {
    return percentile(this.#latencies, percent)
  }

  /** The figures as some lines of text, for a terminal or a test's output. */
  text(): string {
    return textPicture(this)
  }

  /** Load of every server and latency over time, as an SVG document. */
  svg(): string {
    return svgPicture(this)
  }
}

function serversOf({ tallies }: Statistics): ServerFigures[] {
  const attempts = tallies.reduce((sum, tally) => sum + tally.attempts, 0)
  const due = tallies.reduce((sum, tally) => sum + tally.expected, 0)
  return tallies.map(({ server, attempts: own, failed, expected }) => {
    const { inFlight, busy } = server.averages()
    return {
      id: server.id,
      attempts: own,
      failed,
      share: attempts === 0 ? 0 : own / attempts,
      dueShare: due === 0 ? 0 : expected / due,
      busy,
      meanInFlight: inFlight,
      maxInFlight: server.maxInFlight,
    }
  })
}
