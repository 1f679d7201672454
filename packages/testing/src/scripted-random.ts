/**
 * Randomness by script: a test that says which numbers are drawn can say which server is chosen.
 */
import { TestingError } from './errors.ts'
import { knownOptions, oneOf } from './options.ts'
import type { Random } from './seeded-random.ts'

/** What {@link scriptedRandom} does after the last value. */
export interface ScriptedRandomOptions {
  /** `throw` (default), or `repeat` the values from the first on. */
  readonly atEnd?: 'throw' | 'repeat'
}

/**
 * Gives these numbers, in this order.
 *
 * @param values each from 0 (included) to 1 (excluded), at least one
 * @throws {TestingError} `EVENER_INVALID_OPTION` for a value out of range; the function returned throws
 *   `EVENER_EXHAUSTED` when drawn from once too often
 */
export function scriptedRandom(values: readonly number[], options: ScriptedRandomOptions = {}): Random {
  knownOptions('scriptedRandom()', options, ['atEnd'])
  const atEnd = oneOf('scriptedRandom()', 'atEnd', options.atEnd ?? 'throw', ['throw', 'repeat'])
  const script = [...values]
  if (script.length === 0) throw invalid('values is empty; allowed: at least one number')
  for (const [at, value] of script.entries()) {
    if (!(value >= 0 && value < 1))
      throw invalid(`values[${at}] is ${value}; allowed: 0 up to, not including, 1`)
  }
  let drawn = 0
  return () => {
    if (drawn >= script.length && atEnd === 'throw') {
      const message = `scriptedRandom(): all ${script.length} values are drawn, and one more was asked for`
      throw new TestingError('EVENER_EXHAUSTED', message)
    }
    return script[drawn++ % script.length]!
  }
}

function invalid(message: string): TestingError {
  return new TestingError('EVENER_INVALID_OPTION', `scriptedRandom(): ${message}`)
}
