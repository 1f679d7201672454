/** Reading options: each reader gives back the value or its default, or throws a {@link LogError} that names the field. */
import { inspect } from 'node:util'
import { LogError } from './errors.ts'

/** Refuse a value. */
export function refuse(field: string, value: unknown, allowed: string): never {
  const shown = inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 80 })
  throw new LogError(`${field} is ${shown.slice(0, 200)}; allowed is ${allowed}`)
}

export function checkNames(maker: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    refuse(`${maker} options`, options, 'an object')
  }
  for (const [name, value] of Object.entries(options as object)) {
    if (!known.includes(name)) refuse(`${maker}.${name}`, value, `one of ${known.join(', ')}`)
  }
}

export function integer(
  field: string,
  value: number | undefined,
  fallback: number,
  least: number,
  most: number,
): number {
  if (value === undefined) return fallback
  if (!Number.isInteger(value) || value < least || value > most) {
    refuse(field, value, `an integer from ${least} to ${most}`)
  }
  return value
}

export function choice<C extends string>(
  field: string,
  value: C | undefined,
  fallback: C,
  choices: readonly C[],
): C {
  if (value === undefined) return fallback
  if (!choices.includes(value)) refuse(field, value, `one of ${choices.join(', ')}`)
  return value
}

/** A name for a place between spaces: printable ASCII without one, so many characters at most. */
export function word(field: string, value: string | undefined, fallback: string, most: number): string {
  if (value === undefined) return fallback
  const fits = typeof value === 'string' && /^[\x21-\x7e]+$/.test(value) && value.length <= most
  if (!fits) refuse(field, value, `1 to ${most} printable ASCII characters without a space`)
  return value
}
