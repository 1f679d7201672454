/**
 * Persistence by a cookie that names the server and that the application writes itself: HAProxy's `cookie NAME`
 * without a mode.
 *
 * It is looked at and never changed, except that with `indirect` a client that came to its server gets no new one.
 *
 * Not for: an application that cannot be told what its server is called (see `rewrite-cookie.ts`), nor a cookie that
 * names a session and no server (a stick table learns those from responses).
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
  LIMIT_NAMES,
  NAMING_NAMES,
  namingFrom,
} from './cookie-identity.ts'
import { CookieReader } from './cookie-reader.ts'
import { booleanOption, checkNames, refuse } from './options.ts'
import { plainSeal } from './seal.ts'
import { setsCookie, withoutServerCookie } from './server-cookies.ts'
import type { Usable } from './server-names.ts'
import { checkCookieName } from './set-cookie.ts'

/** How {@link passiveCookie} behaves. */
export interface PassiveCookieOptions extends CookieNaming, CookieLimits {
  /** A client that came to its server gets no cookie that the server sets. Default false. */
  readonly indirect?: boolean | undefined
  /** Leave all cookies of servers as they are; with `indirect` only. Default false. */
  readonly preserve?: boolean | undefined
}

/**
 * Find each client's server in a cookie that the servers write.
 *
 * @throws {SessionOptionError} `EVENER_INVALID_OPTION` for an unknown option or a value out of range
 */
export function passiveCookie(options: PassiveCookieOptions): Affinity {
  return new PassiveCookie(options)
}

class PassiveCookie implements Affinity {
  readonly name = 'cookie'
  readonly cookie: AffinityCookie
  readonly rebuild: ((servers: readonly AffinityServer[]) => void) | undefined
  private readonly cookieName: string
  private readonly drops: boolean
  private readonly reader: CookieReader

  constructor(options: PassiveCookieOptions) {
    checkNames('passiveCookie', options, ['name', 'indirect', 'preserve', ...NAMING_NAMES, ...LIMIT_NAMES])
    this.cookieName = checkCookieName('name', options.name)
    const indirect = booleanOption('indirect', options.indirect, false)
    const preserve = leavesAlone(options.preserve, indirect)
    this.drops = indirect && !preserve
    const { names, rebuild } = namingFrom(options)
    this.rebuild = rebuild
    this.reader = new CookieReader(options.name, names, plainSeal, options)
    this.cookie = affinityCookie('passive', options.name, this.reader)
  }

  find(request: AffinityRequest, usable?: Usable): string | undefined {
    return this.reader.find(request, usable)
  }

  bind(
    _request: AffinityRequest,
    serverId: string,
    found: string | undefined,
    response?: AffinityResponse | undefined,
  ): HeaderEdits | undefined {
    const lines = response?.setCookies
    if (!this.drops || found !== serverId || !setsCookie(lines, this.cookieName)) return undefined
    return withoutServerCookie(lines, this.cookieName)
  }
}

/** @throws {SessionOptionError} for `preserve` without `indirect`, as HAProxy refuses it */
export function leavesAlone(preserve: boolean | undefined, indirect: boolean): boolean {
  const is = booleanOption('preserve', preserve, false)
  if (is && !indirect) refuse('preserve', is, 'false without indirect, as nothing would be taken out anyway')
  return is
}
