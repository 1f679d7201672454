/**
 * Persistence in front of the application's own cookie: HAProxy's `cookie NAME prefix`.
 *
 * When the server sets the cookie, its name and a `~` are put in front of the value: `JSESSIONID=s1~A1B2`. Requests
 * lose what is in front of the first `~`, so that the server finds the cookie as it set it. For clients that keep no
 * second cookie, and for sessions that are to end with the application's.
 *
 * Invariant: what the application wrote comes back to it byte for byte, as long as every response passed here.
 *
 * Not for: an application whose values may hold a `~` that this did not write, while clients have some of them: the
 * request would lose it.
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
import { withoutPrefixes } from './cookie-header.ts'
import {
  type CookieNaming,
  type CookieProtection,
  NAMING_NAMES,
  namingFrom,
  PROTECTION_NAMES,
  sealFrom,
} from './cookie-identity.ts'
import { CookieReader } from './cookie-reader.ts'
import { booleanOption, checkNames } from './options.ts'
import { leavesAlone } from './passive-cookie.ts'
import type { Seal } from './seal.ts'
import { setsCookie, withoutServerCookie, withServerCookie } from './server-cookies.ts'
import { PREFIX_END, type ServerNames, type Usable } from './server-names.ts'
import { checkCookieName } from './set-cookie.ts'

/** How {@link prefixCookie} behaves. What is protected is the name of the server, not the application's value. */
export interface PrefixCookieOptions extends CookieNaming, CookieProtection {
  /**
   * A client that came to its server gets no cookie that the server sets: the application can then change it no more.
   * Default false.
   */
  readonly indirect?: boolean | undefined
  /** Leave all cookies of servers as they are; with `indirect` only. Default false. */
  readonly preserve?: boolean | undefined
}

/**
 * Remember each client's server in front of the value of the application's cookie.
 *
 * @throws {SessionOptionError} `EVENER_INVALID_OPTION` for an unknown option or a value out of range
 */
export function prefixCookie(options: PrefixCookieOptions): Affinity {
  return new PrefixCookie(options)
}

class PrefixCookie implements Affinity {
  readonly name = 'cookie'
  readonly cookie: AffinityCookie
  readonly rebuild: ((servers: readonly AffinityServer[]) => void) | undefined
  private readonly cookieName: string
  private readonly indirect: boolean
  private readonly preserve: boolean
  private readonly names: ServerNames
  private readonly seal: Seal
  private readonly reader: CookieReader

  constructor(options: PrefixCookieOptions) {
    checkNames('prefixCookie', options, [
      'name',
      'indirect',
      'preserve',
      ...NAMING_NAMES,
      ...PROTECTION_NAMES,
    ])
    this.cookieName = checkCookieName('name', options.name)
    this.indirect = booleanOption('indirect', options.indirect, false)
    this.preserve = leavesAlone(options.preserve, this.indirect)
    const { names, rebuild } = namingFrom(options, true)
    this.rebuild = rebuild
    this.names = names
    this.seal = sealFrom(options.name, options)
    this.reader = new CookieReader(options.name, names, this.seal, {}, true)
    this.cookie = affinityCookie('prefix', options.name, this.reader)
  }

  find(request: AffinityRequest, usable?: Usable): string | undefined {
    return this.reader.find(request, usable)
  }

  conceal(request: AffinityRequest): HeaderEdits | undefined {
    const header = request.header('cookie')
    if (header === undefined) return undefined
    const bare = withoutPrefixes(header, this.cookieName, PREFIX_END)
    return bare === undefined ? undefined : { set: [['cookie', bare]] }
  }

  bind(
    _request: AffinityRequest,
    serverId: string,
    found: string | undefined,
    response?: AffinityResponse | undefined,
  ): HeaderEdits | undefined {
    const lines = response?.setCookies
    if (this.preserve || !setsCookie(lines, this.cookieName)) return undefined
    if (this.indirect && found === serverId) return withoutServerCookie(lines, this.cookieName)
    const value = this.names.valueOf(serverId)
    if (value === undefined) return undefined
    return withServerCookie(lines, this.cookieName, this.seal.seal(value) + PREFIX_END, true)
  }
}
