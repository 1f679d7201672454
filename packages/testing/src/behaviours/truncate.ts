/**
 * An answer that ends too early, politely: a FIN in the middle of the body.
 */
import type { Behaviour } from '../fake-server/behaviour.ts'
import { oneOf } from '../options.ts'
import { type PartialFraming, sendPart } from './partial.ts'

/**
 * Sends 100 of 1,000 bytes of body, in the framing named, and closes with a FIN.
 * @throws {TestingError} `EVENER_INVALID_OPTION`
 */
export function truncate(framing: PartialFraming): Behaviour {
  oneOf('truncate()', 'framing', framing, ['length', 'chunked'])
  return async (request, connection) => {
    await request.readBody()
    await sendPart('mid-body', framing, request, connection)
    connection.end()
  }
}
