/**
 * Cookies as HAProxy reads them, which is more forgiving than RFC 6265: blanks around `=`, values in quotes with `;` and
 * `,` in them, commas between cookies, attributes that begin with `$` passed over. What has no `=` is no cookie.
 *
 * Cost: one pass over the lines; a text for the value alone.
 */
import { refuse } from '../options.ts'
import { fetch, fetchEach, type Value } from '../value.ts'
import type { Side } from './fields.ts'
import { elementEnd, trimmed } from './list.ts'
import { shortInteger } from './short-integer.ts'

/** Where the last cookie that was found begins and ends: read at once, and so one place for all. */
const found = { nameStart: 0, nameEnd: 0, valueStart: 0, valueEnd: 0, end: 0 }

const fieldOf = { req: 'cookie', res: 'set-cookie' } as const

/** HAProxy's `cook`: the last of the name, or the first of all without one; in a test, each. */
export function cook<S>(side: Side<S>, name = ''): Value<string, S> {
  cookieName(side, name)
  const { needs, headOf } = side
  const field = fieldOf[side.name]
  const isList = side.name === 'req'
  return fetchEach(
    textOf(side, 'cook', name),
    'str',
    needs,
    scope => {
      let value: string | undefined
      for (const line of headOf(scope).all(field))
        for (let at = firstCookie(line, name, isList); at >= 0; at = nextCookie(line, at, name, isList)) {
          value = line.slice(found.valueStart, found.valueEnd)
          if (name === '') return value
        }
      return value
    },
    (scope, visit) => {
      for (const line of headOf(scope).all(field))
        for (let at = firstCookie(line, name, isList); at >= 0; at = nextCookie(line, at, name, isList)) {
          // What visits may look for cookies itself.
          const { end } = found
          if (visit(line.slice(found.valueStart, found.valueEnd), scope)) return true
          found.end = end
        }
      return false
    },
  )
}

/** HAProxy's `cook_cnt`. */
export function cookCnt<S>(side: Side<S>, name = ''): Value<number, S> {
  cookieName(side, name)
  const { needs, headOf } = side
  const isList = side.name === 'req'
  return fetch(textOf(side, 'cook_cnt', name), 'int', needs, scope => {
    let count = 0
    for (const line of headOf(scope).all(fieldOf[side.name]))
      for (let at = firstCookie(line, name, isList); at >= 0; at = nextCookie(line, at, name, isList)) count++
    return count
  })
}

/** HAProxy's `cook_val`. */
export function cookVal<S>(side: Side<S>, name = ''): Value<number, S> {
  const text = cook(side, name)
  return {
    text: textOf(side, 'cook_val', name),
    type: 'int',
    needs: side.needs,
    read: scope => {
      const value = text.read(scope)
      return value === undefined ? undefined : shortInteger(value)
    },
    testing: test => text.testing((value, scope) => test(shortInteger(value), scope)),
  }
}

/** HAProxy's `cook_names`. */
export function cookNames<S>(side: Side<S>, delimiter = ','): Value<string, S> {
  const { needs, headOf } = side
  const between = delimiter.slice(0, 1)
  const isList = side.name === 'req'
  return fetch(`${side.name}.cook_names${between === ',' ? '' : `(${between})`}`, 'str', needs, scope => {
    let names = ''
    for (const line of headOf(scope).all(fieldOf[side.name]))
      for (
        let at = isList ? firstCookie(line, '', true) : nextInElement(line, 0, line.length, '', false);
        at >= 0;
      ) {
        const name = line.slice(found.nameStart, found.nameEnd)
        names += names === '' ? name : between + name
        at = isList ? nextCookie(line, at, '', true) : -1
      }
    return names
  })
}

/** The first cookie of a line. */
function firstCookie(line: string, name: string, isList: boolean): number {
  found.end = elementEnd(line, 0)
  return nextCookie(line, afterBlanks(line, 0), name, isList)
}

/**
 * Find the next cookie of a name, or of any for an empty one, from `start` on, and note its place in `found`. The line is
 * taken element by element: to HAProxy, a comma outside quotes always parts two.
 * @param isList whether more than one may be in an element: in a request's
 * @returns where to go on from; -1 where there is none
 */
function nextCookie(line: string, start: number, name: string, isList: boolean): number {
  let at = start
  for (;;) {
    const next = nextInElement(line, at, beforeBlanks(line, at, found.end), name, isList)
    if (next >= 0) return next
    if (found.end >= line.length) return -1
    at = found.end + 1
    found.end = elementEnd(line, at)
    at = afterBlanks(line, at)
  }
}

function nextInElement(line: string, start: number, end: number, name: string, isList: boolean): number {
  // A cookie that is the last and empty is none to HAProxy: there must be room for the name, `=` and one character.
  for (let at = start; at + name.length + 1 < end; ) {
    at = afterBlanks(line, at)
    const nameStart = at
    let nameEnd = at
    let equal = at
    for (; equal < end; equal++) {
      const code = line.charCodeAt(equal)
      if (code === 0x3d || code === 0x3b || (isList && code === 0x2c)) break
      if (!isBlank(code)) nameEnd = equal + 1
    }
    const hasValue = equal < end && line.charCodeAt(equal) === 0x3d
    const valueStart = Math.min(afterBlanks(line, equal + 1), end)
    const next = hasValue ? cookieEnd(line, valueStart, end) : equal
    if (hasValue && line.charCodeAt(nameStart) !== 0x24) {
      if (name === '' || (nameEnd - nameStart === name.length && line.startsWith(name, nameStart))) {
        found.nameStart = nameStart
        found.nameEnd = nameEnd
        found.valueStart = valueStart
        found.valueEnd = beforeBlanks(line, valueStart, next)
        return next + 1
      }
      // Of a response's line, the first is the cookie and all others are attributes.
      if (!isList) return -1
    }
    at = next + 1
  }
  return -1
}

/** A value ends at a comma or a semicolon, unless that is quoted. */
function cookieEnd(line: string, start: number, end: number): number {
  let quoted = false
  for (let at = start; at < end; at++) {
    const code = line.charCodeAt(at)
    if (quoted) {
      if (code === 0x5c) at++
      else if (code === 0x22) quoted = false
    } else if (code === 0x22) quoted = true
    else if (code === 0x3b || code === 0x2c) return at
  }
  return end
}

function afterBlanks(line: string, start: number): number {
  let at = start
  while (isBlank(line.charCodeAt(at))) at++
  return at
}

function beforeBlanks(line: string, start: number, end: number): number {
  let at = end
  while (at > start && isBlank(line.charCodeAt(at - 1))) at--
  return at
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}

function cookieName(side: { readonly name: string }, name: unknown): void {
  if (typeof name !== 'string' || trimmed(name, 0, name.length) !== name)
    refuse(`${side.name}.cook name`, name, 'the name of a cookie')
}

function textOf(side: { readonly name: string }, keyword: string, name: string): string {
  return `${side.name}.${keyword}${name === '' ? '' : `(${name})`}`
}
