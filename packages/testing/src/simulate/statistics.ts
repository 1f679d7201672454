/**
 * What is written down while a simulation runs. Everything in the results is made from it afterwards.
 *
 * Requests that came before `settleMs` are served and not counted. Counted are requests by their end and attempts by
 * their server; times are kept one by one, so that percentiles are exact.
 */
import type { Job } from './job.ts'
import { KeyTracker } from './key-tracker.ts'
import type { Pool, PoolMember } from './pool.ts'
import { Series } from './series.ts'
import type { Server } from './server.ts'

/** One server's counts. */
export interface ServerTally {
  readonly server: Server
  /** Attempts that were sent to it. */
  attempts: number
  failed: number
  /** The attempts it would have had by the weights alone. */
  expected: number
}

interface PoolTally {
  members: readonly PoolMember[]
  weights: readonly number[]
  attempts: number
}

export class Statistics {
  readonly settleMs: number
  readonly keys = new KeyTracker()
  readonly tallies: ServerTally[] = []
  /** Of each completed request: when it came, how long it took, how long of that it waited in the balancer's queue. */
  readonly arrivals = new Series()
  readonly latencies = new Series()
  readonly waits = new Series()
  /** Of each attempt, those before `settleMs` among them: the server's index, its begin, its end. */
  readonly attemptServers = new Series()
  readonly attemptBegins = new Series()
  readonly attemptEnds = new Series()
  requests = 0
  failures = 0
  refusals = 0
  retries = 0
  maxQueued = 0
  private readonly pools = new Map<Pool, PoolTally>()
  private readonly now: () => number
  private readonly ended: () => void

  /** @param ended told when a request has come to its end, whichever it is */
  constructor(settleMs: number, now: () => number, ended: () => void) {
    this.settleMs = settleMs
    this.now = now
    this.ended = ended
  }

  server(server: Server): void {
    this.tallies[server.index] = { server, attempts: 0, failed: 0, expected: 0 }
  }

  arrived(job: Job): void {
    if (this.counts(job)) this.requests++
  }

  poolChanged(pool: Pool, members: readonly PoolMember[]): void {
    this.settleShares(pool)
    this.pools.set(pool, { members, weights: members.map(member => member.weight), attempts: 0 })
  }

  attemptBegan(job: Job, member: PoolMember): void {
    if (job.attempts === 1) this.keys.went(job.key, member.server.index)
    if (!this.counts(job)) return
    if (job.attempts > 1) this.retries++
    this.tallies[member.server.index]!.attempts++
    this.pools.get(job.pool)!.attempts++
  }

  attemptEnded(job: Job, server: Server, ok: boolean): void {
    this.attemptServers.push(server.index)
    this.attemptBegins.push(job.startedMs)
    this.attemptEnds.push(this.now())
    if (!ok && this.counts(job)) this.tallies[server.index]!.failed++
  }

  queued(length: number): void {
    this.maxQueued = Math.max(this.maxQueued, length)
  }

  completed(job: Job): void {
    if (this.counts(job)) {
      this.arrivals.push(job.arrivedMs)
      this.latencies.push(this.now() - job.arrivedMs)
      this.waits.push(job.waitedMs)
    }
    this.ended()
  }

  /** All its attempts have failed. */
  failed(job: Job): void {
    if (this.counts(job)) this.failures++
    this.ended()
  }

  /** It got no place: no server, a full queue, or too long in it. */
  refused(job: Job): void {
    if (this.counts(job)) this.refusals++
    this.ended()
  }

  /** Reckon what is due to each server since the pool was made; to be called once more at the end. */
  settle(): void {
    for (const pool of this.pools.keys()) this.settleShares(pool)
  }

  private settleShares(pool: Pool): void {
    const tally = this.pools.get(pool)
    if (tally === undefined || tally.attempts === 0) return
    const total = tally.weights.reduce((sum, weight) => sum + weight, 0)
    for (const [at, member] of tally.members.entries()) {
      this.tallies[member.server.index]!.expected += (tally.attempts * tally.weights[at]!) / total
    }
    tally.attempts = 0
  }

  private counts(job: Job): boolean {
    return job.arrivedMs >= this.settleMs
  }
}
