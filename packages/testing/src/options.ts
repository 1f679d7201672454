/**
 * Checks of options, at construction: a misspelt option in a test makes the test prove something else.
 */
import { TestingError } from './errors.ts'

function refuse(owner: string, field: string, value: unknown, allowed: string): never {
  const shown = typeof value === 'string' ? JSON.stringify(value) : String(value)
  throw new TestingError('EVENER_INVALID_OPTION', `${owner}: ${field} is ${shown}; allowed: ${allowed}`)
}

/** Refuse every key of `options` that is not in `known`. */
export function knownOptions(owner: string, options: object, known: readonly string[]): void {
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) refuse(owner, `option ${key}`, 'unknown', known.join(', ') || 'no options')
  }
}

/** An integer from `least` to `most`, or the error. */
export function integer(owner: string, field: string, value: unknown, least: number, most: number): number {
  if (!Number.isInteger(value) || (value as number) < least || (value as number) > most) {
    const top = most === Number.MAX_SAFE_INTEGER ? 'any' : most
    refuse(owner, field, value, `an integer from ${least} to ${top}`)
  }
  return value as number
}

/** One of the given strings, or the error. */
export function oneOf<T extends string>(owner: string, field: string, value: T, allowed: readonly T[]): T {
  if (!allowed.includes(value)) refuse(owner, field, value, allowed.map(each => `'${each}'`).join(', '))
  return value
}
