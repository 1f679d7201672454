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
 * each of `began` and `ended`, but for steps past servers of other weights. Rebuild: O(n), 32 bytes a server.
 * Not for: short requests, where it does what round robin does for more work; many balancers that do not know of
 * each other's requests and all run to the same idle server (random).
 */
import type { Balancer, Member } from './balancer.ts'
import { nowhere, Places } from './places.ts'
import { heaviest, sixteenths } from './sixteenths.ts'
import { nobody, Tiers } from './tiers.ts'

/** The keys of loads below this are whole numbers of 31 bits, which are compared sooner than others. */
const small = 2 ** 18

class LeastConnections implements Balancer<unknown> {
  readonly name = 'leastconn'
  readonly #tiers = new Tiers()
  readonly #places = new Places()
  /** In sixteenths, by place. */
  #weights = new Int32Array(0)
  /** The place of the one that was chosen last: most likely its request begins next. */
  #chosen = nowhere

  rebuild(members: readonly Member[]): void {
    const before = this.#places.rebuild(members.slice())
    const known = this.#weights
    const weights = Int32Array.from(members, ({ weight }) => sixteenths(weight))
    this.#tiers.renumber(before)
    this.#weights = weights
    this.#chosen = nowhere
    for (let place = 0; place < weights.length; place++) {
      // Another weight is another place in turn, too.
      if (weights[place] !== known[before[place] as number]) this.#tiers.remove(place)
      this.#settle(place, members[place] as Member)
    }
  }

  pick(_context?: unknown, tried?: ReadonlySet<Member>): Member | undefined {
    const { members } = this.#places
    let avoided: Member | undefined
    let saturated: Member | undefined
    for (let next = this.#tiers.first(); next !== nobody; next = this.#tiers.after(next)) {
      const member = members[next] as Member
      const wasTried = tried?.has(member) === true
      if (member.saturated) {
        if (saturated === undefined || (tried?.has(saturated) === true && !wasTried)) saturated = member
      } else if (wasTried) avoided ??= member
      else {
        this.#chosen = next
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
    const chosen = this.#chosen
    const expected = chosen !== nowhere && this.#places.members[chosen] === member
    const place = expected ? chosen : this.#places.of(member)
    if (place !== nowhere) this.#settle(place, member)
  }

  /** Bring one to where its load belongs. */
  #settle(place: number, { load }: Member): void {
    const weight = this.#weights[place] as number
    if (weight > 0) this.#tiers.place(place, keyOf(load, weight))
  }
}

/** Whole numbers on purpose: HAProxy rounds down, and whom that makes equal take turns. */
function keyOf(load: number, weight: number): number {
  if (!(load > 0)) return 0
  const key = ((load + 1) * heaviest) / weight
  return load < small ? key | 0 : Math.floor(key)
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
