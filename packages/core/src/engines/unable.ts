/** An attempt that an engine cannot make at all: told as a failure, a turn later, as the contract of engines has it. */
import type { Attempt, Transfer } from '../http/engine.ts'

export class Unable implements Transfer {
  #attempt: Attempt | undefined

  /** @param cause why; the backend announces it as a `fault` */
  constructor(attempt: Attempt, cause: Error) {
    this.#attempt = attempt
    process.nextTick(() =>
      this.#attempt?.failed({ phase: 'connect', reason: 'internal', stale: false, cause }),
    )
  }

  resume(): void {
    // Nothing comes.
  }

  abort(): void {
    this.#attempt = undefined
  }
}
