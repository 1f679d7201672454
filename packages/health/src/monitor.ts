/**
 * Who is up: checks many targets again and again, and tells when one goes down or comes up.
 *
 * Joins three things that know nothing of each other: a checker (one probe), the rise-and-fall counter (what a
 * row of findings means), and the schedule (when to look). Events tell, they don't steer.
 *
 * Invariant: never two checks of one target at once, at most one timer per target, none after `stop()`.
 * Cost: `add`, `remove` and every query O(1).
 * Source: HAProxy manual, `check`, `inter`, `rise`, `fall`, `init-state`, `spread-checks`.
 * Not for: judging servers by the traffic they serve; it only gives such judges their levers (`report`, `punish`,
 * `force`, `hasten`, `trigger`).
 */
import { EventEmitter } from 'eventemitter3'
import { monotonicClock } from './clock.ts'
import type { CheckResult, Clock, Random, Target } from './contract.ts'
import { HealthError } from './errors.ts'
import { ON_ERROR_ACTIONS, type OnError } from './on-error.ts'
import { readChoice, readFraction, readObject, readOptions, refuse } from './options.ts'
import { HEALTH_LEVELS, type HealthLevel, type HealthState } from './rise-fall.ts'
import {
  CHECK_OPTION_NAMES,
  type CheckOptions,
  overrideSettings,
  readSettings,
  type Settings,
} from './settings.ts'
import { jittered, startPoint } from './spread.ts'
import { readTarget } from './target.ts'
import { type HealthChange, Watch, type WatchOwner } from './watch.ts'

/** Options of a {@link HealthMonitor}. Unknown names are refused. */
export interface HealthMonitorOptions<T extends Target = Target> extends CheckOptions<T> {
  /**
   * Over how much of the interval the first checks are spread: 0 (all at once) to 1 (the default: the whole of
   * it). The first target added is always checked at once.
   */
  readonly startSpread?: number | undefined
  /** Where time comes from; the process's monotonic clock by default. */
  readonly clock?: Clock | undefined
  /** Where chance comes from, for `spread`; `Math.random` by default. */
  readonly random?: Random | undefined
}

/** What a {@link HealthMonitor} tells. A listener may call any method of the monitor, and should not throw. */
export interface HealthEvents<T extends Target = Target> {
  /** A target went down or came up; after the `result` that decided it. */
  change: (target: T, change: HealthChange) => void
  /** Every finding, of a check or reported: for logs and counters. */
  result: (target: T, result: CheckResult) => void
}

/** All that is known of one target now: a copy. */
export interface HealthStatus<T extends Target = Target> {
  readonly target: T
  readonly state: HealthState
  /** The counter: from `rise` on the target is up, `rise + fall - 1` is its top. */
  readonly health: number
  readonly rise: number
  readonly fall: number
  /** Findings of the same kind in a row; 0 before the first and after `force`. */
  readonly consecutive: number
  readonly lastResult: CheckResult | undefined
  /** How long it has been in this state, in milliseconds. */
  readonly sinceMs: number
  /** A check is under way. */
  readonly checking: boolean
  /** It is not checked for now: between `pause` and `resume`. */
  readonly paused: boolean
}

/**
 * Checks targets and knows which are up.
 *
 * It begins stopped; targets can be added before and after `start()`, and keep their state over `stop()` and
 * `start()`. Neither its timers nor the monitor itself keep the process alive.
 *
 * ```text
 * const monitor = new HealthMonitor({ checker: httpCheck({ path: '/health' }) })
 * monitor.on('change', (target, { state, result }) => log(target.id, state, result?.message))
 * monitor.add({ id: 'app1', host: '127.0.0.1', port: 5001 })
 * monitor.start()
 * ```
 */
export class HealthMonitor<T extends Target = Target> extends EventEmitter<HealthEvents<T>> {
  readonly #options: CheckOptions<T>
  readonly #settings: Settings<T>
  readonly #startSpread: number
  readonly #clock: Clock
  readonly #random: Random
  readonly #watches = new Map<string, Watch<T>>()
  readonly #owner: WatchOwner<T>
  #running = false
  /** Place of the next newcomer in the start sequence. */
  #nextStart = 0

  /** @throws {HealthError} `EVENER_INVALID_OPTION` for an unknown name or a value out of its range */
  constructor(options: HealthMonitorOptions<T>) {
    super()
    const names = [...CHECK_OPTION_NAMES, 'startSpread', 'clock', 'random']
    const { startSpread, clock, random, ...checkOptions } = readOptions('options', options, names)
    this.#options = checkOptions
    this.#settings = readSettings('options', checkOptions)
    this.#startSpread = readFraction('options.startSpread', startSpread, 1, 1)
    this.#clock = readObject('options.clock', clock, monotonicClock, ['now', 'setTimeout'])
    if (random !== undefined && typeof random !== 'function') refuse('options.random', random, 'a function')
    this.#random = random ?? Math.random
    this.#owner = { clock: this.#clock, random: this.#random, told: this.#told.bind(this) }
  }

  /**
   * Watch a target from now on, in its initial state. While the monitor runs, its first check comes within an
   * interval.
   * @param overrides settings for this target alone
   * @throws {HealthError} `EVENER_DUPLICATE_ID` where a target of that id is watched; `EVENER_INVALID_OPTION`
   */
  add(target: T, overrides?: CheckOptions<T>): this {
    readTarget(target)
    if (this.#watches.has(target.id)) {
      throw new HealthError('EVENER_DUPLICATE_ID', `target.id ${target.id} is watched already`)
    }
    const settings = overrides === undefined ? this.#settings : overrideSettings(this.#options, overrides)
    const watch = new Watch(target, settings, this.#owner)
    this.#watches.set(target.id, watch)
    if (this.#running) this.#startWatch(watch)
    return this
  }

  /** Watch a target no longer: a check under way is aborted, and nothing more is told. False if it was unknown. */
  remove(id: string): boolean {
    this.#watches.get(id)?.stop()
    return this.#watches.delete(id)
  }

  /**
   * Check a target no longer, until `resume`: its state stays, and findings that are reported count. HAProxy's
   * `disable health`. False if it was unknown.
   */
  pause(id: string): boolean {
    const watch = this.#watches.get(id)
    watch?.stop()
    if (watch !== undefined) watch.paused = true
    return watch !== undefined
  }

  /** Check a paused target again, within an interval. False if it was unknown. */
  resume(id: string): boolean {
    const watch = this.#watches.get(id)
    if (watch?.paused === true) {
      watch.paused = false
      if (this.#running) this.#startWatch(watch)
    }
    return watch !== undefined
  }

  /** Check another place from the next check on, under the same id; its state stays. False if the id was unknown. */
  retarget(target: T): boolean {
    readTarget(target)
    const watch = this.#watches.get(target.id)
    if (watch !== undefined) watch.target = target
    return watch !== undefined
  }

  /** Begin to check, or go on after `stop()`. */
  start(): this {
    if (this.#running) return this
    this.#running = true
    this.#nextStart = 0
    for (const watch of this.#watches.values()) if (!watch.paused) this.#startWatch(watch)
    return this
  }

  /** Cancel all timers and abort all checks under way. States stay as they are. */
  stop(): void {
    this.#running = false
    for (const watch of this.#watches.values()) watch.stop()
  }

  /** Whether it checks: between `start()` and `stop()`. */
  get running(): boolean {
    return this.#running
  }

  /** How many targets are watched. */
  get size(): number {
    return this.#watches.size
  }

  /** Up or down; undefined where the id is unknown. */
  state(id: string): HealthState | undefined {
    return this.#watches.get(id)?.state
  }

  /** All that is known of one target; undefined where the id is unknown. */
  status(id: string): HealthStatus<T> | undefined {
    const watch = this.#watches.get(id)
    return watch === undefined ? undefined : this.#statusOf(watch)
  }

  /** The status of every target, in the order in which they were added. */
  *statuses(): Generator<HealthStatus<T>, void> {
    for (const watch of this.#watches.values()) yield this.#statusOf(watch)
  }

  /**
   * Check a target now instead of when it is due. False, and nothing done, where a check is under way already,
   * the monitor is stopped, or the id is unknown.
   */
  trigger(id: string): boolean {
    return this.#watches.get(id)?.trigger() ?? false
  }

  /**
   * Have the next check come after `fastIntervalMs`, if that is sooner; once. What HAProxy does for every
   * `on-error`. A target that is fully down keeps its `downIntervalMs`.
   */
  hasten(id: string): boolean {
    const watch = this.#watches.get(id)
    watch?.hasten()
    return watch !== undefined
  }

  /** Count a finding made elsewhere, in traffic or by hand, as if a check had made it. The schedule stays. */
  report(id: string, result: CheckResult): boolean {
    const watch = this.#watches.get(id)
    watch?.report(result)
    return watch !== undefined
  }

  /**
   * Do with a target what HAProxy's `on-error` does when its traffic fails, see {@link OnError}; and have the next check
   * come after `fastIntervalMs`, whatever the action.
   * @param result what traffic showed, which counts as a finding with all actions but `fastinter`
   */
  punish(id: string, action: OnError, result: CheckResult): boolean {
    readChoice('action', action, 'fail-check', ON_ERROR_ACTIONS)
    const watch = this.#watches.get(id)
    watch?.punish(action, result)
    return watch !== undefined
  }

  /**
   * Put a target at a level, from which checks go on: `fully-down` to be out until `rise` checks succeed,
   * `up` to be out at the next failure, and so on.
   */
  force(id: string, level: HealthLevel): boolean {
    readChoice('level', level, 'up', HEALTH_LEVELS)
    const watch = this.#watches.get(id)
    watch?.force(level)
    return watch !== undefined
  }

  #startWatch(watch: Watch<T>): void {
    const { intervalMs, spread } = watch.settings
    const delayMs = jittered(intervalMs, spread, this.#random)
    watch.start(delayMs * this.#startSpread * startPoint(this.#nextStart++))
  }

  #told(watch: Watch<T>, result: CheckResult | undefined, change: HealthChange | undefined): void {
    const { target } = watch
    try {
      if (result !== undefined) this.emit('result', target, result)
    } finally {
      // Even where a listener to `result` threw: a change is told once, and never again.
      if (change !== undefined) this.emit('change', target, change)
    }
  }

  #statusOf(watch: Watch<T>): HealthStatus<T> {
    const { target, state, health, consecutive, lastResult, checking, paused } = watch
    const { rise, fall } = watch.settings
    const sinceMs = this.#clock.now() - watch.changedAt
    return { target, state, health, rise, fall, consecutive, lastResult, sinceMs, checking, paused }
  }
}
