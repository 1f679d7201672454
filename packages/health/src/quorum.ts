/**
 * Is enough of a group there? A quorum of weights, with a hysteresis so that one server that comes and goes at the edge
 * does not turn the group over each time.
 *
 * Reached from `quorum + hysteresis` on, lost below `quorum - hysteresis`; between the two it stays as it was.
 * Cost: O(1). Source: Keepalived manual, `quorum`, `hysteresis`.
 */
import { readInteger } from './options.ts'

export class Quorum {
  readonly #up: number
  readonly #down: number
  #reached: boolean | undefined

  /**
   * @param quorum the weight that has to be there: 1 to 1,000,000
   * @param hysteresis how far from it the state changes: 0 (the default) to `quorum - 1`
   * @throws {HealthError} `EVENER_INVALID_OPTION`
   */
  constructor(quorum: number, hysteresis: number | undefined = undefined, field = 'options') {
    readInteger(`${field}.quorum`, quorum, 1, 1, 1_000_000)
    const margin = readInteger(`${field}.quorumHysteresis`, hysteresis, 0, 0, quorum - 1)
    this.#up = quorum + margin
    this.#down = quorum - margin
  }

  /** Whether it is reached, as of the last `update`; undefined before the first. */
  get reached(): boolean | undefined {
    return this.#reached
  }

  /**
   * So much weight is there now. The first time there is no state to keep: what is not below the lower edge is enough.
   * @returns whether the quorum is reached
   */
  update(weight: number): boolean {
    this.#reached = this.#reached === false ? weight >= this.#up : weight >= this.#down
    return this.#reached
  }
}
