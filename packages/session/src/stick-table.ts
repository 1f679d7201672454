/**
 * Persistence by a table: HAProxy's `stick-table` with `stick on`.
 *
 * A client is known by a key (its address, a header, an application's cookie), the table keeps the server
 * of each key. Every match and every store lets an entry live on.
 *
 * Invariant: a key function or a store that fails, at once or later, leads to "no server known" and to a
 * call of `onError`, never to an exception, nor to an unhandled rejection.
 * Cost: that of the store. Keys longer than 256 characters are replaced by their SHA-256, so a client
 * cannot fill the memory with long ones.
 * Not for: clients that share a key, such as those behind one NAT, where the load must be even
 * (`insertCookie`).
 */
import { createHash } from 'node:crypto'
import type { Affinity, AffinityRequest } from './affinity.ts'
import { memoryStore } from './memory-store.ts'
import { checkNames, functionOption, refuse } from './options.ts'
import { bySourceAddress, type StickKey } from './stick-key.ts'
import type { StickStore } from './stick-store.ts'

/** How {@link stickTable} behaves. */
export interface StickTableOptions<R extends AffinityRequest = AffinityRequest> {
  /** What a client is known by. Default {@link bySourceAddress}. */
  readonly key?: StickKey<R> | undefined
  /** Where it is kept. Default: in this process, 100,000 entries that expire after 30 minutes without use. */
  readonly store?: StickStore | undefined
  /**
   * Told what went wrong and in which step, for a log or a counter; what it throws itself is dropped.
   * Default: nobody is told.
   */
  readonly onError?: ((error: unknown, step: 'key' | 'get' | 'set') => void) | undefined
}

/**
 * Remember each client's server in a table.
 *
 * ```ts
 * const store = memoryStore({ maxEntries: 1_000_000, expireMs: 3_600_000 })
 * stickTable({ key: byHeader('x-api-key'), store })
 * ```
 *
 * @throws {SessionOptionError} `EVENER_INVALID_OPTION` for an unknown option or a value that is not allowed
 */
export function stickTable<R extends AffinityRequest = AffinityRequest>(
  options: StickTableOptions<R> = {},
): Affinity<R> {
  return new StickTable<R>(options)
}

const LONGEST_KEY = 256
const HALF_AN_HOUR_MS = 30 * 60_000

class StickTable<R extends AffinityRequest> implements Affinity<R> {
  readonly name = 'stick-table'
  private readonly keyOf: StickKey<R>
  private readonly store: StickStore
  private readonly onError: (error: unknown, step: 'key' | 'get' | 'set') => void

  constructor(options: StickTableOptions<R>) {
    checkNames('stickTable', options, ['key', 'store', 'onError'])
    this.keyOf = functionOption('key', options.key, bySourceAddress())
    this.store = options.store ?? memoryStore({ expireMs: HALF_AN_HOUR_MS })
    for (const method of ['get', 'set', 'delete'] as const)
      if (typeof this.store?.[method] !== 'function')
        refuse('store', this.store, 'an object with get, set and delete')
    this.onError = functionOption('onError', options.onError, () => {})
  }

  find(request: R): string | undefined | Promise<string | undefined> {
    const key = this.key(request)
    if (key === undefined) return undefined
    try {
      const answer = this.store.get(key)
      return isPromise(answer) ? answer.then(textOnly, error => this.failed(error, 'get')) : textOnly(answer)
    } catch (error) {
      return this.failed(error, 'get')
    }
  }

  bind(request: R, serverId: string): undefined {
    const key = this.key(request)
    if (key === undefined) return
    try {
      // Also where the entry is the same: it may have expired while the server worked.
      const done = this.store.set(key, serverId)
      if (isPromise(done)) done.then(undefined, error => this.failed(error, 'set'))
    } catch (error) {
      this.failed(error, 'set')
    }
  }

  private key(request: R): string | undefined {
    try {
      const key = this.keyOf(request)
      if (key === undefined || key === '') return undefined
      if (key.length <= LONGEST_KEY) return key
      return `sha256:${createHash('sha256').update(key).digest('base64url')}`
    } catch (error) {
      return this.failed(error, 'key')
    }
  }

  private failed(error: unknown, step: 'key' | 'get' | 'set'): undefined {
    try {
      this.onError(error, step)
    } catch {
      // Whoever listens must not be able to break a request.
    }
  }
}

/** Stores have other words for nothing than undefined: Redis says null. */
function textOnly(answer: unknown): string | undefined {
  return typeof answer === 'string' ? answer : undefined
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown } | undefined)?.then === 'function'
}
