/**
 * Templates: HAProxy's `log-format` strings, compiled once.
 *
 * In a line of the log, spaces are merged into one, what is empty is `-`, and captures that are not configured leave no
 * second space behind; elsewhere the text is as it is given. No character of a client's gets out of its place
 * (`escaping.ts`).
 *
 * Cost: one call and one addition to a string for each variable; a line of `option httplog`, of 25, takes about a
 * microsecond.
 */
import { expressionAt } from '../expression/expression.ts'
import type { Names } from '../expression/names.ts'
import { refuse } from '../options.ts'
import type { Sample } from '../sample.ts'
import type { ConnectionScope, ContentScope, RequestScope, ResponseScope } from '../scope.ts'
import { isKnownAt, type Stage } from '../stage.ts'
import { asText } from '../text.ts'
import { fetch, type Value } from '../value.ts'
import { type Place, plainText } from './escaping.ts'
import type { LogScope } from './log-scope.ts'
import { type Part, parseFormat, type ReadExpression } from './parse.ts'
import { type AnyScope, variables } from './variables.ts'

/** What a template of each stage is given. */
export interface TemplateScope {
  connection: ConnectionScope
  content: ContentScope
  request: RequestScope
  response: ResponseScope
  log: LogScope
}

/** What stands between two spaces or texts: appended, if it is not undefined. */
interface Step {
  readonly before: string
  /** The same after a space, of which there is to be no second. */
  readonly afterSpace: string
  readonly endsInSpace: boolean
  readonly read: (scope: AnyScope) => string | number | undefined
}

/**
 * A template of any stage but the log's, for headers, targets, bodies, names.
 * @param text `%[src]:%[src_port]`, with HAProxy's variables and expressions
 * @param stage when it is wanted: what is known only later is refused
 * @throws {RuleError} `EVENER_INVALID_OPTION` for what cannot be read, or is not known at that stage
 */
export function compileTemplate<K extends Stage>(
  field: string,
  text: string,
  stage: K,
  expressions: ReadExpression,
  mergeSpaces = stage === 'log',
): Value<string, TemplateScope[K]> {
  if (typeof text !== 'string') refuse(field, text, 'a text')
  const place: Place = stage === 'log' ? 'line' : 'header'
  const read = parseFormat(field, text, expressions)
  const parts = mergeSpaces ? merged(read) : read
  const steps: Step[] = []
  let before = ''
  for (const part of parts) {
    if (part.kind === 'text') before += part.text
    else {
      steps.push(step(before, mergeSpaces, reader(field, part, stage, place)))
      before = ''
    }
  }
  if (before !== '') steps.push(step(before, mergeSpaces, nothing))
  return fetch(text, 'str', stage, (scope: TemplateScope[K]) =>
    written(steps, scope as AnyScope, mergeSpaces),
  )
}

function written(steps: readonly Step[], scope: AnyScope, mergeSpaces: boolean): string {
  let line = ''
  let space = mergeSpaces
  for (const { before, afterSpace, endsInSpace, read } of steps) {
    if (space) {
      line += afterSpace
      if (afterSpace !== '') space = endsInSpace
    } else {
      line += before
      space = endsInSpace
    }
    const value = read(scope)
    if (value !== undefined) {
      line += value
      space = false
    }
  }
  return line
}

function step(before: string, mergeSpaces: boolean, read: Step['read']): Step {
  const afterSpace = mergeSpaces && before.startsWith(' ') ? before.slice(1) : before
  return { before, afterSpace, endsInSpace: mergeSpaces && before.endsWith(' '), read }
}

function nothing(): undefined {
  return undefined
}

/** Runs of spaces are one. */
function merged(parts: readonly Part[]): readonly Part[] {
  return parts.map(part => (part.kind === 'text' ? { ...part, text: part.text.replace(/ +/g, ' ') } : part))
}

function reader(
  field: string,
  part: Exclude<Part, { kind: 'text' }>,
  stage: Stage,
  place: Place,
): Step['read'] {
  const { flags } = part
  if (part.kind === 'expression') {
    const { value } = part
    known(field, `%[${value.text}]`, value.needs, stage)
    const read = ifKnown(value)
    return scope => plainText(asText(read(scope)), place, flags)
  }
  const variable = variables.get(part.name)
  if (variable === undefined) {
    return refuse(field, `%${part.name}`, 'a variable of a log-format, or %% for a percent sign')
  }
  known(field, `%${part.name}`, variable.needs, stage)
  return variable.written(flags, place)
}

/** At the end there may be no request, or no response, to be asked. */
export function ifKnown<T extends Sample>(value: Value<T, never>): (scope: AnyScope) => T | undefined {
  const read = value.read as (scope: AnyScope) => T | undefined
  const { needs } = value
  if (needs === 'request') return scope => (scope.request === undefined ? undefined : read(scope))
  if (needs === 'content') return scope => (scope.content === undefined ? undefined : read(scope))
  if (needs !== 'response') return read
  return scope => (scope.response === undefined ? undefined : read(scope))
}

export function known(field: string, what: string, needed: Stage, stage: Stage): void {
  if (isKnownAt(needed, stage)) return
  refuse(field, what, `what is known at the stage ${stage}: this is known at the stage ${needed}`)
}

/**
 * A template, for wherever rules write a text: HAProxy's `log-format` strings. What a client sends stays within its
 * place: characters that no header field may hold are percent-encoded.
 * @param text `https://%[req.hdr(host)]%[pathq]`, `%ci:%cp`
 * @param stage when it is wanted: what is known only later is refused, by type and by error
 * @param names what arguments of expressions name
 * @throws {RuleError} `EVENER_INVALID_OPTION` that names the place
 */
export function template<K extends Stage>(
  text: string,
  stage: K,
  names?: Names,
): Value<string, TemplateScope[K]> {
  return compileTemplate('template', text, stage, reading(stage, names))
}

/**
 * A template for `unique-id-format`: the same, with runs of spaces merged into one.
 * @param stage `request` for doors of HTTP, `connection` for those of layer 4
 * @throws {RuleError} `EVENER_INVALID_OPTION` that names the place
 */
export function uniqueIdFormat<K extends 'connection' | 'request'>(
  text: string,
  stage: K,
  names?: Names,
): Value<string, TemplateScope[K]> {
  return compileTemplate('unique-id-format', text, stage, reading(stage, names), true)
}

/** Expressions of this stage. */
export function reading(stage: Stage, names: Names | undefined): ReadExpression {
  return (text, start) => expressionAt(text, start, stage, names)
}
