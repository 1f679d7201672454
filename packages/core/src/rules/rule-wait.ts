/**
 * What a rule waits for: a time, a promise, and whatever whoever runs the rules adds to it. When all of it is there, the
 * list goes on with the next rule, or ends with the verdict that was told before or that the promise gave.
 *
 * Invariant: one of `resumed`, `decided` and `failed` is told, once, unless {@link RuleWait.cancel} comes first; no timer is
 * left after any of them.
 */
import type { Paused, Verdict } from '@evener/rules'
import type { Clock, Timer } from '../base/clock.ts'

/** Whom it tells. */
export interface WaitingRules {
  /** On with the rule of this number. */
  resumed(next: number): void
  /** The list ends so. */
  decided(verdict: Verdict): void
  /** The promise was rejected. */
  failed(error: unknown): void
}

export class RuleWait {
  readonly #paused: Paused
  readonly #rules: WaitingRules
  #verdict: Verdict | undefined
  #timer: Timer | undefined
  /** Beginning counts as one, so that nothing is told before all is known that is waited for. */
  #awaited = 1
  #over = false

  /** To be followed by {@link start}. */
  constructor(paused: Paused, rules: WaitingRules) {
    this.#paused = paused
    this.#rules = rules
    this.#verdict = paused.verdict
  }

  /** Wait for one thing more, of which {@link came} is to be told. */
  hold(): void {
    this.#awaited++
  }

  start(clock: Clock): void {
    const { delayMs, until } = this.#paused
    if (delayMs !== undefined) {
      this.hold()
      this.#timer = clock.setTimeout(() => this.came(), delayMs)
    }
    if (until !== undefined) {
      this.hold()
      until.then(
        verdict => {
          this.#verdict ??= verdict
          this.came()
        },
        (error: unknown) => {
          if (this.#over) return
          this.cancel()
          this.#rules.failed(error)
        },
      )
    }
    this.came()
  }

  /** One of the things that are waited for is there. */
  came(): void {
    if (this.#over || --this.#awaited > 0) return
    this.#over = true
    if (this.#verdict === undefined) this.#rules.resumed(this.#paused.next)
    else this.#rules.decided(this.#verdict)
  }

  /** Wait no longer, and tell nobody. */
  cancel(): void {
    this.#over = true
    this.#timer?.cancel()
  }
}
