/**
 * A list of patterns that conditions and maps share, and that can change while they are used: HAProxy's ACL and map files,
 * and what its runtime API does with them (`show`, `add`, `del`, `set`, `clear`).
 *
 * Invariant: each method by which the list is used has an index of its own, which always has all entries of the list; a
 * change that one of them cannot take is refused as a whole.
 * Cost: of a look-up, that of the index; of a change, that of a change to each index.
 */
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { checkNames, integerOption, refuse } from '../options.ts'
import type { PatternEntry, PatternIndex } from './entry.ts'
import { type ListLine, parseListFile } from './list-file.ts'
import { type Compared, indexFor, type MatchMethod } from './methods.ts'

/** The options of {@link patternList}. */
export interface PatternListOptions {
  /** For show and for messages. Default: the file, or `list`. */
  readonly name?: string | undefined
  /** A file in HAProxy's format, read now, and again by `reload()`. Not with `entries`. */
  readonly file?: string | undefined
  /** Patterns, or pairs of pattern and value; an object for a map. */
  readonly entries?:
    | readonly (string | readonly [pattern: string, value: string])[]
    | Readonly<Record<string, string>>
    | undefined
  /** Whether lines of the file have a value behind the pattern. Default false. */
  readonly map?: boolean | undefined
  /** How many entries the list may come to have by rules that add what clients send. Default 100,000. */
  readonly maxEntries?: number | undefined
}

/** An index in use, which is another one after a reload. */
export interface PatternView<T> {
  readonly find: (value: T) => PatternEntry | undefined
}

interface View {
  readonly method: MatchMethod
  readonly ignoreCase: boolean
  index: PatternIndex<never>
}

/** Entries that an index takes in one turn of the event loop while a file is reloaded: about 2 ms. */
const entriesATurn = 2000

/**
 * Make a list.
 * @throws {RuleError} `EVENER_INVALID_OPTION`, for a file that cannot be read as well
 */
export function patternList(options: PatternListOptions = {}): PatternList {
  return new PatternList(options)
}

/** A list of the patterns in a file. @throws {RuleError} `EVENER_INVALID_OPTION` */
export function patternFile(file: string): PatternList {
  return new PatternList({ file })
}

export class PatternList {
  readonly name: string
  readonly isMap: boolean
  readonly file: string | undefined
  readonly maxEntries: number
  /** What rules would have added, and could not: the list was full, or a method in use cannot read it. */
  notAdded = 0
  #entries = new Map<number, PatternEntry>()
  #byPattern = new Map<string, PatternEntry[]>()
  readonly #views: View[] = []
  #lastId = 0

  constructor(options: PatternListOptions) {
    checkNames('patternList', options, ['name', 'file', 'entries', 'map', 'maxEntries'])
    const { file, entries } = options
    if (file !== undefined && typeof file !== 'string') refuse('file', file, 'a path')
    if (file !== undefined && entries !== undefined) refuse('entries', entries, 'none beside file')
    this.file = file
    this.maxEntries = integerOption('maxEntries', options.maxEntries ?? 100_000, 0, 10_000_000)
    this.name = options.name ?? file ?? 'list'
    const pairs = entries === undefined ? [] : linesOf(entries)
    this.isMap = options.map ?? pairs.some(([, value]) => value !== undefined)
    for (const [pattern, value] of file === undefined ? pairs : this.#read(file)) this.#insert(pattern, value)
  }

  #read(file: string): ListLine[] {
    try {
      return parseListFile(readFileSync(file, 'latin1'), this.isMap)
    } catch (error) {
      return refuse('file', file, `a file that can be read (${(error as Error).message})`)
    }
  }

  get size(): number {
    return this.#entries.size
  }

  /** In their order. */
  entries(): IterableIterator<Readonly<PatternEntry>> {
    return this.#entries.values()
  }

  /** Whether there is an entry of just this pattern, whatever the method. */
  has(pattern: string): boolean {
    return this.#byPattern.has(pattern)
  }

  /**
   * Add an entry at the end. HAProxy's `add acl`, `add map`.
   * @throws {RuleError} `EVENER_INVALID_OPTION` for a pattern that a method in use cannot read
   */
  add(pattern: string, value?: string): Readonly<PatternEntry> {
    if (typeof pattern !== 'string' || pattern === '') refuse('pattern', pattern, 'a text that is not empty')
    if (this.isMap && typeof value !== 'string')
      refuse('value', value, 'the text that this pattern is mapped to')
    return this.#insert(pattern, value)
  }

  /** Add what comes of a client: not beyond `maxEntries`, and never throwing. */
  offer(pattern: string, value?: string): void {
    if (this.size >= this.maxEntries) this.notAdded++
    else
      try {
        this.add(pattern, value)
      } catch {
        this.notAdded++
      }
  }

  /** Give all entries of this pattern another value. HAProxy's `set map`. @returns how many there are */
  set(pattern: string, value: string): number {
    const found = this.#byPattern.get(pattern) ?? []
    for (const entry of found) entry.value = value
    return found.length
  }

  /** Take out all entries of this pattern. HAProxy's `del acl`, `del map`. @returns how many there were */
  delete(pattern: string): number {
    const found = this.#byPattern.get(pattern) ?? []
    this.#byPattern.delete(pattern)
    for (const entry of found) {
      this.#entries.delete(entry.id)
      for (const { index } of this.#views) index.remove(entry)
    }
    return found.length
  }

  /** Take out one entry. @returns whether it was there */
  deleteId(id: number): boolean {
    const entry = this.#entries.get(id)
    if (entry === undefined) return false
    this.#entries.delete(id)
    const left = this.#byPattern.get(entry.pattern)!.filter(each => each !== entry)
    if (left.length === 0) this.#byPattern.delete(entry.pattern)
    else this.#byPattern.set(entry.pattern, left)
    for (const { index } of this.#views) index.remove(entry)
    return true
  }

  /** Take out all. HAProxy's `clear acl`, `clear map`. */
  clear(): void {
    this.#entries = new Map()
    this.#byPattern = new Map()
    for (const view of this.#views) view.index = indexFor(view.method, view.ignoreCase) as PatternIndex<never>
  }

  /**
   * Read the file again, and use what it has now; the old entries are used until then. Changes that were made by other
   * means are lost.
   * @throws {RuleError} `EVENER_INVALID_OPTION` for a list without a file, and for a file that cannot be read, or has a
   *   pattern that a method in use cannot read: then the list stays as it was
   */
  async reload(): Promise<void> {
    const { file } = this
    if (file === undefined) return refuse('file', file, 'the path of a file, for a list that is reloaded')
    let text: string
    try {
      text = await readFile(file, 'latin1')
    } catch (error) {
      return refuse('file', file, `a file that can be read (${(error as Error).message})`)
    }
    const entries = new Map<number, PatternEntry>()
    const byPattern = new Map<string, PatternEntry[]>()
    const indexes = this.#views.map(({ method, ignoreCase }) => indexFor(method, ignoreCase))
    for (const [pattern, value] of parseListFile(text, this.isMap)) {
      const entry: PatternEntry = { id: ++this.#lastId, pattern, value }
      for (const index of indexes) index.add(entry)
      enter(entries, byPattern, entry)
      if (entries.size % entriesATurn === 0) await setImmediate()
    }
    this.#entries = entries
    this.#byPattern = byPattern
    for (const [at, view] of this.#views.entries()) {
      const index = indexes[at]
      // One that was asked for meanwhile.
      if (index !== undefined) view.index = index as PatternIndex<never>
      else {
        view.index = indexFor(view.method, view.ignoreCase) as PatternIndex<never>
        for (const entry of entries.values()) view.index.add(entry)
      }
    }
  }

  /**
   * The list as it is compared by a method.
   * @throws {RuleError} `EVENER_INVALID_OPTION` for an entry that the method cannot read
   */
  view<M extends MatchMethod>(method: M, ignoreCase: boolean): PatternView<Compared[M]> {
    let view = this.#views.find(each => each.method === method && each.ignoreCase === ignoreCase)
    if (view === undefined) {
      view = { method, ignoreCase, index: indexFor(method, ignoreCase) as PatternIndex<never> }
      for (const entry of this.#entries.values()) view.index.add(entry)
      this.#views.push(view)
    }
    const used = view as { index: PatternIndex<Compared[M]> }
    return { find: value => used.index.find(value) }
  }

  #insert(pattern: string, value: string | undefined): PatternEntry {
    const entry: PatternEntry = { id: ++this.#lastId, pattern, value }
    const done: PatternIndex<never>[] = []
    try {
      for (const { index } of this.#views) {
        index.add(entry)
        done.push(index)
      }
    } catch (error) {
      for (const index of done) index.remove(entry)
      throw error
    }
    enter(this.#entries, this.#byPattern, entry)
    return entry
  }
}

function enter(
  entries: Map<number, PatternEntry>,
  byPattern: Map<string, PatternEntry[]>,
  entry: PatternEntry,
): void {
  entries.set(entry.id, entry)
  const same = byPattern.get(entry.pattern)
  if (same === undefined) byPattern.set(entry.pattern, [entry])
  else same.push(entry)
}

function linesOf(given: NonNullable<PatternListOptions['entries']>): ListLine[] {
  const list = Array.isArray(given) ? given : Object.entries(given)
  return list.map((each, index) => {
    const [pattern, value] = Array.isArray(each) ? each : [each]
    if (typeof pattern !== 'string' || pattern === '')
      refuse(`entries[${index}]`, pattern, 'a text that is not empty')
    if (value !== undefined && typeof value !== 'string')
      refuse(`entries[${index}]`, value, 'a text as value')
    return [pattern, value]
  })
}
