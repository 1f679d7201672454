import { expect, test } from 'vitest'
import { Timetable } from './constant-rate.ts'

test('requests are due evenly, however late they are taken', () => {
  const timetable = new Timetable(100, 500, 10)
  const dues: number[] = []
  while (!timetable.over) dues.push(timetable.take())
  expect(dues).toEqual([100, 102, 104, 106, 108])
})

test('after the last one nothing is due any more', () => {
  const timetable = new Timetable(0, 1_000, 1)
  timetable.take()
  expect(timetable.nextMs).toBe(Number.POSITIVE_INFINITY)
})

test('even the shortest time has one request', () => {
  expect(new Timetable(0, 1, 1).over).toBe(false)
})
