/**
 * A circuit breaker: after too many errors nothing is tried for a while, then a few trials decide.
 *
 * ```text
 *   closed ──errors in a row, or too large a share of them──► open ──its time is over──► half-open
 *     ▲                                                        ▲                            │
 *     │                                                        └───────── a trial failed ───┤
 *     └──────────────────────────────────────────────────── all trials succeeded ───────────┘
 * ```
 * Each time a trial fails, the breaker stays open twice as long as before, up to a maximum; when it closes, the time is
 * back at its start. What ends while it is open began before, and counts for nothing.
 *
 * Only what is the server's fault may be counted: the caller decides that. The caller also holds back: while it is
 * half-open, no more than `trials` at once.
 * Invariant: a timer only while it is open.
 * Cost: O(1), up to three fields written for a result; no clock is read unless a share is judged.
 * Source: M. Nygard, "Release It!", 2nd edition, section 5.2.
 * Not for: finding the worst of many servers; see outlier-detector.ts, which compares them.
 */
import { monotonicClock } from './clock.ts'
import type { Clock, Timer } from './contract.ts'
import { readDelayMs, readInteger, readObject, readOptions } from './options.ts'

/** When a breaker opens, and how it closes. */
export interface CircuitBreakerOptions {
  /** Errors in a row that open it: 1 to 10,000, 5 by default; 0 switches it off. */
  readonly consecutiveErrors?: number | undefined
  /** Errors in percent of the results of `windowMs` that open it: 1 to 100; 0, the default, switches it off. */
  readonly failurePercent?: number | undefined
  /** Results in a window without which its share says nothing: 1 to 1,000,000, 20 by default. */
  readonly minRequests?: number | undefined
  /** The window of `failurePercent` in milliseconds; one follows the other; 10,000 by default. */
  readonly windowMs?: number | undefined
  /** How long it stays open at first, in milliseconds; 5,000 by default. */
  readonly openMs?: number | undefined
  /** The longest it stays open: at least `openMs`, 60,000 by default. */
  readonly maxOpenMs?: number | undefined
  /** Requests that are tried when it is half-open, all of which have to succeed: 1 to 1000, 1 by default. */
  readonly trials?: number | undefined
  /** Where time comes from; the process's monotonic clock by default. */
  readonly clock?: Clock | undefined
}

export type CircuitState = 'closed' | 'open' | 'half-open'

export const CIRCUIT_BREAKER_OPTION_NAMES = [
  'consecutiveErrors',
  'failurePercent',
  'minRequests',
  'windowMs',
  'openMs',
  'maxOpenMs',
  'trials',
  'clock',
] as const

/** The options of many breakers, read once. */
export type CircuitBreakerSettings = {
  readonly [Name in keyof CircuitBreakerOptions]-?: NonNullable<CircuitBreakerOptions[Name]>
}

/** @throws {HealthError} `EVENER_INVALID_OPTION` */
export function readCircuitBreakerOptions(
  options: CircuitBreakerOptions = {},
  field = 'options',
): CircuitBreakerSettings {
  readOptions(field, options, CIRCUIT_BREAKER_OPTION_NAMES)
  const openMs = readDelayMs(`${field}.openMs`, options.openMs, 5000)
  return {
    consecutiveErrors: readInteger(`${field}.consecutiveErrors`, options.consecutiveErrors, 5, 0, 10_000),
    failurePercent: readInteger(`${field}.failurePercent`, options.failurePercent, 0, 0, 100),
    minRequests: readInteger(`${field}.minRequests`, options.minRequests, 20, 1, 1_000_000),
    windowMs: readDelayMs(`${field}.windowMs`, options.windowMs, 10_000),
    openMs,
    maxOpenMs: readDelayMs(`${field}.maxOpenMs`, options.maxOpenMs, Math.max(60_000, openMs), openMs),
    trials: readInteger(`${field}.trials`, options.trials, 1, 1, 1000),
    clock: readObject(`${field}.clock`, options.clock, monotonicClock, ['now', 'setTimeout']),
  }
}

export class CircuitBreaker {
  readonly #settings: CircuitBreakerSettings
  readonly #changed: (state: CircuitState, detail: string) => void
  #state: CircuitState = 'closed'
  #consecutive = 0
  #requests = 0
  #errors = 0
  #windowEnd = 0
  /** Trials that succeeded. */
  #succeeded = 0
  #openMs: number
  #timer: Timer | undefined

  /** @param changed told after each change, with what led to it in words */
  constructor(settings: CircuitBreakerSettings, changed: (state: CircuitState, detail: string) => void) {
    this.#settings = settings
    this.#changed = changed
    this.#openMs = settings.openMs
  }

  get state(): CircuitState {
    return this.#state
  }

  /** How many may be under way at once while it is half-open. */
  get trials(): number {
    return this.#settings.trials
  }

  /** A request ended: `ok` is false where it failed, and by the server's fault. */
  count(ok: boolean): void {
    if (this.#state === 'closed') this.#countClosed(ok)
    else if (this.#state === 'half-open') this.#countTrial(ok)
  }

  /** Closed, with nothing counted, and no timer. Nobody is told. */
  reset(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#openMs = this.#settings.openMs
    this.#state = 'closed'
    this.#forget()
  }

  #countClosed(ok: boolean): void {
    const { consecutiveErrors, failurePercent, minRequests, windowMs, clock } = this.#settings
    this.#consecutive = ok ? 0 : this.#consecutive + 1
    if (failurePercent > 0) {
      const now = clock.now()
      if (now >= this.#windowEnd) {
        this.#windowEnd = now + windowMs
        this.#requests = 0
        this.#errors = 0
      }
      this.#requests++
      if (!ok) this.#errors++
    }
    if (ok) return
    if (consecutiveErrors > 0 && this.#consecutive >= consecutiveErrors) {
      this.#open(`${this.#consecutive} errors in a row`)
    } else if (
      failurePercent > 0 &&
      this.#requests >= minRequests &&
      this.#errors * 100 >= failurePercent * this.#requests
    ) {
      this.#open(`${this.#errors} of ${this.#requests} requests failed`)
    }
  }

  #countTrial(ok: boolean): void {
    if (!ok) {
      this.#openMs = Math.min(this.#openMs * 2, this.#settings.maxOpenMs)
      this.#open('a trial failed')
    } else if (++this.#succeeded >= this.#settings.trials) {
      this.#openMs = this.#settings.openMs
      this.#enter('closed', this.#settings.trials === 1 ? 'the trial succeeded' : 'all trials succeeded')
    }
  }

  #open(detail: string): void {
    this.#timer = this.#settings.clock.setTimeout(() => {
      this.#timer = undefined
      this.#enter('half-open', `after ${this.#openMs} ms`)
    }, this.#openMs)
    this.#enter('open', detail)
  }

  #enter(state: CircuitState, detail: string): void {
    this.#state = state
    this.#forget()
    this.#changed(state, detail)
  }

  #forget(): void {
    this.#consecutive = 0
    this.#requests = 0
    this.#errors = 0
    this.#windowEnd = 0
    this.#succeeded = 0
  }
}
