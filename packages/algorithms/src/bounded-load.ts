/**
 * Consistent hashing with bounded loads: no server serves more than its share times a factor. HAProxy's
 * `hash-balance-factor`.
 *
 * All requests under way, the one to be placed included, times the factor, rounded up, are so many slots; each server
 * has a part of them by its weight. Whose slots are taken is passed over on the ring, until the next one that has room.
 * (V. Mirrokni, M. Thorup, M. Zadimoghaddam, "Consistent hashing with bounded loads", 2016, https://arxiv.org/abs/1608.01350;
 * with weights as in src/lb_chash.c, which gave the behaviour.)
 *
 * Parts are whole: what division leaves goes to servers here and there along the order that they were in at first. A
 * server that was not there at first counts as the first in that order, as in HAProxy. (Whose reckoning overflows where
 * all weights together are 4,096 or more; this one does not.)
 *
 * Invariant: a server that is not skipped serves fewer requests than ceil(factor x all / total weight x its weight),
 * or none. Cost: O(1) for each server looked at.
 * Not for: who does not tell of load with `began` and `ended`: then any server that serves two is passed over.
 */
import type { Member } from './balancer.ts'
import type { Skipping } from './hash-table.ts'
import { sixteenths } from './sixteenths.ts'

class Share {
  weight = 0
  /** The weights of those before it when the first servers came. */
  readonly weightBefore: number
  served = 0

  constructor(weightBefore: number) {
    this.weightBefore = weightBefore
  }
}

export class BoundedLoad implements Skipping {
  readonly #percent: number
  readonly #shares = new WeakMap<Member, Share>()
  #anyEver = false
  #totalWeight = 0
  #served = 0

  /** @param percent how much of an even share a server may serve: above 100 */
  constructor(percent: number) {
    this.#percent = percent
  }

  rebuild(members: readonly Member[]): void {
    this.#totalWeight = 0
    for (const member of members) {
      const share = this.#shares.get(member) ?? this.#welcome(member)
      share.weight = sixteenths(member.weight)
      this.#totalWeight += share.weight
    }
    this.#anyEver ||= members.length > 0
  }

  skips(member: Member): boolean {
    const { weight, weightBefore, served } = this.#shares.get(member) as Share
    const total = this.#totalWeight
    const slots = Math.floor(((this.#served + 1) * this.#percent + 99) / 100)
    const left = slots % total
    const share =
      weight * Math.floor(slots / total) +
      Math.floor(((weightBefore + weight) * left) / total) -
      Math.floor((weightBefore * left) / total)
    return served >= Math.max(1, share)
  }

  began(member: Member): void {
    this.#served++
    ;(this.#shares.get(member) ?? this.#welcome(member)).served++
  }

  ended(member: Member): void {
    const share = this.#shares.get(member)
    // What never began cannot end.
    if (share === undefined || share.served === 0) return
    share.served--
    this.#served--
  }

  #welcome(member: Member): Share {
    const share = new Share(this.#anyEver ? 0 : this.#totalWeight)
    this.#shares.set(member, share)
    return share
  }
}
