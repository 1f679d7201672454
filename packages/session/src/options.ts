/**
 * Checks of options, so that a mistake in a configuration is told where it was made and not by strange
 * traffic.
 *
 * Each check returns the value it accepted, or throws a {@link SessionOptionError}.
 */
import { SessionOptionError } from './errors.ts'

/** Refuse a value. The value is shown shortened; pass `shown` where it is a secret. */
export function refuse(field: string, value: unknown, allowed: string, shown = show(value)): never {
  throw new SessionOptionError(field, `${field} is ${shown}; allowed is ${allowed}`)
}

/** The options are an object and have no name but the known ones. */
export function checkNames(maker: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    refuse(`${maker} options`, options, 'an object')
  for (const [name, value] of Object.entries(options as object)) {
    if (known.includes(name)) continue
    const unknown = `${maker} has no option ${JSON.stringify(name)} (value ${show(value)})`
    throw new SessionOptionError(name, `${unknown}; it has ${known.join(', ')}`)
  }
}

export function booleanOption(field: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined) return fallback
  if (typeof value !== 'boolean') refuse(field, value, 'true or false')
  return value
}

export function integerOption(field: string, value: unknown, least: number, most: number): number {
  if (!Number.isInteger(value) || (value as number) < least || (value as number) > most)
    refuse(field, value, `an integer from ${least} to ${most}`)
  return value as number
}

export function functionOption<F extends (...given: never[]) => unknown>(
  field: string,
  value: unknown,
  fallback: F,
): F {
  if (value === undefined) return fallback
  if (typeof value !== 'function') refuse(field, value, 'a function')
  return value as F
}

/** A token of RFC 9110 section 5.6.2: what header names and cookie names are made of. */
export function isToken(text: unknown): text is string {
  return typeof text === 'string' && /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text)
}

function show(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
