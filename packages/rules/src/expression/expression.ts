/**
 * HAProxy's sample expressions as text: `req.hdr(host,1),lower,field(1,:)`.
 *
 * ```text
 *   expression  fetch { "," converter }
 *   both        name [ "(" argument { "," argument } ")" ]
 *   argument    up to a comma or a parenthesis outside quotes; within "…" and '…' all characters stand for themselves,
 *               but for \\ \" \' \n \r \t and "\ ", which are read as such outside '…'
 * ```
 * Types are settled at run time: casts are put in as HAProxy does, and what cannot be cast is refused with its place.
 */
import { RuleError } from '../errors.ts'
import { pipe } from '../pipe.ts'
import type { Sample } from '../sample.ts'
import type { ConnectionScope, ContentScope, RequestScope, ResponseScope } from '../scope.ts'
import { isKnownAt, type Stage } from '../stage.ts'
import type { Converter, Value } from '../value.ts'
import { Arguments } from './arguments.ts'
import { converters } from './converter-catalogue.ts'
import { fetches } from './fetch-catalogue.ts'
import type { Names } from './names.ts'

/** What is known at each stage. */
export interface ScopeAt {
  connection: ConnectionScope
  content: ContentScope
  request: RequestScope
  response: ResponseScope
  log: ResponseScope & ContentScope
}

/**
 * Compile an expression.
 * @param at when it will be asked: what is not known then is refused
 * @param names resolves backends, tables, maps and whatever else arguments name
 * @throws {RuleError} `EVENER_INVALID_OPTION` that names the place
 */
export function expression<A extends Stage>(
  text: string,
  at: A,
  names: Names = {},
): Value<Sample, ScopeAt[A]> {
  const { value, end } = expressionAt(text, 0, at, names)
  if (end < text.length) fail(text, end, 'a comma and a converter, or the end')
  return value
}

/**
 * Compile the expression that begins at an offset of a text, as templates do for `%[…]`.
 * @returns the value, and where the first character is that is not its own
 * @throws {RuleError} `EVENER_INVALID_OPTION` that names the place
 */
export function expressionAt<A extends Stage>(
  text: string,
  start: number,
  at: A,
  names: Names = {},
): { readonly value: Value<Sample, ScopeAt[A]>; readonly end: number } {
  const reader = new Reader(text, start, at, names)
  let value = reader.term(fetches, 'a fetch')
  if (!isKnownAt(value.needs, at)) fail(text, start, `what is known at the stage ${at}: ${value.text} is not`)
  while (text[reader.at] === ',') {
    const from = ++reader.at
    const converter: Converter<never, Sample, never> = reader.term(converters, 'a converter')
    value = located(text, from, () => pipe(value, converter)) as Value<Sample, never>
    if (!isKnownAt(value.needs, at))
      fail(text, from, `what is known at the stage ${at}: ${converter.text} is not`)
  }
  return { value: value as unknown as Value<Sample, ScopeAt[A]>, end: reader.at }
}

class Reader {
  at: number
  readonly #text: string
  readonly #stage: Stage
  readonly #names: Names

  constructor(text: string, start: number, stage: Stage, names: Names) {
    this.at = start
    this.#text = text
    this.#stage = stage
    this.#names = names
  }

  /** A keyword with its arguments, made. */
  term<T>(catalogue: ReadonlyMap<string, (given: Arguments) => T>, kind: string): T {
    const start = this.at
    while (this.at < this.#text.length && /[A-Za-z0-9._+:-]/.test(this.#text[this.at] as string)) this.at++
    const keyword = this.#text.slice(start, this.at)
    const make = catalogue.get(keyword)
    if (make === undefined) fail(this.#text, start, `the name of ${kind}; ${JSON.stringify(keyword)} is none`)
    const given = this.#text[this.at] === '(' ? this.#arguments() : []
    return located(this.#text, start, () => {
      const list = new Arguments(keyword, given, this.#stage, this.#names)
      const made = make(list)
      list.end()
      return made
    })
  }

  #arguments(): string[] {
    const open = this.at
    const list: string[] = []
    do {
      this.at++
      list.push(this.#argument())
    } while (this.#text[this.at] === ',')
    if (this.#text[this.at] !== ')')
      fail(this.#text, open, 'a closing parenthesis for the one that opens here')
    this.at++
    return list
  }

  #argument(): string {
    let argument = ''
    let quote = ''
    for (; this.at < this.#text.length; this.at++) {
      const character = this.#text[this.at] as string
      if (character === quote) quote = ''
      else if (quote === '' && (character === '"' || character === "'")) quote = character
      else if (quote === '' && (character === ',' || character === ')')) break
      else if (character === '\\' && quote !== "'" && this.at + 1 < this.#text.length)
        argument += this.#escaped()
      else argument += character
    }
    return argument
  }

  /** What a backslash and the character behind it stand for: both, where that is none of the known ones. */
  #escaped(): string {
    const next = this.#text[this.at + 1] as string
    const meant = escapes[next]
    if (meant === undefined) return '\\'
    this.at++
    return meant
  }
}

const escapes: Readonly<Record<string, string>> = {
  '\\': '\\',
  ' ': ' ',
  '"': '"',
  "'": "'",
  r: '\r',
  n: '\n',
  t: '\t',
}

/** What fails in here, fails at this place of the text. */
function located<T>(text: string, place: number, make: () => T): T {
  try {
    return make()
  } catch (error) {
    throw new RuleError('expression', `${placeIn(text, place)}: ${(error as Error).message}`)
  }
}

function fail(text: string, place: number, allowed: string): never {
  throw new RuleError('expression', `${placeIn(text, place)}; allowed is ${allowed}`)
}

function placeIn(text: string, place: number): string {
  return `expression ${JSON.stringify(text)} at character ${place + 1}`
}
