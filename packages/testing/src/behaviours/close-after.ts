/**
 * Servers that close connections their clients believe alive: where stale connections come from.
 */
import type { Behaviour } from '../fake-server/behaviour.ts'
import { integer, knownOptions, oneOf } from '../options.ts'
import { answer } from './answer.ts'

/** What {@link closeAfter} does before it closes. */
export interface CloseAfterOptions {
  /** How requests are answered; `answer({ keepAlive: true })` by default. */
  readonly answering?: Behaviour
}

/**
 * Answers `requests` requests on each connection and then closes it with a FIN, unannounced.
 * @throws {TestingError} `EVENER_INVALID_OPTION`
 */
export function closeAfter(requests: number, options: CloseAfterOptions = {}): Behaviour {
  knownOptions('closeAfter()', options, ['answering'])
  integer('closeAfter()', 'requests', requests, 1, Number.MAX_SAFE_INTEGER)
  const answering = options.answering ?? answer({ keepAlive: true })
  return async (request, connection) => {
    await answering(request, connection)
    if (connection.answered >= requests) connection.end()
  }
}

/** How {@link staleOnReuse} answers and closes. */
export interface StaleOnReuseOptions extends CloseAfterOptions {
  /** Requests answered on each connection before; 1 by default. */
  readonly after?: number
  /** How the connection ends: `close` (default) or `reset`. */
  readonly how?: 'close' | 'reset'
}

/**
 * Answers the first request on each connection and keeps it open; when the next arrives, closes without a word.
 * For the client this is the race that every kept connection runs: it was closed just before the request came.
 * @throws {TestingError} `EVENER_INVALID_OPTION`
 */
export function staleOnReuse(options: StaleOnReuseOptions = {}): Behaviour {
  knownOptions('staleOnReuse()', options, ['after', 'how', 'answering'])
  const after = integer('staleOnReuse()', 'after', options.after ?? 1, 1, Number.MAX_SAFE_INTEGER)
  const how = oneOf('staleOnReuse()', 'how', options.how ?? 'close', ['close', 'reset'])
  const answering = options.answering ?? answer({ keepAlive: true })
  return (request, connection) => {
    if (connection.answered < after) return answering(request, connection)
    if (how === 'reset') connection.reset()
    else connection.destroy()
    return undefined
  }
}
