import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeDate, encodeDate } from './cookie-date.ts'
import { isCookieText, readMark, writeMark } from './cookie-mark.ts'

describe('a date in a cookie', () => {
  test('is 5 characters for 4-second steps, most significant first', () => {
    expect(encodeDate(4)).toBe('AAAAB')
    expect(encodeDate(4 * 64)).toBe('AAABA')
    expect(encodeDate(4 * (2 ** 30 - 1))).toBe('/////')
    // 1,700,000,000 s = 425,000,000 steps = digits 25, 21, 15, 49, 0 (of 64)
    expect(encodeDate(1_700_000_000)).toBe('ZVPxA')
  })

  test('is rounded up to a step', () => {
    expect(encodeDate(1)).toBe('AAAAB')
    expect(encodeDate(5)).toBe('AAAAC')
  })

  test('wraps after 30 bits', () => {
    expect(encodeDate(4 * 2 ** 30 + 4)).toBe('AAAAB')
  })

  test('comes back as it was written, to the step', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 32 - 4 }), seconds => {
        const read = decodeDate(encodeDate(seconds))!
        expect(read - seconds).toBeGreaterThanOrEqual(0)
        expect(read - seconds).toBeLessThan(4)
      }),
    )
  })

  test.each(['', 'AAAA', 'AAAAAA', 'AAA-A', 'AAA_A', 'AA=AA', 'AAAAA', 'ÀAAAA'])('%j is none', text => {
    expect(decodeDate(text)).toBeUndefined()
  })
})

describe('a mark', () => {
  test('is written as HAProxy writes it', () => {
    expect(writeMark({ value: 's1', lastSeconds: undefined, firstSeconds: undefined })).toBe('s1')
    expect(writeMark({ value: 's1', lastSeconds: 4, firstSeconds: undefined })).toBe('s1|AAAAB')
    expect(writeMark({ value: 's1', lastSeconds: 8, firstSeconds: 4 })).toBe('s1|AAAAC|AAAAB')
  })

  test.each([
    '',
    '|',
    '|AAAAB',
    's1|',
    's1|AAAA',
    's1|AAAA!',
    's1|AAAABx',
    's1|AAAAB|',
    's1|AAAAB|AAAA',
    's1|AAAAB|AAAABx',
    's1|AAAAB|AAAAB|AAAAB',
    's1||AAAAB',
    's 1',
    's"1',
    's1|AAAAB AAAAB',
    's\u00e91',
    's1\u0000',
  ])('is not read from %j', text => {
    expect(readMark(text)).toBeUndefined()
  })

  const value = fc.string({ minLength: 1 }).filter(isCookieText)
  const seconds = fc.integer({ min: 1, max: 2 ** 30 - 1 }).map(steps => steps * 4)

  test('comes back as it was written', () => {
    const mark = fc.oneof(
      fc.record({ value, lastSeconds: fc.constant(undefined), firstSeconds: fc.constant(undefined) }),
      fc.record({ value, lastSeconds: seconds, firstSeconds: fc.option(seconds, { nil: undefined }) }),
    )
    fc.assert(
      fc.property(mark, given => {
        expect(readMark(writeMark(given))).toEqual(given)
      }),
    )
  })

  test('has one spelling: what is read is written again as it was', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.tuple(value, fc.stringMatching(/^[|A-D+/]{0,13}$/)).map(([front, end]) => `${front}|${end}`),
    )
    fc.assert(
      fc.property(text, given => {
        const mark = readMark(given)
        if (mark !== undefined) expect(writeMark(mark)).toBe(given)
      }),
    )
  })
})
