import { expect, test } from 'vitest'
import { parseStatusBytes, parseTicks, processorMicros, residentBytes } from './process-figures.ts'

test('user and system time are found behind a name with brackets and spaces', () => {
  const stat = '42 (a (b) c) S 1 42 42 0 -1 4194304 100 0 0 0 250 30 7 9 20 0 11 0 999 1000 10'
  expect(parseTicks(stat)).toBe(280)
})

test('sizes are told in bytes', () => {
  const status = 'Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n'
  expect(parseStatusBytes(status, 'VmRSS')).toBe(1_048_576)
  expect(parseStatusBytes(status, 'VmHWM')).toBe(2_097_152)
})

test('a size that is not there is an error, not a zero', () => {
  expect(() => parseStatusBytes('Name:\tx\n', 'VmRSS')).toThrow('no VmRSS')
})

test.runIf(process.platform === 'linux')('this very process has used some of both', () => {
  expect(processorMicros(process.pid)).toBeGreaterThan(0)
  const { now, peak } = residentBytes(process.pid)
  expect(now).toBeGreaterThan(1_000_000)
  expect(peak).toBeGreaterThanOrEqual(now * 0.9)
})
