import { describe, expect, it } from 'vitest'
import { regex } from './regex.ts'

const compiled = (pattern: string, ignoreCase = false) => regex('pattern', pattern, ignoreCase)

describe('a regular expression', () => {
  it('matches somewhere in a text, and says what its groups matched', () => {
    expect(compiled('a(b)?(c)').groups('xac')).toEqual(['ac', undefined, 'c'])
    expect(compiled('^b').groups('ab')).toBeUndefined()
    expect([compiled('ABC').test('xabcx'), compiled('ABC', true).test('xabcx')]).toEqual([false, true])
    expect(compiled('[[:alpha:]]+\\d{2}$').test('ab12')).toBe(true)
    expect(compiled('^.$').test('\xff')).toBe(true)
  })

  it.each(['(?=a)', '(?!a)', '(?<=a)b', '(a)\\1', '(', '[b-a]', '*'])('%s is refused', pattern => {
    expect(() => compiled(pattern)).toThrow('a regular expression without back-references and look-around')
  })

  // Node's own engine would not come to an end with these while the tests run.
  it.each([
    '(a+)+$',
    '(a+)+[^a-z]',
    '(.*)*x',
    '(a|aa)+[!]?$',
    '(a|a?)+b',
    '^(([a-z])+.)+[A-Z]([a-z])+$',
    '([a-zA-Z]+)*[0-9]',
    '(x+x+)+y',
    'a*a*a*a*a*a*c',
    '(.*a){12}b',
  ])('%s takes no more than a moment for 64 KB that were made for it', pattern => {
    const one = compiled(pattern)
    for (const text of [
      'a'.repeat(65_536),
      `${'a'.repeat(65_535)}!`,
      'ab'.repeat(32_768),
      'x'.repeat(65_536),
    ])
      expect([true, false]).toContain(one.test(text))
  })
})
