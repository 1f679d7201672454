/**
 * A balancer as the simulator sees it: the contract of `@evener/algorithms`, written down once more by its shape, so
 * that the kit needs no other package. Whatever a backend of `@evener/core` takes as its balancer fits.
 */
import type { Random } from '../seeded-random.ts'
import type { Clock } from '../virtual-clock.ts'

/** A server, as a balancer is told of it. */
export interface SimulatedMember {
  readonly id: string
  /** Its share relative to others, in steps of 1/16 while it starts slowly. */
  readonly weight: number
  /** Requests that this balancer has under way there, those that wait for this very server included. */
  readonly load: number
  /** True while this balancer has as many under way there as `maxConnections` allows. */
  readonly saturated: boolean
}

/** What a server answers to a probe. */
export interface SimulatedReport {
  /** Requests that it works on or has in line, from whichever balancer. */
  readonly requestsInFlight: number
  /** How long it expects a request to take that comes now. */
  readonly latencyMs: number
}

/** What is asked for, as a balancer may see it: made from the request's key unless you make it yourself. */
export interface SimulatedRequest {
  /** An IPv4 address of its own for each key. */
  readonly sourceAddress: string
  /** `/KEY?key=KEY` */
  readonly uri: string
  /** The key, whatever the name. */
  header(name: string): string
}

/** A balancing algorithm: a `Balancer` of `@evener/algorithms`, of your own, or of anything of that shape. */
export interface SimulatedBalancer<C = SimulatedRequest> {
  readonly name: string
  readonly keyed?: boolean | undefined
  rebuild(members: readonly SimulatedMember[]): void
  pick(context: C, tried?: ReadonlySet<SimulatedMember>): SimulatedMember | undefined
  began?(member: SimulatedMember): void
  ended?(member: SimulatedMember, result: { readonly ok: boolean; readonly latencyMs: number }): void
  nextProbe?(): SimulatedMember | undefined
  probed?(member: SimulatedMember, report: SimulatedReport): void
}

/** What a balancer may be made from: the time and the chance of the simulation. */
export interface BalancerWorld {
  /** The simulation's time. */
  readonly clock: Clock
  /** Chance of its own for each balancer, from the seed. */
  readonly random: Random
  /** Which of the balancers it is, from 0. */
  readonly index: number
  /** How many balancers there are. */
  readonly count: number
}
