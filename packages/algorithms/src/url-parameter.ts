/**
 * The same server for the same value of a query parameter: HAProxy's `balance url_param`.
 *
 * The first parameter of that name counts, by its bytes as received, undecoded. A parameter without `=` is none; one
 * with an empty value is a key like any other.
 *
 * Not offered: `check_post`, since a balancer sees no body. Make a key of it with `hash({ key })`.
 */
import type { Balancer, RequestInfo } from './balancer.ts'
import { type HashingOptions, hashBy, hashingOptionNames } from './hash.ts'
import { hashText } from './hash-functions.ts'
import { readOptions, refuse } from './options.ts'

/**
 * The same server for the same value of a parameter in the query.
 *
 * @param name the parameter's name, at least one character, in upper and lower case as it is sent
 * @returns a new balancer
 * @throws {AlgorithmError} `EVENER_INVALID_OPTION` for an empty name, an unknown option or a value not allowed
 */
export function urlParameter<C extends Pick<RequestInfo, 'uri'> = RequestInfo>(
  name: string,
  options: HashingOptions<C> = {},
): Balancer<C> {
  if (typeof name !== 'string' || name === '')
    refuse('urlParameter.name', name, 'a name of one character or more')
  readOptions('urlParameter', options, hashingOptionNames)
  const prefix = `${name}=`
  return hashBy<C>(
    'url_param',
    options,
    (context, hash) => {
      const target = context.uri
      if (target === undefined) return Number.NaN
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
    },
    true,
  )
}
