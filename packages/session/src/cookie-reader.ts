/**
 * Reading persistence cookies: the way from a Cookie header to a server, the same in every mode.
 *
 * ```text
 * name=sealed            opened   value|last|first     value ─► server      insert, rewrite, passive
 * name=sealed~rest       opened   value                value ─► server      prefix
 * ```
 *
 * Invariant: what a client sends leads to a server's id or to nothing, in time linear in the header.
 * Cost: about that of looking through the header. A value without dates that names a server is read, and its signature
 * verified, once for all clients.
 */
import type { AffinityCookie, AffinityRequest } from './affinity.ts'
import { cookieValues } from './cookie-header.ts'
import { type CookieLimits, secondsOption } from './cookie-identity.ts'
import { isCookieText, type Mark, MOST_MARK_LENGTH, readMark } from './cookie-mark.ts'
import { functionOption } from './options.ts'
import type { Seal } from './seal.ts'
import { PREFIX_END, type ServerNames, type Usable } from './server-names.ts'

/**
 * A client with more cookies of one name than this is not believed; browsers send one for each path and
 * domain.
 */
const MOST_OF_ONE_NAME = 16
/** A date that far ahead is no clock that runs fast, it is wrong (HAProxy's bound). */
const MOST_AHEAD_SECONDS = 86_400

/** More values than that are not remembered: with plain cookies that hold ids, clients can make up any number. */
const MOST_REMEMBERED = 1_000
const LONGEST_REMEMBERED = 512

/** A cookie that is genuine and not expired. */
export interface Held extends Mark {
  /** True where it should be sent anew, because its seal is going out of use. */
  readonly stale: boolean
}

export class CookieReader {
  readonly maxIdleSeconds: number | undefined
  readonly maxLifeSeconds: number | undefined
  private readonly cookieName: string
  private readonly names: ServerNames
  private readonly seal: Seal
  private readonly isPrefix: boolean
  private readonly now: () => number
  /** What values without dates were read as, where they do not differ from client to client. */
  private readonly remembered: Map<string, Held> | undefined

  /**
   * @param isPrefix whether the application's value follows
   * @throws {SessionOptionError} for limits out of range
   */
  constructor(cookieName: string, names: ServerNames, seal: Seal, limits: CookieLimits, isPrefix = false) {
    this.maxIdleSeconds = secondsOption('maxIdleMs', limits.maxIdleMs)
    this.maxLifeSeconds = secondsOption('maxLifeMs', limits.maxLifeMs)
    this.now = functionOption('now', limits.now, Date.now)
    this.cookieName = cookieName
    this.names = names
    this.seal = seal
    this.isPrefix = isPrefix
    this.remembered = seal.constant ? new Map() : undefined
  }

  /** The server of the first cookie that names one that can be used. */
  find(request: AffinityRequest, usable: Usable): string | undefined {
    const values = this.values(request)
    if (values === undefined) return undefined
    const seconds = this.seconds()
    for (const value of values) {
      const held = this.accept(value, seconds)
      const id = held === undefined ? undefined : this.names.idOf(held.value, usable)
      if (id !== undefined) return id
    }
    return undefined
  }

  /**
   * The cookie by which this server was found; else the first that names a server; else the first that is
   * genuine and not expired.
   */
  held(request: AffinityRequest, found: string | undefined): Held | undefined {
    const values = this.values(request)
    if (values === undefined) return undefined
    const seconds = this.seconds()
    const wanted = found === undefined ? undefined : this.names.valueOf(found)
    let naming: Held | undefined
    let nameless: Held | undefined
    for (const value of values) {
      const held = this.accept(value, seconds)
      if (held === undefined) continue
      if (held.value === wanted) return held
      if (naming === undefined && this.names.idOf(held.value) !== undefined) naming = held
      nameless ??= held
    }
    return naming ?? nameless
  }

  /** What the client has shown, for logs: the best of its cookies of our name. */
  presented(
    request: AffinityRequest,
    isServer: (id: string) => boolean,
  ): ReturnType<AffinityCookie['presented']> {
    const values = this.values(request)
    if (values === undefined) return 'none'
    const seconds = this.seconds()
    let best: 'unknown' | 'idle' | 'old' = 'unknown'
    for (const value of values) {
      const held = this.accept(value, seconds)
      if (held !== undefined && this.names.idOf(held.value, isServer) !== undefined) return 'named'
      if (best === 'unknown') best = this.whyNot(value, seconds)
    }
    return best
  }

  private whyNot(value: string, seconds: number): 'unknown' | 'idle' | 'old' {
    if (value.length === 0 || value.length > MOST_MARK_LENGTH || this.isPrefix) return 'unknown'
    const opened = this.seal.open(value)
    const mark = opened === undefined ? undefined : readMark(opened.text)
    if (mark === undefined) return 'unknown'
    if (isExpired(mark.firstSeconds, this.maxLifeSeconds, seconds)) return 'old'
    return isExpired(mark.lastSeconds, this.maxIdleSeconds, seconds) ? 'idle' : 'unknown'
  }

  /** The time, in whole seconds since 1970. */
  seconds(): number {
    return Math.floor(this.now() / 1000)
  }

  /** The values of our name; undefined where there is none, or more than are believed. */
  private values(request: AffinityRequest): string[] | undefined {
    const header = request.header('cookie')
    if (header === undefined) return undefined
    const values = cookieValues(header, this.cookieName, MOST_OF_ONE_NAME + 1)
    return values.length === 0 || values.length > MOST_OF_ONE_NAME ? undefined : values
  }

  private accept(value: string, seconds: number): Held | undefined {
    const sealed = this.isPrefix ? prefixOf(value) : value
    if (sealed.length === 0 || sealed.length > MOST_MARK_LENGTH) return undefined
    const known = this.remembered?.get(sealed)
    if (known !== undefined) return known
    const opened = this.seal.open(sealed)
    if (opened === undefined) return undefined
    const mark = this.isPrefix ? undatedMark(opened.text) : readMark(opened.text)
    if (mark === undefined) return undefined
    if (isExpired(mark.firstSeconds, this.maxLifeSeconds, seconds)) return undefined
    if (isExpired(mark.lastSeconds, this.maxIdleSeconds, seconds)) return undefined
    const { value: name, lastSeconds, firstSeconds } = mark
    const held = { value: name, lastSeconds, firstSeconds, stale: opened.stale }
    if (lastSeconds === undefined && this.names.idOf(name) !== undefined) this.remember(sealed, held)
    return held
  }

  private remember(sealed: string, held: Held): void {
    const { remembered } = this
    if (remembered === undefined || remembered.size >= MOST_REMEMBERED || sealed.length > LONGEST_REMEMBERED)
      return
    // Copies: what was cut out of a header would keep the whole header in memory.
    remembered.set(copied(sealed), { ...held, value: copied(held.value) })
  }
}

function copied(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}

/** What is in front of the application's value. As in HAProxy, all of it where it does not end. */
function prefixOf(value: string): string {
  const end = value.indexOf(PREFIX_END)
  return end === -1 ? value : value.slice(0, end)
}

function undatedMark(text: string): Mark | undefined {
  return isCookieText(text) ? { value: text, lastSeconds: undefined, firstSeconds: undefined } : undefined
}

function isExpired(date: number | undefined, longest: number | undefined, seconds: number): boolean {
  if (date === undefined || longest === undefined) return false
  return seconds - date > longest || date - seconds > MOST_AHEAD_SECONDS
}
