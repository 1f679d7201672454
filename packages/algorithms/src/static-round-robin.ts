/**
 * Weighted round robin over a table made beforehand: HAProxy's `balance static-rr`, and its sequence.
 *
 * Cost: O(1) a pick, one step more for each slot passed over because its server was tried or is saturated.
 * Rebuild: O(s log n) and 4 bytes for each of s slots, as many as the weights add up to without common divisor.
 * Not for: weights that change often, since each change makes the table anew. `roundRobin()` is smoother where
 * weights differ, and just as fast where they don't.
 */
import type { Balancer, Member } from './balancer.ts'
import { StaticMap } from './static-map.ts'

class StaticRoundRobin implements Balancer<unknown> {
  readonly name = 'static-rr'
  readonly #map = new StaticMap()

  rebuild(members: readonly Member[]): void {
    this.#map.rebuild(members)
  }

  pick(_context?: unknown, tried?: ReadonlySet<Member>): Member | undefined {
    return this.#map.next(tried)
  }
}

/**
 * Each server in turn, from a table that is made at each change: the same sequence as HAProxy's `balance static-rr`.
 * Unlike there, a changed weight takes effect; a slow start does not: a server has its whole weight at once, if its
 * weight is 1, or follows in whole steps.
 *
 * @returns a new balancer; it looks at nothing in the request
 */
export function staticRoundRobin(): Balancer<unknown> {
  return new StaticRoundRobin()
}
