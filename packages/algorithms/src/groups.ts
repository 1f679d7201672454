/**
 * Members in groups, each with a balancer of its own: what priorities and localities have in common.
 *
 * A group is there while the pool has a member of it with a weight above 0; its balancer is made when it comes and
 * forgotten when it goes. Of each group it is known how many of its members are up, and what share of the requests it
 * shall take.
 *
 * Invariant: `present` is in the order of the keys where these are numbers, else in the order of the first members.
 * Cost: O(groups) a pick beside that of the group's balancer. Rebuild: O(n + groups log groups).
 */
import type { Balancer, Member, Random } from './balancer.ts'
import { readBalancer, readFunction } from './options.ts'
import { betterOf, fits, Wrapper } from './wrapper.ts'

export class Group<C, K> {
  readonly key: K
  readonly balancer: Balancer<C>
  /** Its members of a weight above 0, and those of them that are up. */
  all: Member[] = []
  up: Member[] = []
  /** The part of all requests that it shall take: 0 to 1. */
  share = 0

  constructor(key: K, balancer: Balancer<C>) {
    this.key = key
    this.balancer = balancer
  }

  /** How much of it is up: 0 to 1. */
  get health(): number {
    return this.up.length / this.all.length
  }
}

export class Groups<C, K extends number | string> {
  readonly #where: string
  readonly #keyOf: (member: Member) => K
  readonly #of: (key: K) => Balancer<C>
  readonly #byKey = new Map<K, Group<C, K>>()
  readonly #balancers: Balancer<C>[] = []
  /** Those that have members. */
  present: Group<C, K>[] = []

  /**
   * @param where what errors call it
   * @param keyOf which group a member is in
   * @param of makes the balancer of a group
   */
  constructor(where: string, keyOf: (member: Member) => K, of: (key: K) => Balancer<C>) {
    this.#where = where
    this.#keyOf = keyOf
    this.#of = readFunction(`${where}.of`, of, 'that makes a balancer')
  }

  /** Put the members into their groups. The groups' balancers are told by {@link tell}. */
  sort(members: readonly Member[]): void {
    for (const group of this.present) {
      group.all = []
      group.up = []
    }
    for (const member of members) {
      if (!(member.weight > 0)) continue
      const group = this.#groupOf(this.#keyOf(member))
      group.all.push(member)
      if (member.up !== false) group.up.push(member)
    }
    for (const group of this.#byKey.values()) if (group.all.length === 0) this.#byKey.delete(group.key)
    this.present = [...this.#byKey.values()].sort((one, other) =>
      typeof one.key === 'number' ? one.key - (other.key as number) : 0,
    )
    this.#balancers.length = 0
    for (const { balancer } of this.present) this.#balancers.push(balancer)
  }

  /** Tell each group's balancer whom to choose from: those that are up, or all in a panic. */
  tell(panics: (group: Group<C, K>) => boolean): void {
    for (const group of this.present) {
      const { balancer, all, up } = group
      balancer.rebuild(balancer.seesDown === true || panics(group) ? all : up)
    }
  }

  /** The choice of the group whose share a lot falls on; where it has none with room, that of the first other that has. */
  choose(context: C, tried: ReadonlySet<Member> | undefined, random: Random): Member | undefined {
    let drawn: Group<C, K> | undefined
    // Drawn here: a fraction that is handed on may cost an object.
    let left = random()
    for (const group of this.present) {
      if (group.share === 0) continue
      drawn = group
      left -= group.share
      if (left < 0) break
    }
    const best = drawn?.balancer.pick(context, tried)
    return fits(best, tried) ? best : this.first(context, tried, best)
  }

  /** The choice of the first group that has one with room. */
  first(context: C, tried: ReadonlySet<Member> | undefined, instead?: Member): Member | undefined {
    let best = instead
    for (const { balancer } of this.present) {
      const picked = balancer.pick(context, tried)
      if (fits(picked, tried)) return picked
      best = betterOf(best, picked, tried)
    }
    return best
  }

  /** All of it as a balancer. */
  balancer(
    name: string,
    rebuild: (members: readonly Member[]) => void,
    pick: Balancer<C>['pick'],
    seesDown = false,
  ): Balancer<C> {
    return new Wrapper(name, false, this.#balancers, rebuild, pick, seesDown)
  }

  #groupOf(key: K): Group<C, K> {
    let group = this.#byKey.get(key)
    if (group === undefined) {
      group = new Group(key, readBalancer(`${this.#where}.of(${JSON.stringify(key)})`, this.#of(key)))
      this.#byKey.set(key, group)
    }
    return group
  }
}
