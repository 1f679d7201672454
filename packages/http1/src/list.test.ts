import { expect, test } from 'vitest'
import { tokenList, trimBlanks } from './list.ts'

test.each([
  ['a', ['a']],
  ['A, b\t,\tc', ['a', 'b', 'c']],
  [',a,,b,', ['a', 'b']],
  ['', []],
  ['a b', undefined],
  ['"a"', undefined],
  ['a;b', undefined],
])('%j is the list %j', (value, list) => {
  expect(tokenList(value)).toEqual(list)
})

test('blanks are SP and HTAB, nothing else', () => {
  expect(trimBlanks(' \ta b\t ')).toBe('a b')
  expect(trimBlanks('\u00a0\x0b')).toBe('\u00a0\x0b')
  expect(trimBlanks('  ')).toBe('')
})
