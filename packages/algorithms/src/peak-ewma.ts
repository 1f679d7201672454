/**
 * The cheaper of two drawn by lot, where a server costs what it would take to wait for it: its recent latency times
 * the requests it would then have. Peak EWMA, as in Twitter's finagle and in Linkerd.
 *
 * The latency is a moving average that weighs by time: what lies `decayMs` back counts 1/e. It rises at once to a
 * latency above it (the peak), and falls slowly: who was slow a moment ago is avoided before its queue shows it. And it
 * falls with time alone, so that a server that nobody chose because it was slow is tried again.
 * (finagle's PeakEwma gave the behaviour; https://linkerd.io/2016/03/16/beyond-round-robin-load-balancing-for-latency/.)
 *
 * A server without a latency yet costs nothing while idle, and more than any other while it has requests: it gets one
 * request at first, and more when that was answered. An attempt that failed counts at least `failureMs`, as a server
 * that refuses at once would otherwise be the fastest of all.
 *
 * All averages fall alike, so none has to be touched for it: each is kept times the growth e^(t / decayMs) since a common
 * start, and only these products are compared. A choice needs neither clock nor exponential.
 *
 * Invariant: right after an answer the average is at least the latency of that answer.
 * Cost: O(1) a pick, and one look-up by id for feedback. Rebuild: O(n), some 100 bytes a server.
 * Not for: requests of very different cost by nature, where latency says more about the request than the server.
 */
import type { Balancer, Clock, Member, MemberResult, Random } from './balancer.ts'
import { readClock, readNumber, readOptions, readRandom } from './options.ts'
import { WeightedDraws } from './weighted-draws.ts'

/** The options of {@link peakEwma}. */
export interface PeakEwmaOptions {
  /** Over what time latencies are forgotten, in milliseconds: 1 to 3,600,000; 10,000 by default, as in finagle. */
  readonly decayMs?: number | undefined
  /** What a failed attempt counts at least, in milliseconds: 0 to 3,600,000; 5000 by default. */
  readonly failureMs?: number | undefined
  /** Where time comes from; the process's monotonic clock by default. */
  readonly clock?: Clock | undefined
  /** Where chance comes from: a function to a number from 0 up to, not including, 1. `Math.random` by default. */
  readonly random?: Random | undefined
}

/** Above any cost that can be measured, and small enough to add loads to. */
const unknownCost = 1e300

/** What an average may be multiplied by before all are brought down again: far from what a double can hold. */
const mostGrowth = 1e100

/** What is known of a server's latency. */
class Latency {
  /** The average right after the last answer; negative while there was none. */
  averageMs = -1
  /** The growth when it was reckoned. */
  growth = 1
  /** Average times growth: what compares with others', whenever they were reckoned. */
  grown = 0
}

class PeakEwma implements Balancer<unknown> {
  readonly name = 'peak-ewma'
  readonly #decayMs: number
  readonly #failureMs: number
  readonly #clock: Clock
  readonly #draws: WeightedDraws
  #latencies: Latency[] = []
  #byId = new Map<string, Latency>()
  /** When growth is 1. */
  #startMs: number

  constructor(decayMs: number, failureMs: number, clock: Clock, random: Random) {
    this.#decayMs = decayMs
    this.#failureMs = failureMs
    this.#clock = clock
    this.#draws = new WeightedDraws(random)
    this.#startMs = clock.now()
  }

  rebuild(members: readonly Member[]): void {
    const before = this.#byId
    this.#byId = new Map()
    for (const { id } of members) this.#byId.set(id, before.get(id) ?? new Latency())
    this.#draws.rebuild(members)
    this.#latencies = this.#draws.members.map(({ id }) => this.#byId.get(id) as Latency)
  }

  pick(_context?: unknown, tried?: ReadonlySet<Member>): Member | undefined {
    const draws = this.#draws
    const one = draws.draw(tried)
    if (one < 0) return undefined
    const other = draws.draw(tried, one)
    return draws.members[this.#cost(other) < this.#cost(one) ? other : one]
  }

  ended(member: Member, result: MemberResult): void {
    const latency = this.#byId.get(member.id)
    const measured = result.ok ? result.latencyMs : Math.max(result.latencyMs, this.#failureMs)
    if (latency === undefined || !(measured >= 0)) return
    const growth = this.#growthNow()
    const kept = measured >= latency.averageMs ? 0 : latency.growth / growth
    latency.averageMs = measured + kept * (latency.averageMs - measured)
    latency.growth = growth
    latency.grown = latency.averageMs * growth
  }

  #cost(place: number): number {
    const latency = this.#latencies[place] as Latency
    const { load } = this.#draws.members[place] as Member
    const weight = this.#draws.weights[place] as number
    if (latency.averageMs < 0) return load === 0 ? 0 : (unknownCost * (load + 1)) / weight
    return (latency.grown * (load + 1)) / weight
  }

  #growthNow(): number {
    const growth = Math.exp((this.#clock.now() - this.#startMs) / this.#decayMs)
    if (growth < mostGrowth) return growth
    this.#startMs = this.#clock.now()
    for (const latency of this.#byId.values()) {
      latency.growth /= growth
      latency.grown /= growth
    }
    return 1
  }
}

/**
 * The cheaper of two servers drawn by lot, by recent latency times requests under way. For servers of unlike or
 * changing speed.
 *
 * It must be told of the end of requests: whoever owns it calls `ended`.
 *
 * @returns a new balancer; it looks at nothing in the request
 * @throws {AlgorithmError} `EVENER_INVALID_OPTION` for an unknown option or a value out of range
 */
export function peakEwma(options: PeakEwmaOptions = {}): Balancer<unknown> {
  readOptions('peakEwma', options, ['decayMs', 'failureMs', 'clock', 'random'])
  return new PeakEwma(
    readNumber('peakEwma.decayMs', options.decayMs, 10_000, 1, 3_600_000),
    readNumber('peakEwma.failureMs', options.failureMs, 5000, 0, 3_600_000),
    readClock('peakEwma.clock', options.clock),
    readRandom('peakEwma.random', options.random),
  )
}
