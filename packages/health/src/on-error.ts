/**
 * What traffic says about a server, in HAProxy's words: `observe`, `error-limit`, `on-error`.
 *
 * Errors in a row are counted; at the limit the action is due, and the count begins anew. A success, of a request or of a
 * check, begins it anew as well.
 *
 * Cost: one field written for a request.
 * Source: HAProxy manual, `observe`, `error-limit`, `on-error`; `check.c`, which says what each action does.
 * Not for: rates; errors that are spread among successes are never seen. See outlier-detector.ts.
 */
import { readChoice, readInteger } from './options.ts'

/** Which errors count: failed connections alone, or missing and wrong answers as well. */
export type Observed = 'layer4' | 'layer7'

/**
 * What is done at the limit. `fastinter`: the next check comes after `fastIntervalMs`, and so with all others as well.
 * `fail-check`: it counts as a failed check. `sudden-death`: the same, and one more failed check takes the server down.
 * `mark-down`: it is down.
 */
export type OnError = 'fastinter' | 'fail-check' | 'sudden-death' | 'mark-down'

export const ON_ERROR_ACTIONS: readonly OnError[] = ['fastinter', 'fail-check', 'sudden-death', 'mark-down']

/** What is observed of a server. */
export interface ObserveOptions {
  /** Which errors of real requests count; none by default. HAProxy's `observe`. */
  readonly observe?: Observed | undefined
  /** Errors in a row after which `onError` is done: 1 to 10,000, 10 by default. HAProxy's `error-limit`. */
  readonly errorLimit?: number | undefined
  /** What is done then; `fail-check` by default. HAProxy's `on-error`. */
  readonly onError?: OnError | undefined
}

/** The errors in a row of one server. */
export class ErrorLimit {
  readonly observed: Observed
  readonly action: OnError
  readonly limit: number
  #errors = 0

  /** @throws {HealthError} `EVENER_INVALID_OPTION` */
  constructor(options: ObserveOptions, field = 'options') {
    this.observed = readChoice(`${field}.observe`, options.observe, 'layer4', ['layer4', 'layer7'])
    this.limit = readInteger(`${field}.errorLimit`, options.errorLimit, 10, 1, 10_000)
    this.action = readChoice(`${field}.onError`, options.onError, 'fail-check', ON_ERROR_ACTIONS)
  }

  /** Something went well. */
  clear(): void {
    this.#errors = 0
  }

  /** An error was seen. True where it is the one at which the action is due. */
  error(): boolean {
    if (++this.#errors < this.limit) return false
    this.#errors = 0
    return true
  }
}
