/**
 * Cross-origin requests (the Fetch standard, section 3.2): the preflight is answered, and responses say who may read them.
 *
 * `request: [...rules.request], afterResponse: [...rules.afterResponse]`. An origin that is not allowed gets no field: its
 * browser then refuses by itself.
 */
import { Rule, type Verdict } from '../action.ts'
import { checkNames, integerOption, isToken, refuse } from '../options.ts'
import type { RequestScope, ResponseScope } from '../scope.ts'

/** The options of {@link cors}. */
export interface CorsOptions {
  /** Origins that may read: `https://app.example.com`; or `*` for all. */
  readonly origins: '*' | readonly string[]
  /** Methods beside GET, HEAD and POST. Default `PUT`, `PATCH`, `DELETE`. */
  readonly methods?: readonly string[] | undefined
  /** Names of fields that requests may have. Default: `Content-Type`, `Authorization`. */
  readonly headers?: readonly string[] | undefined
  /** Names of fields that scripts may read. Default: none beside those that the standard allows. */
  readonly exposeHeaders?: readonly string[] | undefined
  /** Whether requests may have cookies. Not with origins `*`. Default false. */
  readonly credentials?: boolean | undefined
  /** How long a preflight's answer is kept, in seconds: 0 to a day; default 600. */
  readonly maxAgeSeconds?: number | undefined
}

const names = ['origins', 'methods', 'headers', 'exposeHeaders', 'credentials', 'maxAgeSeconds']

/** @throws {RuleError} `EVENER_INVALID_OPTION` */
export function cors(options: CorsOptions): {
  readonly request: readonly Rule<RequestScope>[]
  readonly afterResponse: readonly Rule<ResponseScope>[]
} {
  checkNames('cors', options, names)
  const { origins, credentials = false } = options
  const allowed = origins === '*' ? undefined : originSet(origins)
  if (credentials && allowed === undefined) refuse('credentials', credentials, 'false with origins *')
  const maxAge = integerOption('maxAgeSeconds', options.maxAgeSeconds ?? 600, 0, 86_400)
  const preflight = [
    ...['Access-Control-Allow-Methods', tokens('methods', options.methods ?? ['PUT', 'PATCH', 'DELETE'])],
    ...[
      'Access-Control-Allow-Headers',
      tokens('headers', options.headers ?? ['Content-Type', 'Authorization']),
    ],
    ...['Access-Control-Max-Age', String(maxAge)],
  ]
  const exposed = tokens('exposeHeaders', options.exposeHeaders ?? [])

  /** What the origin of a request is told, names and values in turn; undefined where it is told nothing. */
  const told = ({ request }: RequestScope): string[] | undefined => {
    const origin = request.head.last('origin')
    if (origin === undefined || (allowed !== undefined && !allowed.has(origin))) return undefined
    const fields = ['Access-Control-Allow-Origin', allowed === undefined ? '*' : origin]
    if (credentials) fields.push('Access-Control-Allow-Credentials', 'true')
    return fields
  }
  const answering = new Rule<RequestScope>(
    'return status 204 if preflight',
    'request',
    (scope): Verdict | undefined => {
      const { method, head } = scope.request
      if (method !== 'OPTIONS' || !head.has('access-control-request-method') || !head.has('origin'))
        return undefined
      // The origin's own fields are added to all that goes out, this answer too.
      const headers = told(scope) === undefined ? [] : preflight
      return { kind: 'answer', answer: { status: 204, reason: 'No Content', headers, body: '' } }
    },
    ['request'],
  )
  const telling = new Rule<ResponseScope>(
    'set-header Access-Control-Allow-Origin',
    'response',
    scope => {
      const { head } = scope.response
      head.delete('access-control-allow-origin')
      head.delete('access-control-allow-credentials')
      // What differs by origin must not be kept for another one.
      if (allowed !== undefined) head.add('Vary', 'Origin')
      const fields = told(scope)
      if (fields === undefined) return undefined
      for (let at = 0; at < fields.length; at += 2) head.set(fields[at] as string, fields[at + 1] as string)
      if (exposed !== '') head.set('Access-Control-Expose-Headers', exposed)
      return undefined
    },
    ['response', 'afterResponse'],
  )
  return { request: [answering], afterResponse: [telling] }
}

function originSet(origins: unknown): ReadonlySet<string> {
  const form = /^[a-z][a-z0-9+.-]*:\/\/[a-z0-9.[\]:-]+$/
  if (
    !Array.isArray(origins) ||
    origins.length === 0 ||
    !origins.every(each => typeof each === 'string' && form.test(each))
  )
    refuse('origins', origins, '* or a list of origins in small letters, such as https://app.example.com')
  return new Set(origins as string[])
}

function tokens(field: string, list: unknown): string {
  if (!Array.isArray(list) || !list.every(isToken)) refuse(field, list, 'a list of tokens')
  return list.join(', ')
}
