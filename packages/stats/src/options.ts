/** Reading options at construction, with errors that name the field, the value and what is allowed. */
import { EvenerError } from '@evener/core'

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object'
  return String(value)
}

/** The error for a value that is not allowed. */
export function invalid(field: string, value: unknown, allowed: string): EvenerError {
  return new EvenerError(
    'EVENER_INVALID_OPTION',
    `${field}: ${show(value)} is not allowed; expected ${allowed}`,
  )
}

/** @throws {EvenerError} `EVENER_INVALID_OPTION` where these are no options, `EVENER_UNKNOWN_OPTION` for a name that is none */
export function knownOptions(owner: string, options: unknown, names: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw invalid(owner, options, 'an object of options')
  for (const name of Object.keys(options)) {
    if (!names.includes(name))
      throw new EvenerError(
        'EVENER_UNKNOWN_OPTION',
        `${owner}: unknown option ${show(name)}; expected one of ${names.join(', ')}`,
      )
  }
}

/** An integer between two bounds, both included. */
export function integer(field: string, value: unknown, fallback: number, min: number, max: number): number {
  if (value === undefined) return fallback
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
    throw invalid(field, value, `an integer from ${min} to ${max}`)
  return value
}

/** True or false. */
export function flag(field: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined) return fallback
  if (typeof value !== 'boolean') throw invalid(field, value, 'true or false')
  return value
}

/** One of a few words. */
export function oneOf<T extends string>(field: string, value: unknown, words: readonly T[]): T {
  if (!words.includes(value as T)) throw invalid(field, value, `one of ${words.join(', ')}`)
  return value as T
}
