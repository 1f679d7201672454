/**
 * A server by lot, or the least loaded of several drawn by lot: HAProxy's `balance random(<draws>)`.
 *
 * Two draws are enough to avoid most of the imbalance of one (M. Mitzenmacher, "The power of two choices in
 * randomized load balancing", 2001), and unlike looking for the least loaded of all, it does not make many balancers
 * that see the same picture run to the same server.
 *
 * HAProxy draws places on its consistent ring, which gives shares near the weights. Here the shares are exact, and a
 * draw costs the same for any number of servers (weighted-draws.ts).
 *
 * Cost: O(1) for each draw; O(n) where nearly all are saturated or tried. Rebuild: O(n).
 * Not for: few requests among few servers, where chance is less even than turns.
 */
import type { Balancer, Member, Random } from './balancer.ts'
import { readInteger, readOptions, readRandom } from './options.ts'
import { WeightedDraws } from './weighted-draws.ts'

/** The options of {@link random}. */
export interface RandomOptions {
  /** How many servers are drawn, of which the least loaded is taken: 1 to 100; 2 by default. */
  readonly draws?: number | undefined
  /** Where chance comes from: a function to a number from 0 up to, not including, 1; a generator of its own by default. */
  readonly random?: Random | undefined
}

class RandomDraws implements Balancer<unknown> {
  readonly name = 'random'
  readonly #count: number
  readonly #draws: WeightedDraws

  constructor(count: number, random: Random) {
    this.#count = count
    this.#draws = new WeightedDraws(random)
  }

  rebuild(members: readonly Member[]): void {
    this.#draws.rebuild(members)
  }

  pick(_context?: unknown, tried?: ReadonlySet<Member>): Member | undefined {
    const draws = this.#draws
    const count = this.#count
    if (count === 1) {
      const place = draws.draw(tried)
      return place < 0 ? undefined : draws.members[place]
    }
    if (!draws.drawTwo(tried, false)) return undefined
    let best = lighter(draws.members[draws.one] as Member, draws.members[draws.other] as Member)
    for (let drawn = 2; drawn < count; drawn++)
      best = lighter(best, draws.members[draws.draw(tried)] as Member)
    return best
  }
}

/** Of equals the other, as HAProxy takes the last one drawn. Multiplied, as a division takes as long as a draw. */
function lighter(one: Member, other: Member): Member {
  return other.load * one.weight <= one.load * other.weight ? other : one
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
  return new RandomDraws(draws, readRandom('random.random', options.random))
}
