/** Errors of `@evener/rules` in options of this package: told with the field that they are in. */
import { RuleError } from '@evener/rules'
import { EvenerError } from '../base/errors.ts'

/**
 * Make something of rules that an option asks for.
 * @param before the field, with what separates it from what is wrong with it
 * @throws {EvenerError} `EVENER_INVALID_OPTION`
 */
export function madeOfRules<T>(before: string, make: () => T): T {
  try {
    return make()
  } catch (cause) {
    if (!(cause instanceof RuleError)) throw cause
    throw new EvenerError('EVENER_INVALID_OPTION', `${before}${cause.message}`, { cause })
  }
}
