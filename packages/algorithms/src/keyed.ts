/**
 * What the balancers beyond HAProxy's that go by a key have in common: {@link hash}'s keys and functions, and any
 * table that turns 32 bits into a server.
 *
 * Here hashes are always spread over all 32 bits. Bytes are hashed as they are: keys that differ in case only are
 * different, an empty key is a key, and a key of any length or encoding is one.
 *
 * Cost: that of reading and hashing the key, 1 to 4 ns a byte, and the table's.
 */
import type { Balancer, Member, MemberResult } from './balancer.ts'
import {
  avalanche,
  type HashFunction,
  type HashFunctionName,
  hashFunctions,
  hashText,
} from './hash-functions.ts'
import { readBalancer, readFunction, readHashFunction } from './options.ts'
import { roundRobin } from './round-robin.ts'

/** How a key is read and hashed; the same for all balancers beyond HAProxy's that go by a key. */
export interface KeyedOptions<C> {
  /** The request's key, or undefined for none; see the `key` of {@link hash}. It must not throw. */
  readonly key: (context: C) => string | Uint8Array | number | undefined
  /** `sdbm` (default), `djb2`, `wt6`, `crc32`, or `none` for keys that are decimal numbers. */
  readonly function?: HashFunctionName | undefined
  /** Who serves requests without a key; `roundRobin()` by default. */
  readonly fallback?: Balancer<C> | undefined
}

/** The names of {@link KeyedOptions}, to which a balancer adds its own. */
export const keyedOptionNames = ['key', 'function', 'fallback'] as const

/** How 32 bits become a server. */
export interface KeyTable {
  rebuild(members: readonly Member[]): void
  /** The member for a hash, one that was not tried if there is any; undefined when there is none. */
  at(hash: number, tried: ReadonlySet<Member> | undefined): Member | undefined
}

/** Spread 32 bits over all 32, one to one (A. Appleby's finalizer of MurmurHash3). @returns a number with sign */
export function mix(value: number): number {
  let mixed = value ^ (value >>> 16)
  mixed = Math.imul(mixed, 0x85ebca6b)
  mixed ^= mixed >>> 13
  mixed = Math.imul(mixed, 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}

/** What a server's id counts as: two independent numbers of 32 bits without sign. */
export function idHash(id: string): number {
  return avalanche(hashText(hashFunctions.wt6, id)) >>> 0
}

export function otherIdHash(id: string): number {
  return avalanche(hashText(hashFunctions.djb2, id) ^ 0x5bd1e995) >>> 0
}

/** What learns of load beside a table. */
export interface LoadWatch {
  rebuild(members: readonly Member[]): void
  began(member: Member): void
  ended(member: Member): void
}

/** A balancer that asks a table. */
export class KeyedBalancer<C> implements Balancer<C> {
  readonly name: string
  readonly keyed = true
  readonly #table: KeyTable
  readonly #watch: LoadWatch | undefined
  readonly #key: KeyedOptions<C>['key']
  readonly #function: HashFunction
  readonly #fallback: Balancer<C>

  /**
   * @param where what errors call it
   * @param watch told of load before the table is asked
   */
  constructor(name: string, where: string, options: KeyedOptions<C>, table: KeyTable, watch?: LoadWatch) {
    this.name = name
    this.#table = table
    this.#watch = watch
    this.#key = readFunction(`${where}.key`, options.key, 'from a request to its key')
    this.#function = readHashFunction(`${where}.function`, options.function)
    this.#fallback =
      options.fallback === undefined ? roundRobin() : readBalancer(`${where}.fallback`, options.fallback)
  }

  rebuild(members: readonly Member[]): void {
    this.#watch?.rebuild(members)
    this.#table.rebuild(members)
    this.#fallback.rebuild(members)
  }

  pick(context: C, tried?: ReadonlySet<Member>): Member | undefined {
    const key = this.#key(context)
    let hash: number
    if (typeof key === 'string') hash = hashText(this.#function, key)
    else if (typeof key === 'number' && !Number.isNaN(key)) hash = key
    // A number that is none is no key either, as for `hash`.
    else if (key === undefined || typeof key === 'number') return this.#fallback.pick(context, tried)
    else hash = this.#function(key, key.length)
    return this.#table.at(avalanche(hash) >>> 0, tried)
  }

  began(member: Member): void {
    this.#watch?.began(member)
    this.#fallback.began?.(member)
  }

  ended(member: Member, result: MemberResult): void {
    this.#watch?.ended(member)
    this.#fallback.ended?.(member, result)
  }
}
