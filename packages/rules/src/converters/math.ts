/**
 * HAProxy's operators on whole numbers: `math.add(1)` is `add(1)`. What they work with is a number, or the name of a
 * variable that holds one.
 *
 * Sums and products that leave 64 bits stop at the end, as HAProxy's. Beyond 2^53 the last digits are rounded. Bits are
 * those of 64, in BigInt where the number has more than 32.
 */
import { clampInteger } from '../integer.ts'
import type { ConnectionScope } from '../scope.ts'
import { type Converter, converter, converterOf } from '../value.ts'
import { type Operand, readOperand } from './operand.ts'

type Operator = Converter<number, number, ConnectionScope>

const most = 2 ** 63

export const add = (operand: Operand): Operator =>
  operator('add', operand, (value, other) => clampInteger(value + other))

export const sub = (operand: Operand): Operator =>
  operator('sub', operand, (value, other) => clampInteger(value - other))

export const mul = (operand: Operand): Operator =>
  operator('mul', operand, (value, other) => clampInteger(value * other) + 0)

/** Towards zero. By 0: the largest number. */
export const div = (operand: Operand): Operator =>
  operator('div', operand, (value, other) => (other === 0 ? most : Math.trunc(value / other) + 0))

/** The remainder, with the sign of what is divided. By 0: 0. */
export const mod = (operand: Operand): Operator =>
  operator('mod', operand, (value, other) => (other === 0 ? 0 : (value % other) + 0))

export const neg = (): Converter<number, number> => converter('neg', 'int', 'int', value => 0 - value)

/** Bits that are in both. */
export const and = (operand: Operand): Operator =>
  operator('and', operand, (value, other) =>
    isShort(value) && isShort(other)
      ? value & other
      : Number(BigInt.asIntN(64, BigInt(value) & BigInt(other))),
  )

/** Bits that are in one or both. */
export const or = (operand: Operand): Operator =>
  operator('or', operand, (value, other) =>
    isShort(value) && isShort(other)
      ? value | other
      : Number(BigInt.asIntN(64, BigInt(value) | BigInt(other))),
  )

/** Bits that are in one alone. */
export const xor = (operand: Operand): Operator =>
  operator('xor', operand, (value, other) =>
    isShort(value) && isShort(other)
      ? value ^ other
      : Number(BigInt.asIntN(64, BigInt(value) ^ BigInt(other))),
  )

/** All bits the other way round. */
export const cpl = (): Converter<number, number> => converter('cpl', 'int', 'int', value => -1 - value)

/** Whether it is not 0. */
export const bool = (): Converter<number, boolean> => converter('bool', 'int', 'bool', value => value !== 0)

/** Whether it is 0. */
export const not = (): Converter<number, boolean> => converter('not', 'int', 'bool', value => value === 0)

export const odd = (): Converter<number, boolean> => converter('odd', 'int', 'bool', value => value % 2 !== 0)

export const even = (): Converter<number, boolean> =>
  converter('even', 'int', 'bool', value => value % 2 === 0)

function operator(name: string, operand: Operand, work: (value: number, other: number) => number): Operator {
  const read = readOperand(`${name} value`, operand)
  return converterOf(`${name}(${operand})`, 'int', 'int', 'connection', (value, scope) => {
    const other = read(scope)
    return other === undefined ? undefined : work(value, other)
  })
}

function isShort(value: number): boolean {
  return (value | 0) === value
}
