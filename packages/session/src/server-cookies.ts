/**
 * The Set-Cookie lines that a server sent under the name of a persistence cookie: taken out, or given another
 * value. What follows the value stays byte for byte, and so do all lines of other names.
 *
 * A value ends at the first `;`, as browsers have it (RFC 6265 section 5.2). HAProxy ends it at a comma too, and not at
 * a `;` in quotes: what it would leave behind is not what a browser takes the value to be.
 */
import type { HeaderEdits } from './affinity.ts'
import { setCookieName } from './cookie-header.ts'

/** Whether one of these lines sets a cookie of this name. */
export function setsCookie(lines: readonly string[] | undefined, name: string): lines is readonly string[] {
  if (lines !== undefined) for (const line of lines) if (setCookieName(line) === name) return true
  return false
}

/** Edits that leave these lines without those of this name. */
export function withoutServerCookie(lines: readonly string[], name: string): HeaderEdits {
  return { remove: ['set-cookie'], append: lines.filter(line => setCookieName(line) !== name).map(setCookie) }
}

/**
 * Edits that write something in the place of the value, or in front of it, in each line of this name.
 *
 * @param keepsValue whether the server's value follows what is written
 */
export function withServerCookie(
  lines: readonly string[],
  name: string,
  text: string,
  keepsValue: boolean,
): HeaderEdits {
  const changed = lines.map(line =>
    setCookieName(line) === name ? rewritten(line, name, text, keepsValue) : line,
  )
  return { remove: ['set-cookie'], append: changed.map(setCookie) }
}

/** One Set-Cookie line, as edits have it. */
export function setCookie(line: string): readonly [name: string, value: string] {
  return ['set-cookie', line]
}

function rewritten(line: string, name: string, text: string, keepsValue: boolean): string {
  const valueAt = line.indexOf('=') + 1
  const semicolon = line.indexOf(';', valueAt)
  const value = line.slice(valueAt, semicolon === -1 ? undefined : semicolon)
  const blanksAfter = value.slice(value.trimEnd().length)
  const rest = semicolon === -1 ? '' : blanksAfter + line.slice(semicolon)
  return `${name}=${text}${keepsValue ? value.trim() : ''}${rest}`
}
