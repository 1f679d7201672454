import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cookieValues, setCookieName, withoutCookie } from './cookie-header.ts'

describe('the values of a cookie', () => {
  test.each([
    ['SRV=a', ['a']],
    ['x=1; SRV=a; y=2', ['a']],
    ['x=1;SRV=a;y=2', ['a']],
    ['SRV=a; SRV=b', ['a', 'b']],
    [' SRV =\t a b \t; x', ['a b']],
    ['SRV=', ['']],
    ['SRV=a=b', ['a=b']],
    ['SRV="a"', ['"a"']],
    ['SRV', []],
    ['SRV; SRV =', ['']],
    ['srv=a', []],
    ['XSRV=a; SRVX=b; x=SRV=c', []],
    ['x="1; SRV=a; y=2"', ['a']],
    ['x=1, SRV=a', []],
    ['', []],
    [';;; ;', []],
  ])('of %j are %j', (header, values) => {
    expect(cookieValues(header, 'SRV', 10)).toEqual(values)
  })

  test('are no more than were asked for', () => {
    expect(cookieValues('a=1; a=2; a=3', 'a', 2)).toEqual(['1', '2'])
  })
})

describe('a header without a cookie', () => {
  test.each([
    ['SRV=a', ''],
    ['SRV=a; SRV=b', ''],
    ['SRV=a;', ''],
    [' ; SRV=a ;\t', ''],
    ['x=1; SRV=a', 'x=1'],
    ['SRV=a; x=1', 'x=1'],
    ['SRV=a;\t x=1;  y="2" ', 'x=1;  y="2" '],
    ['x=1;SRV=a;y=2;', 'x=1;y=2;'],
    ['x=1; SRV=a; y=2', 'x=1; y=2'],
    ['x=1; SRV=a; y=2; SRV = b; SRV; z', 'x=1; y=2; SRV; z'],
    ['; SRV=a; x=1', '; x=1'],
    ['x=1', undefined],
    ['XSRV=1', undefined],
  ])('%j becomes %j', (header, rest) => {
    expect(withoutCookie(header, 'SRV')).toBe(rest)
  })

  const pair = fc.oneof(
    fc.constantFrom('SRV=a', ' SRV=', ' SRV = "x" ', 'SRV', ' SRVX=1', ' x=SRV=1', '', ' ', ' $Path=/'),
    fc.string({ unit: 'binary', maxLength: 8 }).map(text => text.replaceAll(';', '')),
  )

  test('keeps every other pair byte for byte', () => {
    fc.assert(
      fc.property(fc.array(pair, { minLength: 1, maxLength: 12 }), pairs => {
        const header = pairs.join(';')
        const others = pairs.filter(text => !/^[ \t]*SRV[ \t]*=/.test(text))
        const expected = others.join(';')
        const isFirst = pairs[0] === others[0] && others.length > 0
        const rest = withoutCookie(header, 'SRV')
        if (others.length === pairs.length) expect(rest).toBeUndefined()
        else if (/^[; \t]*$/.test(expected)) expect(rest).toBe('')
        else expect(rest?.replace(/^[ \t]+/, '')).toBe(expected.replace(/^[ \t]+/, ''))
        if (rest && isFirst && others.length < pairs.length && !/^[ \t]*SRV[ \t]*=/.test(pairs[0]!))
          expect(rest).toBe(expected)
      }),
    )
  })

  test('has no value of it, and the other cookies as they were', () => {
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 12 }), pairs => {
        const header = pairs.join(';')
        const rest = withoutCookie(header, 'SRV') ?? header
        expect(cookieValues(rest, 'SRV', 100)).toEqual([])
        expect(cookieValues(rest, 'x', 100)).toEqual(cookieValues(header, 'x', 100))
      }),
    )
  })

  test('takes time in proportion to its length, not more', () => {
    const hostile = [
      ';'.repeat(200_000),
      ' '.repeat(200_000),
      'SRV '.repeat(50_000),
      'SRV=;'.repeat(40_000),
      `SRV=${' '.repeat(200_000)}x`,
    ]
    const started = performance.now()
    for (const header of hostile) {
      withoutCookie(header, 'SRV')
      cookieValues(header, 'SRV', 17)
    }
    // Some milliseconds; a quadratic scan of these takes minutes.
    expect(performance.now() - started).toBeLessThan(5_000)
  })
})

describe('the name that a Set-Cookie line sets', () => {
  test.each([
    ['SRV=a; Path=/', 'SRV'],
    [' SRV = a', 'SRV'],
    ['SRV=', 'SRV'],
    ['=a', ''],
    ['SRV', undefined],
    ['SRV; Path=/', undefined],
    ['', undefined],
  ])('of %j is %j', (line, name) => {
    expect(setCookieName(line)).toBe(name)
  })
})
