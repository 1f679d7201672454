/**
 * What a stick table knows a client by.
 *
 * A key function is any function from a request to a text; undefined, or the empty text, means that this
 * request has no key and is not remembered. These are the usual ones.
 */

import { canonicalAddress } from './address.ts'
import type { AffinityRequest } from './affinity.ts'
import { cookieValues } from './cookie-header.ts'
import { isToken, refuse } from './options.ts'
import { checkCookieName } from './set-cookie.ts'

/** From a request to the key of its client. Must not throw; if it does, the request has no key. */
export type StickKey<R extends AffinityRequest = AffinityRequest> = (request: R) => string | undefined

/**
 * The client's address: HAProxy's `stick on src`. An IPv4 address mapped into IPv6 is the IPv4 address.
 *
 * Not for clients behind one proxy or NAT, who all share one address and so one server.
 */
export function bySourceAddress(): StickKey {
  return request =>
    request.sourceAddress === undefined ? undefined : canonicalAddress(request.sourceAddress)
}

/**
 * A request header's whole value: HAProxy's `stick on hdr(name)`.
 *
 * @param name in any case
 * @throws {SessionOptionError} `EVENER_INVALID_OPTION` for what is no header name
 */
export function byHeader(name: string): StickKey {
  if (!isToken(name)) refuse('byHeader name', name, 'the name of a header')
  const lowerCase = name.toLowerCase()
  return request => request.header(lowerCase)
}

/**
 * The value of a cookie, the first where there are several: HAProxy's `stick on req.cook(name)`.
 *
 * @throws {SessionOptionError} `EVENER_INVALID_OPTION` for what is no cookie name
 */
export function byCookie(name: string): StickKey {
  checkCookieName('byCookie name', name)
  return request => {
    const header = request.header('cookie')
    return header === undefined ? undefined : cookieValues(header, name, 1)[0]
  }
}
