/**
 * Patterns of texts: HAProxy's `str`, `beg`, `end`, `sub`, `dir`, `dom`, `bin`.
 *
 * A few are compared one after the other, which is fastest; of more than that, exact ones are found by hash and the others
 * in a {@link PrefixTree}: in time that grows with the value, and not with the number of patterns. `sub`, `dir` and `dom` look
 * at each place of the value where one might begin.
 *
 * Without case, values are put in small letters first.
 */
import { refuse } from '../options.ts'
import { earlier, type PatternEntry, type PatternIndex } from './entry.ts'
import { PrefixTree } from './prefix-tree.ts'

export type TextMethod = 'str' | 'beg' | 'end' | 'sub' | 'dir' | 'dom' | 'bin'

/** Up to so many, comparing them in turn was measured to be no slower than a walk of the tree. */
const few = 8

interface Matching {
  /** Whether a pattern, as `text` made it, matches. */
  matches(value: string, pattern: string): boolean
  find(tree: PrefixTree, value: string, longestPattern: number): PatternEntry | undefined
}

const slash = 0x2f
const question = 0x3f
const isSlash = (code: number) => code === slash || code === question
const isDot = (code: number) => code === slash || code === question || code === 0x2e || code === 0x3a

const matchings: Readonly<Record<Exclude<TextMethod, 'str' | 'bin'>, Matching>> = {
  beg: {
    matches: (value, pattern) => value.startsWith(pattern),
    find: (tree, value) => tree.longest(value),
  },
  end: {
    matches: (value, pattern) => value.endsWith(pattern),
    find: (tree, value, longestPattern) => tree.first(reversed(value, longestPattern), 0, undefined),
  },
  sub: {
    matches: (value, pattern) => value.includes(pattern),
    find: (tree, value) => {
      let found: PatternEntry | undefined
      for (let at = 0; at <= value.length; at++) found = earlier(found, tree.first(value, at, undefined))
      return found
    },
  },
  dir: words(isSlash),
  dom: words(isDot),
}

function words(delimits: (code: number) => boolean): Matching {
  const ends = (value: string, end: number) => end === value.length || delimits(value.charCodeAt(end))
  const begins = (value: string, at: number) => at === 0 || delimits(value.charCodeAt(at - 1))
  return {
    matches: (value, pattern) => {
      if (pattern === '') return false
      for (let at = value.indexOf(pattern); at !== -1; at = value.indexOf(pattern, at + 1))
        if (begins(value, at) && ends(value, at + pattern.length)) return true
      return false
    },
    find: (tree, value) => {
      let found: PatternEntry | undefined
      for (let at = 0; at < value.length; at++)
        if (begins(value, at) && !delimits(value.charCodeAt(at)))
          found = earlier(found, tree.first(value, at, ends))
      return found
    },
  }
}

/** The last characters, from the last one on. */
function reversed(value: string, most: number): string {
  let text = ''
  for (let at = value.length - 1; at >= 0 && text.length < most; at--) text += value[at]
  return text
}

/** What a pattern is compared as. */
function compared(method: TextMethod, pattern: string): string {
  if (method === 'bin') {
    if (!/^(?:[0-9a-f]{2})+$/i.test(pattern))
      refuse('bin pattern', pattern, 'hexadecimal digits, an even number')
    return Buffer.from(pattern, 'hex').toString('latin1')
  }
  // Delimiters around these are left out.
  if (method === 'dir') return pattern.replace(/^[/?]+|[/?]+$/g, '')
  if (method === 'dom') return pattern.replace(/^[/?.:]+|[/?.:]+$/g, '')
  return pattern
}

/** @param method what patterns are compared with */
export function textIndex(method: TextMethod, ignoreCase: boolean): PatternIndex<string> {
  const textOf = ignoreCase
    ? (pattern: string) => compared(method, pattern).toLowerCase()
    : (pattern: string) => compared(method, pattern)
  const index = method === 'str' || method === 'bin' ? new ExactIndex(textOf) : new AffixIndex(textOf, method)
  if (!ignoreCase) return index
  return {
    add: entry => index.add(entry),
    remove: entry => index.remove(entry),
    find: value => index.find(value.toLowerCase()),
  }
}

class ExactIndex implements PatternIndex<string> {
  readonly #textOf: (pattern: string) => string
  readonly #entries = new Map<string, PatternEntry[]>()

  constructor(textOf: (pattern: string) => string) {
    this.#textOf = textOf
  }

  add(entry: PatternEntry): void {
    const text = this.#textOf(entry.pattern)
    const same = this.#entries.get(text)
    if (same === undefined) this.#entries.set(text, [entry])
    else same.push(entry)
  }

  remove(entry: PatternEntry): void {
    const text = this.#textOf(entry.pattern)
    const left = this.#entries.get(text)?.filter(each => each !== entry)
    if (left === undefined) return
    if (left.length === 0) this.#entries.delete(text)
    else this.#entries.set(text, left)
  }

  find(value: string): PatternEntry | undefined {
    return this.#entries.get(value)?.[0]
  }
}

class AffixIndex implements PatternIndex<string> {
  readonly #textOf: (pattern: string) => string
  readonly #method: Exclude<TextMethod, 'str' | 'bin'>
  readonly #matching: Matching
  /** Those in front, while they are few; for `beg`, the longest of them. */
  #list: { readonly text: string; readonly entry: PatternEntry }[] | undefined = []
  #tree: PrefixTree | undefined
  #longestPattern = 0

  constructor(textOf: (pattern: string) => string, method: Exclude<TextMethod, 'str' | 'bin'>) {
    this.#textOf = textOf
    this.#method = method
    this.#matching = matchings[method]
  }

  add(entry: PatternEntry): void {
    const text = this.#textOf(entry.pattern)
    this.#longestPattern = Math.max(this.#longestPattern, text.length)
    if (this.#list !== undefined) {
      this.#list.push({ text, entry })
      if (this.#method === 'beg') this.#list.sort((one, other) => other.text.length - one.text.length)
      if (this.#list.length <= few) return
      this.#tree = new PrefixTree()
      for (const each of this.#list) this.#tree.add(this.#stored(each.text), each.entry)
      this.#list = undefined
    } else this.#tree!.add(this.#stored(text), entry)
  }

  remove(entry: PatternEntry): void {
    if (this.#list !== undefined) this.#list = this.#list.filter(each => each.entry !== entry)
    else this.#tree!.remove(this.#stored(this.#textOf(entry.pattern)), entry)
  }

  #stored(text: string): string {
    return this.#method === 'end' ? reversed(text, text.length) : text
  }

  find(value: string): PatternEntry | undefined {
    const list = this.#list
    if (list === undefined) return this.#matching.find(this.#tree!, value, this.#longestPattern)
    const { matches } = this.#matching
    for (let at = 0; at < list.length; at++) if (matches(value, list[at]!.text)) return list[at]!.entry
    return undefined
  }
}
