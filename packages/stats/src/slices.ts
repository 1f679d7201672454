/**
 * Long work in slices of a tenth of a millisecond: after each, whatever else the process has to do goes on. What waits for
 * its turn is held up by one slice at a time, and hardly sees that there is anything beside.
 *
 * ```text
 *   const slices = new Slices()
 *   for (…) { work; if (slices.over) await slices.next() }
 * ```
 */
import { setImmediate as turn } from 'node:timers/promises'

const sliceMs = 0.1

export class Slices {
  #endsAt = performance.now() + sliceMs

  /** Whether it is somebody else's turn. */
  get over(): boolean {
    return performance.now() >= this.#endsAt
  }

  /** Let the others have theirs. */
  async next(): Promise<void> {
    await turn()
    this.#endsAt = performance.now() + sliceMs
  }
}
