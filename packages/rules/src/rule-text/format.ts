/**
 * Formats in rules: text with `%[expression]` in it, and `%%` for a percent sign. A format without expressions is a constant.
 *
 * Variables of logs (`%ci`) are not known while rules of requests run in HAProxy's sense of a record: each has a fetch that says
 * the same (`src`), and is refused here.
 */
import { expressionAt } from '../expression/expression.ts'
import type { Names } from '../expression/names.ts'
import { refuse } from '../options.ts'
import type { Sample } from '../sample.ts'
import { laterStage, type Stage } from '../stage.ts'
import { asText, type Text } from '../text.ts'
import { fetch, type Value } from '../value.ts'

/** @throws {RuleError} `EVENER_INVALID_OPTION` that names the place */
export function formatted(field: string, text: string, at: Stage, names: Names | undefined): Text<never> {
  const parts: (string | Value<Sample, never>)[] = []
  let constant = ''
  for (let index = 0; index < text.length; index++) {
    if (text[index] !== '%') {
      constant += text[index]
      continue
    }
    if (text[index + 1] === '%') {
      constant += '%'
      index++
      continue
    }
    if (text[index + 1] !== '[')
      refuse(field, text, '%[expression] and %%; a variable of logs has a fetch to ask for')
    const { value, end } = expressionAt(text, index + 2, at, names)
    if (text[end] !== ']') refuse(field, text, `a closing ] at character ${end + 1}`)
    if (constant !== '') parts.push(constant)
    constant = ''
    parts.push(value as Value<Sample, never>)
    index = end
  }
  if (parts.length === 0) return constant
  if (constant !== '') parts.push(constant)
  const needs = parts.reduce<Stage>(
    (stage, part) => (typeof part === 'string' ? stage : laterStage(field, stage, part.needs)),
    'connection',
  )
  const pieces = parts.map(part => (typeof part === 'string' ? () => part : part.read)) as ((
    scope: never,
  ) => Sample | undefined)[]
  return fetch(text, 'str', needs, (scope: never) => {
    let written = ''
    for (const piece of pieces) written += asText(piece(scope))
    return written
  })
}
