/** Converters that keep what passes through them, and pass it on as it is. */
import type { Condition } from '../condition.ts'
import { integerOption, refuse } from '../options.ts'
import type { Sample } from '../sample.ts'
import type { ConnectionScope } from '../scope.ts'
import { type Converter, converterOf } from '../value.ts'
import { variableName } from './operand.ts'

type Passing = Converter<Sample, Sample, ConnectionScope>

/** Into a variable. */
export function toVariable(variable: string): Passing {
  const name = variableName('set-var variable', variable)
  return passing(`set-var(${name})`, (value, { variables }) => variables.set(name, value))
}

/** Out of a variable, whatever comes. */
export function clearVariable(variable: string): Passing {
  const name = variableName('unset-var variable', variable)
  return passing(`unset-var(${name})`, (_, { variables }) => variables.set(name, undefined))
}

/** Into a slot of the request's captures, or of the response's. HAProxy's `capture-req`, `capture-res`. */
export function captureInto(
  side: 'request' | 'response',
  slot: number,
): Converter<string, string, ConnectionScope> {
  if (side !== 'request' && side !== 'response') refuse('captureInto side', side, 'request or response')
  integerOption('captureInto slot', slot, 0, 255)
  return converterOf(
    `capture-${side === 'request' ? 'req' : 'res'}(${slot})`,
    'str',
    'str',
    'connection',
    (text, scope: ConnectionScope) => {
      scope.carrier.capture(side, slot, text)
      return text
    },
  )
}

/** Passes only while a condition is true. HAProxy's `when(acl,…)`. */
export function when<S>(condition: Condition<S>): Converter<Sample, Sample, S> {
  const { test } = condition
  return {
    text: `when(acl,${condition.text})`,
    takes: 'any',
    gives: 'same',
    needs: condition.needs,
    apply: (value, scope) => (test(scope) ? value : undefined),
  }
}

/** @param see is told what passes: for finding out why a rule does not do what it should */
export function debug(see: (value: Sample) => void, text = 'debug'): Passing {
  return passing(text, value => see(value))
}

function passing(text: string, keep: (value: Sample, scope: ConnectionScope) => void): Passing {
  return {
    text,
    takes: 'any',
    gives: 'same',
    needs: 'connection',
    apply: (value, scope) => {
      keep(value, scope)
      return value
    },
  }
}
