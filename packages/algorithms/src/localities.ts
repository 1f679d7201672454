/**
 * Zones, racks, regions: each takes a share of the requests by its weight, less when its servers fail. Envoy's locality
 * weighted balancing, with overprovisioning factor and panic threshold.
 *
 * A locality that has h of its t servers up counts for weight · min(1, factor · h / t): with the factor 1.4 for all of its
 * weight until less than 72 in 100 are up. Where fewer of all servers are up than the panic threshold, each locality
 * takes its whole share and chooses among all of its servers, up or not.
 * (https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/locality_weight)
 *
 * To stay in one's own zone as long as it can take it: `priorityLevels({ levelOf: isNear, … })`.
 *
 * It must be told of servers that are down (`seesDown`), as a backend of `@evener/core` does: `Member.up`.
 *
 * Invariant: the shares of the localities add up to 1.
 * Cost: O(localities) a pick beside that of the locality's balancer. Rebuild: O(n).
 * Not for: balancers that go by a key inside: which locality a key falls to is a matter of chance here.
 */
import type { Balancer, Member, Random } from './balancer.ts'
import { type Group, Groups } from './groups.ts'
import { readFunction, readNumber, readOptions, readRandom } from './options.ts'

/** The options of {@link localities}. */
export interface LocalitiesOptions<C> {
  /** Where a member is. Asked at each rebuild; it must not throw. */
  readonly localityOf: (member: Member) => string
  /** Makes the balancer of a locality; called when one has its first member. */
  readonly of: (locality: string) => Balancer<C>
  /**
   * A locality's weight beside the others', 0 or more; what is no such number counts as 0. By default the sum of its
   * servers' weights, up or not. It must not throw.
   */
  readonly weightOf?: ((locality: string) => number) | undefined
  /** How many times its even load a server can bear: 1 to 100; 1.4 by default, as in Envoy. */
  readonly overprovisioningFactor?: number | undefined
  /** Below which part of all servers all of them are used, up or not: 0 (never) to 1; 0.5 by default. */
  readonly panicThreshold?: number | undefined
  /** Where chance comes from: a function to a number from 0 up to, not including, 1. `Math.random` by default. */
  readonly random?: Random | undefined
}

/**
 * A share for each locality, by weight and health.
 *
 * @returns a new balancer; its `rebuild` throws `EVENER_INVALID_OPTION` where `of` makes no balancer
 * @throws {AlgorithmError} `EVENER_INVALID_OPTION` for an option that is missing, unknown or not allowed
 */
export function localities<C>(options: LocalitiesOptions<C>): Balancer<C> {
  const where = 'localities'
  const names = ['localityOf', 'of', 'weightOf', 'overprovisioningFactor', 'panicThreshold', 'random']
  readOptions(where, options, names)
  const localityOf = readFunction(`${where}.localityOf`, options.localityOf, 'from a member to a name')
  const { weightOf } = options
  if (weightOf !== undefined) readFunction(`${where}.weightOf`, weightOf, 'from a locality to a number')
  const factor = readNumber(`${where}.overprovisioningFactor`, options.overprovisioningFactor, 1.4, 1, 100)
  const threshold = readNumber(`${where}.panicThreshold`, options.panicThreshold, 0.5, 0, 1)
  const random = readRandom(`${where}.random`, options.random)
  const groups = new Groups<C, string>(where, localityOf, options.of)
  const weigh = ({ key, all }: Group<C, string>) => {
    const weight =
      weightOf === undefined ? all.reduce((sum, member) => sum + member.weight, 0) : weightOf(key)
    return Number.isFinite(weight) ? Math.max(0, weight) : 0
  }
  return groups.balancer(
    where,
    members => {
      groups.sort(members)
      const { present } = groups
      const up = present.reduce((sum, group) => sum + group.up.length, 0)
      const all = present.reduce((sum, group) => sum + group.all.length, 0)
      const panic = up < threshold * all
      for (const group of present)
        group.share = weigh(group) * (panic ? 1 : Math.min(1, factor * group.health))
      const total = present.reduce((sum, group) => sum + group.share, 0)
      if (total > 0) for (const group of present) group.share /= total
      groups.tell(() => panic)
    },
    (context, tried) => groups.choose(context, tried, random),
    true,
  )
}
