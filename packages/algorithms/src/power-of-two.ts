/**
 * The better of two drawn by lot, by any measure: the power of two choices.
 *
 * The longest queue among n servers is O(log log n) with two choices where it is O(log n / log log n) with one; more
 * choices gain little (M. Mitzenmacher, "The power of two choices in randomized load balancing", 2001). Unlike the
 * least of all, the better of two does not make balancers that see the same picture run to the same server.
 *
 * The two are different ones, drawn by weight: drawing the same twice would be a choice of one (so `random()`, which
 * follows HAProxy, compares a server with itself now and then).
 *
 * Invariant: the worse of the two that were drawn is never taken; of equals, the one drawn first.
 * Cost: O(1); O(n) where nearly all are saturated or tried. Rebuild: O(n), 32 bytes a server.
 * Not for: few requests among few servers, where chance is less even than turns.
 */
import type { Balancer, Member, Random } from './balancer.ts'
import { readFunction, readOptions, readRandom } from './options.ts'
import { WeightedDraws } from './weighted-draws.ts'

/** The options of {@link powerOfTwo}. */
export interface PowerOfTwoOptions {
  /**
   * What is compared, less being better: any number, such as a queue's length or the processor's load. Servers are
   * drawn by weight already; divide by `member.weight` where heavier ones may also bear more. By default the requests
   * under way for the weight. It is called twice a pick and must not throw.
   */
  readonly measure?: ((member: Member) => number) | undefined
  /** Where chance comes from: a function to a number from 0 up to, not including, 1; a generator of its own by default. */
  readonly random?: Random | undefined
}

const loadForWeight = (member: Member) => member.load / member.weight

class PowerOfTwo implements Balancer<unknown> {
  readonly name = 'p2c'
  readonly #measure: (member: Member) => number
  readonly #draws: WeightedDraws

  constructor(measure: (member: Member) => number, random: Random) {
    this.#measure = measure
    this.#draws = new WeightedDraws(random)
  }

  rebuild(members: readonly Member[]): void {
    this.#draws.rebuild(members)
  }

  pick(_context?: unknown, tried?: ReadonlySet<Member>): Member | undefined {
    const draws = this.#draws
    if (!draws.drawTwo(tried, true)) return undefined
    const one = draws.members[draws.one] as Member
    const other = draws.members[draws.other] as Member
    return this.#measure(other) < this.#measure(one) ? other : one
  }
}

/**
 * The better of two servers drawn by lot. For large farms, and for several balancers that share the same servers
 * without knowing of each other.
 *
 * @returns a new balancer; it looks at nothing in the request
 * @throws {AlgorithmError} `EVENER_INVALID_OPTION` for an unknown option or a value not allowed
 */
export function powerOfTwo(options: PowerOfTwoOptions = {}): Balancer<unknown> {
  readOptions('powerOfTwo', options, ['measure', 'random'])
  const { measure } = options
  return new PowerOfTwo(
    measure === undefined
      ? loadForWeight
      : readFunction('powerOfTwo.measure', measure, 'from a member to a number'),
    readRandom('powerOfTwo.random', options.random),
  )
}
