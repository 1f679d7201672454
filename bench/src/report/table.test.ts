import { expect, test } from 'vitest'
import { rowTable, table } from './table.ts'
import { rowOf, subjectOf } from './test-support.ts'

test('columns are as wide as their widest cell', () => {
  expect(table(['a', 'long'], [['bcde', '1']])).toBe('| a    | long |\n| ---- | ---: |\n| bcde |    1 |\n')
})

test('a subject stands beside the references as a multiple, with the spread over the repeats', () => {
  const text = rowTable(
    rowOf('small', [subjectOf('haproxy', [10, 20, 10]), subjectOf('other', [30, 50, 40])]),
  )
  const [header, , haproxy, other] = text.split('\n').map(line => line.split('|').map(cell => cell.trim()))
  expect(header).toEqual(['', 'subject', 'CPU/request', '× haproxy', 'requests/s', ''])
  expect(haproxy?.slice(2, 4)).toEqual(['10 µs (10 µs–20 µs)', '1.00×'])
  expect(other?.slice(2, 4)).toEqual(['40 µs (30 µs–50 µs)', '3.00× (2.50×–4.00×)'])
})

test('a subject that failed has no figures, and the reason stands below', () => {
  const text = rowTable(
    rowOf('small', [subjectOf('haproxy', [10]), subjectOf('bad', [1], '3 answers were neither 2xx nor 3xx')]),
  )
  expect(text).toMatch(/\| bad +\| +\*\*FAILED\*\* \| +\| +\|/)
  expect(text).toContain('- bad FAILED: 3 answers were neither 2xx nor 3xx')
})

test('a reference that failed is no reference', () => {
  const text = rowTable(rowOf('small', [subjectOf('haproxy', [10], 'broken'), subjectOf('other', [30])]))
  expect(text).not.toContain('× haproxy')
})
