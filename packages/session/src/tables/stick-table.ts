/**
 * A table of what is known of each key: the server that a client belongs to, and what it has done lately. HAProxy's
 * `stick-table`.
 *
 * ```text
 *  doors      track ─► Tracked ─► rows ◄─ get ── rules, limits
 *  affinities find, bind ───────►  │
 *                                  └─► replica, where processes share it: told of each change
 * ```
 *
 * What updates an entry, or looks for its server, has it expire later; merely reading a number does not.
 *
 * Invariant: at most `size` entries, each at most `length` characters long; what clients send never makes it throw.
 * Cost: an update of four counters is one look into the index and one row: under half a microsecond for keys that are asked
 * for often, about one for any of a million, most of it memory that no cache holds; about 100 bytes an entry with its key.
 * `npx pnpm@12 bench tables` measures both. See {@link Rows}.
 */
import { checkNames, integerOption, refuse } from '../options.ts'
import {
  CHECKED_AT,
  type DataType,
  type EventColumns,
  type Layout,
  layoutOf,
  readStore,
  SERVER,
  type StickTableData,
  TRACKERS,
} from './data-types.ts'
import { addToRate, msUntilRate, readRate, setRate } from './freq-ctr.ts'
import {
  type KeySpelling,
  keyCellsOf,
  keySpelling,
  type StickKeyType,
  type StickKeyValue,
} from './key-types.ts'
import { Rows } from './rows.ts'
import { Tracked } from './tracked.ts'
import { turnClock } from './turn-clock.ts'

/** A clock in milliseconds that does not go back. `performance` is one. */
export interface StickClock {
  now(): number
}

/** The options of {@link stickTable}. */
export interface StickTableOptions {
  /** Its name in saved files, in Redis and in messages: 1 to 64 of letters, digits, `.`, `_`, `-`. Default `table`. */
  readonly name?: string | undefined
  /** What its keys are. Default `ipv6`, which takes addresses of both kinds. HAProxy's `type`. */
  readonly type?: StickKeyType | undefined
  /** The most characters or bytes of a `string` or `binary` key: 1 to 65,536. Default 32, as HAProxy's `len`. */
  readonly length?: number | undefined
  /** The most entries: 1 to 10,000,000. Default 100,000. Memory is used as entries come. */
  readonly size?: number | undefined
  /**
   * For how long an entry is kept unused, in milliseconds: 1 to 2^31 - 1, or `Infinity`, the default: until it must make
   * room.
   */
  readonly expireMs?: number | undefined
  /** When it is full: take no new entries (true), or let the oldest make room (false, the default). */
  readonly nopurge?: boolean | undefined
  /** What it counts. Default nothing: then it knows servers only. */
  readonly store?: StickTableData | undefined
  /** Where the time comes from. Default: the process's monotonic clock, read once for each turn of the event loop. */
  readonly clock?: StickClock | undefined
}

/** Plain numbers that only grow. */
export class StickTableCounters {
  /** Entries made. */
  created = 0
  /** Entries dropped because they were not used for `expireMs`. */
  expired = 0
  /** Entries that made room for others. */
  purged = 0
  /** Keys that got no entry, because there was no room. */
  refused = 0
}

/** What is told of changes where a table is shared between processes. @internal */
export interface Replica {
  added(key: string, event: EventColumns, by: number, rated: boolean): void
  tagged(key: string, index: number, value: number): void
  deleted(key: string): void
  /** Where the key belongs. @param ageMs how long ago what is known here was heard from elsewhere, if ever */
  find(
    key: string,
    known: string | undefined,
    ageMs: number,
  ): string | undefined | Promise<string | undefined>
  bound(key: string, serverId: string, found: string | undefined): void
}

/** One entry, as it is listed. */
export interface StickTableEntry {
  readonly key: string
  readonly serverId: string | undefined
  readonly idleMs: number
  readonly trackers: number
  /** The numbers, by name; those with an index as `gpc.0`, `gpc_rate.0`, `gpt.0`. */
  readonly data: Readonly<Record<string, number>>
}

/**
 * Make a table.
 *
 * ```ts
 * stickTable({ type: 'ip', size: 1_000_000, expireMs: 600_000, store: { http_req_rate: { periodMs: 10_000 } } })
 * ```
 *
 * @throws {SessionOptionError} `EVENER_INVALID_OPTION` for an unknown option or a value that is not allowed
 */
export function stickTable(options: StickTableOptions = {}): StickTable {
  return new StickTable(options)
}

const OPTIONS = ['name', 'type', 'length', 'size', 'expireMs', 'nopurge', 'store', 'clock']

export class StickTable {
  readonly name: string
  readonly type: StickKeyType
  readonly length: number
  readonly size: number
  readonly expireMs: number
  readonly counters = new StickTableCounters()
  /** @internal */
  readonly layout: Layout
  /** @internal */
  readonly rows: Rows
  readonly #spell: KeySpelling
  readonly #clock: StickClock
  /** The ids of servers, and their numbers in rows; 0 is none. As many as there ever were. */
  readonly #serverIds: (string | undefined)[] = [undefined]
  readonly #serverNumbers = new Map<string, number>()
  #replica: Replica | undefined

  /** See {@link stickTable}. */
  constructor(options: StickTableOptions) {
    checkNames('stickTable', options, OPTIONS)
    const { name = 'table', type = 'ipv6', length, clock = turnClock, expireMs } = options
    if (typeof name !== 'string' || !/^[\w.-]{1,64}$/.test(name))
      refuse('name', name, '1 to 64 letters, digits, dots, underscores or hyphens')
    if (typeof clock !== 'object' || clock === null || typeof clock.now !== 'function')
      refuse('clock', clock, 'an object with now()')
    if (options.nopurge !== undefined && typeof options.nopurge !== 'boolean')
      refuse('nopurge', options.nopurge, 'true or false')
    this.name = name
    this.#spell = keySpelling(type, length)
    this.type = type
    this.length = length ?? 32
    this.size = integerOption('size', options.size ?? 100_000, 1, 10_000_000)
    this.expireMs =
      expireMs === undefined || expireMs === Number.POSITIVE_INFINITY
        ? Number.POSITIVE_INFINITY
        : integerOption('expireMs', expireMs, 1, 2 ** 31 - 1)
    this.layout = layoutOf(readStore(options.store ?? {}), keyCellsOf(type, this.length))
    this.rows = new Rows(this.layout, this.size, this.expireMs, options.nopurge ?? false, this.counters)
    this.#clock = clock
  }

  /** Entries held now, those that expired unnoticed included. */
  get used(): number {
    return this.rows.used
  }

  /** The time by this table's clock. @internal */
  now(): number {
    return this.#clock.now()
  }

  /** The one spelling of a key; undefined for a value that is no key of this table's type. */
  keyOf(value: StickKeyValue | undefined): string | undefined {
    return value === undefined ? undefined : this.#spell(value)
  }

  // ── reading: HAProxy's converters `in_table` and `table_…`, which use no entry ─────────────────────

  /** Whether there is an entry. HAProxy's `in_table`. */
  has(value: StickKeyValue): boolean {
    return this.#row(value) !== -1
  }

  /**
   * A number of a key; 0 where it has no entry, undefined where the table does not keep the number. HAProxy's
   * `table_conn_cnt` and its like.
   * @param index which of several, for `gpc`, `gpc_rate` and `gpt`
   */
  get(value: StickKeyValue, type: DataType, index = 0): number | undefined {
    return this.read(this.#row(value), type, index)
  }

  /** How many connections or requests track a key now. HAProxy's `table_trackers`. */
  trackers(value: StickKeyValue): number {
    const row = this.#row(value)
    return row === -1 ? 0 : this.rows.cells[row * this.layout.stride + TRACKERS]!
  }

  /** For how long a key was not used, in milliseconds; undefined without an entry. HAProxy's `table_idle`. */
  idleMs(value: StickKeyValue): number | undefined {
    const row = this.#row(value)
    return row === -1 ? undefined : this.rows.idleMs(row, this.now())
  }

  /** The server of a key. HAProxy's `table_server_id`. */
  server(value: StickKeyValue): string | undefined {
    const row = this.#row(value)
    return row === -1 ? undefined : this.serverOf(row)
  }

  /** All entries, the most recent first. Cost: O(n), for operators and tests. HAProxy's `show table`. */
  *entries(): Generator<StickTableEntry> {
    for (const key of this.rows.keys()) {
      const now = this.now()
      const row = this.rows.find(key, now)
      if (row === -1) continue
      const trackers = this.rows.cells[row * this.layout.stride + TRACKERS]!
      yield {
        key,
        serverId: this.serverOf(row),
        idleMs: this.rows.idleMs(row, now),
        trackers,
        data: this.#dataOf(row),
      }
    }
  }

  // ── writing ────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Track a key: count one more connection, and have the entry live for as long as it is tracked. HAProxy's `track-sc`.
   * @returns what to tell of events; undefined for a value that is no key, or where the table is full
   */
  track(value: StickKeyValue | undefined): Tracked | undefined {
    const key = this.keyOf(value)
    if (key === undefined) return undefined
    const row = this.rows.take(key, this.now())
    return row === -1 ? undefined : new Tracked(this, key, row)
  }

  /** Count events of one kind, without tracking. @returns whether there was room. */
  count(value: StickKeyValue, event: keyof Layout['event'], by = 1): boolean {
    const key = this.keyOf(value)
    const row = key === undefined ? -1 : this.rows.take(key, this.now())
    if (row === -1) return false
    this.happened(row, key!, this.layout.event[event], by)
    return true
  }

  /**
   * Set a number of a key, which is made an entry by that. A rate is set as if so many events had come just now; `conn_cur`
   * cannot be set. Shared tables take a count as what it differs by, and keep a rate to themselves. HAProxy's `set table`.
   * @param number 0 to 2^32 - 1; bytes to 2^53
   * @returns false where the table does not keep the number, or has no room
   */
  setNumber(value: StickKeyValue, type: DataType, number: number, index = 0): boolean {
    const key = this.keyOf(value)
    if (key === undefined || type === 'conn_cur' || this.get(value, type, index) === undefined) return false
    const row = this.rows.take(key, this.now())
    if (row === -1) return false
    if (type === 'gpt') {
      this.tag(row, key, index, number)
      return true
    }
    const event = this.#eventOf(type, index)!
    const state = { ageMs: 0, current: number, previous: 0 }
    if (type.endsWith('_rate')) {
      setRate(this.rows.cells, row * this.layout.stride + event.rate, this.now(), event.periodMs, state)
    } else this.happened(row, key, event, number - this.read(row, type, index)!, false)
    return true
  }

  /** Over how long a rate is counted, in milliseconds; undefined for what is no rate, or is not kept. */
  periodMs(type: DataType, index = 0): number | undefined {
    const event = type.endsWith('_rate') ? this.#eventOf(type, index) : undefined
    return event === undefined || event.rate === -1 ? undefined : event.periodMs
  }

  /**
   * Forget a key. HAProxy's `clear table`. An entry that is tracked stays, with its numbers at 0.
   * @returns whether there was an entry
   */
  delete(value: StickKeyValue): boolean {
    const key = this.keyOf(value)
    if (key === undefined) return false
    this.#replica?.deleted(key)
    const row = this.rows.find(key, this.now())
    if (row === -1) return false
    const base = row * this.layout.stride
    const { cells } = this.rows
    if (cells[base + TRACKERS] === 0) {
      this.rows.delete(row)
      return true
    }
    const { current, first, stride } = this.layout
    const connections = current === -1 ? 0 : cells[base + current]!
    cells[base + SERVER] = 0
    cells[base + CHECKED_AT] = 0
    cells.fill(0, base + first, base + stride)
    if (current !== -1) cells[base + current] = connections
    return true
  }

  // ── servers ────────────────────────────────────────────────────────────────────────────────────────

  /**
   * The server of a key, which is used by that.
   * @returns a promise where the table is shared, and what is known here is not fresh
   */
  find(value: StickKeyValue | undefined): string | undefined | Promise<string | undefined> {
    const key = this.keyOf(value)
    if (key === undefined) return undefined
    const now = this.now()
    const row = this.rows.find(key, now)
    const known = row === -1 ? undefined : this.serverOf(row)
    if (row !== -1) this.rows.touch(row, now)
    const replica = this.#replica
    if (replica === undefined) return known
    const checkedAt = row === -1 ? 0 : this.rows.cells[row * this.layout.stride + CHECKED_AT]!
    // Cells hold 2^32 ms, seven weeks: what was heard longer ago is asked for once too seldom.
    return replica.find(key, known, checkedAt === 0 ? Number.POSITIVE_INFINITY : (now - checkedAt) >>> 0)
  }

  /**
   * Remember a key's server.
   * @param found what {@link find} has answered: where processes share the table and disagree, the one that knew counts
   */
  bind(value: StickKeyValue | undefined, serverId: string, found?: string | undefined): void {
    const key = this.keyOf(value)
    if (key === undefined) return
    this.setServer(key, serverId)
    this.#replica?.bound(key, serverId, found)
  }

  // ── for trackers, files and replicas ───────────────────────────────────────────────────────────────

  /** @internal */
  happened(row: number, key: string, event: EventColumns, by: number, rated = true): void {
    const { cells, wide } = this.rows
    const base = row * this.layout.stride
    if (event.wide) {
      if (event.count !== -1) wide[(base + event.count) / 2]! += by
    } else if (event.count !== -1) cells[base + event.count]! += by
    if (rated && event.rate !== -1) addToRate(cells, base + event.rate, this.now(), event.periodMs, by)
    this.#replica?.added(key, event, by, rated)
  }

  /** @internal */
  tag(row: number, key: string, index: number, value: number): void {
    this.rows.cells[row * this.layout.stride + this.layout.tags + index] = value
    this.#replica?.tagged(key, index, value)
  }

  /** A number of a row; 0 for the row -1, undefined for a number that is not kept. @internal */
  read(row: number, type: DataType, index = 0): number | undefined {
    const { layout } = this
    const { cells, wide } = this.rows
    const base = row * layout.stride
    if (type === 'conn_cur')
      return layout.current === -1 ? undefined : row === -1 ? 0 : cells[base + layout.current]!
    if (type === 'gpt')
      return index >= layout.tagCount || index < 0
        ? undefined
        : row === -1
          ? 0
          : cells[base + layout.tags + index]!
    const event = this.#eventOf(type, index)
    if (type.endsWith('_rate')) {
      if (event === undefined || event.rate === -1) return undefined
      return row === -1 ? 0 : readRate(cells, base + event.rate, this.now(), event.periodMs)
    }
    if (event === undefined || event.count === -1) return undefined
    if (row === -1) return 0
    return event.wide ? wide[(base + event.count) / 2]! : cells[base + event.count]!
  }

  /** See {@link msUntilRate}; 0 where the rate is not kept. @internal */
  msUntil(row: number, type: DataType, most: number, index = 0): number {
    const event = this.#eventOf(type, index)
    if (event === undefined || event.rate === -1) return 0
    const at = row * this.layout.stride + event.rate
    return msUntilRate(this.rows.cells, at, this.now(), event.periodMs, most)
  }

  /** @internal */
  serverOf(row: number): string | undefined {
    return this.#serverIds[this.rows.cells[row * this.layout.stride + SERVER]!]
  }

  /** Set it here only. @returns the row, -1 where there is no room. @internal */
  setServer(key: string, serverId: string | undefined): number {
    const row = this.rows.take(key, this.now())
    if (row === -1) return -1
    let number = serverId === undefined ? 0 : this.#serverNumbers.get(serverId)
    if (number === undefined) {
      number = this.#serverIds.push(serverId) - 1
      this.#serverNumbers.set(serverId!, number)
    }
    this.rows.cells[row * this.layout.stride + SERVER] = number
    return row
  }

  /** Have changes told to somebody. @internal */
  replicate(replica: Replica | undefined): void {
    this.#replica = replica
  }

  /** Whether it is shared. @internal */
  get replicated(): boolean {
    return this.#replica !== undefined
  }

  #row(value: StickKeyValue): number {
    const key = this.keyOf(value)
    return key === undefined ? -1 : this.rows.find(key, this.now())
  }

  #eventOf(type: DataType, index: number): EventColumns | undefined {
    if (type === 'gpc' || type === 'gpc_rate') return this.layout.gpc[index]
    return this.layout.event[type.slice(0, type.lastIndexOf('_')) as keyof Layout['event']]
  }

  #dataOf(row: number): Record<string, number> {
    const data: Record<string, number> = {}
    for (const type of Object.keys(this.layout.store) as DataType[]) {
      const several = type === 'gpc' || type === 'gpc_rate' || type === 'gpt'
      if (!several) data[type] = this.read(row, type)!
      else {
        for (let at = 0; ; at++) {
          const number = this.read(row, type, at)
          if (number === undefined) break
          data[`${type}.${at}`] = number
        }
      }
    }
    return data
  }
}
