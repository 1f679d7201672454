/**
 * Those who wait for a condition that events bring about: asked again after each event, never by polling.
 */
import { TestingError } from '../errors.ts'

// Kept from before a test replaces the global by a fake one: the deadline is real time.
const { setTimeout: startTimer, clearTimeout: stopTimer } = globalThis

export class Waiters {
  private readonly waiting = new Set<() => void>()

  /** Something happened: ask all again. */
  changed(): void {
    for (const each of this.waiting) each()
  }

  /**
   * Resolves with the first truthy value of `ask`.
   * @throws {TestingError} `EVENER_TIMEOUT`, with the summary, after `timeoutMs`
   */
  until<T>(ask: () => T | undefined, timeoutMs: number, summary: () => string): Promise<T> {
    return new Promise((resolve, reject) => {
      const finish = () => {
        this.waiting.delete(look)
        stopTimer(deadline)
      }
      const look = () => {
        try {
          const value = ask()
          if (!value) return
          finish()
          resolve(value)
        } catch (error) {
          finish()
          reject(error)
        }
      }
      const deadline = startTimer(() => {
        finish()
        const message = `nothing of the kind within ${timeoutMs} ms. ${summary()}`
        reject(new TestingError('EVENER_TIMEOUT', message))
      }, timeoutMs)
      this.waiting.add(look)
      look()
    })
  }
}
