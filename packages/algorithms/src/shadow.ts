/**
 * What would another balancer have chosen? One decides, the other is asked as well, and it is counted how often they agree.
 *
 * The candidate sees the same pool, the same requests and the load that the active one's choices make. So it tells how
 * different a change would be, not how well it would do: for that, `simulate()` of `@evener/testing`.
 *
 * A candidate that throws does not disturb: it counts as one that chose nobody.
 *
 * Cost: that of both.
 * Not for: requests at the edge of what the process can take; it decides twice.
 */
import type { Balancer, LoadReport, Member, MemberResult } from './balancer.ts'
import { readBalancer } from './options.ts'

/** A balancer with another one in its shadow. */
export interface ShadowBalancer<C> extends Balancer<C> {
  /** How often one was chosen. */
  readonly picks: number
  /** How often both chose the same. */
  readonly agreements: number
  /** What the candidate would have chosen the last time. */
  readonly wouldHave: Member | undefined
}

class Shadow<C> implements ShadowBalancer<C> {
  readonly name: string
  readonly keyed: boolean
  picks = 0
  agreements = 0
  wouldHave: Member | undefined
  /** Since the active one has it. */
  bodyWanted?: (context: C) => number
  readonly seesDown: boolean
  readonly #active: Balancer<C>
  readonly #candidate: Balancer<C>

  constructor(active: Balancer<C>, candidate: Balancer<C>) {
    this.name = active.name
    this.keyed = active.keyed === true
    this.seesDown = active.seesDown === true
    this.#active = active
    this.#candidate = candidate
    this.#askForBodies()
  }

  rebuild(members: readonly Member[]): void {
    this.#active.rebuild(members)
    this.#askForBodies()
    const seen = this.#candidate.seesDown === true ? members : members.filter(({ up }) => up !== false)
    this.#try(() => this.#candidate.rebuild(seen))
  }

  pick(context: C, tried?: ReadonlySet<Member>): Member | undefined {
    const picked = this.#active.pick(context, tried)
    this.wouldHave = undefined
    try {
      this.wouldHave = this.#candidate.pick(context, tried)
    } catch {}
    this.picks++
    if (picked === this.wouldHave) this.agreements++
    return picked
  }

  began(member: Member): void {
    this.#active.began?.(member)
    this.#try(() => this.#candidate.began?.(member))
  }

  ended(member: Member, result: MemberResult): void {
    this.#active.ended?.(member, result)
    this.#try(() => this.#candidate.ended?.(member, result))
  }

  nextProbe(): Member | undefined {
    return this.#active.nextProbe?.()
  }

  probed(member: Member, report: LoadReport): void {
    this.#active.probed?.(member, report)
    this.#try(() => this.#candidate.probed?.(member, report))
  }

  #askForBodies(): void {
    if (this.bodyWanted !== undefined || this.#active.bodyWanted === undefined) return
    this.bodyWanted = context => this.#active.bodyWanted?.(context) ?? 0
  }

  #try(act: () => void): void {
    try {
      act()
    } catch {}
  }
}

/**
 * Let one balancer decide, and count how often another would have chosen the same.
 *
 * @param active who decides; its own from now on
 * @param candidate who is asked as well; its own from now on
 * @returns a new balancer with `picks`, `agreements` and `wouldHave`
 * @throws {AlgorithmError} `EVENER_INVALID_OPTION`
 */
export function shadow<C>(active: Balancer<C>, candidate: Balancer<C>): ShadowBalancer<C> {
  return new Shadow(readBalancer('shadow.active', active), readBalancer('shadow.candidate', candidate))
}
