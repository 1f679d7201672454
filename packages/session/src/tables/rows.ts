/**
 * The rows of a table: which row belongs to which key, and which one makes room when all are taken.
 *
 * The index is an `lru-cache` from key to row. To be used only marks a row; it is put in front of the queue when it comes
 * to the end of it ("second chance", as HAProxy queues an entry again when its old expiry comes up). So an update touches
 * its own row and no neighbour's, which with a million rows is half its cost. Which one makes room is exact for a few rows
 * and nearly so for many: it is the one unused for longest of those at the end of the queue.
 *
 * Invariant: a row that is tracked neither expires nor makes room.
 * Cost: O(1); beyond the row itself about 80 bytes an entry, the key's text not counted. Expired rows go when they are
 * looked up, and two at a time when a new one comes: no timer runs.
 */
import { LRUCache } from 'lru-cache'
import { MARKS, TRACKERS, USED_AT } from './data-types.ts'
import { ownText } from './key-types.ts'

/** Rows looked at, at the end of the queue, to find one that makes room. */
const mostSeen = 64
const atOnce = 8
/** A mark: used since it was queued. */
const USED = 1

/** What became of rows, for counters. */
export interface RowCounters {
  created: number
  expired: number
  purged: number
  refused: number
}

export class Rows {
  readonly cells: Uint32Array
  /** The same memory, 8 bytes to a cell. */
  readonly wide: Float64Array
  readonly stride: number
  readonly #index: LRUCache<string, number>
  readonly #size: number
  readonly #expireMs: number
  readonly #nopurge: boolean
  readonly #counters: RowCounters
  /** Rows that were given back. */
  readonly #free: number[] = []
  /** The first row that was never taken. */
  #next = 0

  constructor(stride: number, size: number, expireMs: number, nopurge: boolean, counters: RowCounters) {
    this.stride = stride
    this.#size = size
    this.#expireMs = expireMs
    this.#nopurge = nopurge
    this.#counters = counters
    // Taken from the system at once, but as pages of zeros that cost no memory before they are written to.
    const memory = new ArrayBuffer(size * stride * 4)
    this.cells = new Uint32Array(memory)
    this.wide = new Float64Array(memory)
    this.#index = new LRUCache({ max: size, dispose: row => this.#free.push(row) })
  }

  /** Entries held, those that expired unnoticed included. */
  get used(): number {
    return this.#index.size
  }

  /** The row of a key, which is not used by that; -1 where there is none. */
  find(key: string, now: number): number {
    const row = this.#index.peek(key)
    if (row === undefined) return -1
    if (!this.#expired(row, now)) return row
    this.#counters.expired++
    this.#index.delete(key)
    return -1
  }

  /** Its expiry begins anew. */
  touch(row: number, now: number): void {
    this.wide[(row * this.stride) / 2 + USED_AT] = now
    this.cells[row * this.stride + MARKS]! |= USED
  }

  /** The row of a key, a new one where there was none, used from now on; -1 where there is no room. */
  take(key: string, now: number): number {
    const found = this.find(key, now)
    if (found !== -1) {
      this.touch(found, now)
      return found
    }
    this.#dropExpired(now)
    if (this.#index.size >= this.#size && !this.#makeRoom(now)) {
      this.#counters.refused++
      return -1
    }
    const row = this.#free.pop() ?? this.#next++
    this.cells.fill(0, row * this.stride, (row + 1) * this.stride)
    this.wide[(row * this.stride) / 2 + USED_AT] = now
    this.#index.set(ownText(key), row)
    this.#counters.created++
    return row
  }

  delete(key: string): boolean {
    return this.#index.delete(key)
  }

  /** All keys now, the most recent first. */
  keys(): string[] {
    return [...this.#index.keys()]
  }

  /** How long a row was not used. */
  idleMs(row: number, now: number): number {
    return now - this.wide[(row * this.stride) / 2 + USED_AT]!
  }

  #tracked(row: number): boolean {
    return this.cells[row * this.stride + TRACKERS]! > 0
  }

  #expired(row: number, now: number): boolean {
    return this.idleMs(row, now) >= this.#expireMs && !this.#tracked(row)
  }

  /** The end of the queue. */
  get #last(): string | undefined {
    for (const key of this.#index.rkeys()) return key
    return undefined
  }

  #dropExpired(now: number): void {
    if (this.#expireMs === Number.POSITIVE_INFINITY) return
    for (let looked = 0; looked < 2; looked++) {
      const key = this.#last
      if (key === undefined) return
      const row = this.#index.peek(key)!
      if (this.#expired(row, now)) {
        this.#counters.expired++
        this.#index.delete(key)
      } else if (!this.#secondChance(key, row)) return
    }
  }

  /** Back to the front with a row that was used meanwhile, or is in use. */
  #secondChance(key: string, row: number): boolean {
    const marks = row * this.stride + MARKS
    if (!this.#tracked(row) && (this.cells[marks]! & USED) === 0) return false
    this.cells[marks]! &= ~USED
    this.#index.get(key)
    return true
  }

  /** Of eight at the end of the queue the one unused for longest goes; where all eight are in use, of the next ones. */
  #makeRoom(now: number): boolean {
    let oldest: string | undefined
    let longest = -1
    for (let seen = 0; seen < Math.min(mostSeen, this.#size); ) {
      const last = this.#lastKeys()
      seen += last.length
      let idle = false
      for (const key of last) {
        const row = this.#index.peek(key)!
        if (this.#expired(row, now)) {
          this.#counters.expired++
          return this.#index.delete(key)
        }
        const idleMs = this.idleMs(row, now)
        if (!this.#tracked(row) && idleMs > longest) {
          longest = idleMs
          oldest = key
        }
        if (!this.#secondChance(key, row)) idle = true
      }
      if (idle) break
    }
    if (oldest === undefined || this.#nopurge) return false
    this.#counters.purged++
    return this.#index.delete(oldest)
  }

  /** Those at the end of the queue, from there on. */
  #lastKeys(): string[] {
    const keys: string[] = []
    for (const key of this.#index.rkeys()) if (keys.push(key) === atOnce) break
    return keys
  }
}
