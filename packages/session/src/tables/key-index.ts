/**
 * Which row belongs to which key: a hash table with linear probing over one typed array, and the keys in the rows.
 *
 * ```text
 *  key ─ hash ─► slot: row + 1 (24 bits) │ 8 bits of the hash ─► row: … │ hash │ length, characters │ numbers …
 * ```
 * With a million keys nothing lies in a cache, and an update costs the places in memory that it reads. Here these are two,
 * one after the other: the slot, and the row, which is needed anyway. A `Map` or an `lru-cache` of texts reads a bucket,
 * an entry, the text (for each entry of the bucket) and the row's number besides: twice the time of an update.
 *
 * Keys with more characters than a row has room for, or with others than Latin-1, lie beside the table as texts; the row
 * says so.
 *
 * Invariant: at most half of the slots are taken, and no slot on the way from a key's own to the one it has is empty.
 * Cost: O(1); 8 to 16 bytes for each row there may be. Nothing is moved when a table fills.
 */
import { HASH, KEY } from './data-types.ts'
import { keyHash } from './key-hash.ts'
import { ownText } from './key-types.ts'

/** Rows are numbered by 24 bits of a slot. */
const rowBits = 0xff_ff_ff
/** In place of a key's length: the key is a text beside the table. */
const beside = 255

export class KeyIndex {
  readonly #cells: Uint32Array
  readonly #bytes: Uint8Array
  readonly #stride: number
  /** The most characters that lie in a row. */
  readonly #most: number
  readonly #slots: Uint32Array
  readonly #mask: number
  readonly #texts = new Map<number, string>()

  /** @param keyCells cells that each row has for its key @param rows how many there may be: up to 2^24 - 2 */
  constructor(cells: Uint32Array, stride: number, keyCells: number, rows: number) {
    this.#cells = cells
    this.#bytes = new Uint8Array(cells.buffer)
    this.#stride = stride
    this.#most = Math.min(keyCells * 4 - 1, beside - 1)
    const slots = 2 ** Math.ceil(Math.log2(rows * 2))
    this.#slots = new Uint32Array(slots)
    this.#mask = slots - 1
  }

  /** The row of a key, -1 where it has none. */
  find(key: string): number {
    const hash = keyHash(key)
    for (let at = hash & this.#mask; ; at = (at + 1) & this.#mask) {
      const slot = this.#slots[at]!
      if (slot === 0) return -1
      if ((slot ^ hash) >>> 24 !== 0) continue
      const row = (slot & rowBits) - 1
      if (this.#holds(row, key)) return row
    }
  }

  /** Give a row to a key that has none. */
  add(key: string, row: number): void {
    const hash = keyHash(key)
    let at = hash & this.#mask
    while (this.#slots[at] !== 0) at = (at + 1) & this.#mask
    this.#slots[at] = (hash & ~rowBits) | (row + 1)
    this.#cells[row * this.#stride + HASH] = hash
    this.#write(row, key)
  }

  /** Take its row from a key. Those behind it in the same run of slots move up. */
  delete(row: number): void {
    let hole = this.#cells[row * this.#stride + HASH]! & this.#mask
    while ((this.#slots[hole]! & rowBits) !== row + 1) hole = (hole + 1) & this.#mask
    for (let at = (hole + 1) & this.#mask; this.#slots[at] !== 0; at = (at + 1) & this.#mask) {
      const other = (this.#slots[at]! & rowBits) - 1
      const first = this.#cells[other * this.#stride + HASH]! & this.#mask
      if (((at - first) & this.#mask) < ((at - hole) & this.#mask)) continue
      this.#slots[hole] = this.#slots[at]!
      hole = at
    }
    this.#slots[hole] = 0
    if (this.#texts.size > 0) this.#texts.delete(row)
  }

  /** The key of a row that has one. */
  keyOf(row: number): string {
    const at = this.#keyAt(row)
    const length = this.#bytes[at]!
    return length === beside
      ? this.#texts.get(row)!
      : Buffer.from(this.#bytes.buffer, at + 1, length).toString('latin1')
  }

  #keyAt(row: number): number {
    return (row * this.#stride + KEY) * 4
  }

  #holds(row: number, key: string): boolean {
    const at = this.#keyAt(row)
    const length = this.#bytes[at]!
    if (length === beside) return this.#texts.get(row) === key
    if (length !== key.length) return false
    for (let i = 0; i < length; i++) if (this.#bytes[at + 1 + i] !== key.charCodeAt(i)) return false
    return true
  }

  #write(row: number, key: string): void {
    const at = this.#keyAt(row)
    if (key.length > this.#most || /[^\0-\xff]/.test(key)) {
      this.#bytes[at] = beside
      this.#texts.set(row, ownText(key))
      return
    }
    this.#bytes[at] = key.length
    for (let i = 0; i < key.length; i++) this.#bytes[at + 1 + i] = key.charCodeAt(i)
  }
}
