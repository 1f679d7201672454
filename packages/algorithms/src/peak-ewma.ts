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
 * Cost: O(1) a pick, and one look-up for feedback. Rebuild: O(n), some 90 bytes a server.
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
  /** Where chance comes from: a function to a number from 0 up to, not including, 1; a generator of its own by default. */
  readonly random?: Random | undefined
}

/** Above any cost that can be measured, and small enough to add loads to. */
const unknownCost = 1e300

/** What an average may be multiplied by before all are brought down again: far from what a double can hold. */
const mostGrowth = 1e100

/** How many times in `decayMs` the growth is reckoned anew: what happens between counts as simultaneous. */
const steps = 1024

class PeakEwma implements Balancer<unknown> {
  readonly name = 'peak-ewma'
  readonly #decayMs: number
  readonly #failureMs: number
  readonly #clock: Clock
  readonly #draws: WeightedDraws
  #members: readonly Member[] = []
  /** Each member's place in what follows; those that can be drawn have the place that they have in the draws. */
  #places = new Map<Member, number>()
  /** The average right after the last answer; negative while there was none. */
  #averages = new Float64Array(0)
  /** The growth when it was reckoned. */
  #growths = new Float64Array(0)
  /** Average times growth: what compares with others', whenever they were reckoned. */
  #grown = new Float64Array(0)
  /** When growth is 1. */
  #startMs: number
  #growth = 1
  #reckonedMs: number

  constructor(decayMs: number, failureMs: number, clock: Clock, random: Random) {
    this.#decayMs = decayMs
    this.#failureMs = failureMs
    this.#clock = clock
    this.#draws = new WeightedDraws(random)
    this.#startMs = clock.now()
    this.#reckonedMs = this.#startMs
  }

  rebuild(members: readonly Member[]): void {
    const before = new Map(this.#members.map(({ id }, place) => [id, place]))
    const [averages, growths, grown] = [this.#averages, this.#growths, this.#grown]
    this.#draws.rebuild(members)
    this.#members = [...this.#draws.members, ...members.filter(({ weight }) => !(weight > 0))]
    this.#places = new Map(this.#members.map((member, place) => [member, place]))
    this.#averages = new Float64Array(this.#members.length).fill(-1)
    this.#growths = new Float64Array(this.#members.length).fill(1)
    this.#grown = new Float64Array(this.#members.length)
    for (const [place, { id }] of this.#members.entries()) {
      const known = before.get(id)
      if (known === undefined) continue
      this.#averages[place] = averages[known] as number
      this.#growths[place] = growths[known] as number
      this.#grown[place] = grown[known] as number
    }
  }

  pick(_context?: unknown, tried?: ReadonlySet<Member>): Member | undefined {
    const draws = this.#draws
    const one = draws.draw(tried)
    if (one < 0) return undefined
    const other = draws.draw(tried, one)
    return draws.members[this.#cost(other) < this.#cost(one) ? other : one]
  }

  ended(member: Member, result: MemberResult): void {
    const place = this.#places.get(member)
    const measured = result.ok ? result.latencyMs : Math.max(result.latencyMs, this.#failureMs)
    if (place === undefined || !(measured >= 0)) return
    const growth = this.#growthNow()
    const before = this.#averages[place] as number
    const kept = measured >= before ? 0 : (this.#growths[place] as number) / growth
    const average = measured + kept * (before - measured)
    this.#averages[place] = average
    this.#growths[place] = growth
    this.#grown[place] = average * growth
  }

  #cost(place: number): number {
    const { load } = this.#draws.members[place] as Member
    const weight = this.#draws.weights[place] as number
    if ((this.#averages[place] as number) < 0) return load === 0 ? 0 : (unknownCost * (load + 1)) / weight
    return ((this.#grown[place] as number) * (load + 1)) / weight
  }

  #growthNow(): number {
    const now = this.#clock.now()
    if ((now - this.#reckonedMs) * steps < this.#decayMs) return this.#growth
    this.#reckonedMs = now
    this.#growth = Math.exp((now - this.#startMs) / this.#decayMs)
    if (this.#growth >= mostGrowth) this.#startAnew(now)
    return this.#growth
  }

  /** Bring all down again, to where time has grown to. */
  #startAnew(now: number): void {
    for (let place = 0; place < this.#grown.length; place++) {
      this.#growths[place] = (this.#growths[place] as number) / this.#growth
      this.#grown[place] = (this.#grown[place] as number) / this.#growth
    }
    this.#startMs = now
    this.#growth = 1
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
