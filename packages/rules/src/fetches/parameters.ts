/**
 * Parameters of queries and forms, as HAProxy finds them: byte for byte, decoded by whoever asks (`url_dec`).
 *
 * Cost: one pass; a text for the value alone.
 */
import { refuse } from '../options.ts'
import type { RequestScope } from '../scope.ts'
import { fetchEach, type Value } from '../value.ts'
import { shortInteger } from './short-integer.ts'

/** Where the last parameter that was found begins and ends: read at once, and so one place for all. */
const found = { start: 0, end: 0 }

/** How names are compared: `i` without regard to case. */
export type ParameterCase = 'i' | undefined

/**
 * A parameter of the query: the first of the name, or the first of all without one; in a test, each.
 * @param delimiter where the query begins, and what parts parameters beside `&` and `;`. Default `?`
 */
export function urlParam(
  name = '',
  delimiter = '?',
  ignoreCase?: ParameterCase,
): Value<string, RequestScope> {
  checkParameter('url_param', name, ignoreCase)
  if (typeof delimiter !== 'string' || delimiter.length > 1)
    refuse('url_param delimiter', delimiter, 'one character')
  const mark = delimiter === '' ? '?' : delimiter
  const begins = ({ request }: RequestScope) => request.uri.indexOf(mark) + 1
  return fetchEach(
    textOf('url_param', name, mark === '?' ? '' : mark, ignoreCase),
    'str',
    'request',
    scope => {
      const { uri } = scope.request
      const start = begins(scope)
      return start > 0 && next(uri, start, name, mark, ignoreCase)
        ? uri.slice(found.start, found.end)
        : undefined
    },
    (scope, visit) => {
      const { uri } = scope.request
      const start = begins(scope)
      return start > 0 && some(uri, start, name, mark, ignoreCase, scope, visit)
    },
  )
}

/** The number that a parameter begins with. */
export function urlpVal(
  name?: string,
  delimiter?: string,
  ignoreCase?: ParameterCase,
): Value<number, RequestScope> {
  const text = urlParam(name, delimiter, ignoreCase)
  return {
    text: text.text.replace('url_param', 'urlp_val'),
    type: 'int',
    needs: 'request',
    read: scope => {
      const value = text.read(scope)
      return value === undefined ? undefined : shortInteger(value)
    },
    testing: test => text.testing((value, scope) => test(shortInteger(value), scope)),
  }
}

/** A parameter of a form that came as the body, as far as that was waited for. */
export function bodyParam(name = '', ignoreCase?: ParameterCase): Value<string, RequestScope> {
  checkParameter('req.body_param', name, ignoreCase)
  return fetchEach(
    textOf('req.body_param', name, '', ignoreCase),
    'str',
    'request',
    ({ request }: RequestScope) => {
      const body = request.body?.toString('latin1')
      return body !== undefined && next(body, 0, name, '&', ignoreCase)
        ? body.slice(found.start, found.end)
        : undefined
    },
    (scope, visit) => {
      const body = scope.request.body?.toString('latin1')
      return body !== undefined && some(body, 0, name, '&', ignoreCase, scope, visit)
    },
  )
}

function some<C>(
  text: string,
  from: number,
  name: string,
  delimiter: string,
  ignoreCase: ParameterCase,
  scope: C,
  visit: (value: string, scope: C) => boolean,
): boolean {
  for (let start = from; next(text, start, name, delimiter, ignoreCase); ) {
    const { end } = found
    if (visit(text.slice(found.start, end), scope)) return true
    start = end
  }
  return false
}

/** Find the next parameter of a name, or of any for an empty one; its value's place is in `found`. */
function next(
  text: string,
  from: number,
  name: string,
  delimiter: string,
  ignoreCase: ParameterCase,
): boolean {
  let start = from
  if (name === '') {
    start = text.indexOf('=', from)
    if (start < 0) return false
  } else {
    for (; !isNamed(text, start, name, ignoreCase); start++) {
      start = partEnd(text, start, delimiter)
      if (start + name.length >= text.length) return false
    }
    start += name.length
  }
  found.start = start + 1
  found.end = partEnd(text, start + 1, delimiter)
  return true
}

function isNamed(text: string, start: number, name: string, ignoreCase: ParameterCase): boolean {
  if (text[start + name.length] !== '=') return false
  if (ignoreCase === undefined) return text.startsWith(name, start)
  return text.slice(start, start + name.length).toLowerCase() === name.toLowerCase()
}

function partEnd(text: string, start: number, delimiter: string): number {
  let end = start
  while (end < text.length && text[end] !== '&' && text[end] !== ';' && text[end] !== delimiter) end++
  return end
}

function checkParameter(keyword: string, name: unknown, ignoreCase: unknown): void {
  if (typeof name !== 'string') refuse(`${keyword} name`, name, 'the name of a parameter')
  if (ignoreCase !== undefined && ignoreCase !== 'i') refuse(`${keyword} case`, ignoreCase, 'i, or none')
}

function textOf(keyword: string, name: string, delimiter: string, ignoreCase: ParameterCase): string {
  const given = [name, ...(keyword === 'url_param' ? [delimiter] : []), ignoreCase ?? '']
    .join(',')
    .replace(/,+$/, '')
  return given === '' ? keyword : `${keyword}(${given})`
}
