/**
 * A server that takes the body of a request in small bites.
 */
import type { Behaviour } from '../fake-server/behaviour.ts'
import { integer, knownOptions } from '../options.ts'
import { answer } from './answer.ts'

/** How slowly {@link slowRead} reads. */
export interface SlowReadOptions {
  /** Bytes of body taken in one turn, 1 or more. */
  readonly bytesPerTurn: number
  /** What lies between two turns: one turn of the event loop by default. */
  readonly turn?: () => Promise<unknown>
  /** How the request is answered once its body is read; `answer()` by default. */
  readonly answering?: Behaviour
}

/**
 * Reads the body `bytesPerTurn` at a time, then answers.
 * @throws {TestingError} `EVENER_INVALID_OPTION`
 */
export function slowRead(options: SlowReadOptions): Behaviour {
  knownOptions('slowRead()', options, ['bytesPerTurn', 'turn', 'answering'])
  const bytes = integer('slowRead()', 'bytesPerTurn', options.bytesPerTurn, 1, Number.MAX_SAFE_INTEGER)
  const turn = options.turn ?? (() => new Promise<void>(resolve => setImmediate(resolve)))
  const answering = options.answering ?? answer()
  return async (request, connection) => {
    for await (const _piece of request.pieces(bytes)) await connection.whileHere(turn())
    return answering
  }
}
