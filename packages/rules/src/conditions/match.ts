/**
 * Tests of a value: HAProxy's matching methods (manual, section 7.1), by their names. `match.beg(path(), ['/api', '/v2'])`
 * is its `path -m beg /api /v2`.
 *
 * A value with several (a header's list, cookies, parameters) passes if any of them does. A value that is not there passes
 * no test.
 */
import type { Condition } from '../condition.ts'
import { checkNames, refuse } from '../options.ts'
import type { PatternEntry } from '../patterns/entry.ts'
import { type Compared, indexFor, type MatchMethod } from '../patterns/methods.ts'
import { PatternList } from '../patterns/pattern-list.ts'
import type { Sample } from '../sample.ts'
import { asText, isValue, quoted } from '../text.ts'
import type { Value } from '../value.ts'

/** One pattern, several, of which one has to match, or a list that can change. */
export type Patterns = string | number | readonly (string | number)[] | PatternList

export interface MatchOptions {
  /** Letters match whatever their case. Default false. HAProxy's `-i`. */
  readonly ignoreCase?: boolean | undefined
}

/** Whether there is a value. HAProxy's `-m found`. */
export function found<S>(value: Value<Sample, S>): Condition<S> {
  checkValue(value)
  return { text: `{ ${value.text} -m found }`, needs: value.needs, test: value.testing(() => true) }
}

/** Whether it is true, or a number other than 0. HAProxy's `-m bool`. */
export function bool<S>(value: Value<Sample, S>): Condition<S> {
  checkValue(value)
  return {
    text: `{ ${value.text} }`,
    needs: value.needs,
    test: value.testing(sample => sample === true || (typeof sample === 'number' && sample !== 0)),
  }
}

/** Whether it is one of these. HAProxy's `-m str`. */
export function str<S>(value: Value<Sample, S>, patterns: Patterns, options?: MatchOptions): Condition<S> {
  return textual('str', value, patterns, options)
}

/** Whether it begins with one of these. HAProxy's `-m beg`. */
export function beg<S>(value: Value<Sample, S>, patterns: Patterns, options?: MatchOptions): Condition<S> {
  return textual('beg', value, patterns, options)
}

/** Whether it ends with one of these. HAProxy's `-m end`. */
export function end<S>(value: Value<Sample, S>, patterns: Patterns, options?: MatchOptions): Condition<S> {
  return textual('end', value, patterns, options)
}

/** Whether one of these stands in it. HAProxy's `-m sub`. */
export function sub<S>(value: Value<Sample, S>, patterns: Patterns, options?: MatchOptions): Condition<S> {
  return textual('sub', value, patterns, options)
}

/** Whether one of these stands in it between slashes, question marks and its ends. HAProxy's `-m dir`. */
export function dir<S>(value: Value<Sample, S>, patterns: Patterns, options?: MatchOptions): Condition<S> {
  return textual('dir', value, patterns, options)
}

/**
 * Whether one of these stands in it between dots, colons, slashes, question marks and its ends. Not for who may do what:
 * `example.com` stands in `example.com.evil.test` as well. HAProxy's `-m dom`.
 */
export function dom<S>(value: Value<Sample, S>, patterns: Patterns, options?: MatchOptions): Condition<S> {
  return textual('dom', value, patterns, options)
}

/** Whether one of these regular expressions matches somewhere in it, in linear time. HAProxy's `-m reg`. */
export function reg<S>(value: Value<Sample, S>, patterns: Patterns, options?: MatchOptions): Condition<S> {
  return textual('reg', value, patterns, options)
}

/** Whether its bytes are one of these, in hexadecimal digits. HAProxy's `-m bin`. */
export function bin<S>(value: Value<Sample, S>, patterns: Patterns): Condition<S> {
  return textual('bin', value, patterns, undefined)
}

/** Whether it is one of these addresses, or in one of these networks: `10.0.0.0/8`, `2001:db8::/32`. HAProxy's `-m ip`. */
export function ip<S>(value: Value<Sample, S>, patterns: Patterns): Condition<S> {
  return textual('ip', value, patterns, undefined)
}

/** Whether the number is one of these, in one of these ranges, or passes a comparison: `200`, `'200:299'`, `'ge 500'`. HAProxy's `-m int`. */
export function int<S>(value: Value<Sample, S>, patterns: Patterns): Condition<S> {
  const { find, words } = finder('int', value, patterns, undefined)
  return {
    text: `{ ${value.text} -m int ${words} }`,
    needs: value.needs,
    test: value.testing(sample => {
      const number = asInteger(sample)
      return number !== undefined && find(number) !== undefined
    }),
  }
}

/** The same of its length in bytes. HAProxy's `-m len`. */
export function len<S>(value: Value<Sample, S>, patterns: Patterns): Condition<S> {
  const { find, words } = finder('len', value, patterns, undefined)
  return {
    text: `{ ${value.text} -m len ${words} }`,
    needs: value.needs,
    test: value.testing(sample => find(asText(sample).length) !== undefined),
  }
}

type TextualMethod = Exclude<MatchMethod, 'int' | 'len'>

function textual<S>(
  method: TextualMethod,
  value: Value<Sample, S>,
  patterns: Patterns,
  options: MatchOptions | undefined,
): Condition<S> {
  const { find, words } = finder(method, value, patterns, options)
  const test =
    value.type === 'str' || value.type === 'bin' || value.type === 'addr'
      ? value.testing(sample => find(sample as string) !== undefined)
      : value.testing(sample => find(asText(sample)) !== undefined)
  return { text: `{ ${value.text} -m ${method} ${words} }`, needs: value.needs, test }
}

interface Finder<T> {
  readonly find: (value: T) => PatternEntry | undefined
  /** As they are written in HAProxy's condition. */
  readonly words: string
}

function finder<M extends MatchMethod>(
  method: M,
  value: Value<Sample, never>,
  patterns: Patterns,
  options: MatchOptions | undefined,
): Finder<Compared[M]> {
  checkValue(value)
  if (options !== undefined) checkNames(method, options, ['ignoreCase'])
  const ignoreCase = options?.ignoreCase === true
  const flag = ignoreCase ? '-i ' : ''
  if (patterns instanceof PatternList)
    return { find: patterns.view(method, ignoreCase).find, words: `${flag}-f ${patterns.name}` }
  const list = (Array.isArray(patterns) ? patterns : [patterns]) as readonly (string | number)[]
  if (list.length === 0) refuse(`${method} patterns`, list, 'one pattern, or more')
  const index = indexFor(method, ignoreCase)
  for (const [id, pattern] of list.entries()) {
    if (typeof pattern !== 'string' && typeof pattern !== 'number')
      refuse(`${method} patterns`, pattern, 'texts, or a patternList()')
    index.add({ id, pattern: String(pattern), value: undefined })
  }
  const only = list[0]
  // By far the most frequent of all conditions.
  if (method === 'str' && list.length === 1 && !ignoreCase && typeof only === 'string') {
    const entry: PatternEntry = { id: 0, pattern: only, value: undefined }
    return { find: value => (value === only ? entry : undefined), words: quoted(only) }
  }
  return {
    find: value => index.find(value),
    words: flag + list.map(pattern => quoted(String(pattern))).join(' '),
  }
}

function asInteger(sample: Sample): number | undefined {
  if (typeof sample === 'number') return sample
  if (typeof sample === 'boolean') return sample ? 1 : 0
  return /^[+-]?\d+$/.test(sample) ? Number(sample) : undefined
}

function checkValue(value: unknown): void {
  if (!isValue(value)) refuse('value', value, 'a value: what path(), req.hdr() and others give')
}
