/**
 * Reading options: each reader gives back the value or its default, or throws an error that names the field,
 * the value and what is allowed.
 */
import { inspect } from 'node:util'
import { HealthError } from './errors.ts'

/** The longest delay that Node's timers keep; a longer one would fire at once. */
export const MAX_DELAY_MS = 2 ** 31 - 1

/** Throw: `field` has a value that is not allowed. */
export function refuse(field: string, value: unknown, allowed: string): never {
  const shown = inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 80 })
  throw new HealthError('EVENER_INVALID_OPTION', `${field} is ${shown.slice(0, 200)}: must be ${allowed}`)
}

/** The options as an object that has no other names than those given. */
export function readOptions<O extends object>(where: string, options: O, names: readonly string[]): O {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    refuse(where, options, 'an object')
  }
  for (const name of Object.keys(options)) {
    if (!names.includes(name)) {
      refuse(`${where}.${name}`, (options as Record<string, unknown>)[name], `one of ${names.join(', ')}`)
    }
  }
  return options
}

export function readInteger(
  field: string,
  value: number | undefined,
  fallback: number,
  min: number,
  max: number,
): number {
  if (value === undefined) return fallback
  if (!Number.isInteger(value) || value < min || value > max) {
    refuse(field, value, `an integer from ${min} to ${max}`)
  }
  return value
}

/** A delay in whole milliseconds, at least 1. */
export function readDelayMs(field: string, value: number | undefined, fallback: number, min = 1): number {
  return readInteger(field, value, fallback, min, MAX_DELAY_MS)
}

/** A number within a range, or 0 for what is switched off. */
export function readNumber(
  field: string,
  value: number | undefined,
  fallback: number,
  min: number,
  max: number,
): number {
  if (value === undefined) return fallback
  if (typeof value !== 'number' || !(value === 0 || (value >= min && value <= max))) {
    refuse(field, value, `a number from ${min} to ${max}, or 0`)
  }
  return value
}

export function readFraction(
  field: string,
  value: number | undefined,
  fallback: number,
  max: number,
): number {
  if (value === undefined) return fallback
  if (typeof value !== 'number' || !(value >= 0 && value <= max))
    refuse(field, value, `a number from 0 to ${max}`)
  return value
}

export function readChoice<C extends string>(
  field: string,
  value: C | undefined,
  fallback: C,
  choices: readonly C[],
): C {
  if (value === undefined) return fallback
  if (!choices.includes(value)) refuse(field, value, `one of ${choices.join(', ')}`)
  return value
}

/** An object (or function) that has the methods named. */
export function readObject<O extends object>(
  field: string,
  value: O | undefined,
  fallback: O | undefined,
  methods: readonly string[],
): O {
  const found = value ?? fallback
  if (found === undefined || methods.some(name => typeof found[name as keyof O] !== 'function')) {
    refuse(field, value, `an object with ${methods.join(' and ')}`)
  }
  return found
}
