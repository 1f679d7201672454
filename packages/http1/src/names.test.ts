import { expect, test } from 'vitest'
import { KNOWN_NAMES, OTHER, recognise } from './names.ts'

const number = (name: string) => recognise(Buffer.from(`:${name}:`), 1, 1 + name.length)

test.each(KNOWN_NAMES.slice(1).map((name, index) => [name, index + 1] as const))(
  '%s is known as %i, in any case, and by no part of it',
  (name, expected) => {
    expect(number(name)).toBe(expected)
    expect(number(name.toUpperCase())).toBe(expected)
    expect(number(`${name}x`)).not.toBe(expected)
    expect(number(name.slice(1))).not.toBe(expected)
    expect(number(`${name.slice(0, -1)}_`)).toBe(OTHER)
  },
)
