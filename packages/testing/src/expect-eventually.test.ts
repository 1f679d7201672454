import { expect, test } from 'vitest'
import { expectEventually } from './expect-eventually.ts'

test('asks until the answer no longer throws', async () => {
  let asked = 0
  const value = await expectEventually(() => {
    asked++
    if (asked < 25) throw new Error('not yet')
    return 'now'
  })
  expect(value).toBe('now')
  expect(asked).toBe(25)
})

test('takes any value but false for an answer', async () => {
  let asked = 0
  expect(await expectEventually(async () => asked++ >= 3)).toBe(true)
  expect(await expectEventually(() => 0)).toBe(0)
  expect(await expectEventually(() => undefined)).toBeUndefined()
})

test('gives up at the deadline with what was thrown last', async () => {
  const never = expectEventually(
    () => {
      throw new Error('still not')
    },
    { timeoutMs: 3, intervalMs: 1 },
  )
  await expect(never).rejects.toThrow('still not')
  await expect(expectEventually(() => false, { timeoutMs: 0 })).rejects.toMatchObject({
    code: 'EVENER_TIMEOUT',
  })
})

test('refuses a deadline that is none', async () => {
  await expect(expectEventually(() => true, { timeoutMs: -1 })).rejects.toThrow('timeoutMs is -1')
})
