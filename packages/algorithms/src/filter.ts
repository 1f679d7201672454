/**
 * Any balancer, over some of the members only: those in this zone, of that version, for readers and not for writers.
 *
 * Membership is decided when the pool is rebuilt, not per request: what a member is may change only with a rebuild.
 * Alone it gives nobody where no member fits; `fallBack` says what then.
 *
 * Cost: that of the balancer inside. Rebuild: O(n) more.
 * Not for: choices that depend on the request, which are a matter of routing.
 */
import type { Balancer, Member } from './balancer.ts'
import { readBalancer, readFunction } from './options.ts'
import { Wrapper } from './wrapper.ts'

/**
 * Choose among those that fit.
 *
 * @param fits whether a member is one of them; called once for each at a rebuild; must not throw
 * @param balancer who chooses among them; its own from now on
 * @returns a new balancer of the same name
 * @throws {AlgorithmError} `EVENER_INVALID_OPTION`
 */
export function filter<C>(fits: (member: Member) => boolean, balancer: Balancer<C>): Balancer<C> {
  readFunction('filter.fits', fits, 'from a member to true or false')
  readBalancer('filter.balancer', balancer)
  const { name, keyed } = balancer
  return new Wrapper<C>(
    name,
    keyed === true,
    [balancer],
    members => balancer.rebuild(members.filter(fits)),
    (context, tried) => balancer.pick(context, tried),
    balancer.seesDown === true,
  )
}
