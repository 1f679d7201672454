/**
 * The server that a key belongs to: what HAProxy's `balance source`, `uri`, `url_param`, `hdr` and `hash` have in
 * common.
 *
 * The key becomes 32 bits (hash-functions.ts), and these a server: by a table of slots (`map-based`, static-map.ts)
 * or the nearest place on a ring (`consistent`, ring.ts). A request without a key gets a server by turns from the
 * same table, as in HAProxy, or from a balancer of your choice.
 *
 * Which of the servers in the pool are busy does not matter, and a saturated one is waited for (`keyed`), unless
 * `balanceFactor` or `preserveAffinity` say otherwise.
 *
 * Cost: that of reading and hashing the key, and of the look-up: O(1) map-based, O(log places) consistent.
 * Not for: keys of which few make most of the traffic: each goes to one server, whatever its load.
 */
import type { Balancer, Member, MemberResult } from './balancer.ts'
import type { BoundedLoad } from './bounded-load.ts'
import { avalanche, type HashFunction, type HashFunctionName, hashText } from './hash-functions.ts'
import type { HashTable } from './hash-table.ts'
import { readBalancer, readChoice, readFlag, readFunction, readHashFunction, readOptions } from './options.ts'
import { Ring } from './ring.ts'
import { readRingOptions } from './ring-options.ts'
import type { HashKeyName } from './server-key.ts'
import { StaticMap } from './static-map.ts'

/** How keys are hashed and mapped to servers; the same for all balancers that hash. */
export interface HashingOptions<C> {
  /**
   * `map-based` (default): even shares, O(1), but most keys move when a server comes or goes. `consistent`: only
   * the keys of that server move, shares are less even.
   */
  readonly type?: 'map-based' | 'consistent' | undefined
  /**
   * `sdbm` (default), `djb2`, `wt6`, `crc32`, or `none` for keys that are decimal numbers. An address, as `source`
   * hashes it, is a number already.
   */
  readonly function?: HashFunctionName | undefined
  /**
   * Whether hashes are spread once more over all 32 bits. As in HAProxy the default is true where `type` is
   * `consistent` and `function` is not given, and false otherwise.
   */
  readonly avalanche?: boolean | undefined
  /** Who serves requests without a key; by default the servers in turn, in the order of the table. */
  readonly fallback?: Balancer<C> | undefined
  /**
   * A server's number, from which its places on the ring are made (HAProxy's `id`): an integer. By default its rank
   * in the order in which servers were first seen, from 1. Only for `consistent`.
   */
  readonly numberOf?: ((member: Member) => number) | undefined
  /**
   * What a server's places on the ring are made of (HAProxy's `hash-key`): its number (`id`, the default; the number's
   * lower 20 bits; or `id32`, all of them, spread), its name (`guid`), or its address without or with the port (`addr`,
   * `addr-port`; servers without an IP address have their number). With a name or an address, balancers agree whatever
   * order their servers are in. Only for `consistent`.
   */
  readonly hashKey?: HashKeyName | undefined
  /**
   * How much of an even share of the requests under way a server may serve, in percent (HAProxy's
   * `hash-balance-factor`): 101 to 65,535, or 0, the default, for any. Beyond it the next server on the ring is taken.
   * 125 to 200 are reasonable. Only for `consistent`, and only where `began` and `ended` are called.
   */
  readonly balanceFactor?: number | undefined
  /**
   * When the key's own server is left for the next one on the ring (HAProxy's `hash-preserve-affinity`): `always`
   * preserved by default, else at the server's limit (`maxconn`), or when no more may wait for it (`maxqueue`). Only for
   * `consistent`.
   */
  readonly preserveAffinity?: 'always' | 'maxconn' | 'maxqueue' | undefined
}

/** The options of {@link hash}. */
export interface HashOptions<C> extends HashingOptions<C> {
  /**
   * The request's key, or undefined for none: a text, bytes, or a number. A text of characters up to 255 is taken as
   * one byte for each, as Node reads headers and targets; any other as UTF-8. A number is taken as the hash itself
   * (its lower 32 bits). An empty key is a key. It must not throw.
   */
  readonly key: (context: C) => string | Uint8Array | number | undefined
}

/** Reads a request's key and hashes it; NaN where there is none. */
export type KeyHash<C> = (context: C, hash: HashFunction) => number

/** The names of {@link HashingOptions}, to which a balancer that hashes adds its own. */
export const hashingOptionNames = [
  'type',
  'function',
  'avalanche',
  'fallback',
  'numberOf',
  'hashKey',
  'balanceFactor',
  'preserveAffinity',
] as const

/** What a balancer that hashes may need besides its key. */
export interface KeyReading<C> {
  /** Whether the key is read even if there is only one server. */
  readonly alwaysReads?: boolean
  /** See `Balancer.bodyWanted`. */
  bodyWanted?(context: C): number
}

class HashBalancer<C> implements Balancer<C> {
  readonly name: string
  readonly keyed = true
  readonly #keyHash: KeyHash<C>
  readonly #function: HashFunction
  readonly #avalanche: boolean
  readonly #table: HashTable
  readonly #fallback: Balancer<C> | undefined
  readonly #bound: BoundedLoad | undefined
  readonly #alwaysReads: boolean
  readonly bodyWanted?: (context: C) => number

  constructor(name: string, options: HashingOptions<C>, keyHash: KeyHash<C>, reading: KeyReading<C>) {
    this.name = name
    this.#keyHash = keyHash
    this.#alwaysReads = reading.alwaysReads === true
    if (reading.bodyWanted !== undefined) this.bodyWanted = reading.bodyWanted
    const type = readChoice(`${name}.type`, options.type, 'map-based', ['map-based', 'consistent'])
    this.#function = readHashFunction(`${name}.function`, options.function)
    const spread = type === 'consistent' && options.function === undefined
    this.#avalanche = readFlag(`${name}.avalanche`, options.avalanche, spread)
    this.#fallback =
      options.fallback === undefined ? undefined : readBalancer(`${name}.fallback`, options.fallback)
    const ring = readRingOptions(name, options)
    this.#bound = ring.bound
    this.#table = type === 'consistent' ? new Ring(ring.keyOf, ring.skipping) : new StaticMap()
  }

  rebuild(members: readonly Member[]): void {
    this.#bound?.rebuild(members)
    this.#table.rebuild(members)
    this.#fallback?.rebuild(members)
  }

  pick(context: C, tried?: ReadonlySet<Member>): Member | undefined {
    // HAProxy asks for no key where there is no choice. It shows in whose turn it is afterwards.
    if (!this.#alwaysReads && this.#table.only !== undefined) return this.#table.only
    const hash = this.#keyHash(context, this.#function)
    if (Number.isNaN(hash)) {
      return this.#fallback === undefined ? this.#table.next(tried) : this.#fallback.pick(context, tried)
    }
    return this.#table.at(this.#avalanche ? avalanche(hash) : hash, tried)
  }

  began(member: Member): void {
    this.#bound?.began(member)
    this.#fallback?.began?.(member)
  }

  ended(member: Member, result: MemberResult): void {
    this.#bound?.ended(member)
    this.#fallback?.ended?.(member, result)
  }
}

/** Make a balancer that hashes. */
export function hashBy<C>(
  name: string,
  options: HashingOptions<C>,
  keyHash: KeyHash<C>,
  reading: KeyReading<C> = {},
): Balancer<C> {
  return new HashBalancer(name, options, keyHash, reading)
}

/**
 * The same server for the same key, whatever you make the key of.
 *
 * @returns a new balancer; requests without a key are spread in turn
 * @throws {AlgorithmError} `EVENER_INVALID_OPTION` for a missing `key`, an unknown option or a value not allowed
 */
export function hash<C>(options: HashOptions<C>): Balancer<C> {
  readOptions('hash', options, ['key', ...hashingOptionNames])
  const key = readFunction('hash.key', options.key, 'from a request to its key')
  return hashBy<C>('hash', options, (context, hashFunction) => {
    const found = key(context)
    if (typeof found === 'string') return hashText(hashFunction, found)
    if (typeof found === 'number') return found
    return found === undefined ? Number.NaN : hashFunction(found, found.length)
  })
}
