/** Arguments that are a value, or the name of a variable that holds one when the rule runs: `add(3)`, `add(txn.x)`. */
import { castBetween } from '../cast.ts'
import { integerOption, refuse } from '../options.ts'
import type { Sample } from '../sample.ts'
import type { ConnectionScope } from '../scope.ts'
import { isVariableName } from '../variables.ts'

/** A whole number, or the name of a variable. */
export type Operand = number | string

const toInteger = castBetween('any', 'int') as (value: Sample) => number | undefined
const toText = castBetween('any', 'str') as (value: Sample) => string | undefined

/** How the number is had; undefined where the variable holds none. */
export function readOperand(field: string, operand: Operand): (scope: ConnectionScope) => number | undefined {
  if (typeof operand === 'number') {
    const number = integerOption(field, operand, -(2 ** 63), 2 ** 63)
    return () => number
  }
  const name = variableName(field, operand)
  return ({ variables }) => {
    const held = variables.get(name)
    return held === undefined ? undefined : toInteger(held)
  }
}

/** How the text of a variable is had. */
export function readVariable(
  field: string,
  variable: string,
): (scope: ConnectionScope) => string | undefined {
  const name = variableName(field, variable)
  return ({ variables }) => {
    const held = variables.get(name)
    return held === undefined ? undefined : toText(held)
  }
}

/** @throws {RuleError} `EVENER_INVALID_OPTION` */
export function variableName(field: string, name: unknown): string {
  if (!isVariableName(name))
    refuse(field, name, 'a whole number, or a variable: proc, sess, txn, req or res, and a name')
  return name
}
