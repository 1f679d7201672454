/**
 * Checks of options: each returns the value it accepted, or throws a {@link TlsError} that names the field,
 * the value and what is allowed.
 */
import { TlsError } from './errors.ts'

/** Refuse a value. */
export function refuse(field: string, value: unknown, allowed: string): never {
  const message = `${field} is ${show(value)}; allowed is ${allowed}`
  throw new TlsError('EVENER_INVALID_OPTION', field, message)
}

/** The options are an object and have no name but the known ones. */
export function checkNames(owner: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    refuse(owner, options, 'an object of options')
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    const message = `${owner} has no option ${JSON.stringify(name)}; it has ${known.join(', ')}`
    throw new TlsError('EVENER_INVALID_OPTION', name, message)
  }
}

export function booleanOption(field: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined) return fallback
  if (typeof value !== 'boolean') refuse(field, value, 'true or false')
  return value
}

export function integerOption(
  field: string,
  value: unknown,
  fallback: number,
  least: number,
  most: number,
): number {
  if (value === undefined) return fallback
  if (!Number.isInteger(value) || (value as number) < least || (value as number) > most) {
    refuse(field, value, `an integer from ${least} to ${most}`)
  }
  return value as number
}

export function wordOption<T extends string>(
  field: string,
  value: unknown,
  fallback: T,
  words: readonly T[],
): T {
  if (value === undefined) return fallback
  if (!words.includes(value as T)) refuse(field, value, `one of ${words.join(', ')}`)
  return value as T
}

/** A text with something in it. */
export function textOption(field: string, value: unknown): string | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'string' || value === '') refuse(field, value, 'a text that is not empty')
  return value
}

/** Text or bytes with something in them: PEM, DER, a secret. */
export function isBytes(value: unknown): value is string | Uint8Array {
  return (typeof value === 'string' || value instanceof Uint8Array) && value.length > 0
}

function show(value: unknown): string {
  if (typeof value === 'function') return 'a function'
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
