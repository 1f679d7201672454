/**
 * The server with the least load for its weight; of equals, the one that has waited longest: HAProxy's
 * `balance leastconn`.
 *
 * Compared is the load that a server would have with one request more, divided by its weight; so of two idle servers
 * the heavier would always be taken; therefore idle ones all count as equal and take turns, as HAProxy has it
 * (src/lb_fwlc.c gave the behaviour).
 *
 * Invariant: the tiers (tiers.ts) order the servers by the load they had when last told of; `began` and `ended` tell.
 * Cost: O(1) a pick, and one step for each server that is passed over because it was tried or is saturated; O(1) for
 * each of `began` and `ended`, but for steps past servers of other weights. Rebuild: O(n).
 * Not for: short requests, where it does what round robin does for more work; many balancers that do not know of
 * each other's requests and all run to the same idle server (random).
 */
import type { Balancer, Member } from './balancer.ts'
import { nextRoster, type Roster } from './roster.ts'
import { heaviest, sixteenths } from './sixteenths.ts'
import { nobody, Tiers } from './tiers.ts'

class Entry {
  member: Member
  readonly number: number
  weight = 0

  constructor(member: Member, number: number) {
    this.member = member
    this.number = number
  }

  /** Whole numbers on purpose: HAProxy rounds down, and whom that makes equal take turns. */
  keyNow(): number {
    const load = this.member.load
    return load > 0 ? Math.floor(((load + 1) * heaviest) / this.weight) : 0
  }
}

class LeastConnections implements Balancer<unknown> {
  readonly name = 'leastconn'
  readonly #tiers = new Tiers()
  #entries: Roster<Entry> = new Map()
  /** The entries by their numbers, and the numbers that are free. */
  readonly #numbered: (Entry | undefined)[] = []
  readonly #free: number[] = []
  /** The one that was chosen last: most likely its request begins next. */
  #chosen: Entry | undefined

  rebuild(members: readonly Member[]): void {
    const make = (member: Member) => this.#welcome(member)
    this.#entries = nextRoster(this.#entries, members, make, entry => this.#dismiss(entry))
    this.#chosen = undefined
    this.#tiers.reserve(this.#numbered.length)
    for (const entry of this.#entries.values()) {
      const weight = sixteenths(entry.member.weight)
      // Another weight is another place in turn, too.
      if (weight !== entry.weight) this.#tiers.remove(entry.number)
      entry.weight = weight
      if (weight > 0) this.#tiers.place(entry.number, entry.keyNow())
    }
  }

  pick(_context?: unknown, tried?: ReadonlySet<Member>): Member | undefined {
    let avoided: Member | undefined
    let saturated: Member | undefined
    for (let next = this.#tiers.first(); next !== nobody; next = this.#tiers.after(next)) {
      const entry = this.#numbered[next] as Entry
      const member = entry.member
      const wasTried = tried?.has(member) === true
      if (member.saturated) {
        if (saturated === undefined || (tried?.has(saturated) === true && !wasTried)) saturated = member
      } else if (wasTried) avoided ??= member
      else {
        this.#chosen = entry
        return member
      }
    }
    return avoided ?? saturated
  }

  began(member: Member): void {
    this.#changed(member)
  }

  ended(member: Member): void {
    this.#changed(member)
  }

  #changed(member: Member): void {
    const entry = this.#chosen?.member === member ? this.#chosen : this.#entries.get(member)
    if (entry !== undefined && entry.weight > 0) this.#tiers.place(entry.number, entry.keyNow())
  }

  #welcome(member: Member): Entry {
    const entry = new Entry(member, this.#free.pop() ?? this.#numbered.length)
    this.#numbered[entry.number] = entry
    return entry
  }

  #dismiss({ number }: Entry): void {
    this.#tiers.remove(number)
    this.#numbered[number] = undefined
    this.#free.push(number)
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
