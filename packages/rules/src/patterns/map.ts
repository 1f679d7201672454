/**
 * Maps: HAProxy's converters `map`, `map_beg`, `map_ip_int` and all their like, as one. A value that matches a pattern
 * becomes what stands beside that pattern.
 */
import { canonicalAddress } from '../address.ts'
import { castBetween } from '../cast.ts'
import { checkNames, refuse } from '../options.ts'
import type { Sample, SampleType } from '../sample.ts'
import type { Converter } from '../value.ts'
import type { PatternEntry } from './entry.ts'
import type { MatchMethod } from './methods.ts'
import { PatternList } from './pattern-list.ts'
import { type Regex, regex } from './regex.ts'
import { expand } from './replacement.ts'

/** The options of {@link map}. */
export interface MapOptions {
  /** How patterns are compared. Of several that match, the longest counts with `beg` and `ip`, else the first. With `regm`, `\1` in what is found stands for what the first group matched. Default `str`. */
  readonly match?: MatchMethod | 'regm' | undefined
  /** Letters match whatever their case. Default false. */
  readonly ignoreCase?: boolean | undefined
  /** What is found is read as this: what cannot be is not there; `key` is the pattern itself. Default `str`. */
  readonly gives?: 'str' | 'int' | 'addr' | 'key' | undefined
  /** For what matches nothing. Default: then there is no value, and the expression ends. */
  readonly default?: string | number | undefined
}

const takes: Readonly<Record<MatchMethod | 'regm', SampleType>> = {
  str: 'str',
  beg: 'str',
  end: 'str',
  sub: 'str',
  dir: 'str',
  dom: 'str',
  reg: 'str',
  regm: 'str',
  bin: 'bin',
  len: 'str',
  int: 'int',
  ip: 'addr',
}

/**
 * Make a converter of a map.
 * @param list an object from pattern to value, or a list that can change: `patternList({ file, map: true })`
 * @throws {RuleError} `EVENER_INVALID_OPTION`
 */
export function map(
  list: PatternList | Readonly<Record<string, string>>,
  options: MapOptions = {},
): Converter<never, Sample> {
  checkNames('map', options, ['match', 'ignoreCase', 'gives', 'default'])
  const { match = 'str', ignoreCase = false, gives = 'str' } = options
  if (!Object.hasOwn(takes, match)) refuse('match', match, Object.keys(takes).join(', '))
  if (!['str', 'int', 'addr', 'key'].includes(gives)) refuse('gives', gives, 'str, int, addr or key')
  const patterns =
    list instanceof PatternList ? list : new PatternList({ name: 'map', entries: list, map: true })
  if (!patterns.isMap) refuse('map', patterns.name, 'a list with values: patternList({ file, map: true })')
  const read = readAs(gives)
  const otherwise = options.default === undefined ? undefined : read(String(options.default))
  if (options.default !== undefined && otherwise === undefined)
    refuse('default', options.default, `of the type ${gives}`)
  const find = patterns.view(match === 'regm' ? 'reg' : match, ignoreCase).find as (
    sample: Sample,
  ) => PatternEntry | undefined
  const written = gives === 'key' ? patternOf : match === 'regm' ? expanding(ignoreCase) : mappedTo
  const convert = (sample: Sample): Sample | undefined => {
    const entry = find(match === 'len' ? (sample as string).length : sample)
    return entry === undefined ? otherwise : read(written(entry, sample as string))
  }
  return {
    text: `${keyword(match, gives)}(${patterns.name}${options.default === undefined ? '' : `,${options.default}`})`,
    takes: takes[match],
    gives: gives === 'key' ? 'str' : gives,
    needs: 'connection',
    apply: convert,
  }
}

const patternOf = (entry: PatternEntry): string => entry.pattern
const mappedTo = (entry: PatternEntry): string => entry.value as string

function keyword(match: string, gives: string): string {
  const output = gives === 'addr' ? '_ip' : gives === 'str' ? '' : `_${gives}`
  return `map${match === 'str' && output === '' ? '' : `_${match}`}${output}`
}

function readAs(gives: 'str' | 'int' | 'addr' | 'key'): (text: string) => Sample | undefined {
  if (gives === 'str' || gives === 'key') return text => text
  if (gives === 'addr') return canonicalAddress
  const toInteger = castBetween('str', 'int') as (text: never) => Sample | undefined
  return text => (/^[+-]?\d+$/.test(text) ? toInteger(text as never) : undefined)
}

/** A pattern is compiled again for its groups, once, when it has matched. */
function expanding(ignoreCase: boolean): (entry: PatternEntry, sample: string) => string {
  const compiled = new WeakMap<PatternEntry, Regex>()
  return (entry, sample) => {
    let pattern = compiled.get(entry)
    if (pattern === undefined) {
      pattern = regex('regm pattern', entry.pattern, ignoreCase)
      compiled.set(entry, pattern)
    }
    return expand(entry.value as string, pattern.groups(sample) ?? [])
  }
}
