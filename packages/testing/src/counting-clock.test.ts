import { expect, test } from 'vitest'
import { CountingClock } from './counting-clock.ts'

test('counts a timer until it has run', async () => {
  const clock = new CountingClock()
  const before = clock.now()
  const ran = new Promise<void>(resolve => clock.setTimeout(resolve, 1))
  expect(clock.pending).toBe(1)
  await ran
  expect(clock.pending).toBe(0)
  expect(clock.now()).toBeGreaterThan(before)
})

test('counts a timer until it is cancelled, once', () => {
  const clock = new CountingClock()
  const timer = clock.setTimeout(() => {}, 60_000)
  timer.cancel()
  timer.cancel()
  expect(clock.pending).toBe(0)
  expect(clock.created).toBe(1)
})
