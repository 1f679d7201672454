import { VirtualClock } from '@evener/testing'
import { expect, test } from 'vitest'
import { Allowance } from './allowance.ts'

test('so many may be spent at once, and no more', () => {
  const allowance = new Allowance(3, new VirtualClock())
  expect([1, 2, 3, 4].map(() => allowance.spend())).toEqual([true, true, true, false])
})

test('it fills up again within a minute', async () => {
  const clock = new VirtualClock()
  const allowance = new Allowance(3, clock)
  for (let i = 0; i < 3; i++) allowance.spend()
  await clock.advance(20_000)
  expect([1, 2].map(() => allowance.spend())).toEqual([true, false])
  await clock.advance(600_000)
  expect([1, 2, 3, 4].map(() => allowance.spend())).toEqual([true, true, true, false])
})

test('what is earned can be spent, and is not hoarded', () => {
  const allowance = new Allowance(2, new VirtualClock())
  for (let i = 0; i < 10; i++) allowance.earn()
  expect([1, 2].map(() => allowance.spend())).toEqual([true, true])
  allowance.earn()
  expect([1, 2].map(() => allowance.spend())).toEqual([true, false])
})
