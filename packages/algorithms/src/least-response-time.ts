/**
 * The server with the least expected response time: recent latency times the requests that it would then have, for its
 * weight. What others call least time or least response time.
 *
 * Like peak EWMA it forgets by time (what lies `decayMs` back counts 1/e, and a latency falls while nobody is sent
 * there, so that a slow server is tried again); unlike it, an answer moves the average no more than in proportion, and
 * the least of all is taken, not the better of two.
 *
 * Since all averages fall alike, their order stands still: compared is ln(average) + time / decayMs + ln((load + 1) /
 * weight), which changes only when a server begins or ends a request. So a heap holds the order.
 *
 * A server without an answer yet is taken while idle, before all others, and after all others while it has requests. A
 * failed attempt counts at least `failureMs`.
 *
 * Invariant: the heap orders servers by what was true when last told; `began` and `ended` tell.
 * Cost: O(log n) for each of `began` and `ended`, O(1) a pick; each server passed over costs O(log n).
 * Not for: several balancers that share servers, which all run to the one that is least loaded now (peakEwma, prequal).
 */
import type { Balancer, Clock, Member, MemberResult } from './balancer.ts'
import { Heap, type HeapNode } from './heap.ts'
import { readClock, readNumber, readOptions } from './options.ts'

/** The options of {@link leastResponseTime}. */
export interface LeastResponseTimeOptions {
  /** Over what time latencies are forgotten, in milliseconds: 1 to 3,600,000; 10,000 by default. */
  readonly decayMs?: number | undefined
  /** How much an answer counts beside those before it: 0.001 to 1, at which only the last counts; 0.1 by default. */
  readonly smoothing?: number | undefined
  /** What a failed attempt counts at least, in milliseconds: 0 to 3,600,000; 5000 by default. */
  readonly failureMs?: number | undefined
  /** Where time comes from; the process's monotonic clock by default. */
  readonly clock?: Clock | undefined
}

/** The least latency there is: an average of 0 has no logarithm. */
const leastMs = 1e-3

/** Above what any latency and time can add up to, and small enough to add logarithms to. */
const unknownWhileBusy = 1e15

class Entry implements HeapNode {
  member: Member
  key = 0
  readonly rank = 0
  order = 0
  slot = -1
  /** The average right after the last answer; negative while there was none. */
  averageMs = -1
  answeredAtMs = 0
  /** The server that was passed over before it, while a pick is under way. */
  passedBefore: Entry | undefined

  constructor(member: Member) {
    this.member = member
  }

  keyNow(decayMs: number): number {
    const { load, weight } = this.member
    const share = Math.log((load + 1) / weight)
    if (this.averageMs < 0) return load === 0 ? Number.NEGATIVE_INFINITY : unknownWhileBusy + share
    return Math.log(this.averageMs) + this.answeredAtMs / decayMs + share
  }
}

class LeastResponseTime implements Balancer<unknown> {
  readonly name = 'least-response-time'
  readonly #decayMs: number
  readonly #smoothing: number
  readonly #failureMs: number
  readonly #clock: Clock
  readonly #heap = new Heap<Entry>()
  #entries = new Map<string, Entry>()
  #changes = 0

  constructor(decayMs: number, smoothing: number, failureMs: number, clock: Clock) {
    this.#decayMs = decayMs
    this.#smoothing = smoothing
    this.#failureMs = failureMs
    this.#clock = clock
  }

  rebuild(members: readonly Member[]): void {
    const before = this.#entries
    this.#entries = new Map()
    for (const entry of before.values()) if (entry.slot >= 0) this.#heap.remove(entry)
    for (const member of members) {
      const entry = before.get(member.id) ?? new Entry(member)
      entry.member = member
      this.#entries.set(member.id, entry)
      if (!(member.weight > 0)) continue
      entry.key = entry.keyNow(this.#decayMs)
      entry.order = this.#changes++
      this.#heap.insert(entry)
    }
  }

  pick(_context?: unknown, tried?: ReadonlySet<Member>): Member | undefined {
    const heap = this.#heap
    let passed: Entry | undefined
    let avoided: Member | undefined
    let saturated: Member | undefined
    let chosen: Member | undefined
    for (let least = heap.top(); least !== undefined; least = heap.top()) {
      const member = least.member
      const wasTried = tried?.has(member) === true
      if (member.saturated) {
        if (saturated === undefined || (tried?.has(saturated) === true && !wasTried)) saturated = member
      } else if (wasTried) avoided ??= member
      else {
        chosen = member
        break
      }
      heap.remove(least)
      least.passedBefore = passed
      passed = least
    }
    // Key and order are kept, so each comes back to its place.
    while (passed !== undefined) {
      const entry = passed
      passed = entry.passedBefore
      entry.passedBefore = undefined
      heap.insert(entry)
    }
    return chosen ?? avoided ?? saturated
  }

  began(member: Member): void {
    const entry = this.#entries.get(member.id)
    if (entry !== undefined) this.#settle(entry)
  }

  ended(member: Member, result: MemberResult): void {
    const entry = this.#entries.get(member.id)
    if (entry === undefined) return
    const measured = result.ok ? result.latencyMs : Math.max(result.latencyMs, this.#failureMs)
    if (measured >= 0) {
      const now = this.#clock.now()
      const answer = Math.max(leastMs, measured)
      const fallen = entry.averageMs * Math.exp((entry.answeredAtMs - now) / this.#decayMs)
      entry.averageMs =
        entry.averageMs < 0 ? answer : Math.max(leastMs, fallen + this.#smoothing * (answer - fallen))
      entry.answeredAtMs = now
    }
    this.#settle(entry)
  }

  #settle(entry: Entry): void {
    if (entry.slot < 0) return
    const key = entry.keyNow(this.#decayMs)
    if (key === entry.key) return
    entry.key = key
    entry.order = this.#changes++
    this.#heap.moved(entry)
  }
}

/**
 * The server with the least expected response time, by recent latency and requests under way. For few servers of unlike
 * speed behind one balancer.
 *
 * It must be told of load: whoever owns it calls `began` and `ended` after `member.load` has changed.
 *
 * @returns a new balancer; it looks at nothing in the request
 * @throws {AlgorithmError} `EVENER_INVALID_OPTION` for an unknown option or a value out of range
 */
export function leastResponseTime(options: LeastResponseTimeOptions = {}): Balancer<unknown> {
  readOptions('leastResponseTime', options, ['decayMs', 'smoothing', 'failureMs', 'clock'])
  return new LeastResponseTime(
    readNumber('leastResponseTime.decayMs', options.decayMs, 10_000, 1, 3_600_000),
    readNumber('leastResponseTime.smoothing', options.smoothing, 0.1, 0.001, 1),
    readNumber('leastResponseTime.failureMs', options.failureMs, 5000, 0, 3_600_000),
    readClock('leastResponseTime.clock', options.clock),
  )
}
