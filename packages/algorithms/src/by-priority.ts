/**
 * Strict priorities: the members of the first level take everything, those of the next only what these cannot.
 *
 * Each level has a balancer of its own. A level cannot take a request when nobody of it is in the pool with a weight
 * above 0, or all of it are at their limit, or were tried.
 *
 * Invariant: a level is used only while no member of the levels before it has room and was not tried.
 * Cost: that of the levels asked, of which mostly there is one. Rebuild: O(n + levels log levels).
 * Not for: levels whose last servers would be overrun when the others fail (priorityLevels).
 */
import type { Balancer, Member } from './balancer.ts'
import { Groups } from './groups.ts'
import { readFunction, readOptions } from './options.ts'

/** Which level a member is of, and who chooses in each. */
export interface ByPriorityOptions<C> {
  /**
   * A member's level: 0 is used first, then 1, and so on; a number that is not whole is one, too. Asked at each rebuild;
   * it must not throw. What is no number counts as 0.
   */
  readonly levelOf: (member: Member) => number
  /** Makes the balancer of a level; called when a level has its first member. */
  readonly of: (level: number) => Balancer<C>
}

/** A level that can be sorted. */
export function readLevelOf(field: string, levelOf: (member: Member) => number): (member: Member) => number {
  readFunction(field, levelOf, 'from a member to a number')
  return member => {
    const level = levelOf(member)
    return typeof level === 'number' && !Number.isNaN(level) ? level : 0
  }
}

/**
 * The first level that has room takes the request.
 *
 * @returns a new balancer; its `rebuild` throws `EVENER_INVALID_OPTION` where `of` makes no balancer
 * @throws {AlgorithmError} `EVENER_INVALID_OPTION` for an option that is missing, unknown or not allowed
 */
export function byPriority<C>(options: ByPriorityOptions<C>): Balancer<C> {
  readOptions('byPriority', options, ['levelOf', 'of'])
  const levels = new Groups('byPriority', readLevelOf('byPriority.levelOf', options.levelOf), options.of)
  return levels.balancer(
    'by-priority',
    members => {
      levels.sort(members)
      levels.tell(() => false)
    },
    (context, tried) => levels.first(context, tried),
  )
}
