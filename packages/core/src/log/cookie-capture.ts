/**
 * A cookie as a line of the log has it, name and value: HAProxy's `capture cookie`. It is of the application, and tells
 * sessions apart.
 *
 * Cost: a search in the header, when the line asks for it.
 */
import { integer, invalid, knownOptions } from '../base/options.ts'

/** Which cookie. */
export interface CookieCaptureOptions {
  /** How its name begins, to be the first such; with an equals sign behind it, its whole name. Case counts. */
  readonly name: string
  /** How much is kept, name and equals sign included: 1 to 1,024 characters. */
  readonly length: number
}

/**
 * @returns undefined where none is captured
 * @throws {EvenerError} `EVENER_INVALID_OPTION`, `EVENER_UNKNOWN_OPTION`
 */
export function readCookieCapture(
  field: string,
  options: CookieCaptureOptions | undefined,
): CookieCaptureOptions | undefined {
  if (options === undefined) return undefined
  knownOptions(field, options, ['name', 'length'])
  const { name } = options
  if (typeof name !== 'string' || !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+=?$/.test(name)) {
    throw invalid(`${field}.name`, name, 'how the name of a cookie begins, with or without an equals sign')
  }
  if (options.length === undefined) throw invalid(`${field}.length`, undefined, 'an integer from 1 to 1024')
  return { name, length: integer(`${field}.length`, options.length, 0, 1, 1_024) }
}

/** The first of these cookies that is the one, without blanks around its name and value; undefined where none is. */
export function capturedCookie(
  cookies: readonly string[],
  { name, length }: CookieCaptureOptions,
): string | undefined {
  for (const cookie of cookies) {
    const equals = cookie.indexOf('=')
    if (equals === -1) continue
    const text = `${cookie.slice(0, equals).trim()}=${cookie.slice(equals + 1).trim()}`
    if (text.startsWith(name)) return text.slice(0, length)
  }
  return undefined
}
