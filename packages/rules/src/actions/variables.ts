/** Variables: HAProxy's `set-var`, `set-var-fmt`, `unset-var`. */
import { Rule } from '../action.ts'
import { refuse } from '../options.ts'
import type { Sample } from '../sample.ts'
import type { ConnectionScope } from '../scope.ts'
import { isValue, quoted } from '../text.ts'
import type { Value } from '../value.ts'
import { isVariableName } from '../variables.ts'

/**
 * When a variable is set, beside the rule's own condition: HAProxy's `ifexists`, `ifnotexists` (it has a value already, or
 * none), `ifempty`, `ifnotempty` (the new value), `ifset`, `ifnotset` (the new value is not, or is, false, 0, or empty),
 * `ifgt`, `iflt` (the variable's number is greater, or less, than the new one).
 */
export type SetVarCondition =
  | 'ifexists'
  | 'ifnotexists'
  | 'ifempty'
  | 'ifnotempty'
  | 'ifset'
  | 'ifnotset'
  | 'ifgt'
  | 'iflt'

type Check = (before: Sample | undefined, now: Sample) => boolean

const isEmpty = (sample: Sample) => typeof sample === 'string' && sample === ''
const isSet = (sample: Sample) => sample !== false && sample !== 0 && sample !== ''
const checks: Readonly<Record<SetVarCondition, Check>> = {
  ifexists: before => before !== undefined,
  ifnotexists: before => before === undefined,
  ifempty: (_, now) => isEmpty(now),
  ifnotempty: (_, now) => !isEmpty(now),
  ifset: (_, now) => isSet(now),
  ifnotset: (_, now) => !isSet(now),
  ifgt: (before, now) => typeof before === 'number' && typeof now === 'number' && before > now,
  iflt: (before, now) => typeof before === 'number' && typeof now === 'number' && before < now,
}

/**
 * Give a variable a value; a value that is not there changes nothing. A template makes it HAProxy's `set-var-fmt`.
 * @param name with its scope: `proc.`, `sess.`, `txn.`, `req.`, `res.`
 * @throws {RuleError} `EVENER_INVALID_OPTION`
 */
export function setVar<S = unknown>(
  name: string,
  value: Sample | Value<Sample, S>,
  ...conditions: readonly SetVarCondition[]
): Rule<ConnectionScope & S> {
  checkName('setVar name', name)
  const tests = conditions.map(
    condition => checks[condition] ?? refuse('setVar condition', condition, Object.keys(checks).join(', ')),
  )
  const given = isValue(value) ? (value as Value<Sample, S>) : undefined
  if (given === undefined && !['string', 'number', 'boolean'].includes(typeof value))
    refuse('setVar value', value, 'a text, a number, a boolean or a value')
  const read = given?.read ?? (() => value as Sample)
  return new Rule<ConnectionScope & S>(
    `set-var(${[name, ...conditions].join(',')}) ${given?.text ?? quoted(String(value))}`,
    given?.needs ?? 'connection',
    scope => {
      const now = read(scope)
      if (now === undefined) return undefined
      for (const test of tests) if (!test(scope.variables.get(name), now)) return undefined
      scope.variables.set(name, now)
      return undefined
    },
  )
}

/** Take a variable's value away. HAProxy's `unset-var`. @throws {RuleError} `EVENER_INVALID_OPTION` */
export function unsetVar(name: string): Rule<ConnectionScope> {
  checkName('unsetVar name', name)
  return new Rule<ConnectionScope>(`unset-var(${name})`, 'connection', ({ variables }) => {
    variables.set(name, undefined)
    return undefined
  })
}

function checkName(field: string, name: unknown): void {
  if (!isVariableName(name)) refuse(field, name, 'a name with its scope, such as txn.user')
}
