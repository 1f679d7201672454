/**
 * The rows of a table: which ones are in use, until when, and which one makes room when all are taken.
 *
 * Rows stand in a circle, in the order in which they were taken. To be used marks a row. Where room is needed, a hand goes
 * round: it passes rows that were used since it came by last, or are tracked, and takes the mark away ("second chance", as
 * HAProxy queues an entry again when its old expiry comes up). Of the first row that has none and a few behind it the one
 * unused for longest makes room. So an update touches its own row and no neighbour's, and which one makes room is exact
 * for a few rows and nearly so for many.
 *
 * Invariant: a row that is tracked neither expires nor makes room.
 * Cost: O(1). Expired rows go when they are looked up, and two at a time when a new one comes: no timer runs.
 */
import { type Layout, MARKS, TRACKERS, USED_AT } from './data-types.ts'
import { KeyIndex } from './key-index.ts'

/** Rows that the hand passes at most, to find one that makes room. */
const mostPassed = 64
/** Rows of which the one unused for longest makes room. */
const compared = 8
/** Marks: has a key; used since the hand came by. */
const HELD = 1
const USED = 2

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
  /** Entries held, those that expired unnoticed included. */
  used = 0
  readonly #index: KeyIndex
  readonly #size: number
  readonly #expireMs: number
  readonly #nopurge: boolean
  readonly #counters: RowCounters
  /** Rows that were given back. */
  readonly #free: number[] = []
  /** The first row that was never taken. */
  #next = 0
  #hand = 0

  constructor(
    { stride, keyCells }: Layout,
    size: number,
    expireMs: number,
    nopurge: boolean,
    counters: RowCounters,
  ) {
    this.stride = stride
    this.#size = size
    this.#expireMs = expireMs
    this.#nopurge = nopurge
    this.#counters = counters
    // Taken from the system at once, but as pages of zeros that cost no memory before they are written to.
    const memory = new ArrayBuffer(size * stride * 4)
    this.cells = new Uint32Array(memory)
    this.wide = new Float64Array(memory)
    this.#index = new KeyIndex(this.cells, stride, keyCells, size)
  }

  /** The row of a key, which is not used by that; -1 where there is none. */
  find(key: string, now: number): number {
    const row = this.#index.find(key)
    if (row === -1 || !this.#expired(row, now)) return row
    this.#expire(row)
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
    if (this.used >= this.#size && !this.#makeRoom(now)) {
      this.#counters.refused++
      return -1
    }
    const given = this.#free.pop()
    const row = given ?? this.#next++
    this.cells.fill(0, row * this.stride, (row + 1) * this.stride)
    this.wide[(row * this.stride) / 2 + USED_AT] = now
    // One that was given back may stand right before the hand, as if it were old.
    this.cells[row * this.stride + MARKS] = given === undefined ? HELD : HELD | USED
    this.#index.add(key, row)
    this.used++
    this.#counters.created++
    return row
  }

  /** Take its row from a key. */
  delete(row: number): void {
    this.#index.delete(row)
    this.cells[row * this.stride + MARKS] = 0
    this.#free.push(row)
    this.used--
  }

  /** All keys now, the most recent first. Cost: O(n log n). */
  keys(): string[] {
    const rows: number[] = []
    for (let row = this.#next - 1; row >= 0; row--) if (this.#marked(row, HELD)) rows.push(row)
    const usedAt = (row: number) => this.wide[(row * this.stride) / 2 + USED_AT]!
    return rows.sort((one, other) => usedAt(other) - usedAt(one)).map(row => this.#index.keyOf(row))
  }

  /** How long a row was not used. */
  idleMs(row: number, now: number): number {
    return now - this.wide[(row * this.stride) / 2 + USED_AT]!
  }

  #marked(row: number, mark: number): boolean {
    return (this.cells[row * this.stride + MARKS]! & mark) !== 0
  }

  #tracked(row: number): boolean {
    return this.cells[row * this.stride + TRACKERS]! > 0
  }

  #expired(row: number, now: number): boolean {
    return this.idleMs(row, now) >= this.#expireMs && !this.#tracked(row)
  }

  #expire(row: number): void {
    this.#counters.expired++
    this.delete(row)
  }

  #pass(): void {
    this.#hand = this.#hand + 1 < this.#next ? this.#hand + 1 : 0
  }

  /** Whether a row may stay: it was used since the hand came by last, or is in use. */
  #secondChance(row: number): boolean {
    if (!this.#tracked(row) && !this.#marked(row, USED)) return false
    this.cells[row * this.stride + MARKS]! &= ~USED
    return true
  }

  #dropExpired(now: number): void {
    if (this.#expireMs === Number.POSITIVE_INFINITY || this.#next === 0) return
    for (let looked = 0; looked < 2; looked++) {
      const row = this.#hand
      if (this.#marked(row, HELD)) {
        if (this.#expired(row, now)) this.#expire(row)
        else if (!this.#secondChance(row)) return
      }
      this.#pass()
    }
  }

  /** Only where all rows are taken. */
  #makeRoom(now: number): boolean {
    let oldest = -1
    for (let passed = 0; passed < Math.min(mostPassed, this.#size); passed++) {
      const row = this.#hand
      if (this.#expired(row, now)) {
        this.#expire(row)
        return true
      }
      oldest = this.#older(oldest, row)
      // With nopurge only expired ones make room, wherever they stand.
      if (!this.#secondChance(row) && !this.#nopurge) break
      this.#pass()
    }
    if (this.#nopurge) return false
    for (let ahead = 1; ahead < Math.min(compared, this.#size); ahead++)
      oldest = this.#older(oldest, (this.#hand + ahead) % this.#size)
    if (oldest === -1) return false
    if (oldest === this.#hand) this.#pass()
    this.#counters.purged++
    this.delete(oldest)
    return true
  }

  /** Of two rows the one unused for longer; one that is tracked is none. */
  #older(one: number, other: number): number {
    if (this.#tracked(other)) return one
    return one === -1 || this.idleMs(other, 0) > this.idleMs(one, 0) ? other : one
  }
}
