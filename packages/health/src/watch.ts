/**
 * One target under watch: its schedule, its counter, and the one check that may be on its way.
 *
 * ```
 *   stopped ──start──► waiting ──due──► checking ──timeout──► aborting ──grace over──┐
 *                        ▲ ▲                │ result              │ result          │
 *                        │ └────────────────┴─────────────────────┘                 │
 *                        └─────────────── counted as a timeout ◄────────────────────┘
 * ```
 * Invariants: at most one timer, and at most one check that has not settled: a checker that ignores its abort is
 * not asked again until it has answered, and counts as failed at each turn till then. A result that comes after
 * `stop()`, or after it was counted as a timeout, is dropped.
 *
 * Cost: one closure and one timer per target for life; per check what the checker needs, and for checkers without `begin`
 * an AbortController and a promise.
 * Source: HAProxy `check.c`; the next delay runs from the end of a check and depends on the counter.
 */
import type { CheckListener, CheckResult, Clock, Random, RunningCheck, Target, Timer } from './contract.ts'
import type { OnError } from './on-error.ts'
import {
  certaintyOf,
  type HealthLevel,
  type HealthState,
  healthAfter,
  healthAt,
  stateOf,
} from './rise-fall.ts'
import type { Settings } from './settings.ts'
import { jittered } from './spread.ts'

/** A target went down or came up. */
export interface HealthChange {
  readonly state: HealthState
  readonly previous: HealthState
  /** What decided it: a check, a finding told by `report`, or an order by `force`. */
  readonly cause: 'check' | 'report' | 'force'
  /** The finding that decided it; undefined where the state was forced. */
  readonly result: CheckResult | undefined
  /** Findings of that kind in a row, this one included; 0 where the state was forced. */
  readonly consecutive: number
  /** How long the previous state lasted, in milliseconds. */
  readonly lastedMs: number
}

/** How long an aborted checker has to say at which layer it was; built-in ones say it at once. */
const ABORT_GRACE_MS = 50

// Made once: an abort without a reason would make an error with its stack for each.
const TIMED_OUT = new DOMException('the check took longer than timeoutMs', 'TimeoutError')
const STOPPED = new DOMException('the target is no longer checked', 'AbortError')

/** Whom a watch tells; the monitor. */
export interface WatchOwner<T extends Target> {
  readonly clock: Clock
  readonly random: Random
  told(watch: Watch<T>, result: CheckResult | undefined, change: HealthChange | undefined): void
}

export class Watch<T extends Target> implements CheckListener {
  /** What the next check looks at. */
  target: T
  /** Not checked for now; its monitor starts it again. */
  paused = false
  readonly settings: Settings<T>
  /** The last finding, by a check or told. */
  lastResult: CheckResult | undefined = undefined
  /** Findings of the same kind in a row, the last one included; 0 before the first. */
  consecutive = 0
  /** When the state last changed, or the target was added: on the monitor's clock. */
  changedAt: number

  readonly #owner: WatchOwner<T>
  #mode: 'stopped' | 'waiting' | 'checking' | 'aborting' = 'stopped'
  #health: number
  #timer: Timer | undefined = undefined
  #dueAt = 0
  /** How the last finding was counted. */
  #lastOk: boolean | undefined = undefined
  #startedAt = 0
  #hastened = false
  #running: RunningCheck | undefined = undefined
  /** The checker has not answered yet, whether or not anyone still waits for it. */
  #unsettled = false

  readonly #tick = (): void => {
    if (this.#mode === 'waiting') this.#begin()
    else if (this.#mode === 'checking') this.#abort()
    else this.#finish(this.#overdue('the checker did not end when its time was up'))
  }
  constructor(target: T, settings: Settings<T>, owner: WatchOwner<T>) {
    this.target = target
    this.settings = settings
    this.#owner = owner
    this.#health = healthAt(settings.initialState, settings.rise, settings.fall)
    this.changedAt = owner.clock.now()
  }

  get state(): HealthState {
    return stateOf(this.#health, this.settings.rise)
  }

  /** The counter, from 0 to `rise + fall - 1`. */
  get health(): number {
    return this.#health
  }

  get checking(): boolean {
    return this.#mode === 'checking' || this.#mode === 'aborting'
  }

  /** The check under way has ended. */
  checked(result: CheckResult): void {
    this.#unsettled = false
    this.#running = undefined
    if (this.#mode === 'checking') this.#finish(result)
    else if (this.#mode === 'aborting') {
      this.#finish(result.ok ? this.#overdue('the check succeeded, but too late') : result)
    }
  }

  /** Begin: the first check after `delayMs`. */
  start(delayMs: number): void {
    // A check from before a stop that has not ended has an interval to do so, not to be blamed at once.
    this.#wait(this.#unsettled ? Math.max(delayMs, this.settings.intervalMs) : delayMs)
  }

  /** End: no timer and no check is left. */
  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#mode = 'stopped'
    this.#hastened = false
    this.#running?.abort(STOPPED)
  }

  /** Check now instead of when it is due; false where a check is under way or the watch is stopped. */
  trigger(): boolean {
    if (this.#mode !== 'waiting' || this.#unsettled) return false
    this.#timer?.cancel()
    this.#begin()
    return true
  }

  /** Take the fast interval once, for the check that comes next. */
  hasten(): void {
    this.#hastened = true
    if (this.#mode !== 'waiting') return
    const delayMs = this.#delayMs()
    if (this.#owner.clock.now() + delayMs >= this.#dueAt) return
    this.#timer?.cancel()
    this.#wait(delayMs)
  }

  /** Count a finding that was made elsewhere. */
  report(result: CheckResult): void {
    this.#count(result, 'report')
  }

  /** Do what HAProxy's `on-error` does. */
  punish(action: OnError, result: CheckResult): void {
    const { rise } = this.settings
    if (action === 'sudden-death') this.#health = Math.min(this.#health, rise + 1)
    else if (action === 'mark-down') this.#health = Math.min(this.#health, rise)
    if (action !== 'fastinter') this.#count(result, 'report')
    this.hasten()
  }

  /** Put the counter at a level. */
  force(level: HealthLevel): void {
    const previous = this.state
    this.#health = healthAt(level, this.settings.rise, this.settings.fall)
    this.consecutive = 0
    this.#tell(undefined, previous, 'force')
  }

  #begin(): void {
    if (this.#unsettled) {
      this.#finish(this.#overdue('the checker still has not ended the check before'))
      return
    }
    const { checker, timeoutMs } = this.settings
    const { clock } = this.#owner
    this.#mode = 'checking'
    this.#unsettled = true
    this.#startedAt = clock.now()
    this.#timer = clock.setTimeout(this.#tick, timeoutMs)
    let running: RunningCheck
    try {
      running = checker.begin?.(this.target, this) ?? this.#ask()
    } catch (error) {
      this.#broken(error)
      return
    }
    // It may have ended before it gave back what it can be aborted by.
    if (this.#unsettled) this.#running = running
  }

  /** By promise and signal. A checker that throws, or gives no promise, breaks its contract; it is heard all the same. */
  #ask(): RunningCheck {
    const controller = new AbortController()
    const { checker } = this.settings
    new Promise<CheckResult>(resolve => resolve(checker.check(this.target, controller.signal))).then(
      result => this.checked(result),
      error => this.#broken(error),
    )
    return controller
  }

  #broken(error: unknown): void {
    this.checked(this.#failure('SOCKERR', `the checker failed: ${String(error)}`))
  }

  #abort(): void {
    this.#mode = 'aborting'
    this.#timer = this.#owner.clock.setTimeout(this.#tick, ABORT_GRACE_MS)
    this.#running?.abort(TIMED_OUT)
  }

  #finish(result: CheckResult): void {
    this.#timer?.cancel()
    this.#mode = 'waiting'
    this.#count(result, 'check')
  }

  #count(result: CheckResult, cause: 'check' | 'report'): void {
    const previous = this.state
    const { rise, fall } = this.settings
    // Who is on its way out may go on as long as it is up; coming up is for those that stay.
    const ok = result.ok && (result.code !== 'L7OKC' || previous === 'up')
    this.consecutive = this.#lastOk === ok ? this.consecutive + 1 : 1
    this.lastResult = result
    this.#lastOk = ok
    this.#health = healthAfter(this.#health, ok, rise, fall)
    // The next check is set before anyone is told, so that a listener can stop it, and cannot break it.
    if (cause === 'check') this.#wait(this.#delayMs())
    this.#tell(result, previous, cause)
  }

  #tell(result: CheckResult | undefined, previous: HealthState, cause: HealthChange['cause']): void {
    const { state, consecutive } = this
    if (state === previous) {
      this.#owner.told(this, result, undefined)
      return
    }
    const now = this.#owner.clock.now()
    const lastedMs = now - this.changedAt
    this.changedAt = now
    this.#owner.told(this, result, { state, previous, cause, result, consecutive, lastedMs })
  }

  #wait(delayMs: number): void {
    const { clock } = this.#owner
    this.#mode = 'waiting'
    this.#dueAt = clock.now() + delayMs
    this.#timer = clock.setTimeout(this.#tick, delayMs)
  }

  #delayMs(): number {
    const { rise, fall, intervalMs, fastIntervalMs, downIntervalMs, spread } = this.settings
    const certainty = certaintyOf(this.#health, rise, fall)
    let delayMs = fastIntervalMs
    if (certainty === 'down') delayMs = downIntervalMs
    else if (certainty === 'up' && !this.#hastened) delayMs = intervalMs
    this.#hastened = false
    return jittered(delayMs, spread, this.#owner.random)
  }

  #overdue(message: string): CheckResult {
    return this.#failure('L7TOUT', message)
  }

  #failure(code: 'L7TOUT' | 'SOCKERR', message: string): CheckResult {
    return { ok: false, code, message, durationMs: this.#owner.clock.now() - this.#startedAt }
  }
}
