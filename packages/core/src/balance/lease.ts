/**
 * One place held on one server, for one request or connection.
 *
 * Invariant: a lease is released exactly once. A second release throws, because it would let a server
 * take more than its `maxConnections`; a lease that is never released keeps its place for ever.
 */
import { EvenerError } from '../base/errors.ts'
import type { NoServerReason } from './counters.ts'
import type { Outcome } from './outcome.ts'
import type { Server } from './server.ts'

/** What a lease tells when it is released: the backend, which holds the queue and the balancer. */
export interface LeaseHolder {
  released(lease: Lease, outcome: Outcome, latencyMs: number): void
  now(): number
}

/** A request or connection on a server, as its operator sees it. */
export interface Session {
  /** The client's address. */
  readonly clientAddress: string
  /** Method and target of a request; empty for a connection of layer 4. */
  readonly what: string
  /** Break it off: a request gets 503, a connection is closed. */
  shutdown(): void
}

export class Lease {
  readonly kind = 'lease'
  /** The server that was chosen. */
  readonly server: Server
  /** True where the client's affinity chose it, and not the balancer. */
  readonly sticky: boolean
  /** What goes on in this place, so that it can be broken off. Set by the door. @internal */
  session: Session | undefined = undefined
  /** Its neighbours in the list of its server. @internal */
  before: Lease | undefined = undefined
  after: Lease | undefined = undefined
  /** By the backend's clock: when it was given, when there was a connection, when the answer began; -1 until then. */
  readonly startedAt: number
  connectedAt = -1
  answeredAt = -1
  readonly #holder: LeaseHolder
  #released = false

  /** Made by a backend; see `Backend.acquire`. */
  constructor(holder: LeaseHolder, server: Server, sticky: boolean) {
    this.#holder = holder
    this.server = server
    this.sticky = sticky
    this.startedAt = holder.now()
  }

  /** True once it has been given back. */
  get released(): boolean {
    return this.#released
  }

  /** There is a connection to the server. */
  connected(): void {
    this.connectedAt = this.#holder.now()
  }

  /** The server's answer has begun: the latency that a learning balancer hears of ends here. */
  answered(): void {
    if (this.answeredAt >= 0) return
    this.answeredAt = this.#holder.now()
    this.server.traffic?.answered()
  }

  /**
   * Give the place back.
   * @param outcome how the attempt ended
   * @throws {EvenerError} `EVENER_LEASE_RELEASED` the second time
   */
  release(outcome: Outcome): void {
    if (this.#released) {
      throw new EvenerError(
        'EVENER_LEASE_RELEASED',
        `the lease on server ${this.server.id} was released already`,
      )
    }
    this.#released = true
    const until = this.answeredAt < 0 ? this.#holder.now() : this.answeredAt
    this.#holder.released(this, outcome, until - this.startedAt)
  }
}

/** How many requests and connections of a server are at which step. */
export interface SessionSteps {
  /** Without a connection yet. */
  readonly connecting: number
  /** With one, and without an answer. */
  readonly waiting: number
  /** With an answer that passes, or a tunnel. */
  readonly passing: number
}

/** The leases on one server: linked through themselves, so that joining and leaving write a few fields. */
export class LeaseList {
  #first: Lease | undefined

  add(lease: Lease): void {
    const first = this.#first
    lease.after = first
    if (first !== undefined) first.before = lease
    this.#first = lease
  }

  remove(lease: Lease): void {
    const { before, after } = lease
    if (before !== undefined) before.after = after
    else if (this.#first === lease) this.#first = after
    if (after !== undefined) after.before = before
    lease.before = undefined
    lease.after = undefined
  }

  /** How far those are that go on now. Cost: O(n). */
  steps(): SessionSteps {
    const steps = { connecting: 0, waiting: 0, passing: 0 }
    for (const lease of this) {
      if (lease.answeredAt >= 0) steps.passing++
      else if (lease.connectedAt >= 0) steps.waiting++
      else steps.connecting++
    }
    return steps
  }

  /** All, the youngest first. */
  *[Symbol.iterator](): Generator<Lease, void> {
    for (let lease = this.#first; lease !== undefined; lease = lease.after) yield lease
  }

  /** Break off all that go on now. @returns how many */
  shutdown(): number {
    const sessions: Session[] = []
    for (const { session } of this) if (session !== undefined) sessions.push(session)
    for (const session of sessions) session.shutdown()
    return sessions.length
  }
}

/** No server could be given. */
export interface NoServer {
  readonly kind: 'none'
  readonly reason: NoServerReason
}

/** A request waits for a server. */
export interface Queued {
  readonly kind: 'queued'
  /** Settles with a lease, or with the reason why there is none; never rejects. */
  readonly lease: Promise<Lease | NoServer>
  /** Its place in the queue when it came, from 1; and whether it is one server that they wait for. */
  readonly position: number
  readonly forServer: boolean
  /** Leave the queue; without effect once `lease` has settled. */
  cancel(): void
}

/** The answer to `Backend.acquire`. */
export type Acquired = Lease | Queued | NoServer
