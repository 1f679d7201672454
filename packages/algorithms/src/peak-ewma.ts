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
 * Cost: O(1) a pick and for feedback. Rebuild: O(n), 68 bytes a server.
 * Not for: requests of very different cost by nature, where latency says more about the request than the server.
 */
import type { Balancer, Clock, Member, MemberResult, Random } from './balancer.ts'
import { readClock, readNumber, readOptions, readRandom } from './options.ts'
import { nowhere, Places } from './places.ts'
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

/** Above any price that can be measured, for a weight of up to 4,096 sixteenths; and small enough to multiply by loads. */
const unknownPrice = 1e300
const leastUnknown = 1e296

/** Where in a server's columns what is, and how many there are: four are half a cache line, and never on two. */
const [price, average, growth, width] = [0, 1, 2, 4] as const
/** The average of one that never answered. */
const none = -1

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
  /** Those that can be drawn come first: they have the place that they have in the draws. */
  readonly #places = new Places()
  /**
   * For each place, side by side, as each server's are another cache miss: its price for each request, its average right
   * after the last answer, and the growth when that came.
   */
  #columns = new Float64Array(0)
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
    this.#draws.rebuild(members)
    const drawn = this.#draws.members
    const sorted =
      drawn.length === members.length ? drawn : [...drawn, ...members.filter(({ weight }) => !(weight > 0))]
    const before = this.#places.rebuild(sorted)
    const known = this.#columns
    const columns = new Float64Array(sorted.length * width)
    for (let place = 0; place < sorted.length; place++) {
      const [to, from] = [place * width, (before[place] as number) * width]
      columns[to + average] = from < 0 ? none : (known[from + average] as number)
      columns[to + growth] = from < 0 ? 1 : (known[from + growth] as number)
      columns[to + price] = this.#priceOf(place, columns)
    }
    this.#columns = columns
  }

  pick(_context?: unknown, tried?: ReadonlySet<Member>): Member | undefined {
    const draws = this.#draws
    if (!draws.drawTwo(tried, true)) return undefined
    const one = draws.members[draws.one] as Member
    const other = draws.members[draws.other] as Member
    return this.#cost(draws.other, other.load) < this.#cost(draws.one, one.load) ? other : one
  }

  ended(member: Member, result: MemberResult): void {
    const place = this.#places.of(member)
    const measured = result.ok ? result.latencyMs : Math.max(result.latencyMs, this.#failureMs)
    if (place === nowhere || !(measured >= 0)) return
    const columns = this.#columns
    const at = place * width
    const now = this.#growthNow()
    const before = columns[at + average] as number
    const kept = measured >= before ? 0 : (columns[at + growth] as number) / now
    columns[at + average] = measured + kept * (before - measured)
    columns[at + growth] = now
    columns[at + price] = this.#priceOf(place, columns)
  }

  /** Average times growth, for the weight: what compares with others', whenever they were reckoned. */
  #priceOf(place: number, columns: Float64Array): number {
    const at = place * width
    const weight = this.#draws.weights[place] ?? 1
    const known = columns[at + average] as number
    return known < 0 ? unknownPrice / weight : (known * (columns[at + growth] as number)) / weight
  }

  #cost(place: number, load: number): number {
    const each = this.#columns[place * width + price] as number
    return load === 0 && each >= leastUnknown ? 0 : each * (load + 1)
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
    const columns = this.#columns
    for (let at = 0; at < columns.length; at += width) {
      columns[at + growth] = (columns[at + growth] as number) / this.#growth
      if ((columns[at + average] as number) >= 0)
        columns[at + price] = (columns[at + price] as number) / this.#growth
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
