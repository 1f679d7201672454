/**
 * A server by lot, or the least loaded of several drawn by lot: HAProxy's `balance random(<draws>)`.
 *
 * Two draws are enough to avoid most of the imbalance of one (M. Mitzenmacher, "The power of two choices in
 * randomized load balancing", 2001), and unlike looking for the least loaded of all, it does not make many balancers
 * that see the same picture run to the same server.
 *
 * HAProxy draws places on its consistent ring, which gives shares near the weights. Here the shares are exact, and a
 * draw costs the same for any number of servers (alias-table.ts). A draw that falls on a server that was tried or is
 * saturated is repeated; after eight misses one of the remaining is drawn from a list of them.
 *
 * Cost: O(1) for each draw; O(n) in the case of eight misses. Rebuild: O(n).
 * Not for: few requests among few servers, where chance is less even than turns.
 */
import { AliasTable } from './alias-table.ts'
import type { Balancer, Member, Random } from './balancer.ts'
import { readFunction, readInteger, readOptions } from './options.ts'
import { sixteenths } from './sixteenths.ts'

/** The options of {@link random}. */
export interface RandomOptions {
  /** How many servers are drawn, of which the least loaded is taken: 1 to 100; 2 by default. */
  readonly draws?: number | undefined
  /** Where chance comes from: a function to a number from 0 up to, not including, 1. `Math.random` by default. */
  readonly random?: Random | undefined
}

const repeats = 8

class RandomDraws implements Balancer<unknown> {
  readonly name = 'random'
  readonly #draws: number
  readonly #random: Random
  #members: Member[] = []
  #weights: number[] = []
  #table: AliasTable | undefined

  constructor(draws: number, random: Random) {
    this.#draws = draws
    this.#random = random
  }

  rebuild(members: readonly Member[]): void {
    this.#members = members.filter(member => member.weight > 0)
    this.#weights = this.#members.map(member => sixteenths(member.weight))
    this.#table = this.#members.length > 0 ? new AliasTable(this.#weights) : undefined
  }

  pick(_context?: unknown, tried?: ReadonlySet<Member>): Member | undefined {
    const table = this.#table
    if (table === undefined) return undefined
    let best = this.#draw(table, tried)
    for (let draw = 1; draw < this.#draws; draw++) {
      const other = this.#draw(table, tried)
      // Of equals the last drawn, as in HAProxy.
      if (this.#loadOf(other) <= this.#loadOf(best)) best = other
    }
    return this.#members[best]
  }

  #loadOf(place: number): number {
    return (this.#members[place] as Member).load / (this.#weights[place] as number)
  }

  #draw(table: AliasTable, tried: ReadonlySet<Member> | undefined): number {
    for (let repeat = 0; repeat < repeats; repeat++) {
      const place = table.draw(this.#random)
      const member = this.#members[place] as Member
      if (!member.saturated && tried?.has(member) !== true) return place
    }
    // The best kind of server that is left: 3 with room and untried, 2 with room, 1 untried, 0 any.
    let best = -1
    let total = 0
    for (let place = 0; place < this.#members.length; place++) {
      const kind = this.#kindOf(place, tried)
      if (kind > best) {
        best = kind
        total = 0
      }
      if (kind === best) total += this.#weights[place] as number
    }
    let lot = this.#random() * total
    let chosen = 0
    for (let place = 0; place < this.#members.length; place++) {
      if (this.#kindOf(place, tried) !== best) continue
      chosen = place
      lot -= this.#weights[place] as number
      if (lot < 0) break
    }
    return chosen
  }

  #kindOf(place: number, tried: ReadonlySet<Member> | undefined): number {
    const member = this.#members[place] as Member
    return (member.saturated ? 0 : 2) + (tried?.has(member) === true ? 0 : 1)
  }
}

/**
 * By lot, in proportion to the weights: of `draws` servers the one with the least load for its weight. For large
 * farms, and where several balancers share the same servers without knowing of each other.
 *
 * @returns a new balancer; it looks at nothing in the request
 * @throws {AlgorithmError} `EVENER_INVALID_OPTION` for an unknown option or a value out of range
 */
export function random(options: RandomOptions = {}): Balancer<unknown> {
  readOptions('random', options, ['draws', 'random'])
  const draws = readInteger('random.draws', options.draws, 2, 1, 100)
  const source =
    options.random === undefined ? Math.random : readFunction('random.random', options.random, 'to a number')
  return new RandomDraws(draws, source)
}
