/**
 * A value with converters behind it: `pipe(req.hdr('host'), lower(), field(1, ':'))`, HAProxy's
 * `req.hdr(host),lower,field(1,:)`.
 *
 * Between two that do not agree in type, a cast is put in, as HAProxy does. A value with several stays one with several:
 * each goes through the converters and is tried.
 *
 * Cost: a call for each converter and each cast that changes something.
 */
import { asItIs, castBetween } from './cast.ts'
import { refuse } from './options.ts'
import type { Sample } from './sample.ts'
import { laterStage, type Stage } from './stage.ts'
import type { AnyType, Converter, Value } from './value.ts'

type Step = (value: never, scope: never) => Sample | undefined

/**
 * @throws {RuleError} `EVENER_INVALID_OPTION` where a type cannot be cast to what the next converter takes
 */
export function pipe<S, C, Out extends Sample>(
  value: Value<Sample, S>,
  ...converters: readonly [...Converter<never, Sample, C>[], Converter<never, Out, C>]
): Value<Out, S & C> {
  let type: AnyType = value.type
  let needs: Stage = value.needs
  let text = value.text
  const steps: Step[] = []
  for (const converter of converters) {
    const cast = castBetween(type, converter.takes)
    if (cast === undefined)
      refuse(
        'pipe',
        `${text},${converter.text}`,
        `a converter that takes ${type}; ${converter.text} takes ${converter.takes}`,
      )
    if (cast !== asItIs) steps.push(cast)
    steps.push(converter.apply)
    if (converter.gives !== 'same') type = converter.gives
    else if (cast !== asItIs) type = converter.takes
    needs = laterStage('pipe', needs, converter.needs)
    text = `${text},${converter.text}`
  }
  const convert = steps.reduce(joined) as (value: Sample, scope: S & C) => Out | undefined
  const { read, testing } = value
  return {
    text,
    type,
    needs,
    read: scope => {
      const found = read(scope)
      return found === undefined ? undefined : convert(found, scope)
    },
    testing: test =>
      testing((found, scope) => {
        const converted = convert(found, scope)
        return converted !== undefined && test(converted, scope)
      }),
  }
}

function joined(first: Step, second: Step): Step {
  return (value, scope) => {
    const between = first(value, scope)
    return between === undefined ? undefined : second(between as never, scope)
  }
}
