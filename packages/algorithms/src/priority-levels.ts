/**
 * Priorities by degrees: as the servers of a level fail, the next level takes a growing part of the requests, before the
 * first is overrun. Envoy's priority levels, with overprovisioning factor and panic threshold.
 *
 * A level that has h of its t servers up can take min(1, factor · h / t) of all requests: with the factor 1.4 all of them
 * until less than 72 in 100 are up. The first level takes what it can, the next what it can of the rest, and so on. Where
 * all together cannot take everything, each takes its part of what they can, and now a level of which fewer are up than
 * the panic threshold chooses among all of its servers, up or not: better some requests fail than that the few servers
 * that are left do. Where nobody is up at all, each level takes a part by the number of its servers.
 * (https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/priority)
 *
 * It must be told of servers that are down (`seesDown`), as a backend of `@evener/core` does: `Member.up`.
 *
 * Invariant: the shares of the levels add up to 1, and none exceeds what its level can take unless all are short.
 * Cost: O(levels) a pick beside that of the level's balancer. Rebuild: O(n + levels log levels).
 * Not for: balancers that go by a key inside: which level a key falls to is a matter of chance here.
 */
import type { Balancer, Random } from './balancer.ts'
import { type ByPriorityOptions, readLevelOf } from './by-priority.ts'
import { type Group, Groups } from './groups.ts'
import { readNumber, readOptions, readRandom } from './options.ts'

/** The options of {@link priorityLevels}. */
export interface PriorityLevelsOptions<C> extends ByPriorityOptions<C> {
  /** How many times its even load a server can bear: 1 to 100; 1.4 by default, as in Envoy. */
  readonly overprovisioningFactor?: number | undefined
  /** Below which part of its servers a level that is needed uses all of them, up or not: 0 (never) to 1; 0.5 by default. */
  readonly panicThreshold?: number | undefined
  /** Where chance comes from: a function to a number from 0 up to, not including, 1. `Math.random` by default. */
  readonly random?: Random | undefined
}

/**
 * Levels of servers, of which the later ones take a growing part as those before them fail.
 *
 * @returns a new balancer; its `rebuild` throws `EVENER_INVALID_OPTION` where `of` makes no balancer
 * @throws {AlgorithmError} `EVENER_INVALID_OPTION` for an option that is missing, unknown or not allowed
 */
export function priorityLevels<C>(options: PriorityLevelsOptions<C>): Balancer<C> {
  const where = 'priorityLevels'
  readOptions(where, options, ['levelOf', 'of', 'overprovisioningFactor', 'panicThreshold', 'random'])
  const factor = readNumber(`${where}.overprovisioningFactor`, options.overprovisioningFactor, 1.4, 1, 100)
  const threshold = readNumber(`${where}.panicThreshold`, options.panicThreshold, 0.5, 0, 1)
  const random = readRandom(`${where}.random`, options.random)
  const levels = new Groups(where, readLevelOf(`${where}.levelOf`, options.levelOf), options.of)
  return levels.balancer(
    'priority-levels',
    members => {
      levels.sort(members)
      const enough = share(levels.present, factor)
      levels.tell(level => !enough && level.health < threshold)
    },
    (context, tried) => levels.choose(context, tried, random),
    true,
  )
}

/** Give each level its share. @returns whether all together can take everything */
function share(levels: readonly Group<unknown, number>[], factor: number): boolean {
  const can = (level: Group<unknown, number>) => Math.min(1, factor * level.health)
  const total = levels.reduce((sum, level) => sum + can(level), 0)
  const servers = levels.reduce((sum, { all }) => sum + all.length, 0)
  let left = 1
  for (const level of levels) {
    level.share = total === 0 ? level.all.length / servers : Math.min(left, can(level) / Math.min(1, total))
    left = Math.max(0, left - level.share)
  }
  return total >= 1
}
