/**
 * Texts that actions write: constants, and what is made for each request.
 *
 * Invariant: what is not there is written as nothing, as in HAProxy's formats.
 */
import { castBetween } from './cast.ts'
import { refuse } from './options.ts'
import type { Sample } from './sample.ts'
import type { Stage } from './stage.ts'
import type { Value } from './value.ts'

/** A constant, or a value that is written as text: a fetch, an expression, a template. */
export type Text<S = never> = string | Value<Sample, S>

/** A text, compiled. */
export interface WrittenText<S> {
  /** As HAProxy writes it: a constant as it is, a value as `%[src]`. */
  readonly text: string
  readonly needs: Stage
  /** The constant, where it is one. */
  readonly constant: string | undefined
  readonly write: (scope: S) => string
}

/** A sample as text, as HAProxy casts it. */
export function asText(sample: Sample | undefined): string {
  return typeof sample === 'string' ? sample : sample === undefined ? '' : (cast(sample) as string)
}

const cast = castBetween('any', 'str') as (sample: Sample) => Sample | undefined

export function isValue(value: unknown): value is Value<Sample, unknown> {
  return (
    typeof value === 'object' && value !== null && 'read' in value && 'testing' in value && 'needs' in value
  )
}

/** @throws {RuleError} `EVENER_INVALID_OPTION` for what is neither a text nor a value */
export function writtenText<S>(field: string, text: Text<S>): WrittenText<S> {
  if (typeof text === 'string') return { text, needs: 'connection', constant: text, write: () => text }
  if (!isValue(text)) refuse(field, text, 'a text, or a value such as src() or a template()')
  const { read } = text as Value<Sample, S>
  return {
    text: text.type === 'str' && text.text.includes('%') ? text.text : `%[${text.text}]`,
    needs: text.needs,
    constant: undefined,
    write: scope => asText(read(scope)),
  }
}

/** A text that came of a configuration, as it stands in a rule's own text: quoted where it has to be. */
export function quoted(text: string): string {
  return text !== '' && !/[\s"'\\#]/.test(text) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`
}
