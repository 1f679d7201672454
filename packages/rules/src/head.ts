import type { Field } from './heads/field-text.ts'

/** The fields of a head, as rules read and change them. Names are given in lower case to read, in any to write. */
export interface Head {
  /** The values of the fields of this name, a line each, in their order. */
  all(lowerName: string): readonly string[]
  /** The last line's value: what `all` has last. */
  last(lowerName: string): string | undefined
  has(lowerName: string): boolean
  /** Names and values in turn: the head as it stands. */
  pairs(): readonly string[]
  /** Replace all fields of this name by one. @param lowerName the name in lower case, of those who have it at hand */
  set(name: string, value: string, lowerName?: string): void
  add(name: string, value: string, lowerName?: string): void
  /** The same with a field that was checked: added, or in place of all of its name. */
  write(field: Field, replacing: boolean): void
  delete(lowerName: string): void
}
