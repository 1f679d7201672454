import { expect, test } from 'vitest'
import { monotonic } from './clock.ts'

test('the clock of the process never goes back', () => {
  const before = monotonic.now()
  expect(monotonic.now()).toBeGreaterThanOrEqual(before)
})

test('a timer runs, and one that is cancelled does not', async () => {
  const ran: string[] = []
  const cancelled = monotonic.setTimeout(() => ran.push('cancelled'), 1)
  cancelled.cancel()
  cancelled.cancel()
  await new Promise<void>(resolve => {
    monotonic.setTimeout(() => {
      ran.push('kept')
      resolve()
    }, 2)
  })
  expect(ran).toEqual(['kept'])
})

test('a timer does not keep the process alive', () => {
  const timers = () => process.getActiveResourcesInfo().filter(kind => kind === 'Timeout').length
  const before = timers()
  const timer = monotonic.setTimeout(() => {}, 60_000)
  expect(timers()).toBe(before)
  timer.cancel()
})
