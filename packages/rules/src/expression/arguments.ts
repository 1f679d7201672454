/**
 * The arguments of one fetch or converter in an expression, taken from left to right by what makes it. What cannot be
 * read is refused with the keyword and the number of the argument.
 */

import { type Condition, not } from '../condition.ts'
import type { Users } from '../fetches/auth.ts'
import { readInteger } from '../integer.ts'
import { refuse } from '../options.ts'
import type { BackendView, FrontendView, ServerView } from '../scope.ts'
import type { Stage } from '../stage.ts'
import type { TableView } from '../tables.ts'
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

  oneOf<W extends string>(words: readonly W[]): W {
    return this.maybeOneOf(words) ?? this.refuse(undefined, words.join(', '))
  }

  integer(): number {
    return this.maybeInteger() ?? this.refuse(undefined, 'a whole number')
  }

  /** A whole number; none for an empty argument. */
  maybeInteger(): number | undefined {
    const text = this.maybeText()
    if (text === undefined || text === '') return undefined
    return isInteger(text) ? readInteger(text) : this.refuse(text, 'a whole number')
  }

  /** A number, or the name of the variable that holds it. */
  operand(): number | string {
    return this.#operandOf(this.text())
  }

  #operandOf(text: string): number | string {
    if (isInteger(text)) return readInteger(text) as number
    return isVariableName(text) ? text : this.refuse(text, 'a whole number or the name of a variable')
  }

  maybeOperand(): number | string | undefined {
    const text = this.maybeText()
    return text === undefined || text === '' ? undefined : this.#operandOf(text)
  }

  /** A number other than 0; none is false. */
  flag(): boolean {
    return (this.maybeInteger() ?? 0) !== 0
  }

  /** A backend; none for that of the request. */
  maybeBackend(): BackendView | undefined {
    const name = this.maybeText()
    if (name === undefined || name === '') return undefined
    return this.names.backend?.(name) ?? this.refuse(name, 'the name of a backend')
  }

  /** A door; none for the one that the client came by. */
  maybeFrontend(): FrontendView | undefined {
    const name = this.maybeText()
    if (name === undefined || name === '') return undefined
    return this.names.frontend?.(name) ?? this.refuse(name, 'the name of a frontend')
  }

  /** `backend/server`, or a server of the backend that the rule stands in. */
  server(): ServerView {
    const name = this.text()
    const slash = name.indexOf('/')
    const backend = slash < 0 ? undefined : name.slice(0, slash)
    return this.names.server?.(backend, name.slice(slash + 1)) ?? this.refuse(name, 'the name of a server')
  }

  /** A stick table; none for that of the backend or frontend that the rule stands in. */
  table(): TableView {
    const name = this.maybeText() || undefined
    return this.names.table?.(name) ?? this.refuse(name, 'the name of a stick table')
  }

  users(): Users {
    const name = this.text()
    return this.names.users?.(name) ?? this.refuse(name, 'the name of a list of users')
  }

  /** A named condition, or with `!` in front what it is not. */
  condition(): Condition {
    const name = this.text()
    const isNegated = name.startsWith('!')
    const found =
      this.names.condition?.(isNegated ? name.slice(1) : name) ?? this.refuse(name, 'the name of an acl')
    return isNegated ? not(found) : found
  }

  get isAtEnd(): boolean {
    return this.#next >= this.#texts.length
  }

  /** All that were given have been taken. */
  end(): void {
    const extra = this.#texts[this.#next]
    if (extra !== undefined) {
      this.#next++
      this.refuse(extra, allowedMost(this.#next - 1))
    }
  }

  /** Refuse the argument that was taken last. */
  refuse(value: unknown, allowed: string): never {
    return refuse(`argument ${this.#next} of ${this.#keyword}`, value, allowed)
  }
}

/** Beyond 64 bits they stop, and beyond 53 they are rounded, as everywhere. */
function isInteger(text: string): boolean {
  return /^[-+]?\d+$/.test(text)
}

function allowedMost(count: number): string {
  return count === 0 ? 'no argument' : count === 1 ? 'one argument' : `at most ${count} arguments`
}
