import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { references } from '../report/figures.ts'
import { rows } from '../rows.ts'
import { allSubjects } from './all.ts'

const names = allSubjects.map(({ name }) => name)

test('every subject has a name of its own, which is that of its file', () => {
  expect(new Set(names).size).toBe(names.length)
  for (const name of names) expect(existsSync(new URL(`./${name}.ts`, import.meta.url)), name).toBe(true)
})

test('rows and references name subjects that there are, and subjects such rows', () => {
  const rowNames = rows.map(({ name }) => name)
  expect(names).toEqual(expect.arrayContaining([...references, ...rows.flatMap(row => row.subjects ?? [])]))
  expect(rowNames).toEqual(expect.arrayContaining(allSubjects.flatMap(subject => subject.rows ?? [])))
})
