/**
 * Reading options at construction: every option is checked once, here, and never again on the way of a
 * request. A refusal names the field, the value that was given, and what is allowed.
 */
import { EvenerError } from './errors.ts'
import { hintFor } from './option-hints.ts'

/** How a value is shown in a message: short, and quoted where it is text. */
export function show(value: unknown): string {
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

/**
 * Refuse names that are not options, so that a misspelt option is an error and not a silent default.
 * @throws {EvenerError} `EVENER_INVALID_OPTION` when `options` is not an object, `EVENER_UNKNOWN_OPTION` for a name
 */
export function knownOptions(owner: string, options: unknown, names: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalid(owner, options, 'an object of options')
  }
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue
    const hint = hintFor(name, names)
    throw new EvenerError(
      'EVENER_UNKNOWN_OPTION',
      `${owner}: unknown option ${show(name)}; ${hint && `${hint} `}expected one of ${names.join(', ')}`,
    )
  }
}

/** An integer between two bounds, both included. */
export function integer(field: string, value: unknown, fallback: number, min: number, max: number): number {
  if (value === undefined) return fallback
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    throw invalid(field, value, `an integer from ${min} to ${max}`)
  }
  return value
}

/** A number between two bounds, both included. */
export function decimal(field: string, value: unknown, fallback: number, min: number, max: number): number {
  if (value === undefined) return fallback
  if (typeof value !== 'number' || !(value >= min && value <= max)) {
    throw invalid(field, value, `a number from ${min} to ${max}`)
  }
  return value
}

/** Node's timers hold no more than 2^31 - 1 ms, about 24.8 days. */
export const maxDelayMs = 2_147_483_647

/** A duration in whole milliseconds, at least 1; `Infinity` switches it off. */
export function duration(field: string, value: unknown, fallback: number): number {
  if (value === undefined) return fallback
  if (value === Number.POSITIVE_INFINITY) return value
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > maxDelayMs) {
    throw invalid(field, value, `whole milliseconds from 1 to ${maxDelayMs}, or Infinity for none`)
  }
  return value
}

/** True or false. */
export function flag(field: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined) return fallback
  if (typeof value !== 'boolean') throw invalid(field, value, 'true or false')
  return value
}

/** One of a few words. */
export function oneOf<T extends string>(field: string, value: unknown, fallback: T, words: readonly T[]): T {
  if (value === undefined) return fallback
  if (!words.includes(value as T)) throw invalid(field, value, `one of ${words.join(', ')}`)
  return value as T
}

/** A name for a server or backend: 1 to 128 visible ASCII characters, so that it is safe in a log, a cookie and a URL. */
export function name(field: string, value: unknown): string {
  if (typeof value !== 'string' || !/^[\x21-\x7e]{1,128}$/.test(value)) {
    throw invalid(field, value, '1 to 128 visible ASCII characters')
  }
  return value
}

/** An object with methods of these names: a balancer, a checker, an affinity. */
export function withMethods<T>(field: string, value: T, methods: readonly string[], example: string): T {
  const object = value as unknown as Record<string, unknown> | undefined | null
  // A function is most often the maker of what is wanted, handed over without having been called.
  const called = typeof value === 'function' ? '; is it to be called?' : ''
  if (typeof object !== 'object' || object === null) {
    throw invalid(field, value, `an object with ${methods.join('(), ')}(), such as ${example}${called}`)
  }
  for (const method of methods) {
    if (typeof object[method] !== 'function') {
      throw invalid(`${field}.${method}`, object[method], `a function, as that of ${example}`)
    }
  }
  return value
}
