/** Checks of options: each returns the value that it accepted, or throws a {@link RuleError}. */
import { RuleError } from './errors.ts'

/** Refuse a value. It is shown shortened. */
export function refuse(field: string, value: unknown, allowed: string): never {
  throw new RuleError(field, `${field} is ${show(value)}; allowed is ${allowed}`)
}

/** The options are an object and have no name but the known ones. */
export function checkNames(maker: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    refuse(`${maker} options`, options, 'an object')
  for (const [name, value] of Object.entries(options as object)) {
    if (known.includes(name)) continue
    const unknown = `${maker} has no option ${JSON.stringify(name)} (value ${show(value)})`
    throw new RuleError(name, `${unknown}; it has ${known.join(', ')}`)
  }
}

/** A whole number within these bounds. */
export function integerOption(field: string, value: unknown, least: number, most: number): number {
  if (!Number.isInteger(value) || (value as number) < least || (value as number) > most)
    refuse(field, value, `an integer from ${least} to ${most}`)
  return value as number
}

/** A token of RFC 9110 section 5.6.2: what methods and names of headers and cookies are made of. */
export function isToken(text: unknown): text is string {
  return typeof text === 'string' && /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text)
}

function show(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
