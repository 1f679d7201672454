/**
 * What servers said of themselves lately, and which of them is best by it: the pool of probes of Prequal.
 *
 * A probe leaves the pool when it is too old, was used as often as it may be, was removed to make room or to keep the
 * pool fresh, or when its server answers again. Each use adds a request to what the server
 * said, and to its latency in proportion.
 *
 * The rule, hot and cold: a server is hot if its requests in flight are above a quantile of those that were reported
 * lately. Where any is cold, the cold one with the least latency is best; where all are hot, the one with the fewest
 * requests. The worst is the hot one with the most requests, or, where all are cold, the one with the most latency.
 * Requests in flight count for the server's weight.
 *
 * Invariant: no server has two probes here; the first `size` of the probes are in the order in which they came.
 * Cost: O(size) for everything; nothing is allocated after the pool was made.
 */
import type { LoadReport, Member } from './balancer.ts'
import { SlidingQuantile } from './sliding-quantile.ts'

/** How many reports the quantile is of. */
const remembered = 128

class Probe {
  member: Member | undefined
  requestsInFlight = 0
  latencyMs = 0
  atMs = 0
  usesLeft = 0

  /** Requests in flight for the weight. What this process itself has under way there is the least there can be. */
  crowding(): number {
    const { load, weight } = this.member as Member
    return Math.max(this.requestsInFlight, load) / weight
  }
}

export class ProbePool {
  readonly #probes: Probe[]
  readonly #hotQuantile: number
  readonly #reports = new SlidingQuantile(remembered)
  #size = 0

  /** @param capacity how many probes there can be, at least 1 */
  constructor(capacity: number, hotQuantile: number) {
    this.#probes = Array.from({ length: capacity }, () => new Probe())
    this.#hotQuantile = hotQuantile
  }

  get size(): number {
    return this.#size
  }

  /** Put in what a member of a weight above 0 said; the oldest goes where there is no room. */
  add(member: Member, report: LoadReport, atMs: number, uses: number): void {
    this.#reports.add(report.requestsInFlight / member.weight)
    for (let place = 0; place < this.#size; place++) {
      if (this.#at(place).member === member) {
        this.#remove(place)
        break
      }
    }
    if (this.#size === this.#probes.length) this.#remove(0)
    const probe = this.#at(this.#size++)
    probe.member = member
    probe.requestsInFlight = report.requestsInFlight
    probe.latencyMs = report.latencyMs
    probe.atMs = atMs
    probe.usesLeft = uses
  }

  /** Remove all that came before this time. */
  expire(beforeMs: number): void {
    while (this.#size > 0 && this.#at(0).atMs < beforeMs) this.#remove(0)
  }

  /** Remove those of members that cannot be chosen any more. */
  retain(stays: (member: Member) => boolean): void {
    for (let place = this.#size - 1; place >= 0; place--) {
      if (!stays(this.#at(place).member as Member)) this.#remove(place)
    }
  }

  /** The best that has room and was not tried, of which one use is counted; undefined where there is none. */
  takeBest(tried: ReadonlySet<Member> | undefined): Member | undefined {
    const threshold = this.#threshold()
    let best = -1
    let bestIsHot = true
    let bestValue = Number.POSITIVE_INFINITY
    for (let place = 0; place < this.#size; place++) {
      const probe = this.#at(place)
      const member = probe.member as Member
      if (member.saturated || tried?.has(member) === true) continue
      const crowding = probe.crowding()
      const hot = crowding > threshold
      const value = hot ? crowding : probe.latencyMs
      if (best >= 0 && (hot === bestIsHot ? value >= bestValue : hot)) continue
      best = place
      bestIsHot = hot
      bestValue = value
    }
    if (best < 0) return undefined
    const probe = this.#at(best)
    const { member } = probe
    // A request more, and what that will cost: else one probe that looked fast would draw all who come before the next.
    probe.latencyMs *= (probe.requestsInFlight + 2) / (probe.requestsInFlight + 1)
    probe.requestsInFlight++
    if (--probe.usesLeft <= 0) this.#remove(best)
    return member
  }

  removeOldest(): void {
    if (this.#size > 0) this.#remove(0)
  }

  removeWorst(): void {
    const threshold = this.#threshold()
    let worst = -1
    let worstIsHot = false
    let worstValue = Number.NEGATIVE_INFINITY
    for (let place = 0; place < this.#size; place++) {
      const probe = this.#at(place)
      const crowding = probe.crowding()
      const hot = crowding > threshold
      const value = hot ? crowding : probe.latencyMs
      if (worst >= 0 && (hot === worstIsHot ? value <= worstValue : worstIsHot)) continue
      worst = place
      worstIsHot = hot
      worstValue = value
    }
    if (worst >= 0) this.#remove(worst)
  }

  /** Above this many requests for its weight, a server is hot. */
  #threshold(): number {
    return this.#hotQuantile < 1 ? this.#reports.at(this.#hotQuantile) : Number.POSITIVE_INFINITY
  }

  #at(place: number): Probe {
    return this.#probes[place] as Probe
  }

  #remove(place: number): void {
    const probes = this.#probes
    const gone = this.#at(place)
    gone.member = undefined
    this.#size--
    for (let each = place; each < this.#size; each++) probes[each] = probes[each + 1] as Probe
    probes[this.#size] = gone
  }
}
