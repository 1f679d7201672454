/** Numbers that actions take: constants, and what is read for each request. */
import { castBetween } from '../cast.ts'
import { integerOption } from '../options.ts'
import type { Sample } from '../sample.ts'
import type { Stage } from '../stage.ts'
import { isValue } from '../text.ts'
import type { Value } from '../value.ts'

/** A constant, or a value that is read as a number. */
export type Numeric<S = never> = number | Value<Sample, S>

export interface ReadNumber<S> {
  readonly text: string
  readonly needs: Stage
  /** Undefined where there is no number, or none that is allowed. */
  readonly read: (scope: S) => number | undefined
}

/** @throws {RuleError} `EVENER_INVALID_OPTION` for a constant that is not allowed */
export function readNumber<S>(field: string, given: Numeric<S>, least: number, most: number): ReadNumber<S> {
  if (!isValue(given)) {
    const number = integerOption(field, given, least, most)
    return { text: String(number), needs: 'connection', read: () => number }
  }
  const { text, needs, read } = given as Value<Sample, S>
  return {
    text,
    needs,
    read: scope => {
      const sample = read(scope)
      const number = sample === undefined ? undefined : (toInteger(sample) as number | undefined)
      return number !== undefined && number >= least && number <= most ? number : undefined
    },
  }
}

const toInteger = castBetween('any', 'int') as (sample: Sample) => Sample | undefined
