/**
 * HAProxy's `log-format` (manual section 8.2.6), read into parts: text, `%variable`, `%{flags}variable`, `%[expression]`.
 *
 * `%%` is a percent sign. `%{…}o` sets flags for all that follows; those of a variable hold for it alone.
 */
import { refuse } from '../options.ts'
import type { Sample } from '../sample.ts'
import type { Value } from '../value.ts'
import type { Flags } from './escaping.ts'

export type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'variable'; readonly name: string; readonly flags: Flags }
  | { readonly kind: 'expression'; readonly value: Value<Sample, never>; readonly flags: Flags }

/** Compiles the expression that begins there, and says where the first character is that is not its own. */
export type ReadExpression = (
  text: string,
  start: number,
) => { readonly value: Value<Sample, never>; readonly end: number }

const noFlags: Flags = { quote: false, hex: false, backslash: false }

/** @throws {RuleError} `EVENER_INVALID_OPTION` for a text that cannot be read, with the place */
export function parseFormat(field: string, format: string, expressionAt: ReadExpression): readonly Part[] {
  const parts: Part[] = []
  let flags = noFlags
  let literal = ''
  const push = (part: Part): void => {
    if (literal !== '') parts.push({ kind: 'text', text: literal })
    literal = ''
    parts.push(part)
  }
  for (let at = 0; at < format.length; ) {
    if (format[at] !== '%') {
      literal += format[at++]
      continue
    }
    if (format[at + 1] === '%') {
      literal += '%'
      at += 2
      continue
    }
    const wrong = (why: string): never => refuse(field, format, `${why} at character ${at + 1}`)
    let own = flags
    let from = at + 1
    if (format[from] === '{') {
      const end = format.indexOf('}', from)
      if (end === -1) wrong('a } after %{')
      own = withFlags(flags, format.slice(from + 1, end), wrong)
      from = end + 1
    }
    if (format[from] === '[') {
      const { value, end } = expressionAt(format, from + 1)
      if (format[end] !== ']') wrong('a ] after %[')
      push({ kind: 'expression', value, flags: own })
      at = end + 1
      continue
    }
    const [name = ''] = /^[A-Za-z][A-Za-z0-9]*/.exec(format.slice(from)) ?? []
    if (name === '') wrong('a variable, an expression in brackets, or %% for a percent sign')
    if (name === 'o') flags = own
    else push({ kind: 'variable', name, flags: own })
    at = from + name.length
  }
  if (literal !== '') parts.push({ kind: 'text', text: literal })
  return parts
}

/** `+Q,-X`: adds and takes away. */
function withFlags(flags: Flags, text: string, wrong: (why: string) => never): Flags {
  let { quote, hex, backslash } = flags
  for (const one of text.split(',')) {
    const on = one.startsWith('+')
    const letter = /^[+-]([QXEM])$/.exec(one)?.[1]
    if (letter === 'Q') quote = on
    else if (letter === 'X') hex = on
    else if (letter === 'E') backslash = on
    else if (letter === undefined) wrong('flags of +Q, +X, +E or -Q, -X, -E, with commas between them,')
  }
  return { quote, hex, backslash }
}
