/**
 * A table that processes and machines share, by Redis.
 *
 * The table stays what it is, and answers at once from what it has: it is the cache. Each change is made in it and goes
 * to Redis in the next batch; the answer brings what the others did. One batch is under way at a time, and what comes
 * meanwhile gathers for the next: the slower Redis is, the larger batches are.
 *
 * ```text
 *  count ─► table ─► pending ─┐ one batch at a time      ┌─► table: totals of all, and what is pending on top
 *  find ──► table ─► fresh?   └─► script, atomic ─► answer ┘
 *            no ──► HGET, at most waitMs ─► table
 * ```
 *
 * Invariant: no request waits for Redis longer than `waitMs`, or fails because of it; each is counted that would have.
 * What was counted while Redis was away is kept, for up to `maxPending` keys, and applied once it is back, once.
 * Cost: a look-up of a key that is not cached is a round trip; counting costs no waiting. A count of another process is
 * known here with the next change of the same key here, a round trip later.
 * Not for: `conn_cur` and `trackers`, which stay each process's own (as among HAProxy's peers: of a process that died
 * nobody would take them back); `size` and `nopurge`, which bound the table here: what Redis keeps, its `maxmemory` and
 * `expireMs` bound.
 */
import { checkNames, integerOption, refuse } from '../../options.ts'
import type { EventColumns } from '../data-types.ts'
import { type Replica, StickTable } from '../stick-table.ts'
import { Batches } from './batches.ts'
import { ShareCounters } from './counters.ts'
import { Link, type RedisClient, type StickTimers } from './link.ts'
import { Lookups } from './lookups.ts'

/** The options of {@link shareByRedis}. */
export interface ShareOptions {
  /** The table to share. All processes need the same name, type, length and store. */
  readonly table: StickTable
  /** A connected client. The table does not close it. Give it an `error` listener. */
  readonly client: RedisClient
  /** What keys in Redis begin with. Default `evener`: `evener:{name of the table}:key`, so that a cluster keeps a table together. */
  readonly prefix?: string | undefined
  /** The longest that a request waits for where its client belongs, in ms: 1 to 10,000. Default 20. */
  readonly waitMs?: number | undefined
  /** For how long that is remembered here without asking again, in ms: 0 to 3,600,000. Default 1000. */
  readonly cacheMs?: number | undefined
  /** After so long without an answer to a batch Redis counts as away, in ms: 1 to 60,000. Default 1000. */
  readonly timeoutMs?: number | undefined
  /** Keys whose changes are kept while Redis is away: 1 to 10,000,000. Default 100,000. More are dropped and counted. */
  readonly maxPending?: number | undefined
  /** Keys in one batch: 1 to 1000. Default 32: Redis serves nobody else meanwhile, for about 7 µs a key. */
  readonly maxBatch?: number | undefined
  /** Default: Node's timers, which do not keep the process alive. */
  readonly timers?: StickTimers | undefined
}

/** A table that is shared. */
export interface SharedTable {
  readonly table: StickTable
  readonly counters: ShareCounters
  /** False while Redis is away: nobody waits for it then. */
  readonly ready: boolean
  /** Keys with changes that Redis has not taken yet. */
  readonly pending: number
  /** Wait until Redis has taken all changes so far, but no longer than this. @returns whether it has */
  flush(mostMs?: number): Promise<boolean>
  /** Share no more. What is pending is sent, for at most `mostMs` (1000 by default). */
  close(mostMs?: number): Promise<void>
}

const OPTIONS = [
  'table',
  'client',
  'prefix',
  'waitMs',
  'cacheMs',
  'timeoutMs',
  'maxPending',
  'maxBatch',
  'timers',
]

/**
 * Share a table with other processes by Redis.
 *
 * ```ts
 * const client = await createClient({ url: 'redis://…', disableOfflineQueue: true }).on('error', log).connect()
 * const shared = shareByRedis({ table, client })
 * ```
 *
 * @throws {SessionOptionError} `EVENER_INVALID_OPTION`
 */
export function shareByRedis(options: ShareOptions): SharedTable {
  return new RedisShare(options)
}

class RedisShare implements SharedTable, Replica {
  readonly table: StickTable
  readonly counters = new ShareCounters()
  readonly #cacheMs: number
  readonly #link: Link
  readonly #lookups: Lookups
  readonly #batches: Batches
  #closed = false

  constructor(options: ShareOptions) {
    checkNames('shareByRedis', options, OPTIONS)
    const { table, client, prefix = 'evener', timers = nodeTimers } = options
    if (!(table instanceof StickTable)) refuse('table', table, 'a stickTable()')
    if (table.replicated) refuse('table', table.name, 'a table that is not shared yet')
    if (typeof client?.sendCommand !== 'function') refuse('client', client, 'a client with sendCommand()')
    if (typeof prefix !== 'string' || !/^[\w.:-]{1,64}$/.test(prefix))
      refuse('prefix', prefix, '1 to 64 letters, digits, dots, colons, underscores or hyphens')
    if (typeof timers?.setTimeout !== 'function') refuse('timers', timers, 'an object with setTimeout()')
    const waitMs = integerOption('waitMs', options.waitMs ?? 20, 1, 10_000)
    const limits = {
      timeoutMs: integerOption('timeoutMs', options.timeoutMs ?? 1_000, 1, 60_000),
      maxPending: integerOption('maxPending', options.maxPending ?? 100_000, 1, 10_000_000),
      maxBatch: integerOption('maxBatch', options.maxBatch ?? 32, 1, 1_000),
    }
    this.#cacheMs = integerOption('cacheMs', options.cacheMs ?? 1_000, 0, 3_600_000)
    this.table = table
    const tablePrefix = `${prefix}:{${table.name}}`
    this.#link = new Link(client, timers, this.counters)
    this.#lookups = new Lookups(this.#link, table, `${tablePrefix}:`, waitMs)
    this.#batches = new Batches(this.#link, table, tablePrefix, limits)
    table.replicate(this)
  }

  get ready(): boolean {
    return this.#link.ready
  }

  get pending(): number {
    return this.#batches.size
  }

  added(key: string, event: EventColumns, by: number, rated: boolean): void {
    this.#batches.of(key)?.add(event, by, rated)
  }

  tagged(key: string, index: number, value: number): void {
    this.#batches.of(key)?.tag(index, value)
  }

  deleted(key: string): void {
    this.#batches.of(key)?.delete()
  }

  bound(key: string, serverId: string, found: string | undefined): void {
    this.#batches.of(key)?.bind(serverId, found)
  }

  find(
    key: string,
    known: string | undefined,
    ageMs: number,
  ): string | undefined | Promise<string | undefined> {
    const binding = this.#batches.binding(key)
    if (binding === undefined && known !== undefined && ageMs < this.#cacheMs) return known
    if (this.#closed || !this.#lookups.possible) {
      this.counters.lookupsSkipped++
      return known
    }
    return binding === undefined ? this.#lookups.lookUp(key, known) : this.#lookups.whenBound(key, binding)
  }

  flush(mostMs = 1_000): Promise<boolean> {
    return this.#batches.flush(mostMs)
  }

  close(mostMs = 1_000): Promise<void> {
    this.#closed = true
    this.table.replicate(undefined)
    return this.#batches.close(mostMs)
  }
}

const nodeTimers: StickTimers = {
  setTimeout(callback, delayMs) {
    const timer = setTimeout(callback, delayMs)
    timer.unref()
    return { cancel: () => clearTimeout(timer) }
  },
}
