/**
 * Whether, and where, a failed attempt is tried again.
 *
 * A failure without a connection is safe for any request: nothing of it was sent. After that, a second
 * attempt could make the server act twice, so it is made only for an idempotent method (RFC 9110 section
 * 9.2.2), with the whole body still at hand, and for a reason that the configuration names.
 *
 * Where: as in HAProxy (manual, `retries` and `option redispatch`), the same server is tried again, after a
 * pause that gives a restarting server time, and the last retry goes elsewhere. A client that does not belong
 * to the server goes elsewhere at once, if there is an elsewhere.
 */
import type { Clock } from '../base/clock.ts'
import { decimal, integer, invalid, knownOptions } from '../base/options.ts'
import type { Failed } from './outcome.ts'

/** A reason to retry: HAProxy's words, or a status from 400 to 599. */
export type RetryOn = 'conn-failure' | 'empty-response' | 'junk-response' | 'response-timeout' | number

const retryReasons: readonly RetryOn[] = [
  'conn-failure',
  'empty-response',
  'junk-response',
  'response-timeout',
]

/** How much of the traffic may be retries. */
export interface RetryBudgetOptions {
  /** Retries allowed for each request, over time: 0 to 10; 0.2 by default, one retry for five requests. */
  readonly ratio?: number | undefined
  /** Retries allowed each second besides, so that little traffic can retry too: 0 to 100,000; 10 by default. */
  readonly minPerSecond?: number | undefined
}

/**
 * A budget for retries that load a server a second time, so that retries cannot turn a slow server into a
 * dead one. A token bucket, filled by requests and by time (after finagle's RetryBudget); it holds ten
 * seconds' worth. Attempts that never reached a server cost nothing and are not counted.
 */
export class RetryBudget {
  readonly #ratio: number
  readonly #minPerSecond: number
  readonly #clock: Clock
  #tokens: number
  #filledAt: number

  /** @throws {EvenerError} `EVENER_INVALID_OPTION`, `EVENER_UNKNOWN_OPTION` */
  constructor(options: RetryBudgetOptions, clock: Clock, field = 'retryBudget') {
    knownOptions(field, options, ['ratio', 'minPerSecond'])
    this.#ratio = decimal(`${field}.ratio`, options.ratio, 0.2, 0, 10)
    this.#minPerSecond = decimal(`${field}.minPerSecond`, options.minPerSecond, 10, 0, 100_000)
    this.#clock = clock
    this.#tokens = this.#minPerSecond * 10
    this.#filledAt = clock.now()
  }

  /** A request came: it pays for a part of a retry. */
  deposit(): void {
    this.#tokens += this.#ratio
  }

  /** Take one retry out. False when none is left. */
  withdraw(): boolean {
    const now = this.#clock.now()
    this.#tokens += ((now - this.#filledAt) / 1000) * this.#minPerSecond
    this.#filledAt = now
    const most = Math.max(this.#minPerSecond * 10, this.#ratio * 1000)
    if (this.#tokens > most) this.#tokens = most
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}

/** The options on retrying, a part of a backend's. */
export interface RetryOptions {
  /** Attempts after the first: 0 to 100, 3 by default. */
  readonly retries?: number | undefined
  /**
   * Whether a retry may go to another server. `true`, the default, moves the last retry (and, for clients that
   * do not belong to a server, the first one already); a positive number moves every n-th retry, a negative one
   * the n-th before the last, as HAProxy's `option redispatch n`. `false` never.
   */
  readonly redispatch?: boolean | number | undefined
  /** What is retried besides failed connections; `['conn-failure', 'empty-response']` by default. */
  readonly retryOn?: readonly RetryOn[] | undefined
  /** The pause before the same server is tried again, in milliseconds; 1000 by default, never more than the connect timeout. */
  readonly retryDelayMs?: number | undefined
  /** The share of traffic that may be retries. */
  readonly retryBudget?: RetryBudgetOptions | undefined
}

/** What to do after a failed attempt. */
export type RetryDecision = 'give-up' | 'same-server' | 'another-server'

/** What the request says of itself when a retry is considered. */
export interface Retryable {
  /** A second execution does no harm: RFC 9110 section 9.2.2. */
  readonly idempotent: boolean
  /** All of the body that was sent can be sent again. */
  readonly replayable: boolean
}

/** The rules on retrying, compiled. */
export class RetryPolicy {
  readonly retries: number
  readonly retryDelayMs: number
  readonly #redispatchAfter: number
  readonly #reasons: ReadonlySet<RetryOn>
  readonly #statuses: boolean

  /** @throws {EvenerError} `EVENER_INVALID_OPTION` */
  constructor(options: RetryOptions, field = 'backend') {
    this.retries = integer(`${field}.retries`, options.retries, 3, 0, 100)
    this.retryDelayMs = integer(`${field}.retryDelayMs`, options.retryDelayMs, 1000, 0, 60_000)
    const redispatch = options.redispatch ?? true
    this.#redispatchAfter =
      typeof redispatch === 'boolean'
        ? redispatch
          ? -1
          : 0
        : integer(`${field}.redispatch`, redispatch, -1, -100, 100)
    const reasons = options.retryOn ?? ['conn-failure', 'empty-response']
    if (!Array.isArray(reasons))
      throw invalid(`${field}.retryOn`, reasons, 'an array of reasons and statuses')
    for (const reason of reasons) {
      const valid =
        typeof reason === 'number'
          ? Number.isInteger(reason) && reason >= 400 && reason <= 599
          : retryReasons.includes(reason)
      if (!valid)
        throw invalid(`${field}.retryOn`, reason, `${retryReasons.join(', ')} or a status from 400 to 599`)
    }
    this.#reasons = new Set(reasons)
    this.#statuses = reasons.some(reason => typeof reason === 'number')
  }

  /** Whether retries may change the server at all. */
  get redispatches(): boolean {
    return this.#redispatchAfter !== 0
  }

  /** Whether a response with this status should be thrown away and the request tried again, if that is safe. */
  retriesStatus(status: number): boolean {
    return this.#statuses && this.#reasons.has(status)
  }

  /** Whether this failure may be followed by another attempt, by its reason and by the request's nature. */
  allows(outcome: Failed, request: Retryable): boolean {
    if (outcome.side !== 'server') return false
    if (outcome.reason === 'conn-failure') return this.#reasons.has('conn-failure')
    if (!request.idempotent || !request.replayable) return false
    if (outcome.reason === 'retry-status') return true
    return this.#reasons.has(outcome.reason as RetryOn)
  }

  /**
   * Where the next attempt goes.
   * @param retry its number, 1 for the first retry
   * @param sticky whether the client belongs to the server that failed
   * @param elsewhere whether there is another server that has not been tried
   */
  where(retry: number, sticky: boolean, elsewhere: boolean): 'same-server' | 'another-server' {
    const after = this.#redispatchAfter
    if (after === 0) return 'same-server'
    if (!sticky && elsewhere) return 'another-server'
    const due = after > 0 ? retry % after === 0 : retry === Math.max(1, this.retries + 1 + after)
    return due ? 'another-server' : 'same-server'
  }
}
