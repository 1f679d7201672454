/**
 * For the few things that only the kernel decides, and tells nobody: asked again and again, up to a deadline.
 *
 * Use it sparingly. Where there is an event, wait for the event (`FakeServer.waitFor`, `RawClient.closed`).
 */
import { TestingError } from './errors.ts'
import { integer, knownOptions } from './options.ts'

// Kept from before a test replaces the globals by fake ones.
const { setTimeout: startTimer, setImmediate: nextTurn, performance } = globalThis

/** How long and how often {@link expectEventually} asks. */
export interface ExpectEventuallyOptions {
  /** Milliseconds, 10,000 by default: enough for a busy machine too. */
  readonly timeoutMs?: number
  /** Milliseconds between two questions, 5 by default; the first twenty are one turn of the event loop apart. */
  readonly intervalMs?: number
}

/**
 * Resolves with what `ask` returns, as soon as it neither throws nor returns `false`.
 * @throws what `ask` threw last, or `EVENER_TIMEOUT` if it returned `false`, after `timeoutMs`
 */
export async function expectEventually<T>(
  ask: () => T | Promise<T>,
  options: ExpectEventuallyOptions = {},
): Promise<T> {
  knownOptions('expectEventually()', options, ['timeoutMs', 'intervalMs'])
  const timeoutMs = integer('expectEventually()', 'timeoutMs', options.timeoutMs ?? 10_000, 0, 2 ** 31 - 1)
  const intervalMs = integer('expectEventually()', 'intervalMs', options.intervalMs ?? 5, 0, 2 ** 31 - 1)
  const startedAt = performance.now()
  for (let asked = 1; ; asked++) {
    let failure: unknown
    try {
      const value = await ask()
      if (value !== false) return value
      failure = new TestingError('EVENER_TIMEOUT', `still false after ${timeoutMs} ms`)
    } catch (error) {
      failure = error
    }
    if (performance.now() - startedAt >= timeoutMs) throw failure
    if (asked <= 20) await new Promise<void>(resolve => nextTurn(resolve))
    else await new Promise<void>(resolve => startTimer(resolve, intervalMs))
  }
}
