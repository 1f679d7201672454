/**
 * Persistence by a cookie of our own: HAProxy's `cookie NAME insert`.
 *
 * The client carries the name of its server; nothing is kept here, so it works over any number of processes
 * and restarts. What a request goes through:
 *
 * 1. `find`: read the cookies of this name, take the first that is well-formed, genuine, not expired and that
 *    names a server.
 * 2. `conceal`: with `indirect`, take them all out of the request.
 * 3. `bind`: send a cookie if the client came without one for this server, or if its dates are due.
 *
 * Invariant: what a client sends leads to a server's id or to nothing, in time linear in the header, and
 * never into a response: a cookie is written from the server's name and the clock alone, except for the
 * date of the first visit, which is decoded and encoded again.
 *
 * When a cookie is sent is HAProxy's rule (`src/http_ana.c`, http_process_res_common, and the manual's
 * section on `cookie`), with two differences: a signature made with an older secret is renewed, and
 * `nocache` takes any response for cacheable that does not say otherwise, not only those with a validator
 * or an expiry.
 *
 * Not for: clients without cookies (see `stick-table.ts`).
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
import { withoutCookie } from './cookie-header.ts'
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
import { CookieReader, type Held } from './cookie-reader.ts'
import { booleanOption, checkNames } from './options.ts'
import type { Seal } from './seal.ts'
import { setCookie, setsCookie, withoutServerCookie } from './server-cookies.ts'
import type { ServerNames, Usable } from './server-names.ts'
import { ATTRIBUTE_NAMES, type CookieAttributes, type CookieWriter, cookieWriter } from './set-cookie.ts'

/** How {@link insertCookie} behaves. */
export interface InsertCookieOptions
  extends CookieAttributes,
    Omit<CookieNaming, 'name'>,
    CookieProtection,
    CookieLimits {
  /** The server does not see the cookie. Default true. */
  readonly indirect?: boolean | undefined
  /**
   * A response that gets the cookie also gets `Cache-Control: private`, unless its request's method or its
   * own Cache-Control keeps it from shared caches already: a cache would hand one client's server to all of
   * its clients. Default true.
   */
  readonly nocache?: boolean | undefined
  /** Send the cookie in answers to POST only. Default false. */
  readonly postOnly?: boolean | undefined
  /**
   * Where the server itself sets a cookie of this name, leave it alone and send none: so an application
   * ends the persistence at logout. Default false: the server's cookie is taken out of the response.
   */
  readonly preserve?: boolean | undefined
}

const OPTION_NAMES = [
  ...ATTRIBUTE_NAMES,
  'indirect',
  'nocache',
  'postOnly',
  'preserve',
  ...NAMING_NAMES,
  ...PROTECTION_NAMES,
  ...LIMIT_NAMES,
]

/**
 * Remember each client's server in a cookie.
 *
 * ```ts
 * insertCookie({ name: 'SRV', maxIdleMs: 30 * 60_000, signing: { secrets: [process.env.COOKIE_SECRET!] } })
 * ```
 *
 * @throws {SessionOptionError} `EVENER_INVALID_OPTION` for an unknown option or a value out of range
 */
export function insertCookie(options: InsertCookieOptions): Affinity {
  return new InsertCookie(options)
}

/** What a response needs. Without dates in it, the same for all clients of a server: made once. */
interface Due {
  readonly edits: HeaderEdits
  /** The same, where a shared cache must be kept from handing the cookie to others. */
  readonly uncached: HeaderEdits
}

/** More different cookies than that are not remembered: servers that come and go would pile up. */
const MOST_REMEMBERED = 1_000

class InsertCookie implements Affinity {
  readonly name = 'cookie'
  readonly cookie: AffinityCookie
  readonly rebuild: ((servers: readonly AffinityServer[]) => void) | undefined
  private readonly cookieName: string
  private readonly indirect: boolean
  private readonly nocache: boolean
  private readonly postOnly: boolean
  private readonly preserve: boolean
  private readonly writer: CookieWriter
  private readonly names: ServerNames
  private readonly seal: Seal
  private readonly reader: CookieReader
  private readonly dated: boolean
  private readonly remembered = { open: new Map<string, Due>(), secure: new Map<string, Due>() }

  constructor(options: InsertCookieOptions) {
    checkNames('insertCookie', options, OPTION_NAMES)
    this.writer = cookieWriter(options)
    this.cookieName = options.name
    this.indirect = booleanOption('indirect', options.indirect, true)
    this.nocache = booleanOption('nocache', options.nocache, true)
    this.postOnly = booleanOption('postOnly', options.postOnly, false)
    this.preserve = booleanOption('preserve', options.preserve, false)
    const { names, rebuild } = namingFrom(options)
    this.names = names
    this.rebuild = rebuild
    this.seal = sealFrom(options.name, options)
    this.reader = new CookieReader(options.name, names, this.seal, options)
    this.cookie = affinityCookie('insert', options.name, this.reader)
    this.dated = this.reader.maxIdleSeconds !== undefined || this.reader.maxLifeSeconds !== undefined
  }

  find(request: AffinityRequest, usable?: Usable): string | undefined {
    return this.reader.find(request, usable)
  }

  conceal(request: AffinityRequest): HeaderEdits | undefined {
    if (!this.indirect) return undefined
    const header = request.header('cookie')
    if (header === undefined) return undefined
    const rest = withoutCookie(header, this.cookieName)
    if (rest === undefined) return undefined
    return rest === '' ? { remove: ['cookie'] } : { set: [['cookie', rest]] }
  }

  bind(
    request: AffinityRequest,
    serverId: string,
    found: string | undefined,
    response?: AffinityResponse | undefined,
  ): HeaderEdits | undefined {
    const ofServer = response?.setCookies
    const setByServer = setsCookie(ofServer, this.cookieName)
    if (setByServer && this.preserve) return undefined
    const due = this.due(request, serverId, found)
    const edits =
      due === undefined || !this.nocache || !mayBeShared(request, response) ? due?.edits : due.uncached
    if (!setByServer) return edits
    const { remove, append = [] } = withoutServerCookie(ofServer, this.cookieName)
    return { remove, append: [...append, ...(edits?.append ?? [])] }
  }

  /** What this response needs; undefined where the client has what it should have. */
  private due(request: AffinityRequest, serverId: string, found: string | undefined): Due | undefined {
    if (this.postOnly && request.method !== 'POST') return undefined
    const isSecure = request.secure === true
    const value = this.names.valueOf(serverId)
    if (value === undefined) return dueOf(this.writer.expire(isSecure))
    const held = this.reader.held(request, found)
    const stays = found !== undefined && this.names.valueOf(found) === value
    if (stays && !this.isDue(held)) return undefined
    if (!this.dated && this.seal.constant) return this.undated(value, isSecure)
    const seconds = this.reader.seconds()
    const mark = writeMark({
      value,
      lastSeconds: this.dated ? seconds : undefined,
      // The life goes on when a client changes its server: what counts is the first visit.
      firstSeconds: this.reader.maxLifeSeconds === undefined ? undefined : (held?.firstSeconds ?? seconds),
    })
    return dueOf(this.writer.set(this.seal.seal(mark), isSecure))
  }

  private undated(value: string, isSecure: boolean): Due {
    const remembered = isSecure ? this.remembered.secure : this.remembered.open
    const known = remembered.get(value)
    if (known !== undefined) return known
    const mark = writeMark({ value, lastSeconds: undefined, firstSeconds: undefined })
    const due = dueOf(this.writer.set(this.seal.seal(mark), isSecure))
    // Frozen, so that whoever writes them may remember what they come to.
    Object.freeze(due.edits)
    Object.freeze(due.uncached)
    if (remembered.size < MOST_REMEMBERED) remembered.set(value, due)
    return due
  }

  /** Whether a client that stays on its server needs its cookie anew. */
  private isDue(held: Held | undefined): boolean {
    const last = held?.lastSeconds
    if (last === undefined ? this.reader.maxIdleSeconds !== undefined : last < this.reader.seconds())
      return true
    // A date too few, or one that is no longer asked for.
    if ((this.reader.maxLifeSeconds === undefined) !== (held?.firstSeconds === undefined)) return true
    return held?.stale === true
  }
}

function dueOf(lines: readonly string[]): Due {
  const append = lines.map(setCookie)
  return { edits: { append }, uncached: { append: [...append, ['cache-control', 'private']] } }
}

/** Whether a shared cache might keep this response. Without an answer to look at: yes. */
function mayBeShared(request: AffinityRequest, response: AffinityResponse | undefined): boolean {
  if (request.method !== undefined && request.method !== 'GET' && request.method !== 'HEAD') return false
  const directives = response?.header('cache-control')
  if (directives === undefined) return true
  // `no-cache="set-cookie"` and `private="…"` speak of single headers: old caches do not know them.
  return !directives
    .split(',')
    .some(directive => ['private', 'no-store', 'no-cache'].includes(directive.trim().toLowerCase()))
}
