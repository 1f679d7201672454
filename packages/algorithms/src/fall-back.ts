/**
 * One balancer's choice, and where it has none, or only one that was tried or is at its limit, the next one's.
 *
 * So `fallBack(filter(isNear, peakEwma()), peakEwma())` is "near if there is room, else anywhere".
 *
 * Invariant: somebody is chosen whenever one of the balancers chooses somebody; a member with room before one without.
 * Cost: that of the balancers asked, of which mostly there is one.
 * Not for: a limit on how many may fall back, as when the near servers are few and all fail (priorityLevels).
 */
import type { Balancer, Member } from './balancer.ts'
import { readBalancer, refuse } from './options.ts'
import { betterOf, fits, Wrapper } from './wrapper.ts'

/**
 * The first balancer that chooses a member with room decides.
 *
 * @param balancers two or more, the preferred one first; each its own from now on, and told of all members
 * @returns a new balancer
 * @throws {AlgorithmError} `EVENER_INVALID_OPTION`
 */
export function fallBack<C>(...balancers: Balancer<C>[]): Balancer<C> {
  if (balancers.length < 2) refuse('fallBack.balancers', balancers.length, 'two or more')
  for (const [place, balancer] of balancers.entries()) readBalancer(`fallBack.balancers[${place}]`, balancer)
  return new Wrapper<C>(
    'fall-back',
    false,
    balancers,
    members => {
      const up = members.filter(one => one.up !== false)
      for (const balancer of balancers) balancer.rebuild(balancer.seesDown === true ? members : up)
    },
    (context, tried) => {
      let best: Member | undefined
      for (const balancer of balancers) {
        const picked = balancer.pick(context, tried)
        if (fits(picked, tried)) return picked
        best = betterOf(best, picked, tried)
      }
      return best
    },
    balancers.some(({ seesDown }) => seesDown === true),
  )
}
