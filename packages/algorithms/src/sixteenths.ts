/**
 * A weight in sixteenths, the unit in which HAProxy counts: fine enough that even a server of weight 1 can start
 * slowly.
 */

/** What HAProxy allows for one server, 256, in sixteenths. */
export const heaviest = 4096

/**
 * @returns an integer from 0 to {@link heaviest}. What is not a number above 0 counts as 0, what is too heavy as
 *   the heaviest: a balancer is told of weights that were validated elsewhere, and does not throw at run time.
 */
export function sixteenths(weight: number): number {
  if (!(weight > 0)) return 0
  return weight >= 256 ? heaviest : Math.ceil(weight * 16)
}
