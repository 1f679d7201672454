/** The page on HAProxy's log variables, held to the code and to the manual (section 8.2.6). */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { logScope } from './test-support.ts'
import { variables } from './variables.ts'

const page = readFileSync(join(import.meta.dirname, '../../HAPROXY-LOG.md'), 'utf8')
const rows = [...page.matchAll(/^\| `%(\w+)` \| (\S+) \| .* \| (.*) \|$/gm)].map(([, name, stage, from]) => ({
  name: name as string,
  stage: stage as string,
  from: from as string,
}))

/** The table of the manual, 2.6. */
const ofManual =
  'o B CC CS H HM HP HPO HQ HU HV ID ST T Ta Tc Td Tl Th Ti Tq TR Tr Ts Tt Tu Tw U ac b bc bi bp bq ci cp f fc fi fp ft ' +
  'lc hr hrl hs hsl ms pid r rc rt s sc si sp sq sslc sslv t tr trg trl ts tsc'

test('each variable of the manual has a row, and there is no other', () => {
  expect(rows.map(({ name }) => name).sort()).toEqual(ofManual.split(' ').sort())
})

test('each row has the stage from which on the variable is known', () => {
  for (const { name, stage } of rows) {
    if (name !== 'o') expect([name, stage]).toEqual([name, variables.get(name)?.needs])
  }
})

test('each field of a record is where some variable comes from, and no other is named', () => {
  const named = new Set(rows.flatMap(({ from }) => [...from.matchAll(/`(\w+)`/g)].map(match => match[1])))
  const others = ['mode', 'partial']
  expect([...named, ...others].sort()).toEqual(Object.keys(logScope().record).sort())
})
