/**
 * One balancer and what it knows: its members, its own counts of load, its queue. It does what a backend of
 * `@evener/core` does between a request and a server, in the same order, without HTTP.
 *
 * A saturated choice is waited for: for that very server where the balancer chooses by key, or else for whichever has
 * room first; those who wait go before those who come. Of the two lines that a server with room could serve, the one
 * whose head came first is served. A failed attempt is told to the balancer, and tried again elsewhere.
 *
 * Invariant: of `member.active` and its waiting jobs `member.load` is the sum, and `active` never exceeds
 * `maxConnections`.
 */
import { TestingError } from '../errors.ts'
import type { Timer, VirtualClock } from '../virtual-clock.ts'
import type { SimulatedBalancer, SimulatedMember } from './balancer.ts'
import type { Job } from './job.ts'
import type { Server } from './server.ts'
import type { Statistics } from './statistics.ts'

/** How many steps a slow start has, as in core and in HAProxy. */
const slowStartSteps = 20

const mostProbes = 10_000

/** What limits a pool beside its servers. */
export interface PoolLimits {
  readonly maxQueue: number
  readonly queueTimeoutMs: number
  readonly retries: number
  readonly probeMs: number
}

/** A server as one balancer sees it. */
export class PoolMember implements SimulatedMember {
  readonly id: string
  readonly server: Server
  weight: number
  load = 0
  saturated = false
  /** Attempts under way by way of this pool. */
  active = 0
  configuredWeight: number
  maxConnections: number
  /** False once it is known to be dead, or has been removed. */
  eligible = true
  readonly waiting = new Set<Job>()
  slowStart: Timer | undefined

  constructor(server: Server) {
    this.id = server.id
    this.server = server
    this.configuredWeight = server.options.weight
    this.weight = this.configuredWeight
    this.maxConnections = server.options.maxConnections
  }

  /** To be called after `active`, the queue or the limit has changed. */
  count(): void {
    this.load = this.active + this.waiting.size
    this.saturated = this.maxConnections > 0 && this.active >= this.maxConnections
  }
}

export class Pool {
  readonly balancer: SimulatedBalancer<unknown>
  /** Jobs that wait for any server. */
  private readonly waiting = new Set<Job>()
  private readonly deadlines = new Map<Job, Timer>()
  private readonly clock: VirtualClock
  private readonly limits: PoolLimits
  private readonly statistics: Statistics
  private readonly members = new Map<string, PoolMember>()
  private eligible: PoolMember[] = []
  private queued = 0
  private places = 0

  constructor(
    balancer: SimulatedBalancer<unknown>,
    servers: readonly Server[],
    clock: VirtualClock,
    limits: PoolLimits,
    statistics: Statistics,
  ) {
    this.balancer = balancer
    this.clock = clock
    this.limits = limits
    this.statistics = statistics
    for (const server of servers) this.members.set(server.id, new PoolMember(server))
    this.rebuild()
  }

  /** The members that may be chosen now. */
  get pool(): readonly PoolMember[] {
    return this.eligible
  }

  // ── requests ─────────────────────────────────────────────────────────────────────────────────────

  /** Find a place for a job: at once, later, or not at all. */
  submit(job: Job): void {
    job.pool = this
    job.startedMs = this.clock.now()
    job.member = undefined
    const keyed = this.balancer.keyed === true
    if (this.waiting.size > 0 && !keyed) {
      this.enqueue(job, undefined)
      return
    }
    const chosen = this.choose(job)
    this.probe()
    if (chosen === undefined) this.refuse(job)
    else if (!chosen.saturated) this.begin(job, chosen)
    else {
      const { maxQueue } = chosen.server.options
      const hasRoom = maxQueue === 0 || chosen.waiting.size < maxQueue
      this.enqueue(job, keyed && hasRoom ? chosen : undefined)
    }
  }

  /** An attempt has ended. */
  finished(job: Job, ok: boolean): void {
    const member = job.member!
    const latencyMs = this.clock.now() - job.startedMs
    member.active--
    member.count()
    this.statistics.attemptEnded(job, member.server, ok)
    this.balancer.ended?.(member, { ok, latencyMs })
    this.serveWaiting(member)
    if (ok) this.statistics.completed(job)
    else if (job.attempts > this.limits.retries) this.statistics.failed(job)
    else {
      job.tried ??= new Set()
      job.tried.add(member)
      this.submit(job)
    }
  }

  // ── what changes ─────────────────────────────────────────────────────────────────────────────────

  /** A server is known to be dead, or has been taken out. */
  leave(id: string): void {
    const member = this.members.get(id)
    if (member?.eligible !== true) return
    member.eligible = false
    member.slowStart?.cancel()
    this.rebuild()
    for (const job of member.waiting) {
      job.member = undefined
      this.waiting.add(job)
    }
    member.waiting.clear()
    member.count()
    this.serveAll()
    if (this.eligible.length > 0) return
    for (const job of [...this.waiting]) {
      this.dequeue(job)
      this.refuse(job)
    }
  }

  /** A server is there, for the first time or again. */
  join(server: Server): void {
    let member = this.members.get(server.id)
    if (member?.server !== server) {
      member = new PoolMember(server)
      // One that comes again under an old name stands at the end, as others that come.
      this.members.delete(server.id)
      this.members.set(server.id, member)
    }
    if (member.eligible && this.eligible.includes(member)) return
    member.eligible = true
    if (server.options.slowStartMs > 0) this.ramp(member, 1)
    else this.rebuild()
    this.serveAll()
  }

  /** A weight or limit changed. */
  change(id: string, weight: number | undefined, maxConnections: number | undefined): void {
    const member = this.members.get(id)
    if (member === undefined) return
    if (weight !== undefined) {
      member.slowStart?.cancel()
      member.configuredWeight = weight
      member.weight = weight
    }
    if (maxConnections !== undefined) member.maxConnections = maxConnections
    member.count()
    this.rebuild()
    this.serveAll()
  }

  // ── inside ───────────────────────────────────────────────────────────────────────────────────────

  private choose(job: Job): PoolMember | undefined {
    const chosen = this.balancer.pick(job.request, job.tried) as PoolMember | undefined
    if (chosen === undefined || (chosen instanceof PoolMember && this.members.get(chosen.id) === chosen)) {
      if (chosen === undefined || chosen.eligible) return chosen
    }
    const message = `${this.balancer.name} chose ${(chosen as SimulatedMember).id}, which is not in the pool it was told of last`
    throw new TestingError('EVENER_INVALID_STATE', `simulate(): ${message}`)
  }

  /** Send the probes that the balancer asks for. */
  private probe(): void {
    const { balancer, clock } = this
    const { probeMs } = this.limits
    for (let sent = 0; ; sent++) {
      const member = balancer.nextProbe?.() as PoolMember | undefined
      if (member === undefined) return
      if (sent === mostProbes) {
        const message = `${balancer.name} asked for more than ${mostProbes} probes after one pick`
        throw new TestingError('EVENER_EXHAUSTED', `simulate(): ${message}`)
      }
      clock.setTimeout(() => {
        const report = member.server.report()
        if (report !== undefined) clock.setTimeout(() => balancer.probed?.(member, report), probeMs / 2)
      }, probeMs / 2)
    }
  }

  private begin(job: Job, member: PoolMember): void {
    const now = this.clock.now()
    job.waitedMs += now - job.startedMs
    job.startedMs = now
    job.member = member
    job.attempts++
    member.active++
    member.count()
    this.statistics.attemptBegan(job, member)
    this.balancer.began?.(member)
    member.server.accept(job)
  }

  private enqueue(job: Job, member: PoolMember | undefined): void {
    if (this.queued >= this.limits.maxQueue) {
      this.refuse(job)
      return
    }
    this.queued++
    job.place = this.places++
    this.statistics.queued(this.queued)
    job.member = member
    if (member === undefined) this.waiting.add(job)
    else {
      member.waiting.add(job)
      member.count()
    }
    const expired = () => {
      this.dequeue(job)
      job.waitedMs += this.clock.now() - job.startedMs
      this.refuse(job)
    }
    this.deadlines.set(job, this.clock.setTimeout(expired, this.limits.queueTimeoutMs))
  }

  private dequeue(job: Job): void {
    this.queued--
    this.deadlines.get(job)?.cancel()
    this.deadlines.delete(job)
    this.waiting.delete(job)
    if (job.member?.waiting.delete(job)) job.member.count()
  }

  private refuse(job: Job): void {
    this.statistics.refused(job)
  }

  private serveWaiting(member: PoolMember): void {
    while (!member.saturated && member.eligible) {
      const [own] = member.waiting
      const [any] = member.weight > 0 ? this.waiting : nobody
      const first = own === undefined || (any !== undefined && any.place < own.place) ? any : own
      if (first === undefined) return
      this.dequeue(first)
      this.begin(first, member)
    }
  }

  private serveAll(): void {
    if (this.queued > 0) for (const member of this.eligible) this.serveWaiting(member)
  }

  private ramp(member: PoolMember, step: number): void {
    const share = step / slowStartSteps
    member.weight =
      share >= 1 ? member.configuredWeight : Math.ceil(member.configuredWeight * 16 * share - 1e-9) / 16
    this.rebuild()
    if (share >= 1) return
    const stepMs = member.server.options.slowStartMs / slowStartSteps
    member.slowStart = this.clock.setTimeout(() => this.ramp(member, step + 1), stepMs)
  }

  private rebuild(): void {
    this.eligible = [...this.members.values()].filter(member => member.eligible)
    this.statistics.poolChanged(this, this.eligible)
    this.balancer.rebuild(this.eligible.slice())
  }
}

const nobody: ReadonlySet<Job> = new Set()
