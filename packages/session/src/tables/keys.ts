/**
 * What a table knows a client by.
 *
 * A key is any function from a request, and for some from a response, to a value; undefined means that there is none,
 * and nothing is remembered or counted. These are the usual ones.
 */
import { canonicalAddress } from '../address.ts'
import type { AffinityRequest, AffinityResponse } from '../affinity.ts'
import { cookieValues } from '../cookie-header.ts'
import { isToken, refuse } from '../options.ts'
import { checkCookieName } from '../set-cookie.ts'
import type { StickKeyValue } from './key-types.ts'

/** From a request to the key of its client. Must not throw; if it does, the request has no key. */
export type StickKey<R = AffinityRequest> = (request: R) => StickKeyValue | undefined

/** From a response, and the request that it answers, to a key. */
export type ResponseKey<R = AffinityRequest> = (
  response: AffinityResponse,
  request: R,
) => StickKeyValue | undefined

/**
 * The client's address: HAProxy's `src`. An IPv4 address mapped into IPv6 is the IPv4 address.
 *
 * Not for clients behind one proxy or NAT, who all share one address.
 */
export function bySourceAddress(): StickKey {
  return request =>
    request.sourceAddress === undefined ? undefined : canonicalAddress(request.sourceAddress)
}

/**
 * A request header's whole value: HAProxy's `hdr(name)`.
 *
 * @param name in any case
 * @throws {SessionOptionError} `EVENER_INVALID_OPTION` for what is no header name
 */
export function byHeader(name: string): StickKey {
  const lowerCase = headerName('byHeader name', name)
  return request => request.header(lowerCase)
}

/**
 * The value of a cookie, the first where there are several: HAProxy's `req.cook(name)`.
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

/**
 * A response header's whole value: HAProxy's `res.hdr(name)`. For `storeResponse`.
 *
 * @throws {SessionOptionError} `EVENER_INVALID_OPTION` for what is no header name
 */
export function byResponseHeader(name: string): ResponseKey<unknown> {
  const lowerCase = headerName('byResponseHeader name', name)
  return response => response.header(lowerCase)
}

/**
 * The value of a cookie that the server sets: HAProxy's `res.cook(name)`. For `storeResponse`.
 *
 * @throws {SessionOptionError} `EVENER_INVALID_OPTION` for what is no cookie name
 */
export function bySetCookie(name: string): ResponseKey<unknown> {
  checkCookieName('bySetCookie name', name)
  const start = `${name}=`
  return response => {
    for (const line of response.setCookies) {
      if (!line.startsWith(start)) continue
      const end = line.indexOf(';')
      const value = line.slice(start.length, end === -1 ? undefined : end).trim()
      return value === '' ? undefined : value
    }
    return undefined
  }
}

function headerName(field: string, name: string): string {
  if (!isToken(name)) refuse(field, name, 'the name of a header')
  return name.toLowerCase()
}
