/**
 * A head as rules edit it: what came, with what was taken out and what was added laid over it.
 *
 * Invariant: what came is never changed, so a second attempt can begin with it again; what is read is always what would be
 * sent now. Of a name that was edited, all lines that stay follow those of other names; among themselves they keep their
 * order, which is all that has a meaning (RFC 9110 section 5.3).
 * Cost: without edits, that of the head that came, and nothing is allocated but the overlay. With edits, each look-up is
 * a comparison of names for each edit before.
 */
import type { Head } from '../head.ts'
import { checkedField, type Field, isFieldValue, isFraming, sendable } from './field-text.ts'

/** The fields that came; `HeaderLines` of `@evener/http1` are such. */
export interface Fields {
  /** The number of lines. */
  readonly count: number
  name(index: number): string
  value(index: number): string
  /** Of the first line of this name at or after `from`, or -1. */
  indexOf(lowerName: string, from?: number): number
}

/** Changes, in the form in which `@evener/core` writes heads: first what is removed, then what is appended. */
export interface FieldEdits {
  /** Names in lower case. */
  readonly remove: readonly string[]
  readonly append: readonly (readonly [name: string, value: string])[]
  /** What is appended, as HTTP/1.1 writes it. */
  readonly lines: string
}

/** What is written is made for those who ask. */
class Edits implements FieldEdits {
  readonly remove: readonly string[]
  readonly #added: readonly Field[]

  constructor(remove: readonly string[], added: readonly Field[]) {
    this.remove = remove
    this.#added = added
  }

  get append(): readonly (readonly [name: string, value: string])[] {
    return this.#added.map(({ name, value }) => [name, value] as const)
  }

  get lines(): string {
    let lines = ''
    for (const { line } of this.#added) lines += line
    return lines
  }
}

const nothing: readonly never[] = []

export class EditedHead implements Head {
  readonly #came: Fields
  /** Names, in lower case, of which no line that came goes on. */
  #removed: string[] | undefined
  #added: Field[] | undefined
  /** The names of those, in lower case. */
  #addedNames: string[] = nothing as never[]
  /** What was asked for last, which many rules in a row ask for. */
  #askedName = ''
  #asked: readonly string[] = nothing
  /** Values that held what no head may, and were sent percent-encoded; and edits of framing, which were not done. */
  unsendable = 0

  constructor(came: Fields) {
    this.#came = came
  }

  /** Whether anything was changed. */
  get edited(): boolean {
    return this.#removed !== undefined || this.#added !== undefined
  }

  /** What was changed, or undefined. The names removed are the head's own list, and not to be changed. */
  edits(): FieldEdits | undefined {
    return this.edited ? new Edits(this.#removed ?? nothing, this.#added ?? nothing) : undefined
  }

  /** Whether a line of this name was added. */
  adds(lowerName: string): boolean {
    return this.#addedNames.includes(lowerName)
  }

  all(lowerName: string): readonly string[] {
    if (lowerName !== this.#askedName) {
      this.#asked = this.#linesOf(lowerName)
      this.#askedName = lowerName
    }
    return this.#asked
  }

  #linesOf(lowerName: string): readonly string[] {
    const came = this.#came
    let at = this.#isRemoved(lowerName) ? -1 : came.indexOf(lowerName)
    if (at === -1 && !this.#addedNames.includes(lowerName)) return nothing
    const values: string[] = []
    for (; at !== -1; at = came.indexOf(lowerName, at + 1)) values.push(came.value(at))
    for (
      let at = this.#addedNames.indexOf(lowerName);
      at !== -1;
      at = this.#addedNames.indexOf(lowerName, at + 1)
    )
      values.push(this.#added![at]!.value)
    return values
  }

  last(lowerName: string): string | undefined {
    const added = this.#addedNames.lastIndexOf(lowerName)
    if (added !== -1) return this.#added![added]!.value
    if (this.#isRemoved(lowerName)) return undefined
    const came = this.#came
    let at = came.indexOf(lowerName)
    if (at === -1) return undefined
    for (let next = at; next !== -1; next = came.indexOf(lowerName, next + 1)) at = next
    return came.value(at)
  }

  has(lowerName: string): boolean {
    if (this.#addedNames.includes(lowerName)) return true
    return !this.#isRemoved(lowerName) && this.#came.indexOf(lowerName) !== -1
  }

  pairs(): readonly string[] {
    const came = this.#came
    const pairs: string[] = []
    for (let at = 0; at < came.count; at++) {
      const name = came.name(at)
      if (!this.#isRemoved(name.toLowerCase())) pairs.push(name, came.value(at))
    }
    if (this.#added !== undefined) for (const { name, value } of this.#added) pairs.push(name, value)
    return pairs
  }

  set(name: string, value: string, lowerName = name.toLowerCase()): void {
    if (!this.#refuses(lowerName)) this.write(this.#field(name, lowerName, value), true)
  }

  add(name: string, value: string, lowerName = name.toLowerCase()): void {
    if (!this.#refuses(lowerName)) this.write(this.#field(name, lowerName, value), false)
  }

  write(field: Field, replacing: boolean): void {
    const { lowerName } = field
    if (lowerName === this.#askedName) this.#askedName = ''
    if (replacing) this.#remove(lowerName)
    if (this.#added === undefined) {
      this.#added = [field]
      this.#addedNames = [lowerName]
    } else {
      this.#added.push(field)
      this.#addedNames.push(lowerName)
    }
  }

  delete(lowerName: string): void {
    if (!this.#refuses(lowerName)) this.#remove(lowerName)
  }

  #isRemoved(lowerName: string): boolean {
    return this.#removed?.includes(lowerName) === true
  }

  /** Rules are checked when they are made; this holds for those that a host writes itself. */
  #refuses(lowerName: string): boolean {
    if (!isFraming(lowerName)) return false
    this.unsendable++
    return true
  }

  #remove(lowerName: string): void {
    if (lowerName === this.#askedName) this.#askedName = ''
    for (
      let at = this.#addedNames.indexOf(lowerName);
      at !== -1;
      at = this.#addedNames.indexOf(lowerName, at)
    ) {
      this.#addedNames.splice(at, 1)
      this.#added!.splice(at, 1)
    }
    if (this.#isRemoved(lowerName) || this.#came.indexOf(lowerName) === -1) return
    if (this.#removed === undefined) this.#removed = [lowerName]
    else this.#removed.push(lowerName)
  }

  #field(name: string, lowerName: string, value: string): Field {
    if (isFieldValue(value)) return checkedField(name, lowerName, value)
    this.unsendable++
    return checkedField(name, lowerName, sendable(value))
  }
}

/** Names and values in turn, as `node:http` and HTTP/2 give them, as {@link Fields}. */
export class PairFields implements Fields {
  readonly #pairs: readonly string[]
  readonly #lowerNames: string[]

  constructor(pairs: readonly string[]) {
    this.#pairs = pairs
    this.#lowerNames = []
    for (let at = 0; at < pairs.length; at += 2) this.#lowerNames.push(pairs[at]!.toLowerCase())
  }

  get count(): number {
    return this.#lowerNames.length
  }

  name(index: number): string {
    return this.#pairs[index * 2]!
  }

  value(index: number): string {
    return this.#pairs[index * 2 + 1]!
  }

  indexOf(lowerName: string, from = 0): number {
    return this.#lowerNames.indexOf(lowerName, from)
  }
}
