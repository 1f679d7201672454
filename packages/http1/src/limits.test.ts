import { expect, test } from 'vitest'
import { defaultLimits, Http1OptionError, resolveLimits } from './limits.ts'

test('what is left out has its default', () => {
  expect(resolveLimits()).toBe(defaultLimits)
  expect(resolveLimits({ maxHeaders: 7 })).toEqual({ ...defaultLimits, maxHeaders: 7 })
  expect(resolveLimits({ maxHeaders: undefined } as never)).toEqual(defaultLimits)
})

test('resolved limits pass through as they are', () => {
  const limits = resolveLimits({ maxHeadBytes: 1000 })
  expect(resolveLimits(limits)).toBe(limits)
  expect(Object.isFrozen(limits)).toBe(true)
})

test.each([
  [{ maxHeadByte: 1 }, /unknown option 'maxHeadByte'; known are maxHeadBytes, /],
  [{ maxHeadBytes: 63 }, /maxHeadBytes must be a whole number from 64 to 1073741824, not 63/],
  [{ maxHeaders: 1.5 }, /maxHeaders .* not 1\.5/],
  [{ maxTrailers: -1 }, /maxTrailers .* not -1/],
  [{ maxTrailers: '3' }, /maxTrailers .* not 3/],
  [{ maxBodyBytes: 2 ** 53 }, /maxBodyBytes /],
])('%j is refused', (options, message) => {
  expect(() => resolveLimits(options as never)).toThrow(message)
  try {
    resolveLimits(options as never)
  } catch (error) {
    expect(error).toBeInstanceOf(Http1OptionError)
    expect(error).toMatchObject({ code: 'EVENER_INVALID_OPTION', name: 'Http1OptionError' })
  }
})
