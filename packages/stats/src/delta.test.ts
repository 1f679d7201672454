import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { StatRow } from './columns.ts'
import { Delta } from './delta.ts'
import { pageFields, pageValues } from './page-fields.ts'

const line = (more: Partial<StatRow>): StatRow => ({ pxname: 'app', svname: 's1', type: 2, ...more })
const at = (name: (typeof pageFields)[number]) => pageFields.indexOf(name)

/** Take all these lines, and tell what changed. */
const updated = (delta: Delta, ...rows: StatRow[]): string[] =>
  rows.map((row, index) => delta.update(row, index)).filter(text => text !== '')

test('only what has changed is told', () => {
  const delta = new Delta()
  expect(updated(delta, line({ stot: 1, status: 'UP' }), line({ svname: 's2' }))).toEqual([])
  expect(updated(delta, line({ stot: 2, status: 'DOWN "x"' }), line({ svname: 's2' }))).toEqual([
    `[0,${at('status')},"DOWN \\"x\\"",${at('stot')},2]`,
  ])
  expect(updated(delta, line({ stot: 2 }))).toEqual([`[0,${at('status')},null]`])
})

test('to grow older is no change by itself; to be young again is one', () => {
  const delta = new Delta()
  updated(delta, line({ lastchg: 5, stot: 1 }))
  expect(updated(delta, line({ lastchg: 6, stot: 1 }))).toEqual([])
  expect(updated(delta, line({ lastchg: 7, stot: 2 }))).toEqual([`[0,${at('stot')},2,${at('lastchg')},7]`])
  expect(updated(delta, line({ lastchg: 0, stot: 2 }))).toEqual([`[0,${at('lastchg')},0]`])
})

test('other servers, or another order, do not fit what was told', () => {
  const delta = new Delta()
  const [one, other] = [line({}), line({ svname: 's2' })]
  const fits = (...rows: StatRow[]) => {
    updated(delta, ...rows)
    return delta.taken(rows.length)
  }
  expect(fits(one, other)).toBe(false)
  expect(fits(line({ stot: 9 }), other)).toBe(true)
  expect(fits(other, one)).toBe(false)
  expect(fits(other, one, line({ svname: 's3' }))).toBe(false)
  expect(fits(one, other)).toBe(false)
  expect(fits(one)).toBe(false)
  expect(fits(one, other)).toBe(false)
  expect([delta.size, JSON.parse(delta.all(1))]).toEqual([2, pageValues(other)])
  delta.reset()
  expect(delta.size).toBe(0)
})

test('who applies every delta has what there is, but for ages', () => {
  const numbers = fc.record({
    stot: fc.nat(3),
    scur: fc.nat(2),
    status: fc.constantFrom('UP', 'DOWN', undefined),
  })
  fc.assert(
    fc.property(fc.array(fc.array(numbers, { minLength: 3, maxLength: 3 }), { minLength: 1 }), steps => {
      const delta = new Delta()
      const rowsOf = (step: (typeof steps)[number]) =>
        step.map((more, index) => line({ svname: `s${index}`, ...more }))
      let seen: unknown[][] = []
      for (const [index, step] of steps.entries()) {
        const texts = updated(delta, ...rowsOf(step))
        if (index === 0) seen = [0, 1, 2].map(row => JSON.parse(delta.all(row)))
        for (const text of texts) {
          const [row, ...changes] = JSON.parse(text)
          for (let i = 0; i < changes.length; i += 2) (seen[row] as unknown[])[changes[i]] = changes[i + 1]
        }
        expect(seen).toEqual(rowsOf(step).map(pageValues))
      }
    }),
  )
})
