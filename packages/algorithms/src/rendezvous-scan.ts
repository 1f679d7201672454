/**
 * Each key's order of preference among all servers, found by looking at each: rendezvous hashing as it was first
 * written down (D. Thaler, C. Ravishankar, "Using name-based mappings to increase hit rates", 1998).
 *
 * Key and server give a number from 0 to 1 by hash; the server with the highest is first. By weight: the highest of
 * ln(number) / weight, which makes the shares exactly the weights' (C. Schindelhauer, G. Schomaker, "Weighted distributed
 * hash tables", 2005). Equal weights need no logarithm, and the order is the same.
 *
 * Invariant: the order between two servers is a function of the key and of these two ids and weights.
 * Cost: O(n): two products a server, and a logarithm where weights differ. Rebuild: O(n); 12 bytes a server.
 * Not for: thousands of servers (rendezvous-seats.ts).
 */
import type { Member } from './balancer.ts'
import type { Skipping } from './hash-table.ts'
import { idHash, type KeyTable, mix } from './keyed.ts'

export class RendezvousScan implements KeyTable {
  readonly #skipping: Skipping | undefined
  #members: Member[] = []
  #hashes = new Int32Array(0)
  /** 1 / weight; empty where all weights are equal. */
  #inverses = new Float64Array(0)

  /** @param skipping which members are passed over for their load, as long as another is not */
  constructor(skipping?: Skipping) {
    this.#skipping = skipping
  }

  rebuild(members: readonly Member[]): void {
    this.#members = members.filter(({ weight }) => weight > 0)
    this.#hashes = Int32Array.from(this.#members, ({ id }) => idHash(id))
    const [first] = this.#members
    const equal = this.#members.every(({ weight }) => weight === first?.weight)
    this.#inverses = equal
      ? new Float64Array(0)
      : Float64Array.from(this.#members, ({ weight }) => 1 / weight)
  }

  at(hash: number, tried: ReadonlySet<Member> | undefined): Member | undefined {
    const skipping = this.#skipping
    if (skipping !== undefined) {
      const fitting = this.#best(hash, tried, skipping)
      if (fitting >= 0) return this.#members[fitting]
    }
    let best = this.#best(hash, tried, undefined)
    if (best < 0 && tried !== undefined) best = this.#best(hash, undefined, undefined)
    return this.#members[best]
  }

  /** @returns the place of the first in the key's order that neither was tried nor is skipped; -1 for none */
  #best(hash: number, tried: ReadonlySet<Member> | undefined, skipping: Skipping | undefined): number {
    const hashes = this.#hashes
    const inverses = this.#inverses
    const weighted = inverses.length > 0
    const all = tried === undefined && skipping === undefined
    let best = -1
    let bestScore = Number.NEGATIVE_INFINITY
    for (let place = 0; place < hashes.length; place++) {
      const drawn = mix(hash ^ (hashes[place] as number)) >>> 0
      const score = weighted ? Math.log((drawn + 1) / 2 ** 32) * (inverses[place] as number) : drawn
      if (score <= bestScore) continue
      if (!all) {
        const member = this.#members[place] as Member
        if (tried?.has(member) === true || skipping?.skips(member) === true) continue
      }
      best = place
      bestScore = score
    }
    return best
  }
}
