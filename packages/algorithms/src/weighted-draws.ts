/**
 * Members drawn by lot in proportion to their weights, those with room and untried first: what the algorithms that
 * compare a few instead of all have in common.
 *
 * A draw that falls on a member that was tried or is saturated is repeated; after eight misses one of the best kind
 * that is left is drawn from a list of them. So the shares among the members that remain are exact, too.
 *
 * Invariant: `members` and `weights` belong together, place by place; none of the weights is 0.
 * Cost: O(1) a draw; O(n) in the case of eight misses. Rebuild: O(n); 16 bytes a member (alias-table.ts).
 * Not for: pools of which most members are saturated most of the time.
 */
import { AliasTable } from './alias-table.ts'
import type { Member, Random } from './balancer.ts'
import { sixteenths } from './sixteenths.ts'

const repeats = 8
/** The kind of members with room and untried. */
const fit = 3

export class WeightedDraws {
  /** Those that can be drawn. */
  members: readonly Member[] = []
  /** Their weights, in sixteenths unless `rebuild` was given others. */
  weights: readonly number[] = []
  /** The places of the members that {@link drawTwo} drew. */
  one = -1
  other = -1
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
    return this.#repeat(table, table.draw(this.#random), 1, tried, apart)
  }

  /**
   * Draw two, into `one` and `other`: what `draw(tried)` and then `draw(tried, one)` would draw, if they shall be
   * different, and else `draw(tried)` twice. Both are drawn before either member is looked at, so that a processor
   * fetches them at the same time: among 10,000 servers a pick takes 30 ns instead of 55.
   *
   * @returns false when there is none
   */
  drawTwo(tried: ReadonlySet<Member> | undefined, different: boolean): boolean {
    const table = this.#table
    if (table === undefined) return false
    const one = table.draw(this.#random)
    const other = table.draw(this.#random)
    this.one = one
    this.other = other
    const fine =
      tried === undefined &&
      !(different && one === other) &&
      !(this.members[one] as Member).saturated &&
      !(this.members[other] as Member).saturated
    if (!fine) this.#mendTwo(table, tried, different)
    return true
  }

  #mendTwo(table: AliasTable, tried: ReadonlySet<Member> | undefined, different: boolean): void {
    const { one, other } = this
    if (this.#kindOf(one, tried) === fit) {
      this.other = this.#repeat(table, other, 1, tried, different ? one : -1)
    } else {
      this.one = this.#repeat(table, other, 2, tried, -1)
      this.other = this.draw(tried, different ? this.one : -1)
    }
  }

  /** The first that has room and is untried, of a draw that was made already and those that follow. */
  #repeat(
    table: AliasTable,
    drawn: number,
    made: number,
    tried: ReadonlySet<Member> | undefined,
    apart: number,
  ): number {
    let place = drawn
    for (let repeat = made; ; repeat++) {
      if (place !== apart && this.#kindOf(place, tried) === fit) return place
      if (repeat === repeats) return this.#drawListed(tried, apart)
      place = table.draw(this.#random)
    }
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

  /** {@link fit} with room and untried, 2 with room, 1 untried, 0 neither. */
  #kindOf(place: number, tried: ReadonlySet<Member> | undefined): number {
    const member = this.members[place] as Member
    return (member.saturated ? 0 : 2) + (tried?.has(member) === true ? 0 : 1)
  }
}
