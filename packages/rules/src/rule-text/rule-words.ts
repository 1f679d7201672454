/** The words of one rule, taken from left to right by what makes it. */
import { expression } from '../expression/expression.ts'
import { refuse } from '../options.ts'
import type { Sample } from '../sample.ts'
import type { Stage } from '../stage.ts'
import type { Text } from '../text.ts'
import type { Value } from '../value.ts'
import { formatted } from './format.ts'
import type { RuleContext } from './rule.ts'

const units: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

export class RuleWords {
  readonly keyword: string
  /** What stands in parentheses behind the keyword. */
  readonly argument: string | undefined
  readonly at: Stage
  readonly context: RuleContext
  readonly #words: readonly string[]
  #next = 0

  constructor(
    keyword: string,
    argument: string | undefined,
    words: readonly string[],
    at: Stage,
    context: RuleContext,
  ) {
    this.keyword = keyword
    this.argument = argument
    this.at = at
    this.context = context
    this.#words = words
  }

  /** The next word, which must be there. */
  word(what: string): string {
    return this.maybeWord() ?? refuse(this.keyword, undefined, what)
  }

  maybeWord(): string | undefined {
    return this.#words[this.#next++]
  }

  /** Whether the next word is this one, which is then taken. */
  takes(word: string): boolean {
    if (this.#words[this.#next] !== word) return false
    this.#next++
    return true
  }

  /** Whether there is a further word. */
  get more(): boolean {
    return this.#next < this.#words.length
  }

  format(what: string): Text<never> {
    return formatted(this.word(what), this.at, this.context.names)
  }

  value(what: string): Value<Sample, never> {
    return expression(this.word(what), this.at, this.context.names) as Value<Sample, never>
  }

  integer(what: string): number {
    const word = this.word(what)
    return /^-?\d+$/.test(word) ? Number(word) : refuse(this.keyword, word, what)
  }

  /** A number, or an expression. */
  numeric(what: string): number | Value<Sample, never> {
    const word = this.#words[this.#next]
    return word !== undefined && /^\d+$/.test(word) ? this.integer(what) : this.value(what)
  }

  /** A time in milliseconds, or with a unit; or an expression. */
  time(what: string): number | Value<Sample, never> {
    const word = this.#words[this.#next]
    const parts = /^(\d+)(us|ms|s|m|h|d)?$/.exec(word ?? '')
    if (parts === null) return this.value(what)
    this.#next++
    return Math.round(Number(parts[1]) * (units[parts[2] ?? 'ms'] as number))
  }

  /** What stands in parentheses, part by part. */
  arguments(count: number): string[] {
    const parts = this.argument?.split(',').map(part => part.trim()) ?? []
    if (parts.length < count) refuse(this.keyword, this.argument, `${count} arguments in parentheses`)
    return parts
  }

  /** All that were given have been taken. */
  end(): void {
    if (this.more) refuse(this.keyword, this.#words[this.#next], 'the end of the rule, or if, or unless')
  }
}
