/**
 * Asking Redis where a client belongs. A request waits for the answer, but no longer than `waitMs`: then it goes on with
 * what is known here.
 *
 * Cost: a round trip, behind the batch that Redis may be at just then.
 */
import type { StickTable } from '../stick-table.ts'
import { heard } from './answers.ts'
import { type Link, late } from './link.ts'
import type { Pending } from './pending.ts'

/** Look-ups that may be without an answer at once: more would only wait behind them. */
const mostAtOnce = 1_000

export class Lookups {
  readonly #link: Link
  readonly #table: StickTable
  readonly #keyPrefix: string
  readonly #waitMs: number
  #underWay = 0

  constructor(link: Link, table: StickTable, keyPrefix: string, waitMs: number) {
    this.#link = link
    this.#table = table
    this.#keyPrefix = keyPrefix
    this.#waitMs = waitMs
  }

  /** Whether there is any use in asking. */
  get possible(): boolean {
    return this.#link.ready && this.#underWay < mostAtOnce
  }

  async lookUp(key: string, known: string | undefined): Promise<string | undefined> {
    const { counters } = this.#link
    counters.lookups++
    this.#underWay++
    const asked = this.#link.send(['HGET', this.#keyPrefix + key, 'server'])
    asked
      .then(
        () => this.#link.answered(),
        () => undefined,
      )
      .finally(() => this.#underWay--)
    const answer = await this.#link.within(asked, this.#waitMs)
    if (answer === late) {
      counters.lookupTimeouts++
      this.#link.lookupLate()
      return known
    }
    if (answer instanceof Error) {
      counters.lookupErrors++
      return known
    }
    if (answer !== null && typeof answer !== 'string') {
      counters.badAnswers++
      return known
    }
    heard(this.#table, key, answer)
    return answer ?? known
  }

  /** Of two processes that bind a key at once one is right; which one this process is about to hear. */
  async whenBound(key: string, binding: Pending): Promise<string | undefined> {
    if ((await this.#link.within(binding.settled(), this.#waitMs)) === late)
      this.#link.counters.lookupTimeouts++
    return this.#table.server(key)
  }
}
