/** What @evener/health refuses is told as this package's own error, with the field as the host knows it. */
import { EvenerError } from '../base/errors.ts'

/**
 * @param field where the options stand, in place of `options`
 * @throws {EvenerError} `EVENER_INVALID_OPTION`; the other package's error is its cause
 */
export function fromHealth<T>(field: string, make: () => T): T {
  try {
    return make()
  } catch (cause) {
    throw new EvenerError('EVENER_INVALID_OPTION', `${field}: ${(cause as Error).message}`, { cause })
  }
}
