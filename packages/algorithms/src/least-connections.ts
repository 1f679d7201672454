/**
 * The server with the least load for its weight; of equals, the one that has waited longest: HAProxy's
 * `balance leastconn`.
 *
 * Compared is the load that a server would have with one request more, divided by its weight; so of two idle servers
 * the heavier would always be taken; therefore idle ones all count as equal and take turns, as HAProxy has it
 * (src/lb_fwlc.c gave the behaviour).
 *
 * Invariant: the heap orders the servers by the load they had when last told of; `began` and `ended` tell.
 * Cost: O(log n) for each of `began` and `ended`, O(1) a pick; each server passed over because it was tried or is
 * saturated costs O(log n).
 * Not for: short requests, where it does what round robin does for more work; many balancers that do not know of
 * each other's requests and all run to the same idle server (random).
 */
import type { Balancer, Member } from './balancer.ts'
import { Heap, type HeapNode } from './heap.ts'
import { heaviest, sixteenths } from './sixteenths.ts'

class Entry implements HeapNode {
  member: Member
  weight = 0
  key = 0
  order = 0
  slot = -1
  /** The server that was passed over before it, while a pick is under way. */
  passedBefore: Entry | undefined

  constructor(member: Member) {
    this.member = member
  }

  /** Whole numbers on purpose: HAProxy rounds down, and whom that makes equal take turns. */
  keyNow(): number {
    const load = this.member.load
    return load > 0 ? Math.floor(((load + 1) * heaviest) / this.weight) : 0
  }
}

class LeastConnections implements Balancer<unknown> {
  readonly name = 'leastconn'
  readonly #heap = new Heap<Entry>()
  #entries = new Map<string, Entry>()
  #arrivals = 0

  rebuild(members: readonly Member[]): void {
    const before = this.#entries
    const after = new Map<string, Entry>()
    for (const member of members) {
      const entry = before.get(member.id) ?? new Entry(member)
      entry.member = member
      after.set(member.id, entry)
    }
    for (const [id, entry] of before) if (!after.has(id) && entry.slot >= 0) this.#heap.remove(entry)
    this.#entries = after
    for (const entry of after.values()) {
      const weight = sixteenths(entry.member.weight)
      if (weight === entry.weight) {
        if (weight > 0) this.#settle(entry)
        continue
      }
      entry.weight = weight
      if (entry.slot >= 0) this.#heap.remove(entry)
      if (weight > 0) this.#join(entry)
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
    this.#changed(member)
  }

  ended(member: Member): void {
    this.#changed(member)
  }

  #changed(member: Member): void {
    const entry = this.#entries.get(member.id)
    if (entry !== undefined && entry.slot >= 0) this.#settle(entry)
  }

  #settle(entry: Entry): void {
    const key = entry.keyNow()
    if (key === entry.key) return
    entry.key = key
    entry.order = this.#arrivals++
    this.#heap.moved(entry)
  }

  #join(entry: Entry): void {
    entry.key = entry.keyNow()
    entry.order = this.#arrivals++
    this.#heap.insert(entry)
  }
}

/**
 * The server with the least requests under way for its weight; those with equal load take turns. For long
 * connections and for requests whose durations differ much.
 *
 * It must be told of load: whoever owns it calls `began` and `ended` after `member.load` has changed.
 *
 * @returns a new balancer; it looks at nothing in the request
 */
export function leastConnections(): Balancer<unknown> {
  return new LeastConnections()
}
