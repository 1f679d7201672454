/**
 * Changes of fields: HAProxy's `set-header`, `add-header`, `del-header`, `replace-header`, `replace-value`. In a list of
 * requests they change the request, in one of responses the response; later rules see what earlier ones did.
 *
 * Framing and fields of one hop are refused; `Host` can be changed. What cannot be sent is percent-encoded: see
 * `heads/field-text.ts`.
 */
import { Rule } from '../action.ts'
import { checkedField, constantValue, type Field, fieldName, isFraming } from '../heads/field-text.ts'
import { checkNames, refuse } from '../options.ts'
import { type Regex, regex } from '../patterns/regex.ts'
import { expand } from '../patterns/replacement.ts'
import type { RequestScope } from '../scope.ts'
import { laterStage } from '../stage.ts'
import { quoted, type Text, writtenText } from '../text.ts'
import { headOf } from './which-head.ts'

const places = ['request', 'response', 'afterResponse'] as const

/**
 * Replace all fields of a name by one. HAProxy's `set-header`.
 * @throws {RuleError} `EVENER_INVALID_OPTION` for a name or a constant that cannot be sent, and for framing
 */
export function setHeader<S = unknown>(name: string, value: Text<S>): Rule<RequestScope & S> {
  return writing('set', name, value)
}

/**
 * Add a field beside those of the same name. HAProxy's `add-header`.
 * @throws {RuleError} `EVENER_INVALID_OPTION` for a name or a constant that cannot be sent, and for framing
 */
export function addHeader<S = unknown>(name: string, value: Text<S>): Rule<RequestScope & S> {
  return writing('add', name, value)
}

function writing<S>(how: 'set' | 'add', name: string, value: Text<S>): Rule<RequestScope & S> {
  const field = fieldName(`${how}Header name`, name)
  const lowerName = field.toLowerCase()
  const text = writtenText(`${how}Header value`, value)
  return new Rule(
    `${how}-header ${field} ${quoted(text.text)}`,
    laterStage('value', 'request', text.needs),
    text.constant === undefined
      ? writingText(how, field, lowerName, text.write)
      : writingField(
          checkedField(field, lowerName, constantValue(`${how}Header value`, text.constant)),
          how === 'set',
        ),
    places,
  )
}

function writingText<S>(
  how: 'set' | 'add',
  field: string,
  lowerName: string,
  write: (scope: S) => string,
): (scope: RequestScope & S) => undefined {
  return scope => {
    headOf(scope)[how](field, write(scope), lowerName)
    return undefined
  }
}

/** What is the same for each request is made once. */
function writingField(field: Field, replacing: boolean): (scope: RequestScope) => undefined {
  return scope => {
    headOf(scope).write(field, replacing)
    return undefined
  }
}

/** How {@link delHeader} compares names: HAProxy's `-m str`, `beg`, `end`, `sub`, `reg`. */
export type NameMatch = 'str' | 'beg' | 'end' | 'sub' | 'reg'

/**
 * Take fields out, by their name. HAProxy's `del-header`, with `-m`.
 * @param options `match`: how the name is compared, without case. Default `str`. Framing stays, whatever matches
 * @throws {RuleError} `EVENER_INVALID_OPTION`
 */
export function delHeader(name: string, options: { readonly match?: NameMatch } = {}): Rule<RequestScope> {
  checkNames('delHeader', options, ['match'])
  const { match = 'str' } = options
  if (match === 'str') {
    const lowerName = fieldName('delHeader name', name).toLowerCase()
    return new Rule<RequestScope>(
      `del-header ${name}`,
      'request',
      scope => {
        headOf(scope).delete(lowerName)
        return undefined
      },
      places,
    )
  }
  if (typeof name !== 'string' || name === '') refuse('delHeader name', name, 'a part of a name')
  const matches = nameTest(match, name)
  return new Rule<RequestScope>(
    `del-header ${quoted(name)} -m ${match}`,
    'request',
    scope => {
      const head = headOf(scope)
      const pairs = head.pairs()
      for (let at = 0; at < pairs.length; at += 2) {
        const lowerName = pairs[at]!.toLowerCase()
        if (!isFraming(lowerName) && matches(lowerName)) head.delete(lowerName)
      }
      return undefined
    },
    places,
  )
}

function nameTest(match: NameMatch, given: string): (lowerName: string) => boolean {
  const part = given.toLowerCase()
  switch (match) {
    case 'beg':
      return name => name.startsWith(part)
    case 'end':
      return name => name.endsWith(part)
    case 'sub':
      return name => name.includes(part)
    case 'reg': {
      const compiled = regex('delHeader name', given, true)
      return name => compiled.test(name)
    }
    default:
      return refuse('match', match, 'str, beg, end, sub or reg')
  }
}

/**
 * Rewrite each line of a name that matches: the whole value becomes the replacement, in which `\1` to `\9` stand for what
 * the groups matched, and `\0` for all of it. HAProxy's `replace-header`.
 * @param pattern a regular expression: see {@link Regex}. Case counts
 * @throws {RuleError} `EVENER_INVALID_OPTION`
 */
export function replaceHeader<S = unknown>(
  name: string,
  pattern: string,
  replacement: Text<S>,
): Rule<RequestScope & S> {
  return replacing('replace-header', name, pattern, replacement, (value, compiled, text) => {
    const groups = compiled.groups(value)
    return groups === undefined ? value : expand(text, groups)
  })
}

/**
 * The same for each element of a list with commas, such as `Accept` and `Cache-Control`. HAProxy's `replace-value`. Not for
 * fields in which commas belong to one value, such as `Set-Cookie` and dates.
 * @throws {RuleError} `EVENER_INVALID_OPTION`
 */
export function replaceValue<S = unknown>(
  name: string,
  pattern: string,
  replacement: Text<S>,
): Rule<RequestScope & S> {
  return replacing('replace-value', name, pattern, replacement, (value, compiled, text) =>
    eachElement(value, element => {
      const groups = compiled.groups(element)
      return groups === undefined ? element : expand(text, groups)
    }),
  )
}

function replacing<S>(
  keyword: string,
  name: string,
  pattern: string,
  replacement: Text<S>,
  rewrite: (value: string, compiled: Regex, text: string) => string,
): Rule<RequestScope & S> {
  const field = fieldName(`${keyword} name`, name)
  const lowerName = field.toLowerCase()
  const compiled = regex(`${keyword} pattern`, pattern, false)
  const text = writtenText(`${keyword} replacement`, replacement)
  if (text.constant !== undefined) constantValue(`${keyword} replacement`, text.constant)
  const { write } = text
  return new Rule(
    `${keyword} ${field} ${quoted(pattern)} ${quoted(text.text)}`,
    laterStage('replacement', 'request', text.needs),
    scope => {
      const head = headOf(scope)
      if (!head.has(lowerName)) return undefined
      const values = head.all(lowerName)
      if (!values.some(value => compiled.test(value)) && keyword === 'replace-header') return undefined
      const written = write(scope)
      const rewritten = values.map(value => rewrite(value, compiled, written))
      if (rewritten.every((value, index) => value === values[index])) return undefined
      head.delete(lowerName)
      for (const value of rewritten) head.add(field, value, lowerName)
      return undefined
    },
    places,
  )
}

/** The list with each of its elements rewritten; commas, white space and quoted strings stay as they are. */
function eachElement(list: string, rewrite: (element: string) => string): string {
  let out = ''
  for (let from = 0; from <= list.length; ) {
    const end = elementEnd(list, from)
    const part = list.slice(from, end)
    const element = part.trim()
    const start = part.length - part.trimStart().length
    out += part.slice(0, start)
    if (element !== '') out += rewrite(element)
    out += part.slice(start + element.length) + (end < list.length ? ',' : '')
    from = end + 1
  }
  return out
}

/** Where the element that starts at `from` ends: at a comma outside of quotes, or with the list. */
function elementEnd(list: string, from: number): number {
  let quoted = false
  for (let at = from; at < list.length; at++) {
    const character = list[at]
    if (character === '"') quoted = !quoted
    else if (character === '\\' && quoted) at++
    else if (character === ',' && !quoted) return at
  }
  return list.length
}
