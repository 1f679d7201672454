import { expect, test } from 'vitest'
import { mergeRows, valuesOf } from './results.ts'
import { rowOf, subjectOf } from './test-support.ts'

test('a row measured anew replaces the old one, the others stay, in the order of the rows', () => {
  const old = [rowOf('b', [subjectOf('x', [1])]), rowOf('gone', [])]
  const fresh = [rowOf('b', [subjectOf('x', [2])]), rowOf('a', [])]
  const merged = mergeRows(old, fresh, ['a', 'b', 'c'])
  expect(merged.map(({ name }) => name)).toEqual(['a', 'b'])
  expect(merged[1]).toBe(fresh[0])
})

test('a row that could not be measured leaves the old one as it was', () => {
  const old = [rowOf('a', [subjectOf('x', [1])])]
  expect(mergeRows(old, [{ ...rowOf('a', []), skipped: 'wrk is missing' }], ['a'])).toEqual(old)
})

test('figures of a subject that failed do not count', () => {
  expect(valuesOf(subjectOf('x', [1, 2]), 'cpu')).toEqual([1, 2])
  expect(valuesOf(subjectOf('x', [1, 2], 'broken'), 'cpu')).toEqual([])
  expect(valuesOf(undefined, 'cpu')).toEqual([])
})
