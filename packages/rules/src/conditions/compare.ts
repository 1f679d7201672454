/** What all matching methods do: patterns compiled once, and a test of each value of a value. */
import { castBetween } from '../cast.ts'
import type { Comparison, Condition } from '../condition.ts'
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

/** @throws {RuleError} `EVENER_INVALID_OPTION` */
export function compare<S>(
  method: MatchMethod,
  value: Value<Sample, S>,
  patterns: Patterns,
  options: MatchOptions | undefined,
): Condition<S> {
  const { find, words } = finder(method, value, patterns, options)
  const passes =
    directly(method, value, patterns, options) ??
    testing(method, value, find as (sample: Sample) => PatternEntry | undefined)
  const test = value.testing(passes)
  return {
    text: `{ ${value.text} -m ${method} ${words} }`,
    needs: value.needs,
    test,
    first: comparison(method, value, patterns, options, test),
  }
}

function comparison<S>(
  method: MatchMethod,
  value: Value<Sample, S>,
  patterns: Patterns,
  options: MatchOptions | undefined,
  test: (scope: S) => boolean,
): Comparison<S> | undefined {
  if (value.key === undefined || patterns instanceof PatternList) return undefined
  const list = (Array.isArray(patterns) ? patterns : [patterns]) as readonly (string | number)[]
  return { value, method, ignoreCase: options?.ignoreCase === true, patterns: list.map(String), test }
}

function testing<S>(
  method: MatchMethod,
  { type }: Value<Sample, S>,
  find: (sample: Sample) => PatternEntry | undefined,
): (sample: Sample) => boolean {
  if (method === 'len') return sample => find(asText(sample).length) !== undefined
  if (method === 'int') {
    return sample => {
      const number = toInteger(sample)
      return number !== undefined && find(number) !== undefined
    }
  }
  if (type === 'str' || type === 'bin' || type === 'addr') return sample => find(sample) !== undefined
  return sample => find(asText(sample)) !== undefined
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
  return {
    find: value => index.find(value),
    words: flag + list.map(pattern => quoted(String(pattern))).join(' '),
  }
}

/** One pattern, compared without an index: by far the most frequent of all conditions. */
function directly(
  method: MatchMethod,
  { type }: Value<Sample, never>,
  patterns: Patterns,
  options: MatchOptions | undefined,
): ((sample: Sample) => boolean) | undefined {
  const only = Array.isArray(patterns) && patterns.length === 1 ? (patterns[0] as unknown) : patterns
  if (typeof only !== 'string' || type !== 'str' || options?.ignoreCase === true) return undefined
  switch (method) {
    case 'str':
      return sample => sample === only
    case 'beg':
      return sample => (sample as string).startsWith(only)
    case 'end':
      return sample => (sample as string).endsWith(only)
    case 'sub':
      return sample => (sample as string).includes(only)
    default:
      return undefined
  }
}

const toInteger = castBetween('any', 'int') as (sample: Sample) => Sample | undefined

export function checkValue(value: unknown): void {
  if (!isValue(value)) refuse('value', value, 'a value: what path(), req.hdr() and others give')
}
