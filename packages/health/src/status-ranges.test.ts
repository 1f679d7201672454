import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseStatusRanges, type StatusRanges } from './status-ranges.ts'

const accepted = (ranges: StatusRanges) => {
  const test = parseStatusRanges('status', ranges)
  return [100, 199, 200, 204, 299, 300, 399, 400, 404, 500, 503, 599].filter(test)
}

describe('status ranges', () => {
  it('one status is itself', () => {
    expect(accepted(204)).toEqual([204])
  })
  it('a text is a status, a range, or several', () => {
    expect(accepted('204')).toEqual([204])
    expect(accepted('200-399')).toEqual([200, 204, 299, 300, 399])
    expect(accepted('200-299, 404')).toEqual([200, 204, 299, 404])
  })
  it('a list mixes statuses, texts and pairs', () => {
    expect(accepted([100, '300-399', [500, 503]])).toEqual([100, 300, 399, 500, 503])
  })
  it('a range includes both its ends and nothing beyond', () => {
    const status = fc.integer({ min: 100, max: 999 })
    fc.assert(
      fc.property(status, status, status, (a, b, asked) => {
        const [from, to] = a < b ? [a, b] : [b, a]
        expect(parseStatusRanges('status', `${from}-${to}`)(asked)).toBe(asked >= from && asked <= to)
      }),
    )
  })
  it.each([
    '',
    '2xx',
    '20',
    '1000',
    '300-200',
    '200-',
    '-200',
    '200-300-400',
    '200,,300',
    99,
    1000,
    200.5,
    Number.NaN,
    [],
    [[200]],
    [[300, 200]],
    [[200, '300']],
    [null],
    null,
    {},
  ])('refuses %j', ranges => {
    expect(() => parseStatusRanges('expect.status', ranges as StatusRanges)).toThrow(
      expect.objectContaining({
        code: 'EVENER_INVALID_OPTION',
        message: expect.stringMatching(/^expect\.status is .*must be statuses/s),
      }),
    )
  })
})
