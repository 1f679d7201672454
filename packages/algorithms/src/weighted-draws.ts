/**
 * Members drawn by lot in proportion to their weights, those with room and untried first: what the algorithms that
 * compare a few instead of all have in common.
 *
 * A draw that falls on a member that was tried or is saturated is repeated; after eight misses one of the best kind
 * that is left is drawn from a list of them. So the shares among the members that remain are exact, too.
 *
 * Invariant: `members` and `weights` belong together, place by place; none of the weights is 0.
 * Cost: O(1) a draw; O(n) in the case of eight misses. Rebuild: O(n); 12 bytes a member (alias-table.ts).
 * Not for: pools of which most members are saturated most of the time.
 */
import { AliasTable } from './alias-table.ts'
import type { Member, Random } from './balancer.ts'
import { sixteenths } from './sixteenths.ts'

const repeats = 8

export class WeightedDraws {
  /** Those that can be drawn. */
  members: readonly Member[] = []
  /** Their weights, in sixteenths unless `rebuild` was given others. */
  weights: readonly number[] = []
  readonly #random: Random
  #table: AliasTable | undefined

  constructor(random: Random) {
    this.#random = random
  }

  /**
   * @param weightOf a weight to draw by instead of the member's own; at most 0 for one that shall not be drawn
   */
  rebuild(members: readonly Member[], weightOf?: (member: Member) => number): void {
    const drawn: Member[] = []
    const weights: number[] = []
    for (const member of members) {
      const weight = weightOf === undefined ? sixteenths(member.weight) : weightOf(member)
      if (!(weight > 0)) continue
      drawn.push(member)
      weights.push(weight)
    }
    this.members = drawn
    this.weights = weights
    this.#table = weights.length > 0 ? new AliasTable(weights) : undefined
  }

  /**
   * @param apart a place that shall not be drawn again where another is as good; -1 for none
   * @returns the place of a member, -1 when there is none
   */
  draw(tried: ReadonlySet<Member> | undefined, apart = -1): number {
    const table = this.#table
    if (table === undefined) return -1
    for (let repeat = 0; repeat < repeats; repeat++) {
      const place = table.draw(this.#random)
      const member = this.members[place] as Member
      if (place !== apart && !member.saturated && tried?.has(member) !== true) return place
    }
    return this.#drawListed(tried, apart)
  }

  #drawListed(tried: ReadonlySet<Member> | undefined, apart: number): number {
    const count = this.members.length
    let best = -1
    let total = 0
    for (let place = 0; place < count; place++) {
      const kind = this.#kindOf(place, tried)
      if (kind > best) {
        best = kind
        total = 0
      }
      if (kind === best && place !== apart) total += this.weights[place] as number
    }
    if (total === 0) return apart
    let lot = this.#random() * total
    let chosen = apart
    for (let place = 0; place < count; place++) {
      if (place === apart || this.#kindOf(place, tried) !== best) continue
      chosen = place
      lot -= this.weights[place] as number
      if (lot < 0) break
    }
    return chosen
  }

  /** 3 with room and untried, 2 with room, 1 untried, 0 neither. */
  #kindOf(place: number, tried: ReadonlySet<Member> | undefined): number {
    const member = this.members[place] as Member
    return (member.saturated ? 0 : 2) + (tried?.has(member) === true ? 0 : 1)
  }
}
