/**
 * A balancer made of others: all of them hear of load and of probes, whoever chose.
 *
 * Feedback about members that one of them does not hold is nothing to it, as the contract has it; so nobody keeps account
 * of who chose whom. Probes are due to whichever asks for one.
 *
 * Cost: that of the balancers inside.
 */
import type { Balancer, LoadReport, Member, MemberResult } from './balancer.ts'

export class Wrapper<C> implements Balancer<C> {
  readonly name: string
  readonly keyed: boolean
  readonly #inner: readonly Balancer<C>[]
  readonly #rebuild: (members: readonly Member[]) => void
  readonly #pick: Balancer<C>['pick']
  readonly seesDown: boolean
  /** Since the first rebuild after which one of those inside has it. Who is inside may change with a rebuild. */
  bodyWanted?: (context: C) => number

  constructor(
    name: string,
    keyed: boolean,
    inner: readonly Balancer<C>[],
    rebuild: (members: readonly Member[]) => void,
    pick: Balancer<C>['pick'],
    seesDown = false,
  ) {
    this.name = name
    this.keyed = keyed
    this.#inner = inner
    this.#rebuild = rebuild
    this.#pick = pick
    this.seesDown = seesDown
    this.#askForBodies()
  }

  rebuild(members: readonly Member[]): void {
    this.#rebuild(members)
    this.#askForBodies()
  }

  pick(context: C, tried?: ReadonlySet<Member>): Member | undefined {
    return this.#pick(context, tried)
  }

  #askForBodies(): void {
    if (this.bodyWanted !== undefined || !this.#inner.some(one => one.bodyWanted !== undefined)) return
    this.bodyWanted = context => {
      let most = 0
      for (const one of this.#inner) most = Math.max(most, one.bodyWanted?.(context) ?? 0)
      return most
    }
  }

  began(member: Member): void {
    for (const one of this.#inner) one.began?.(member)
  }

  ended(member: Member, result: MemberResult): void {
    for (const one of this.#inner) one.ended?.(member, result)
  }

  nextProbe(): Member | undefined {
    for (const one of this.#inner) {
      const next = one.nextProbe?.()
      if (next !== undefined) return next
    }
    return undefined
  }

  probed(member: Member, report: LoadReport): void {
    for (const one of this.#inner) one.probed?.(member, report)
  }
}

/** Whether this is as good as a choice gets: somebody who has room and was not tried. */
export function fits(member: Member | undefined, tried: ReadonlySet<Member> | undefined): boolean {
  return member !== undefined && !member.saturated && tried?.has(member) !== true
}

/** The better of two choices, either of which may be nobody; the first where neither is: room counts more than news. */
export function betterOf(
  first: Member | undefined,
  second: Member | undefined,
  tried: ReadonlySet<Member> | undefined,
): Member | undefined {
  return rank(second, tried) > rank(first, tried) ? second : first
}

function rank(member: Member | undefined, tried: ReadonlySet<Member> | undefined): number {
  if (member === undefined) return -1
  return (member.saturated ? 0 : 2) + (tried?.has(member) === true ? 0 : 1)
}
