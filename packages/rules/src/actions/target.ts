/**
 * Changes of a request's line: HAProxy's `set-method`, `set-path`, `set-pathq`, `set-query`, `set-uri`, `replace-path`,
 * `replace-pathq`, `replace-uri`.
 *
 * What may not stand in a target (blanks, controls, `#`, bytes beyond ASCII) is percent-encoded, and a path that does not
 * begin with a slash gets one: what a client sent never ends the line, nor reads as another host.
 */
import { Rule } from '../action.ts'
import { isToken, refuse } from '../options.ts'
import { regex } from '../patterns/regex.ts'
import { expand } from '../patterns/replacement.ts'
import type { RequestScope, RequestView } from '../scope.ts'
import { laterStage } from '../stage.ts'
import { quoted, type Text, writtenText } from '../text.ts'

const places = ['request'] as const

/** As `TARGET` of `@evener/http1`. */
const forbidden = /[^\x21\x22\x24-\x7e]/gu
const clean = /^[\x21\x22\x24-\x7e]*$/

function target(text: string): string {
  if (clean.test(text)) return text
  return text.replace(forbidden, character => {
    const bytes = character <= '\xff' ? [character.charCodeAt(0)] : [...Buffer.from(character)]
    return bytes.map(byte => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')
  })
}

const rooted = (path: string): string => (path.startsWith('/') || path === '*' ? path : `/${path}`)

/** Where the query starts, its question mark included. */
function queryStart(uri: string): number {
  const at = uri.indexOf('?')
  return at === -1 ? uri.length : at
}

function setPathOf(request: RequestView, path: string): void {
  const { uri } = request
  request.uri = rooted(target(path).replaceAll('?', '%3F')) + uri.slice(queryStart(uri))
}

function setPathqOf(request: RequestView, pathq: string): void {
  request.uri = rooted(target(pathq))
}

/** A target in absolute form names the host as well: it goes into `Host`, since servers are sent the origin form. */
function setUriOf(request: RequestView, uri: string): void {
  const absolute = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)(.*)$/is.exec(uri)
  if (absolute === null) {
    setPathqOf(request, uri)
    return
  }
  const [, authority = '', pathq = ''] = absolute
  if (authority !== '') request.head.set('Host', target(authority.slice(authority.lastIndexOf('@') + 1)))
  setPathqOf(request, pathq)
}

/** Of a query that is there the question mark stays, even where nothing comes behind it; as in HAProxy. */
function setQueryOf(request: RequestView, query: string): void {
  const { uri } = request
  const start = queryStart(uri)
  if (start === uri.length && query === '') return
  request.uri = `${uri.slice(0, start)}?${target(query)}`
}

function setting<S>(
  keyword: string,
  given: Text<S>,
  set: (request: RequestView, text: string) => void,
): Rule<RequestScope & S> {
  const text = writtenText(keyword, given)
  const { write } = text
  return new Rule(
    `${keyword} ${quoted(text.text)}`,
    laterStage(keyword, 'request', text.needs),
    scope => {
      set(scope.request, write(scope))
      return undefined
    },
    places,
  )
}

/** Replace the path, and leave the query. A `?` in it is encoded. HAProxy's `set-path`. */
export function setPath<S = unknown>(path: Text<S>): Rule<RequestScope & S> {
  return setting('set-path', path, setPathOf)
}

/** Replace path and query. HAProxy's `set-pathq`. */
export function setPathq<S = unknown>(pathq: Text<S>): Rule<RequestScope & S> {
  return setting('set-pathq', pathq, setPathqOf)
}

/** Replace the query, which is given without its question mark. HAProxy's `set-query`. */
export function setQuery<S = unknown>(query: Text<S>): Rule<RequestScope & S> {
  return setting('set-query', query, setQueryOf)
}

/** Replace all of the target. In absolute form it changes `Host` as well. HAProxy's `set-uri`. */
export function setUri<S = unknown>(uri: Text<S>): Rule<RequestScope & S> {
  return setting('set-uri', uri, setUriOf)
}

/**
 * Replace the method; with what is none, nothing is changed. HAProxy's `set-method`.
 * @throws {RuleError} `EVENER_INVALID_OPTION` for a constant that is no token
 */
export function setMethod<S = unknown>(method: Text<S>): Rule<RequestScope & S> {
  if (typeof method === 'string' && !isToken(method))
    refuse('setMethod method', method, 'a method: a token of RFC 9110')
  return setting('set-method', method, (request, text) => {
    if (isToken(text)) request.method = text
  })
}

function replacing<S>(
  keyword: string,
  pattern: string,
  replacement: Text<S>,
  read: (request: RequestView) => string,
  set: (request: RequestView, text: string) => void,
): Rule<RequestScope & S> {
  const compiled = regex(`${keyword} pattern`, pattern, false)
  const text = writtenText(`${keyword} replacement`, replacement)
  const { write } = text
  return new Rule(
    `${keyword} ${quoted(pattern)} ${quoted(text.text)}`,
    laterStage(keyword, 'request', text.needs),
    scope => {
      const { request } = scope
      const groups = compiled.groups(read(request))
      if (groups !== undefined) set(request, expand(write(scope), groups))
      return undefined
    },
    places,
  )
}

/**
 * Where the path matches, it becomes the replacement, with `\0` to `\9` for what the groups matched. HAProxy's
 * `replace-path`.
 * @throws {RuleError} `EVENER_INVALID_OPTION` for a pattern that is wrong
 */
export function replacePath<S = unknown>(pattern: string, replacement: Text<S>): Rule<RequestScope & S> {
  return replacing(
    'replace-path',
    pattern,
    replacement,
    ({ uri }) => uri.slice(0, queryStart(uri)),
    setPathOf,
  )
}

/** The same with the query. HAProxy's `replace-pathq`. */
export function replacePathq<S = unknown>(pattern: string, replacement: Text<S>): Rule<RequestScope & S> {
  return replacing('replace-pathq', pattern, replacement, ({ uri }) => uri, setPathqOf)
}

/** The same with all of the target, which is nearly always in origin form. HAProxy's `replace-uri`. */
export function replaceUri<S = unknown>(pattern: string, replacement: Text<S>): Rule<RequestScope & S> {
  return replacing('replace-uri', pattern, replacement, ({ uri }) => uri, setUriOf)
}
