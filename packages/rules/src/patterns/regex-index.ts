/** Regular expressions, tried one after the other: HAProxy's `reg`. */
import type { PatternEntry, PatternIndex } from './entry.ts'
import { type Regex, regex } from './regex.ts'

export class RegexIndex implements PatternIndex<string> {
  readonly #ignoreCase: boolean
  #list: { readonly compiled: Regex; readonly entry: PatternEntry }[] = []

  constructor(ignoreCase: boolean) {
    this.#ignoreCase = ignoreCase
  }

  add(entry: PatternEntry): void {
    this.#list.push({ compiled: regex('reg pattern', entry.pattern, this.#ignoreCase), entry })
  }

  remove(entry: PatternEntry): void {
    this.#list = this.#list.filter(each => each.entry !== entry)
  }

  find(value: string): PatternEntry | undefined {
    for (const { compiled, entry } of this.#list) if (compiled.test(value)) return entry
    return undefined
  }
}
