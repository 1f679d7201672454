/**
 * HAProxy's `redirect`: the answer sends the client elsewhere.
 *
 * A location that is made of the request's path alone never begins with two slashes: `//evil.example/` is a place on the
 * client's own host in a request, and another host in a `Location` (RFC 3986 section 4.2). HAProxy sends it as it came.
 */
import { Rule, type Verdict } from '../action.ts'
import { constantValue, isFieldValue, sendable } from '../heads/field-text.ts'
import { checkNames, refuse } from '../options.ts'
import type { RequestScope } from '../scope.ts'
import { laterStage } from '../stage.ts'
import { quoted, type Text, type WrittenText, writtenText } from '../text.ts'
import { reasonOf } from './reasons.ts'

/** The options of {@link redirect}: exactly one of `location`, `prefix` and `scheme`. */
export interface RedirectOptions<S = unknown> {
  /** The whole `Location`. HAProxy's `redirect location`. */
  readonly location?: Text<S> | undefined
  /** What stands before the request's path and query: `https://www.example.com`, `/old`; empty or `/` for nothing. HAProxy's `redirect prefix`. */
  readonly prefix?: Text<S> | undefined
  /** The scheme: host, path and query are the request's. HAProxy's `redirect scheme`. */
  readonly scheme?: Text<S> | undefined
  /** Default 302. Of these, 307 and 308 keep the method. */
  readonly code?: 301 | 302 | 303 | 307 | 308 | undefined
  /** With `prefix` and `scheme`: without the query. Default false. */
  readonly dropQuery?: boolean | undefined
  /** With `prefix` and `scheme`: ending in a slash. With `dropQuery`, for directories that were asked for without one. Default false. */
  readonly appendSlash?: boolean | undefined
  /** With `location`: an empty one does not redirect, and the next rule is run. Default false. */
  readonly ignoreEmpty?: boolean | undefined
  /** With `location`: with the request's query behind it. Default false. */
  readonly keepQuery?: boolean | undefined
  /** `name` or `name=value`: a cookie for the whole site. Not with `clearCookie`. */
  readonly setCookie?: string | undefined
  /** `name` or `name=value`: a cookie that the client forgets. */
  readonly clearCookie?: string | undefined
}

const optionNames = [
  'location',
  'prefix',
  'scheme',
  'code',
  'dropQuery',
  'appendSlash',
  'ignoreEmpty',
  'keepQuery',
  'setCookie',
  'clearCookie',
] as const
const kinds = ['location', 'prefix', 'scheme'] as const
const flags = ['dropQuery', 'appendSlash', 'ignoreEmpty', 'keepQuery'] as const

/**
 * Answer with a redirection. The list ends.
 * @throws {RuleError} `EVENER_INVALID_OPTION`
 */
export function redirect<S = unknown>(options: RedirectOptions<S>): Rule<RequestScope & S> {
  checkNames('redirect', options, optionNames)
  const given = kinds.filter(kind => options[kind] !== undefined)
  const [kind] = given
  if (kind === undefined || given.length > 1)
    refuse('redirect', given.join(' and '), 'exactly one of location, prefix and scheme')
  for (const flag of flags) {
    const value = options[flag]
    if (value !== undefined && typeof value !== 'boolean') refuse(flag, value, 'true or false')
    const ofLocation = flag === 'ignoreEmpty' || flag === 'keepQuery'
    if (value === true && ofLocation !== (kind === 'location'))
      refuse(flag, value, ofLocation ? 'true with location alone' : 'true with prefix and scheme alone')
  }
  const code = options.code ?? 302
  if (![301, 302, 303, 307, 308].includes(code)) refuse('code', code, '301, 302, 303, 307 or 308')
  const text = writtenText(kind, options[kind] as Text<S>)
  if (text.constant !== undefined) constantValue(kind, text.constant)
  const headers = fixedHeaders(code, options)
  const place = locating(kind, text, options)
  return new Rule<RequestScope & S>(
    ruleText(kind, text, code, options),
    laterStage(kind, 'request', text.needs),
    scope => {
      const location = place(scope)
      if (location === undefined) return undefined
      const sent = isFieldValue(location) ? location : sendable(location)
      const verdict: Verdict = {
        kind: 'answer',
        answer: { status: code, reason: reasonOf(code), headers: ['Location', sent, ...headers], body: '' },
      }
      return verdict
    },
    // Of a response there is only `location`: its head is no longer a request's (HAProxy's manual, `redirect`).
    kind === 'location' ? ['request', 'response'] : ['request'],
  )
}

function fixedHeaders(code: number, { setCookie, clearCookie }: RedirectOptions<never>): string[] {
  const headers: string[] = []
  // Those that are not permanent should not be kept by anybody.
  if (code === 302 || code === 303 || code === 307) headers.push('Cache-Control', 'no-cache')
  if (setCookie !== undefined && clearCookie !== undefined)
    refuse('clearCookie', clearCookie, 'none beside setCookie')
  if (setCookie !== undefined) headers.push('Set-Cookie', `${cookie('setCookie', setCookie)}; path=/;`)
  if (clearCookie !== undefined)
    headers.push('Set-Cookie', `${cookie('clearCookie', clearCookie)}; path=/; Max-Age=0;`)
  return headers
}

function cookie(field: string, pair: string): string {
  if (
    typeof pair !== 'string' ||
    !/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:=[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*)?$/.test(pair)
  )
    refuse(field, pair, 'a cookie: name, or name=value')
  return pair
}

type Locating<S> = (scope: RequestScope & S) => string | undefined

function locating<S>(
  kind: (typeof kinds)[number],
  { constant, write }: WrittenText<S>,
  { dropQuery = false, appendSlash = false, ignoreEmpty = false, keepQuery = false }: RedirectOptions<S>,
): Locating<S> {
  if (kind === 'location') {
    return scope => {
      const location = write(scope)
      if (ignoreEmpty && location === '') return undefined
      return keepQuery ? withQuery(location, scope.request.uri) : location
    }
  }
  // A prefix of `/` would give every path a second slash: it stands for none.
  const ahead = kind === 'prefix' && constant === '/' ? () => '' : write
  return scope => {
    let { uri } = scope.request
    if (!uri.startsWith('/')) uri = '/'
    const query = dropQuery ? uri.indexOf('?') : -1
    const path = query === -1 ? uri : uri.slice(0, query)
    let location: string
    if (kind === 'scheme') location = `${ahead(scope)}://${scope.request.head.last('host') ?? ''}${path}`
    else {
      const prefix = ahead(scope)
      location = prefix === '' || prefix === '/' ? path.replace(/^[/\\]{2,}/, '/') : prefix + path
    }
    return appendSlash && !location.endsWith('/') ? `${location}/` : location
  }
}

function withQuery(location: string, uri: string): string {
  const start = uri.indexOf('?')
  if (start === -1 || start === uri.length - 1) return location
  const own = location.indexOf('?')
  const joint = own === -1 ? '?' : own === location.length - 1 ? '' : '&'
  return location + joint + uri.slice(start + 1)
}

function ruleText<S>(kind: string, text: WrittenText<S>, code: number, options: RedirectOptions<S>): string {
  let words = `redirect ${kind} ${quoted(text.text)} code ${code}`
  for (const [flag, keyword] of keywords) if (options[flag] === true) words += ` ${keyword}`
  if (options.setCookie !== undefined) words += ` set-cookie ${options.setCookie}`
  if (options.clearCookie !== undefined) words += ` clear-cookie ${options.clearCookie}`
  return words
}

const keywords = [
  ['dropQuery', 'drop-query'],
  ['appendSlash', 'append-slash'],
  ['ignoreEmpty', 'ignore-empty'],
  ['keepQuery', 'keep-query'],
] as const
