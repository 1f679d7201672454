import { expect, test } from 'vitest'
import { turnClock } from './turn-clock.ts'

const turn = () => new Promise(resolve => setImmediate(resolve))

test('the time stands still in a turn, and goes on with the next', async () => {
  await turn()
  const first = turnClock.now()
  while (performance.now() <= first);
  expect(turnClock.now()).toBe(first)
  await turn()
  expect(turnClock.now()).toBeGreaterThan(first)
})

test('it goes on for one who asks without end, too', () => {
  const first = turnClock.now()
  while (performance.now() <= first);
  let asked = 0
  while (turnClock.now() === first && asked < 1_000) asked++
  expect(asked).toBeLessThanOrEqual(100)
})

test('it is the monotonic clock of the process', async () => {
  await turn()
  const before = performance.now()
  const now = turnClock.now()
  expect(now).toBeGreaterThanOrEqual(before)
  expect(now).toBeLessThanOrEqual(performance.now())
})
