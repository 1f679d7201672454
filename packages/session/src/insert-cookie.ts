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
import type { Affinity, AffinityRequest, AffinityResponse, HeaderEdits } from './affinity.ts'
import { cookieValues, setCookieName, withoutCookie } from './cookie-header.ts'
import { type Mark, MOST_MARK_LENGTH, readMark, writeMark } from './cookie-mark.ts'
import { booleanOption, checkNames, functionOption, integerOption, refuse } from './options.ts'
import { plainSeal, type Seal, signedSeal } from './seal.ts'
import { idsAsNames, namesFrom, type ServerNames } from './server-names.ts'
import { ATTRIBUTE_NAMES, type CookieAttributes, type CookieWriter, cookieWriter } from './set-cookie.ts'

/** How {@link insertCookie} behaves. */
export interface InsertCookieOptions extends CookieAttributes {
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
  /**
   * A cookie that was not used for so long is as none. In milliseconds, from 1,000 to 2^31 s; whole seconds
   * count, and a cookie lives up to 3 s longer, as its dates go by 4-second steps. Default: unlimited. The
   * cookie is sent anew when its date is behind the clock. A cookie without a date is accepted, and gets
   * one.
   */
  readonly maxIdleMs?: number | undefined
  /** A cookie that was first sent so long ago is as none, used or not. As `maxIdleMs`. Default: unlimited. */
  readonly maxLifeMs?: number | undefined
  /**
   * What stands in the cookie for each server, by server id: HAProxy's `server … cookie s1`. A server that
   * is not in it gets no clients bound, and its responses take the cookie away. Without `values` a server
   * is named by its id. A value tells clients how many servers there are; an id may tell them an address.
   */
  readonly values?: Readonly<Record<string, string>> | undefined
  /**
   * Sign what is in the cookie, so that clients cannot choose a server. The first secret signs, all verify:
   * put a new one in front, and drop the old one when its cookies are gone. Each at least 16 bytes.
   * Unsigned cookies, HAProxy's among them, are then worth nothing. Default: plain, as HAProxy.
   */
  readonly signing?: { readonly secrets: readonly (string | Uint8Array)[] } | undefined
  /** The wall clock, in milliseconds since 1970: dates in cookies outlive the process. Default `Date.now`. */
  readonly now?: (() => number) | undefined
}

const OPTION_NAMES = [
  ...ATTRIBUTE_NAMES,
  'indirect',
  'nocache',
  'postOnly',
  'preserve',
  'maxIdleMs',
  'maxLifeMs',
  'values',
  'signing',
  'now',
]

/**
 * A client with more cookies of one name than this is not believed; browsers send one for each path and
 * domain.
 */
const MOST_OF_ONE_NAME = 16
/** A date that far ahead is no clock that runs fast, it is wrong (HAProxy's bound). */
const MOST_AHEAD_SECONDS = 86_400
const LONGEST_MS = 2 ** 31 * 1000

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

/** What was read from a request: the mark, and the server it names if it names one. */
interface Held extends Mark {
  readonly serverId: string | undefined
  readonly stale: boolean
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
  private readonly cookieName: string
  private readonly indirect: boolean
  private readonly nocache: boolean
  private readonly postOnly: boolean
  private readonly preserve: boolean
  private readonly maxIdleSeconds: number | undefined
  private readonly maxLifeSeconds: number | undefined
  private readonly writer: CookieWriter
  private readonly names: ServerNames
  private readonly seal: Seal
  private readonly now: () => number
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
    this.maxIdleSeconds = secondsOption('maxIdleMs', options.maxIdleMs)
    this.maxLifeSeconds = secondsOption('maxLifeMs', options.maxLifeMs)
    this.names = options.values === undefined ? idsAsNames : namesFrom(options.values)
    this.seal = options.signing === undefined ? plainSeal : sealFrom(options.name, options.signing)
    this.now = functionOption('now', options.now, Date.now)
    this.dated = this.maxIdleSeconds !== undefined || this.maxLifeSeconds !== undefined
  }

  find(request: AffinityRequest): string | undefined {
    return this.read(request)?.serverId
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
    const setByServer = ofServer?.some(line => setCookieName(line) === this.cookieName) === true
    if (setByServer && this.preserve) return undefined
    const due = this.due(request, serverId, found)
    const edits =
      due === undefined || !this.nocache || !mayBeShared(request, response) ? due?.edits : due.uncached
    if (!setByServer) return edits
    const others = ofServer.filter(line => setCookieName(line) !== this.cookieName)
    return { remove: ['set-cookie'], append: [...others.map(setCookie), ...(edits?.append ?? [])] }
  }

  /** What this response needs; undefined where the client has what it should have. */
  private due(request: AffinityRequest, serverId: string, found: string | undefined): Due | undefined {
    if (this.postOnly && request.method !== 'POST') return undefined
    const isSecure = request.secure === true
    const value = this.names.valueOf(serverId)
    if (value === undefined) return dueOf(this.writer.expire(isSecure))
    const held = this.read(request)
    const stays = found !== undefined && this.names.valueOf(found) === value
    if (stays && !this.isDue(held)) return undefined
    if (!this.dated) return this.undated(value, isSecure)
    const seconds = this.seconds()
    const mark = writeMark({
      value,
      lastSeconds: seconds,
      // The life goes on when a client changes its server: what counts is the first visit.
      firstSeconds: this.maxLifeSeconds === undefined ? undefined : (held?.firstSeconds ?? seconds),
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
    if (last === undefined ? this.maxIdleSeconds !== undefined : last < this.seconds()) return true
    // A date too few, or one that is no longer asked for.
    if ((this.maxLifeSeconds === undefined) !== (held?.firstSeconds === undefined)) return true
    return held?.stale === true
  }

  /** The first cookie that names a server; where none does, the first that is genuine and not expired. */
  private read(request: AffinityRequest): Held | undefined {
    const header = request.header('cookie')
    if (header === undefined) return undefined
    const seconds = this.seconds()
    const values = cookieValues(header, this.cookieName, MOST_OF_ONE_NAME + 1)
    if (values.length > MOST_OF_ONE_NAME) return undefined
    let nameless: Held | undefined
    for (const value of values) {
      const held = this.accept(value, seconds)
      if (held?.serverId !== undefined) return held
      nameless ??= held
    }
    return nameless
  }

  private accept(value: string, seconds: number): Held | undefined {
    if (value.length === 0 || value.length > MOST_MARK_LENGTH) return undefined
    const opened = this.seal.open(value)
    if (opened === undefined) return undefined
    const mark = readMark(opened.text)
    if (mark === undefined) return undefined
    if (isExpired(mark.firstSeconds, this.maxLifeSeconds, seconds)) return undefined
    if (isExpired(mark.lastSeconds, this.maxIdleSeconds, seconds)) return undefined
    return { ...mark, serverId: this.names.idOf(mark.value), stale: opened.stale }
  }

  private seconds(): number {
    return Math.floor(this.now() / 1000)
  }
}

function setCookie(line: string): readonly [name: string, value: string] {
  return ['set-cookie', line]
}

function dueOf(lines: readonly string[]): Due {
  const append = lines.map(setCookie)
  return { edits: { append }, uncached: { append: [...append, ['cache-control', 'private']] } }
}

function isExpired(date: number | undefined, longest: number | undefined, seconds: number): boolean {
  if (date === undefined || longest === undefined) return false
  return seconds - date > longest || date - seconds > MOST_AHEAD_SECONDS
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

function secondsOption(field: string, value: unknown): number | undefined {
  return value === undefined ? undefined : integerOption(field, value, 1000, LONGEST_MS) / 1000
}

function sealFrom(name: string, signing: { readonly secrets: readonly (string | Uint8Array)[] }): Seal {
  if (typeof signing !== 'object' || signing === null) refuse('signing', signing, 'an object with secrets')
  checkNames('signing', signing, ['secrets'])
  return signedSeal(name, signing.secrets)
}
