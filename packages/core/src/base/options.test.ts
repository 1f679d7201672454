import { describe, expect, test } from 'vitest'
import { EvenerError } from './errors.ts'
import { decimal, duration, flag, integer, knownOptions, name, oneOf, show, withMethods } from './options.ts'

/** What is thrown, as code and message. */
function refusal(read: () => unknown): string {
  try {
    read()
  } catch (error) {
    expect(error).toBeInstanceOf(EvenerError)
    expect((error as EvenerError).name).toBe('EvenerError')
    return `${(error as EvenerError).code} ${(error as Error).message}`
  }
  return 'nothing was thrown'
}

describe('option names', () => {
  test('that are known pass', () => {
    expect(() => knownOptions('pool', { a: 1 }, ['a', 'b'])).not.toThrow()
  })

  test('that are not known are named, with those that are', () => {
    expect(refusal(() => knownOptions('pool', { c: 1 }, ['a', 'b']))).toBe(
      'EVENER_UNKNOWN_OPTION pool: unknown option "c"; expected one of a, b',
    )
  })

  test.each([undefined, null, 'text', [], 7])('cannot be had of %j', options => {
    expect(refusal(() => knownOptions('pool', options, ['a']))).toMatch(
      /^EVENER_INVALID_OPTION pool: .*an object of options/,
    )
  })
})

describe('values', () => {
  test('that are left out have their default', () => {
    expect(integer('n', undefined, 5, 0, 9)).toBe(5)
    expect(decimal('n', undefined, 0.5, 0, 1)).toBe(0.5)
    expect(duration('ms', undefined, 50)).toBe(50)
    expect(flag('on', undefined, true)).toBe(true)
    expect(oneOf('word', undefined, 'a', ['a', 'b'])).toBe('a')
  })

  test('at their bounds are allowed', () => {
    expect([integer('n', 0, 5, 0, 9), integer('n', 9, 5, 0, 9)]).toEqual([0, 9])
    expect([decimal('n', 0, 0.5, 0, 1), decimal('n', 1, 0.5, 0, 1)]).toEqual([0, 1])
    expect([duration('ms', 1, 50), duration('ms', 2_147_483_647, 50)]).toEqual([1, 2_147_483_647])
    expect(duration('ms', Number.POSITIVE_INFINITY, 50)).toBe(Number.POSITIVE_INFINITY)
    expect(flag('on', false, true)).toBe(false)
    expect(oneOf('word', 'b', 'a', ['a', 'b'])).toBe('b')
    expect(name('id', 'x'.repeat(128))).toHaveLength(128)
  })

  test.each([-1, 10, 1.5, Number.NaN, '5', null, {}])('%j is no integer from 0 to 9', value => {
    expect(refusal(() => integer('n', value, 5, 0, 9))).toBe(
      `EVENER_INVALID_OPTION n: ${show(value)} is not allowed; expected an integer from 0 to 9`,
    )
  })

  test.each([-0.1, 1.1, Number.NaN, '0.5'])('%j is no number from 0 to 1', value => {
    expect(refusal(() => decimal('n', value, 0, 0, 1))).toContain('a number from 0 to 1')
  })

  test.each([0, -1, 1.5, 2_147_483_648, Number.NEGATIVE_INFINITY, '1s'])('%j is no duration', value => {
    expect(refusal(() => duration('ms', value, 1))).toContain('whole milliseconds from 1 to 2147483647')
  })

  test('words, flags and names are what they say', () => {
    expect(refusal(() => flag('on', 'yes', true))).toContain(
      'on: "yes" is not allowed; expected true or false',
    )
    expect(refusal(() => oneOf('word', 'c', 'a', ['a', 'b']))).toContain(
      'word: "c" is not allowed; expected one of a, b',
    )
    for (const each of ['', 'a b', 'é', 'x'.repeat(129), 7]) {
      expect(refusal(() => name('id', each))).toContain('id: ')
    }
  })

  test('objects have their method', () => {
    const balancer = { pick: () => undefined }
    expect(withMethods('balancer', balancer, ['pick'], 'roundRobin()')).toBe(balancer)
    expect(refusal(() => withMethods('balancer', { pick: 1 }, ['pick'], 'roundRobin()'))).toContain(
      'balancer.pick: 1',
    )
    for (const each of [undefined, null, 'x']) {
      expect(refusal(() => withMethods('balancer', each, ['pick'], 'roundRobin()'))).toContain(
        'an object with pick(), such as roundRobin()',
      )
    }
  })
})

test.each([
  ['text', '"text"'],
  ['x'.repeat(70), `"${'x'.repeat(60)}…"`],
  [() => {}, 'a function'],
  [[1], 'an array'],
  [{ a: 1 }, 'an object'],
  [null, 'null'],
  [7, '7'],
])('a value is shown short: %s', (value, shown) => {
  expect(show(value)).toBe(shown)
})

test('an error has its cause', () => {
  const cause = new Error('why')
  expect(new EvenerError('EVENER_CLOSED', 'closed', { cause }).cause).toBe(cause)
})
