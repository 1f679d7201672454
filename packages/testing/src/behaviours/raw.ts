/**
 * Exact bytes, for every answer that no builder of answers would write.
 */

import type { Behaviour } from '../fake-server/behaviour.ts'
import { knownOptions, oneOf } from '../options.ts'

/** Bytes to send (text goes out as latin1), or something to wait for between two sends. */
export type RawPart = string | Uint8Array | Promise<unknown> | (() => Promise<unknown>)

/** What happens around the bytes of {@link raw}. */
export interface RawOptions {
  /** Afterwards: `keep` the connection (default), `close` it with a FIN, or `reset` it. */
  readonly afterwards?: 'keep' | 'close' | 'reset'
  /** Read the whole request first; true by default. */
  readonly readBody?: boolean
}

/**
 * Sends exactly these bytes; parts of an array go out as separate segments, one turn of the event loop apart.
 * @throws {TestingError} `EVENER_INVALID_OPTION`
 */
export function raw(bytes: string | Uint8Array | readonly RawPart[], options: RawOptions = {}): Behaviour {
  knownOptions('raw()', options, ['afterwards', 'readBody'])
  const afterwards = oneOf('raw()', 'afterwards', options.afterwards ?? 'keep', ['keep', 'close', 'reset'])
  const parts = typeof bytes === 'string' || bytes instanceof Uint8Array ? [bytes] : bytes
  return async (request, connection) => {
    if (options.readBody !== false) await request.readBody()
    for (const part of parts) {
      if (typeof part === 'function') await connection.whileHere(part())
      else if (part instanceof Promise) await connection.whileHere(part)
      else {
        await connection.write(part)
        await connection.flush()
      }
    }
    request.answered = true
    connection.answered++
    if (afterwards === 'close') connection.end()
    if (afterwards === 'reset') connection.reset()
  }
}
