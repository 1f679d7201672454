/**
 * Silence at a chosen place: what timeouts are tested with.
 */
import type { Behaviour } from '../fake-server/behaviour.ts'
import { knownOptions, oneOf } from '../options.ts'
import { type PartialFraming, sendPart, sendRest } from './partial.ts'

/** Where a server falls silent. */
export type StallPlace = 'mid-request-body' | 'before-head' | 'mid-head' | 'mid-body'

/** How {@link stall} may end. */
export interface StallOptions {
  /** When fulfilled, the answer goes on to its end. By default never. */
  readonly until?: Promise<unknown> | (() => Promise<unknown>)
  /** The framing of the answer; `length` by default. */
  readonly framing?: PartialFraming
}

/**
 * Falls silent: in the middle of reading the request's body, or with the request read before the answer, in its head, or
 * in its body (100 of 1,000 bytes sent).
 * @throws {TestingError} `EVENER_INVALID_OPTION`
 */
export function stall(where: StallPlace, options: StallOptions = {}): Behaviour {
  knownOptions('stall()', options, ['until', 'framing'])
  oneOf('stall()', 'where', where, ['mid-request-body', 'before-head', 'mid-head', 'mid-body'])
  const framing = oneOf('stall()', 'framing', options.framing ?? 'length', ['length', 'chunked'])
  const { until } = options
  return async (request, connection) => {
    if (where === 'mid-request-body') await request.nextPiece(1)
    else await request.readBody()
    if (where === 'mid-head' || where === 'mid-body') await sendPart(where, framing, request, connection)
    if (until === undefined) await connection.untilGone()
    else await connection.whileHere(typeof until === 'function' ? until() : until)
    await request.readBody()
    await sendRest(where === 'mid-request-body' ? 'before-head' : where, framing, request, connection)
  }
}
