/**
 * An entry that a connection or a request tracks: HAProxy's sticky counter, `sc0` to `scN`.
 *
 * Whoever carries the connection or the request tells it what happens; rules and limits read it. It stays in its table
 * until {@link Tracked.end}, which must be called once; a second call does nothing.
 */
import { type DataType, type EventName, TRACKERS } from './data-types.ts'
import type { StickTable } from './stick-table.ts'

export class Tracked {
  readonly table: StickTable
  /** The key's one spelling. HAProxy's `sc_key`. */
  readonly key: string
  #row: number

  /** Made by `StickTable.track`. Counts one connection. */
  constructor(table: StickTable, key: string, row: number) {
    this.table = table
    this.key = key
    this.#row = row
    this.#step(1)
    this.count('conn')
  }

  /** Count events. Nothing after the end. */
  count(event: EventName, by = 1): void {
    if (this.#row !== -1) this.table.happened(this.#row, this.key, this.table.layout.event[event], by)
  }

  /**
   * A number of the entry; undefined where the table does not keep it. HAProxy's `sc_conn_cnt` and its like.
   * @param index which of several, for `gpc`, `gpc_rate` and `gpt`
   */
  get(type: DataType, index = 0): number | undefined {
    return this.table.read(this.#row, type, index)
  }

  /** How many connections or requests track the entry. HAProxy's `sc_trackers`. */
  get trackers(): number {
    return this.#row === -1 ? 0 : this.table.rows.cells[this.#row * this.table.layout.stride + TRACKERS]!
  }

  /**
   * Count on a general purpose counter, and its rate. HAProxy's `sc-inc-gpc`, `sc-add-gpc`.
   * @returns the new number; undefined where the table has no such counter
   */
  increment(index: number, by = 1): number | undefined {
    const event = this.table.layout.gpc[index]
    if (event === undefined || this.#row === -1) return undefined
    this.table.happened(this.#row, this.key, event, by)
    return this.get('gpc', index)
  }

  /** Set a general purpose counter to 0; its rate goes on. HAProxy's `sc_clr_gpc`. @returns the number before */
  clear(index: number): number | undefined {
    const event = this.table.layout.gpc[index]
    const before = this.get('gpc', index)
    if (event === undefined || before === undefined || this.#row === -1) return undefined
    this.table.happened(this.#row, this.key, event, -before, false)
    return before
  }

  /** Set a general purpose tag: 0 to 2^32 - 1. HAProxy's `sc-set-gpt`. Nothing where the table has none. */
  tag(index: number, value: number): void {
    if (this.#row !== -1 && index >= 0 && index < this.table.layout.tagCount)
      this.table.tag(this.#row, this.key, index, value)
  }

  /** How long until a rate is at most `most`, in milliseconds, if nothing is counted meanwhile. */
  msUntil(type: DataType, most: number): number {
    return this.#row === -1 ? 0 : this.table.msUntil(this.#row, type, most)
  }

  /** Tracked no more: one connection less, and the entry's expiry begins. */
  end(): void {
    if (this.#row === -1) return
    this.table.rows.touch(this.#row, this.table.now())
    this.#step(-1)
    this.#row = -1
  }

  #step(by: number): void {
    const { layout, rows } = this.table
    const base = this.#row * layout.stride
    rows.cells[base + TRACKERS]! += by
    if (layout.current !== -1) rows.cells[base + layout.current]! += by
  }
}
