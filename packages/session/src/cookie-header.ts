/**
 * Reading the Cookie header: the values of one name, and the header without that name, or without prefixes of its values.
 *
 * A header is cut at every `;` and nowhere else, as RFC 6265 section 5.4 writes it and as applications read
 * it. (HAProxy also cuts at a comma and keeps a quoted `;` together; the application behind does not, and a
 * cookie that two parties read differently can be hidden from one of them.) Blanks around the name and the
 * value are not part of them; names are compared byte by byte, with case.
 *
 * Any text may come in. Cost: O(length), no regular expression.
 * Not for: decoding values (quotes and percent signs are left as they are).
 */

/** The values of the cookies named so, in their order; at most `limit` of them. */
export function cookieValues(header: string, name: string, limit: number): string[] {
  const values: string[] = []
  // Most requests carry cookies of the application only: one native search settles those.
  if (!header.includes(name)) return values
  for (let start = 0; start <= header.length && values.length < limit; ) {
    const end = pairEnd(header, start)
    const valueStart = valueStartOf(header, start, end, name)
    if (valueStart !== -1) values.push(trimmed(header, valueStart, end))
    start = end + 1
  }
  return values
}

/**
 * The header without the cookies of this name; every other byte stays as it is, except that blanks in front
 * of a pair that has become the first are dropped.
 *
 * @returns undefined where there is none of this name; the empty text where no other cookie is left
 */
export function withoutCookie(header: string, name: string): string | undefined {
  if (!header.includes(name)) return undefined
  let text = ''
  /** Where what is kept next begins: at the semicolon in front of it, if something is kept before. */
  let keptFrom = 0
  let keepsAny = false
  let keepsCookie = false
  let removed = false
  let removedFirst = false
  for (let start = 0; start <= header.length; ) {
    const end = pairEnd(header, start)
    if (valueStartOf(header, start, end, name) === -1) {
      keepsAny = true
      keepsCookie ||= skipBlanks(header, start, end) !== end
    } else {
      removed = true
      removedFirst ||= !keepsAny
      if (start > keptFrom) text += header.slice(keptFrom, start - 1)
      keptFrom = keepsAny ? end : end + 1
    }
    start = end + 1
  }
  if (!removed) return undefined
  if (!keepsCookie) return ''
  text += header.slice(keptFrom)
  return removedFirst ? text.slice(skipBlanks(text, 0, text.length)) : text
}

/**
 * The header where the cookies of this name have lost what is in front of the first `end` in their value, and `end`
 * itself; every other byte stays as it is.
 *
 * @returns undefined where none of this name has it
 */
export function withoutPrefixes(header: string, name: string, end: string): string | undefined {
  if (!header.includes(name)) return undefined
  let text = ''
  let keptUntil = 0
  for (let start = 0; start <= header.length; ) {
    const pairEndsAt = pairEnd(header, start)
    const valueStart = valueStartOf(header, start, pairEndsAt, name)
    // Looked for in this pair alone: to the end of the header for each pair would be quadratic.
    const endsAt = valueStart === -1 ? -1 : header.slice(valueStart, pairEndsAt).indexOf(end)
    if (endsAt !== -1) {
      text += header.slice(keptUntil, skipBlanks(header, valueStart, pairEndsAt))
      keptUntil = valueStart + endsAt + end.length
    }
    start = pairEndsAt + 1
  }
  return keptUntil === 0 ? undefined : text + header.slice(keptUntil)
}

/** The name of the cookie that a Set-Cookie line sets, or undefined where the line sets none. */
export function setCookieName(line: string): string | undefined {
  const equals = line.indexOf('=')
  if (equals === -1 || equals > pairEnd(line, 0)) return undefined
  return trimmed(line, 0, equals)
}

function pairEnd(text: string, start: number): number {
  const end = text.indexOf(';', start)
  return end === -1 ? text.length : end
}

/** Where the value begins if the pair from `start` to `end` has this name, -1 if it has not. */
function valueStartOf(text: string, start: number, end: number, name: string): number {
  const nameStart = skipBlanks(text, start, end)
  if (!text.startsWith(name, nameStart)) return -1
  const equals = skipBlanks(text, nameStart + name.length, end)
  return equals < end && text.charCodeAt(equals) === 0x3d ? equals + 1 : -1
}

function trimmed(text: string, start: number, end: number): string {
  const from = skipBlanks(text, start, end)
  let to = end
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--
  return text.slice(from, to)
}

function skipBlanks(text: string, start: number, end: number): number {
  let at = start
  while (at < end && isBlank(text.charCodeAt(at))) at++
  return at
}

/** Space and tab: the only blanks that HTTP has inside a header. */
function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}
