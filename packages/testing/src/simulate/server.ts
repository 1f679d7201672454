/**
 * A server: so many workers, each at one request at a time, and one line before them, first come, first served.
 *
 * It can die, with all that it has in hand, and come back cold; it can be slow from the beginning or from some moment
 * on; it can fail requests, quickly or slowly. It knows nothing of balancers: several may send to it, none told of
 * what the others send.
 *
 * Invariant: a job that was accepted is finished exactly once, well or badly.
 * Cost: one timer a job.
 */
import type { Random } from '../seeded-random.ts'
import type { VirtualClock } from '../virtual-clock.ts'
import type { SimulatedReport } from './balancer.ts'
import type { Job } from './job.ts'
import { LoadEstimate } from './load-estimate.ts'
import type { ServerOptions } from './server-options.ts'

/** While it is cold a server has this share of its speed, and then more from moment to moment. */
const coldSpeed = 0.1

export class Server {
  readonly id: string
  /** Its place in the results. */
  readonly index: number
  readonly options: ServerOptions
  speed: number
  alive = true
  /** Jobs being worked on and jobs in line, and the most there ever were. */
  inFlight = 0
  maxInFlight = 0
  private readonly clock: VirtualClock
  private readonly random: Random
  private readonly finished: (job: Job, ok: boolean) => void
  private readonly working = new Set<Job>()
  private readonly line = new Set<Job>()
  private warmSinceMs = Number.NEGATIVE_INFINITY
  /** From the first probe on. */
  private estimate: LoadEstimate | undefined
  private readonly madeMs: number
  private changedMs: number
  private inFlightArea = 0
  private busyArea = 0

  /** @param finished told of each job at its end */
  constructor(
    options: ServerOptions,
    index: number,
    clock: VirtualClock,
    random: Random,
    finished: (job: Job, ok: boolean) => void,
  ) {
    this.id = options.id
    this.index = index
    this.options = options
    this.speed = options.speed
    this.clock = clock
    this.random = random
    this.finished = finished
    this.madeMs = clock.now()
    this.changedMs = this.madeMs
  }

  /** Take a job: at work at once if a worker is free, refused if it is dead. */
  accept(job: Job): void {
    if (!this.alive) {
      this.clock.setTimeout(() => this.finished(job, false), this.options.refusalMs)
      return
    }
    this.account()
    job.foundInFlight = this.inFlight
    this.inFlight++
    this.maxInFlight = Math.max(this.maxInFlight, this.inFlight)
    if (this.working.size < this.options.workers) this.work(job)
    else this.line.add(job)
  }

  /** From now on connections are refused; what is in hand is lost. */
  die(): void {
    if (!this.alive) return
    this.account()
    this.alive = false
    const lost = [...this.working, ...this.line]
    this.working.clear()
    this.line.clear()
    this.inFlight = 0
    for (const job of lost) this.finished(job, false)
  }

  /** Alive again, and cold if it has to warm up. */
  revive(): void {
    if (this.alive) return
    this.account()
    this.alive = true
    this.warmSinceMs = this.clock.now()
  }

  /** Cold from now on, as a new server is. */
  cool(): void {
    this.warmSinceMs = this.clock.now()
  }

  /** How it is now; undefined where it is dead and answers nothing. */
  report(): SimulatedReport | undefined {
    if (!this.alive) return undefined
    this.estimate ??= new LoadEstimate()
    return { requestsInFlight: this.inFlight, latencyMs: this.estimate.latencyMs(this.inFlight) }
  }

  /** On average since it is there: jobs in flight, and the share of workers at work. */
  averages(): { inFlight: number; busy: number } {
    this.account()
    const spanMs = this.clock.now() - this.madeMs
    if (spanMs <= 0) return { inFlight: 0, busy: 0 }
    const { workers } = this.options
    const busy = Number.isFinite(workers) ? this.busyArea / spanMs / workers : 0
    return { inFlight: this.inFlightArea / spanMs, busy }
  }

  private work(job: Job): void {
    this.working.add(job)
    const { failureRate, failureMs } = this.options
    const fails = failureRate > 0 && this.random() < failureRate
    const ms = fails ? failureMs : (this.options.service?.draw(this.random) ?? job.workMs) / this.speedNow()
    this.clock.setTimeout(() => this.done(job, !fails), ms)
  }

  private done(job: Job, ok: boolean): void {
    // The server died meanwhile, and the job with it.
    if (!this.working.has(job)) return
    this.account()
    this.working.delete(job)
    this.inFlight--
    if (ok) this.estimate?.add(job.foundInFlight, this.clock.now() - job.startedMs)
    const [next] = this.line
    if (next !== undefined) {
      this.line.delete(next)
      this.work(next)
    }
    this.finished(job, ok)
  }

  private speedNow(): number {
    const { warmUpMs } = this.options
    const warmForMs = this.clock.now() - this.warmSinceMs
    if (warmForMs >= warmUpMs) return this.speed
    return this.speed * (coldSpeed + (1 - coldSpeed) * (warmForMs / warmUpMs))
  }

  private account(): void {
    const now = this.clock.now()
    const spanMs = now - this.changedMs
    this.inFlightArea += spanMs * this.inFlight
    this.busyArea += spanMs * this.working.size
    this.changedMs = now
  }
}
