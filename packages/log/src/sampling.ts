/**
 * Which lines are let through: HAProxy's `sample <ranges>:<size>`.
 *
 * Of each `size` lines those in the ranges, counted from 1. Four sinks with `1:4`, `2:4`, `3:4`, `4:4` share the load.
 */
import { refuse } from './options.ts'

export class Sampling {
  readonly #taken: readonly boolean[]
  #next = 0

  /** @throws {LogError} `EVENER_INVALID_OPTION` for a text that is no list of rising ranges within the size */
  constructor(field: string, text: string) {
    const wrong = (): never =>
      refuse(
        field,
        text,
        'ranges and a size, as in 1:10 or 1,3-5:8, rising, and not beyond the size, 65536 at most',
      )
    const said = typeof text === 'string' ? /^(\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*):(\d+)$/.exec(text) : null
    const [, ranges = '', of] = said ?? []
    const size = Number(of)
    if (said === null || size < 1 || size > 65_536) wrong()
    const taken = Array<boolean>(size).fill(false)
    let before = 0
    for (const range of ranges.split(',')) {
      const [low = 0, high = low] = range.split('-').map(Number)
      if (low <= before || high < low || high > size) wrong()
      taken.fill(true, low - 1, high)
      before = high
    }
    this.#taken = taken
  }

  /** Whether the next line is let through. */
  takes(): boolean {
    const at = this.#next
    this.#next = at + 1 === this.#taken.length ? 0 : at + 1
    return this.#taken[at] as boolean
  }
}
