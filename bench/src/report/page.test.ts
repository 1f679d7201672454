import { expect, test } from 'vitest'
import { resultsPage } from './page.ts'
import { rowOf, subjectOf } from './test-support.ts'

const rows = [rowOf('small', [subjectOf('haproxy', [10])]), rowOf('64k', [subjectOf('haproxy', [70])])]

test('the page has the machine, the picture and a section for each row', () => {
  const page = resultsPage(rows, 'results.svg')
  expect(page).toContain('a processor, 2 cores')
  expect(page).toContain('(results.svg)')
  expect(page.match(/^## /gm)).toHaveLength(2)
  expect(page.match(/about haproxy/g)).toHaveLength(1)
})

test('rows measured under other circumstances are told apart', () => {
  const [first, second] = rows as [(typeof rows)[0], (typeof rows)[0]]
  const page = resultsPage([first, { ...second, commit: 'def5678' }], 'results.svg')
  expect(page).toContain('Rows `small`:')
  expect(page).toContain('Rows `64k`:')
})
