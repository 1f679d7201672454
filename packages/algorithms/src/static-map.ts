/**
 * A table of slots, each belonging to a server, that is read in turn or by hash: HAProxy's "map", which serves
 * `balance static-rr` and `hash-type map-based`.
 *
 * Weights are divided by what divides them all, so that equal servers have one slot each. Like HAProxy it reckons
 * that divisor from all servers it ever knew, so that the place in the table means the same after one has left.
 *
 * Invariant: the table is a function of the members' weights and order; only the place of the next turn is state.
 * Cost: O(1) a look-up, one step more for each slot passed over. Rebuild: O(s log n) for s slots; 4 bytes a slot.
 * Not for: hashing where servers come and go, since most keys move then (ring.ts).
 */
import type { Member } from './balancer.ts'
import { anyUntried, type HashTable } from './hash-table.ts'
import { commonDivisor, interleave } from './interleave.ts'

export class StaticMap implements HashTable {
  #members: Member[] = []
  #weights: number[] = []
  #slots: Uint32Array = new Uint32Array(0)
  #divisor = 0
  /** The slot of the next turn; may lie beyond the end, which is the beginning. */
  #turn = 0

  get only(): Member | undefined {
    return this.#members.length === 1 ? this.#members[0] : undefined
  }

  rebuild(members: readonly Member[]): void {
    this.#members = members.filter(member => member.weight > 0)
    // Slow start has no place in a static table: a share of a weight counts as a whole one.
    const weights = this.#members.map(member => Math.min(256, Math.ceil(member.weight)))
    let divisor = this.#divisor
    for (const weight of weights) divisor = commonDivisor(divisor, weight)
    const same = divisor === this.#divisor && weights.length === this.#weights.length
    if (same && weights.every((weight, place) => weight === this.#weights[place])) return
    this.#divisor = divisor
    this.#weights = weights
    this.#slots = interleave(weights.map(weight => weight / divisor))
  }

  at(hash: number, tried: ReadonlySet<Member> | undefined): Member | undefined {
    const size = this.#slots.length
    if (size === 0) return undefined
    let slot = (hash >>> 0) % size
    const member = this.#memberAt(slot)
    if (tried === undefined || !tried.has(member) || !anyUntried(this.#members, tried)) return member
    for (;;) {
      slot = slot + 1 === size ? 0 : slot + 1
      const other = this.#memberAt(slot)
      if (!tried.has(other)) return other
    }
  }

  next(tried: ReadonlySet<Member> | undefined): Member | undefined {
    const size = this.#slots.length
    if (size === 0) return undefined
    const start = this.#turn < size ? this.#turn : 0
    let slot = start
    let avoided: Member | undefined
    let turnAfterAvoided = start
    let saturated: Member | undefined
    do {
      const member = this.#memberAt(slot++)
      const wasTried = tried?.has(member) === true
      if (member.saturated) {
        if (saturated === undefined || (tried?.has(saturated) === true && !wasTried)) saturated = member
      } else if (wasTried) {
        avoided = member
        turnAfterAvoided = slot
      } else {
        this.#turn = slot
        return member
      }
      if (slot === size) slot = 0
    } while (slot !== start)
    if (avoided === undefined) return saturated
    this.#turn = turnAfterAvoided
    return avoided
  }

  #memberAt(slot: number): Member {
    return this.#members[this.#slots[slot] as number] as Member
  }
}
