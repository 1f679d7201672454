/**
 * How cookies of every mode name servers: options that they share, checked and put together.
 */
import type { AffinityServer } from './affinity.ts'
import { dynamicNames } from './dynamic-names.ts'
import { encryptedSeal } from './encrypted-seal.ts'
import { checkNames, integerOption, refuse } from './options.ts'
import { plainSeal, type Seal, signedSeal } from './seal.ts'
import { idsAsNames, idsAsPrefixes, namesFrom, type ServerNames } from './server-names.ts'

/** What stands in a cookie for each server. */
export interface CookieNaming {
  /** The cookie's name: a token of RFC 6265, not beginning with `$`. */
  readonly name: string
  /**
   * What stands in the cookie for each server, by server id: HAProxy's `server … cookie s1`. A server that is not
   * in it gets no clients bound, unless `dynamic` names it. Without `values` a server is named by its id. A value
   * tells clients how many servers there are; an id may tell them an address.
   */
  readonly values?: Readonly<Record<string, string>> | undefined
  /**
   * Name the servers that `values` has not by a hash of the key, their IP address and port: HAProxy's `dynamic`, with
   * its `dynamic-cookie-key`, bit for bit. Servers known by a host name have none then. The affinity serves one backend.
   * Default: none.
   */
  readonly dynamic?: { readonly key: string | Uint8Array } | undefined
}

/** How what stands in a cookie is protected from its bearer. Default: not at all, as HAProxy. One of the two. */
export interface CookieProtection {
  /**
   * Sign what is in the cookie, so that clients cannot choose a server. The first secret signs, all verify:
   * put a new one in front, and drop the old one when its cookies are gone. Each at least 16 bytes.
   * Unsigned cookies, HAProxy's among them, are then worth nothing.
   */
  readonly signing?: { readonly secrets: readonly (string | Uint8Array)[] } | undefined
  /** Encrypt it, so that clients cannot read it either. Secrets as for `signing`. */
  readonly encryption?: { readonly secrets: readonly (string | Uint8Array)[] } | undefined
}

/** How long a cookie is good for, by the dates in it. */
export interface CookieLimits {
  /**
   * A cookie that was not used for so long is as none. In milliseconds, from 1,000 to 2^31 s; whole seconds
   * count, and a cookie lives up to 3 s longer, as its dates go by 4-second steps. Default: unlimited. A cookie
   * without a date is accepted.
   */
  readonly maxIdleMs?: number | undefined
  /** A cookie that was first sent so long ago is as none, used or not. As `maxIdleMs`. Default: unlimited. */
  readonly maxLifeMs?: number | undefined
  /** The wall clock, in milliseconds since 1970: dates in cookies outlive the process. Default `Date.now`. */
  readonly now?: (() => number) | undefined
}

/** The names of these options, but for `name`. */
export const NAMING_NAMES = ['values', 'dynamic']
export const PROTECTION_NAMES = ['signing', 'encryption']
export const LIMIT_NAMES = ['maxIdleMs', 'maxLifeMs', 'now']

/** The names of servers, and who must be told of the servers for them. */
export interface Naming {
  readonly names: ServerNames
  readonly rebuild: ((servers: readonly AffinityServer[]) => void) | undefined
}

/**
 * @param isPrefix whether the application's value follows the name in the cookie
 * @throws {SessionOptionError}
 */
export function namingFrom(options: Omit<CookieNaming, 'name'>, isPrefix = false): Naming {
  const table = options.values === undefined ? undefined : namesFrom(options.values, isPrefix)
  if (options.dynamic === undefined)
    return { names: table ?? (isPrefix ? idsAsPrefixes : idsAsNames), rebuild: undefined }
  checkGroup('dynamic', options.dynamic, ['key'])
  const names = dynamicNames(options.dynamic.key, table)
  return { names, rebuild: names.rebuild }
}

/** @throws {SessionOptionError} */
export function sealFrom(name: string, options: CookieProtection): Seal {
  const { signing, encryption } = options
  if (signing !== undefined) checkGroup('signing', signing, ['secrets'])
  if (encryption === undefined) return signing === undefined ? plainSeal : signedSeal(name, signing.secrets)
  checkGroup('encryption', encryption, ['secrets'])
  if (signing !== undefined)
    refuse('signing', signing, 'none beside encryption, which cannot be forged either')
  return encryptedSeal(name, encryption.secrets)
}

const LONGEST_MS = 2 ** 31 * 1000

/** @throws {SessionOptionError} */
export function secondsOption(field: string, value: unknown): number | undefined {
  return value === undefined ? undefined : integerOption(field, value, 1000, LONGEST_MS) / 1000
}

function checkGroup(field: string, group: unknown, names: readonly string[]): void {
  if (typeof group !== 'object' || group === null) refuse(field, group, `an object with ${names.join(', ')}`)
  checkNames(field, group, names)
}
