/**
 * Persistence by a cookie that the application sets and we give its value: HAProxy's `cookie NAME rewrite`.
 *
 * The application decides when a client gets a cookie, with which attributes, and how the response may be cached; what
 * is in it is the name of the server. So nothing is added to a response, and nothing taken out of a request.
 *
 * Not for: applications that set no such cookie (see `insert-cookie.ts`), or need its value (see
 * `prefix-cookie.ts`).
 */
import type {
  Affinity,
  AffinityCookie,
  AffinityRequest,
  AffinityResponse,
  AffinityServer,
  HeaderEdits,
} from './affinity.ts'
import { affinityCookie } from './affinity-cookie.ts'
import {
  type CookieLimits,
  type CookieNaming,
  type CookieProtection,
  LIMIT_NAMES,
  NAMING_NAMES,
  namingFrom,
  PROTECTION_NAMES,
  sealFrom,
} from './cookie-identity.ts'
import { writeMark } from './cookie-mark.ts'
import { CookieReader } from './cookie-reader.ts'
import { checkNames } from './options.ts'
import type { Seal } from './seal.ts'
import { setsCookie, withServerCookie } from './server-cookies.ts'
import type { ServerNames, Usable } from './server-names.ts'
import { checkCookieName } from './set-cookie.ts'

/**
 * How {@link rewriteCookie} behaves. The limits are for cookies with dates, which other modes have written: those
 * written here have none.
 */
export interface RewriteCookieOptions extends CookieNaming, CookieProtection, CookieLimits {}

/**
 * Remember each client's server in the cookie that the server itself sets.
 *
 * @throws {SessionOptionError} `EVENER_INVALID_OPTION` for an unknown option or a value out of range
 */
export function rewriteCookie(options: RewriteCookieOptions): Affinity {
  return new RewriteCookie(options)
}

class RewriteCookie implements Affinity {
  readonly name = 'cookie'
  readonly cookie: AffinityCookie
  readonly rebuild: ((servers: readonly AffinityServer[]) => void) | undefined
  private readonly cookieName: string
  private readonly names: ServerNames
  private readonly seal: Seal
  private readonly reader: CookieReader

  constructor(options: RewriteCookieOptions) {
    checkNames('rewriteCookie', options, ['name', ...NAMING_NAMES, ...PROTECTION_NAMES, ...LIMIT_NAMES])
    this.cookieName = checkCookieName('name', options.name)
    const { names, rebuild } = namingFrom(options)
    this.rebuild = rebuild
    this.names = names
    this.seal = sealFrom(options.name, options)
    this.reader = new CookieReader(options.name, names, this.seal, options)
    this.cookie = affinityCookie('rewrite', options.name, this.reader)
  }

  find(request: AffinityRequest, usable?: Usable): string | undefined {
    return this.reader.find(request, usable)
  }

  bind(
    _request: AffinityRequest,
    serverId: string,
    _found: string | undefined,
    response?: AffinityResponse | undefined,
  ): HeaderEdits | undefined {
    const lines = response?.setCookies
    if (!setsCookie(lines, this.cookieName)) return undefined
    const value = this.names.valueOf(serverId)
    if (value === undefined) return undefined
    const mark = writeMark({ value, lastSeconds: undefined, firstSeconds: undefined })
    return withServerCookie(lines, this.cookieName, this.seal.seal(mark), false)
  }
}
