/** Texts joined with others and with variables, and one of two chosen. */
import type { ConnectionScope } from '../scope.ts'
import { type Converter, converter, converterOf } from '../value.ts'
import { readVariable } from './operand.ts'

/** With `start`, a variable's text and `end` behind it. What the variable does not hold is left out. */
export function concat(start = '', variable = '', end = ''): Converter<string, string, ConnectionScope> {
  const text = `concat(${[start, variable, end].join(',').replace(/,+$/, '')})`
  if (variable === '') return converter(text, 'str', 'str', value => value + start + end)
  const read = readVariable('concat variable', variable)
  return converterOf(
    text,
    'str',
    'str',
    'connection',
    (value, scope) => value + start + (read(scope) ?? '') + end,
  )
}

/** With a variable's text and `suffix` behind it, and a delimiter between where both sides have something. */
export function addItem(
  delimiter: string,
  variable = '',
  suffix = '',
): Converter<string, string, ConnectionScope> {
  const text = `add_item(${[delimiter, variable, suffix].join(',').replace(/,+$/, '')})`
  const read = variable === '' ? () => undefined : readVariable('add_item variable', variable)
  return converterOf(text, 'str', 'str', 'connection', (value, scope) => {
    const item = (read(scope) ?? '') + suffix
    return value === '' || item === '' ? value + item : value + delimiter + item
  })
}

/** One of two texts. */
export function iif(whereTrue: string, whereFalse: string): Converter<boolean, string> {
  return converter(`iif(${whereTrue},${whereFalse})`, 'bool', 'str', value =>
    value ? whereTrue : whereFalse,
  )
}
