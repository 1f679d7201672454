/**
 * The same server for the same value of a query parameter: HAProxy's `balance url_param`.
 *
 * The first parameter of that name counts, by its bytes as received, undecoded. A parameter without `=` is none; one
 * with an empty value is a key like any other.
 *
 * With `checkPost`, a POST request without it is looked through in its body, for which it is waited up to a bound. As in
 * HAProxy the value must be made of the characters of a token (RFC 9110, section 5.6.2), of which percent-encoding makes
 * use, and ends with a space or line break too; any other character says that this is no form, and there is no key.
 * (HAProxy waits for the body with `option http-buffer-request`; without it, whatever happens to have come is looked
 * through. Up to 2.6 it looks at the first character of the value only, and of a chunked body at the first chunk.)
 */
import type { Balancer, RequestInfo } from './balancer.ts'
import { type HashingOptions, hashBy, hashingOptionNames } from './hash.ts'
import { type HashFunction, hashText } from './hash-functions.ts'
import { readInteger, readOptions, refuse } from './options.ts'

/** The options of {@link urlParameter}. */
export interface UrlParameterOptions<C> extends HashingOptions<C> {
  /**
   * Whether a POST request's body is looked through where the query has no such parameter: true for its first 16,384
   * bytes, or so many: 1 to 1,048,576. They are held in memory until there is a server. False by default.
   */
  readonly checkPost?: boolean | number | undefined
}

/** HAProxy's buffer, and so the most that it looks through. */
const defaultPostBytes = 16_384

/** The characters of a token: 1. Those that end a value: 2, for line breaks, tab and space. Others: 0. */
const formBytes = new Uint8Array(256)
for (const byte of new TextEncoder().encode("!#$%&'*+-.^_`|~")) formBytes[byte] = 1
for (let byte = 0; byte < 128; byte++) if (/[0-9A-Za-z]/.test(String.fromCharCode(byte))) formBytes[byte] = 1
for (const byte of [0x09, 0x0a, 0x0d, 0x20]) formBytes[byte] = 2

const [ampersand, equals] = [0x26, 0x3d]

/** The hash of a parameter's value in a form; NaN where it has none. */
function formValueHash(hash: HashFunction, form: Uint8Array, name: Uint8Array): number {
  let start = 0
  do {
    const value = start + name.length + 1
    if (
      value <= form.length &&
      form[value - 1] === equals &&
      name.every((byte, at) => form[start + at] === byte)
    ) {
      let end = value
      for (; end < form.length && form[end] !== ampersand; end++) {
        const kind = formBytes[form[end] as number]
        if (kind === 2) break
        if (kind === 0) return Number.NaN
      }
      const found = form.subarray(value, end)
      return hash(found, found.length)
    }
    start = form.indexOf(ampersand, start) + 1
  } while (start > 0)
  return Number.NaN
}

/** The hash of a parameter's value in the query of a target; NaN where it has none. */
function queryValueHash(hash: HashFunction, target: string, prefix: string): number {
  let start = target.indexOf('?') + 1
  while (start > 0) {
    if (target.startsWith(prefix, start)) {
      const value = start + prefix.length
      const end = target.indexOf('&', value)
      return hashText(hash, target, value, end < 0 ? target.length : end)
    }
    start = target.indexOf('&', start) + 1
  }
  return Number.NaN
}

/** Says of a text whether it is there, and costs nothing. */
const present: HashFunction = () => 0

/**
 * The same server for the same value of a parameter in the query, or in a form that was posted.
 *
 * @param name the parameter's name, at least one character, in upper and lower case as it is sent
 * @returns a new balancer
 * @throws {AlgorithmError} `EVENER_INVALID_OPTION` for an empty name, an unknown option or a value not allowed
 */
export function urlParameter<C extends Pick<RequestInfo, 'uri' | 'method' | 'body'> = RequestInfo>(
  name: string,
  options: UrlParameterOptions<C> = {},
): Balancer<C> {
  if (typeof name !== 'string' || name === '')
    refuse('urlParameter.name', name, 'a name of one character or more')
  readOptions('urlParameter', options, ['checkPost', ...hashingOptionNames])
  const prefix = `${name}=`
  const nameBytes = new TextEncoder().encode(name)
  const postBytes = readPostBytes(options.checkPost)
  const inQuery = (context: C, hash: HashFunction) =>
    context.uri === undefined ? Number.NaN : queryValueHash(hash, context.uri, prefix)
  if (postBytes === 0) return hashBy<C>('url_param', options, inQuery, { alwaysReads: true })
  return hashBy<C>(
    'url_param',
    options,
    (context, hash) => {
      const found = inQuery(context, hash)
      if (!Number.isNaN(found) || context.method !== 'POST') return found
      const form = context.body?.()
      return form === undefined ? Number.NaN : formValueHash(hash, form.subarray(0, postBytes), nameBytes)
    },
    {
      alwaysReads: true,
      bodyWanted: context =>
        context.method === 'POST' && Number.isNaN(inQuery(context, present)) ? postBytes : 0,
    },
  )
}

function readPostBytes(checkPost: unknown): number {
  if (typeof checkPost === 'boolean') return checkPost ? defaultPostBytes : 0
  if (checkPost !== undefined && typeof checkPost !== 'number') {
    refuse('urlParameter.checkPost', checkPost, 'true, false, or an integer from 1 to 1048576')
  }
  return checkPost === undefined ? 0 : readInteger('urlParameter.checkPost', checkPost, 0, 1, 1_048_576)
}
