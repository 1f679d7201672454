/**
 * A real RST at a chosen place, as a server that is killed with work in hand sends it.
 */
import type { Behaviour } from '../fake-server/behaviour.ts'
import { knownOptions, oneOf } from '../options.ts'
import { type PartialFraming, sendPart } from './partial.ts'

/** Where a server resets the connection. */
export type ResetPlace = 'on-accept' | 'mid-request-body' | 'before-head' | 'mid-head' | 'mid-body'

/** When and in what {@link reset} happens. */
export interface ResetOptions {
  /** The reset waits for this, for instance until the client has seen what was sent so far. */
  readonly until?: Promise<unknown> | (() => Promise<unknown>)
  /** The framing of the answer; `length` by default. */
  readonly framing?: PartialFraming
}

const PLACES = ['on-accept', 'mid-request-body', 'before-head', 'mid-head', 'mid-body'] as const

/**
 * Resets the connection: as soon as it is accepted, after the first byte of the request's body, with the request read,
 * in the middle of the answer's head, or of its body (100 of 1,000 bytes sent).
 * @throws {TestingError} `EVENER_INVALID_OPTION`
 */
export function reset(where: ResetPlace, options: ResetOptions = {}): Behaviour {
  knownOptions('reset()', options, ['until', 'framing'])
  oneOf('reset()', 'where', where, PLACES)
  const framing = oneOf('reset()', 'framing', options.framing ?? 'length', ['length', 'chunked'])
  const { until } = options
  const behaviour: Behaviour = async (request, connection) => {
    if (where === 'mid-request-body') await request.nextPiece(1)
    else await request.readBody()
    if (where === 'mid-head' || where === 'mid-body') await sendPart(where, framing, request, connection)
    if (until !== undefined) await connection.whileHere(typeof until === 'function' ? until() : until)
    connection.reset()
  }
  if (where !== 'on-accept') return behaviour
  return Object.assign(behaviour, { onAccept: (connection: { reset(): void }) => connection.reset() })
}
