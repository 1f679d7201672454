/** Conditions: HAProxy's ACLs. Built from values and patterns, joined by all, any and not. */
import type { MatchMethod } from './patterns/methods.ts'
import type { Sample } from './sample.ts'
import { laterStage, type Stage } from './stage.ts'
import type { Value } from './value.ts'

export interface Condition<S = never> {
  /** As HAProxy writes it: `path -m beg /api`. */
  readonly text: string
  readonly needs: Stage
  readonly test: (scope: S) => boolean
  /** What is asked first, where that is a comparison with constants: if it is false, so is the condition. */
  readonly first?: Comparison<S> | undefined
}

/** A value with a key, compared with constants. */
export interface Comparison<S = never> {
  readonly value: Value<Sample, S>
  readonly method: MatchMethod
  readonly ignoreCase: boolean
  readonly patterns: readonly string[]
  readonly test: (scope: S) => boolean
}

/** True if all are: they are tried in turn, up to the first that is false. Of none it is true. */
export function all<S>(...conditions: readonly Condition<S>[]): Condition<S> {
  const tests = conditions.map(({ test }) => test)
  return {
    text: conditions.map(({ text }) => text).join(' '),
    needs: latest(conditions),
    test: scope => {
      for (const test of tests) if (!test(scope)) return false
      return true
    },
    first: conditions[0]?.first,
  }
}

/** True if any is: they are tried in turn, up to the first that is true. Of none it is false. */
export function any<S>(...conditions: readonly Condition<S>[]): Condition<S> {
  const tests = conditions.map(({ test }) => test)
  return {
    text: conditions.map(({ text }) => text).join(' || '),
    needs: latest(conditions),
    test: scope => {
      for (const test of tests) if (test(scope)) return true
      return false
    },
  }
}

/** True if it is not. */
export function not<S>({ text, needs, test }: Condition<S>): Condition<S> {
  return { text: text.startsWith('{') ? `!${text}` : `!{ ${text} }`, needs, test: scope => !test(scope) }
}

function latest(conditions: readonly Condition<never>[]): Stage {
  return conditions.reduce<Stage>((stage, { needs }) => laterStage('conditions', stage, needs), 'connection')
}
