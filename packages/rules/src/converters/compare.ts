/** Texts compared with a variable's. */
import { timingSafeEqual } from 'node:crypto'
import type { ConnectionScope } from '../scope.ts'
import { type Converter, converterOf } from '../value.ts'
import { readVariable } from './operand.ts'

/**
 * Compare with a variable: negative, 0 or positive, as the first is before, the same or behind. Nothing where the
 * variable holds none. HAProxy says by how much; here it is always by 1.
 */
export function strcmp(variable: string): Converter<string, number, ConnectionScope> {
  const read = readVariable('strcmp variable', variable)
  return converterOf(`strcmp(${variable})`, 'str', 'int', 'connection', (value, scope) => {
    const other = read(scope)
    return other === undefined ? undefined : value === other ? 0 : value < other ? -1 : 1
  })
}

/** Whether it is the same as a variable, in a time that does not depend on where they differ: for secrets. */
export function secureMemcmp(variable: string): Converter<string, boolean, ConnectionScope> {
  const read = readVariable('secure_memcmp variable', variable)
  return converterOf(`secure_memcmp(${variable})`, 'bin', 'bool', 'connection', (value, scope) => {
    const other = read(scope)
    if (other === undefined) return undefined
    return (
      value.length === other.length &&
      timingSafeEqual(Buffer.from(value, 'latin1'), Buffer.from(other, 'latin1'))
    )
  })
}
