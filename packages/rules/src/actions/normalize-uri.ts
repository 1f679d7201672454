/**
 * HAProxy's `normalize-uri`: one spelling for what RFC 3986 (section 6.2.2) says is the same, one kind of difference at a
 * time. Not by itself a protection: a server may still read a target in another way than the rules did.
 */
import { Rule, type Verdict } from '../action.ts'
import { checkNames, refuse } from '../options.ts'
import type { RequestScope } from '../scope.ts'

/** HAProxy's names. */
export type Normalizer =
  | 'fragment-encode'
  | 'fragment-strip'
  | 'path-merge-slashes'
  | 'path-strip-dot'
  | 'path-strip-dotdot'
  | 'percent-decode-unreserved'
  | 'percent-to-uppercase'
  | 'query-sort-by-name'

/** The options of {@link normalizeUri}. */
export interface NormalizeOptions {
  /** With `path-strip-dotdot`: `/../` at the start goes as well. Default false. */
  readonly full?: boolean | undefined
  /** With `percent-…`: a `%` without two hexadecimal digits behind it is answered with 400. Default false. */
  readonly strict?: boolean | undefined
}

const badRequest: Verdict = Object.freeze({
  kind: 'answer',
  answer: Object.freeze({ status: 400, reason: 'Bad Request', headers: [], body: undefined }),
})
const percent = /%([0-9a-fA-F]{2})?/g
const strayPercent = /%(?![0-9a-fA-F]{2})/

/**
 * Rewrite the target.
 * @throws {RuleError} `EVENER_INVALID_OPTION`
 */
export function normalizeUri(normalizer: Normalizer, options: NormalizeOptions = {}): Rule<RequestScope> {
  checkNames('normalizeUri', options, ['full', 'strict'])
  const { full = false, strict = false } = options
  const rewrite = normalizers[normalizer]
  if (rewrite === undefined) refuse('normalizer', normalizer, Object.keys(normalizers).join(', '))
  if (full && normalizer !== 'path-strip-dotdot') refuse('full', full, 'for path-strip-dotdot alone')
  if (strict && !normalizer.startsWith('percent-')) refuse('strict', strict, 'for percent-… alone')
  return new Rule<RequestScope>(
    `normalize-uri ${normalizer}${full ? ' full' : ''}${strict ? ' strict' : ''}`,
    'request',
    ({ request }) => {
      const { uri } = request
      if (strict && strayPercent.test(uri)) return badRequest
      // What is no path has nothing to normalize: `*`.
      if (uri.startsWith('/')) request.uri = rewrite(uri, full)
      return undefined
    },
    ['request'],
  )
}

const normalizers: Readonly<Record<Normalizer, (uri: string, full: boolean) => string>> = {
  'fragment-encode': uri => uri.replaceAll('#', '%23'),
  'fragment-strip': uri => uri.replace(/#.*$/s, ''),
  'path-merge-slashes': uri => ofPath(uri, path => path.replace(/\/{2,}/g, '/')),
  'path-strip-dot': uri => ofPath(uri, withoutDots),
  'path-strip-dotdot': (uri, full) => ofPath(uri, path => withoutDotDots(path, full)),
  'percent-decode-unreserved': uri =>
    uri.replace(percent, (whole, digits: string | undefined) => {
      const character = digits === undefined ? '%' : String.fromCharCode(Number.parseInt(digits, 16))
      return /[A-Za-z0-9\-._~]/.test(character) ? character : whole
    }),
  'percent-to-uppercase': uri => uri.replace(percent, whole => whole.toUpperCase()),
  'query-sort-by-name': sortedByName,
}

function ofPath(uri: string, rewrite: (path: string) => string): string {
  const query = uri.indexOf('?')
  return query === -1 ? rewrite(uri) : rewrite(uri.slice(0, query)) + uri.slice(query)
}

function withoutDots(path: string): string {
  const segments = path.slice(1).split('/')
  const kept = segments.filter(segment => segment !== '.')
  // What ends with a dot segment is a directory.
  if (segments.at(-1) === '.') kept.push('')
  return `/${kept.join('/')}`
}

function withoutDotDots(path: string, full: boolean): string {
  const segments = path.slice(1).split('/')
  const kept: string[] = []
  for (const segment of segments) {
    if (segment !== '..') kept.push(segment)
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop()
    else if (!full) kept.push('..')
  }
  if (segments.at(-1) === '..') kept.push('')
  return `/${kept.join('/')}`
}

/** Equal names keep their order. */
function sortedByName(uri: string): string {
  const start = uri.indexOf('?')
  if (start === -1) return uri
  const parameters = uri.slice(start + 1).split('&')
  if (parameters.at(-1) === '') parameters.pop()
  const nameOf = (parameter: string) => parameter.split('=', 1)[0] as string
  const compare = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0)
  parameters.sort((one, other) => compare(nameOf(one), nameOf(other)))
  return `${uri.slice(0, start)}?${parameters.join('&')}`
}
