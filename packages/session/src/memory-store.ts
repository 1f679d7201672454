/**
 * A stick store in this process, on `lru-cache`: bounded in entries, and in time if wished.
 *
 * When it is full, the entry that was not used for longest makes room (HAProxy without `nopurge` purges the
 * oldest as well). An entry expires when it was neither found nor set for `expireMs`, as HAProxy's stick
 * tables have it; it is dropped when it is asked for or makes room, so no timer runs.
 *
 * Cost: O(1); the space for `maxEntries` is taken at once, about 40 bytes for each, keys and ids not counted.
 * Not for: several processes that must agree.
 */
import { LRUCache } from 'lru-cache'
import { checkNames, integerOption, refuse } from './options.ts'
import type { StickStore } from './stick-store.ts'

/** A clock in milliseconds that does not go back. `performance` is one. */
export interface StickClock {
  now(): number
}

/** How {@link memoryStore} behaves. */
export interface MemoryStoreOptions {
  /** The most entries that are kept: 1 to 10,000,000. Default 100,000. */
  readonly maxEntries?: number | undefined
  /**
   * For how long an entry is kept unused, in milliseconds: 1 to 2^53 - 1. Default: until it must make room.
   */
  readonly expireMs?: number | undefined
  /** Where the time comes from. Default: the process's monotonic clock. */
  readonly clock?: StickClock | undefined
}

/** A stick store in this process. It answers at once and never throws. */
export interface MemoryStore extends StickStore {
  get(key: string): string | undefined
  set(key: string, serverId: string): void
  delete(key: string): void
  /** Entries held now, those that expired unnoticed included. */
  readonly size: number
}

/** @throws {SessionOptionError} `EVENER_INVALID_OPTION` for an unknown option or a value out of range */
export function memoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  checkNames('memoryStore', options, ['maxEntries', 'expireMs', 'clock'])
  return new LruStore(options)
}

class LruStore implements MemoryStore {
  private readonly entries: LRUCache<string, string>

  constructor(options: MemoryStoreOptions) {
    const max = integerOption('maxEntries', options.maxEntries ?? 100_000, 1, 10_000_000)
    const clock = options.clock ?? performance
    if (typeof clock !== 'object' || clock === null || typeof clock.now !== 'function')
      refuse('clock', clock, 'an object with now()')
    this.entries =
      options.expireMs === undefined
        ? new LRUCache({ max })
        : new LRUCache({
            max,
            ttl: integerOption('expireMs', options.expireMs, 1, Number.MAX_SAFE_INTEGER),
            updateAgeOnGet: true,
            // It would otherwise keep the time of a read for 1 ms, with a timer of its own.
            ttlResolution: 0,
            // A start of 0 means "never expires" to it, and a virtual clock starts there.
            perf: { now: () => clock.now() + 1 },
          })
  }

  get size(): number {
    return this.entries.size
  }

  get(key: string): string | undefined {
    return this.entries.get(key)
  }

  set(key: string, serverId: string): void {
    this.entries.set(key, serverId)
  }

  delete(key: string): void {
    this.entries.delete(key)
  }
}
