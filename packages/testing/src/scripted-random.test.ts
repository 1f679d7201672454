import { expect, test } from 'vitest'
import { scriptedRandom } from './scripted-random.ts'

test('gives the numbers in the order of the script, then says that it is at its end', () => {
  const random = scriptedRandom([0.1, 0.9])
  expect([random(), random()]).toEqual([0.1, 0.9])
  expect(random).toThrow('all 2 values are drawn')
  expect(random).toThrow(expect.objectContaining({ code: 'EVENER_EXHAUSTED' }))
})

test('begins again where it is told to repeat', () => {
  const random = scriptedRandom([0, 0.5], { atEnd: 'repeat' })
  expect([random(), random(), random()]).toEqual([0, 0.5, 0])
})

test('a script changed afterwards changes nothing', () => {
  const values = [0.25]
  const random = scriptedRandom(values)
  values[0] = 0.75
  expect(random()).toBe(0.25)
})

test.each([[[1]], [[-0.1]], [[Number.NaN]], [[]]])('refuses %j', values => {
  expect(() => scriptedRandom(values)).toThrow(expect.objectContaining({ code: 'EVENER_INVALID_OPTION' }))
})

test('refuses what it does not know', () => {
  expect(() => scriptedRandom([0], { atEnd: 'loop' as 'repeat' })).toThrow(`'throw', 'repeat'`)
  expect(() => scriptedRandom([0], { repeat: true } as object)).toThrow('option repeat')
})
