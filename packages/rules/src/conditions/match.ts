/**
 * Tests of a value: HAProxy's matching methods (manual, section 7.1), by their names. `match.beg(path(), ['/api', '/v2'])`
 * is its `path -m beg /api /v2`.
 *
 * A value with several (a header's list, cookies, parameters) passes if any of them does. A value that is not there passes
 * no test.
 */
import type { Condition } from '../condition.ts'
import type { Sample } from '../sample.ts'
import type { Value } from '../value.ts'
import { checkValue, compare, type MatchOptions, type Patterns } from './compare.ts'

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
  return compare('str', value, patterns, options)
}

/** Whether it begins with one of these. HAProxy's `-m beg`. */
export function beg<S>(value: Value<Sample, S>, patterns: Patterns, options?: MatchOptions): Condition<S> {
  return compare('beg', value, patterns, options)
}

/** Whether it ends with one of these. HAProxy's `-m end`. */
export function end<S>(value: Value<Sample, S>, patterns: Patterns, options?: MatchOptions): Condition<S> {
  return compare('end', value, patterns, options)
}

/** Whether one of these stands in it. HAProxy's `-m sub`. */
export function sub<S>(value: Value<Sample, S>, patterns: Patterns, options?: MatchOptions): Condition<S> {
  return compare('sub', value, patterns, options)
}

/** Whether one of these stands in it between slashes, question marks and its ends. HAProxy's `-m dir`. */
export function dir<S>(value: Value<Sample, S>, patterns: Patterns, options?: MatchOptions): Condition<S> {
  return compare('dir', value, patterns, options)
}

/**
 * Whether one of these stands in it between dots, colons, slashes, question marks and its ends. Not for who may do what:
 * `example.com` stands in `example.com.evil.test` as well. HAProxy's `-m dom`.
 */
export function dom<S>(value: Value<Sample, S>, patterns: Patterns, options?: MatchOptions): Condition<S> {
  return compare('dom', value, patterns, options)
}

/** Whether one of these regular expressions matches somewhere in it, in linear time. HAProxy's `-m reg`. */
export function reg<S>(value: Value<Sample, S>, patterns: Patterns, options?: MatchOptions): Condition<S> {
  return compare('reg', value, patterns, options)
}

/** Whether its bytes are one of these, in hexadecimal digits. HAProxy's `-m bin`. */
export function bin<S>(value: Value<Sample, S>, patterns: Patterns): Condition<S> {
  return compare('bin', value, patterns, undefined)
}

/** Whether it is one of these addresses, or in one of these networks: `10.0.0.0/8`, `2001:db8::/32`. HAProxy's `-m ip`. */
export function ip<S>(value: Value<Sample, S>, patterns: Patterns): Condition<S> {
  return compare('ip', value, patterns, undefined)
}

/** Whether the number is one of these, in one of these ranges, or passes a comparison: `200`, `'200:299'`, `'ge 500'`. HAProxy's `-m int`. */
export function int<S>(value: Value<Sample, S>, patterns: Patterns): Condition<S> {
  return compare('int', value, patterns, undefined)
}

/** The same of its length in bytes. HAProxy's `-m len`. */
export function len<S>(value: Value<Sample, S>, patterns: Patterns): Condition<S> {
  return compare('len', value, patterns, undefined)
}
