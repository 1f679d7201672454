/**
 * The arguments of one fetch or converter in an expression, taken from left to right by what makes it. What cannot be
 * read is refused with the keyword and the number of the argument.
 */
import { refuse } from '../options.ts'
import type { BackendView } from '../scope.ts'
import type { Stage } from '../stage.ts'
import { isVariableName } from '../variables.ts'
import type { Names } from './names.ts'

export class Arguments {
  /** When the expression is asked: `hdr` is the response's in its rules. */
  readonly at: Stage
  readonly names: Names
  readonly #keyword: string
  readonly #texts: readonly string[]
  #next = 0

  constructor(keyword: string, texts: readonly string[], at: Stage, names: Names) {
    this.at = at
    this.names = names
    this.#keyword = keyword
    this.#texts = texts
  }

  /** A text that must be there. It may be empty. */
  text(): string {
    return this.maybeText() ?? this.refuse(undefined, 'an argument here')
  }

  /** A text, if it is there. */
  maybeText(): string | undefined {
    return this.#texts[this.#next++]
  }

  /** A text that is one of these. */
  maybeOneOf<W extends string>(words: readonly W[]): W | undefined {
    const text = this.maybeText()
    if (text === undefined || text === '') return undefined
    return words.includes(text as W) ? (text as W) : this.refuse(text, words.join(', '))
  }

  integer(): number {
    return this.maybeInteger() ?? this.refuse(undefined, 'a whole number')
  }

  /** A whole number; none for an empty argument. */
  maybeInteger(): number | undefined {
    const text = this.maybeText()
    if (text === undefined || text === '') return undefined
    const number = Number(text)
    return /^[-+]?\d+$/.test(text) && Number.isSafeInteger(number)
      ? number
      : this.refuse(text, 'a whole number')
  }

  /** A number, or the name of the variable that holds it. */
  operand(): number | string {
    const text = this.text()
    const number = Number(text)
    if (/^[-+]?\d+$/.test(text) && Number.isSafeInteger(number)) return number
    return isVariableName(text) ? text : this.refuse(text, 'a whole number or the name of a variable')
  }

  /** A backend; none for that of the request. */
  maybeBackend(): BackendView | undefined {
    const name = this.maybeText()
    if (name === undefined || name === '') return undefined
    return this.names.backend?.(name) ?? this.refuse(name, 'the name of a backend')
  }

  /** All that were given have been taken. */
  end(): void {
    const extra = this.#texts[this.#next]
    if (extra !== undefined) {
      this.#next++
      this.refuse(extra, this.#next === 1 ? 'no argument' : `at most ${this.#next - 1} arguments`)
    }
  }

  /** Refuse the argument that was taken last. */
  refuse(value: unknown, allowed: string): never {
    return refuse(`argument ${this.#next} of ${this.#keyword}`, value, allowed)
  }
}
