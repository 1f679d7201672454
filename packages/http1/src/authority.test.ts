import { isIPv6 as nodeIsIPv6 } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hostEnd, isIPv6, sameAuthority } from './authority.ts'

const valid = (text: string) => hostEnd(text, 0, text.length) >= 0

test.each([
  'a',
  'example.com',
  'a:80',
  'a:',
  'a_b-c.d~',
  '127.0.0.1:65535',
  '[::1]',
  '[2001:db8::1]:443',
  '%41b',
  "!$&'()*+;=",
])('%s is host[:port]', text => expect(valid(text)).toBe(true))

test.each([
  '',
  ':80',
  'a b',
  'a,b',
  'u@a',
  'a/b',
  'a:65536',
  'a:8x',
  'a:80:80',
  '[::1',
  '::1',
  '[::1]x',
  '[]',
  '[fe80::1%25eth0]',
  '[v1.x]',
  '%4',
  '%zz',
  'a?',
  '\x80',
])('%j is not host[:port]', text => expect(valid(text)).toBe(false))

test('the host ends where its port begins, within a longer text', () => {
  expect(hostEnd('http://a.b:80/x', 7, 13)).toBe(10)
  expect(hostEnd('xx[::1', 2, 4)).toBe(-1)
  expect(hostEnd('[::1]', 0, 3)).toBe(-1)
})

describe('an IPv6 address', () => {
  test.each([
    '::',
    '::1',
    '1::',
    '1:2:3:4:5:6:7:8',
    '1::8',
    '::ffff:1.2.3.4',
    '1:2:3:4:5:6:1.2.3.4',
    '1:2:3:4:5:6:7::',
  ])('%s', text => expect(isIPv6(text)).toBe(true))
  test.each([
    '',
    ':',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    '12345::',
    'g::',
    '::1.2.3',
    '::1.2.3.256',
    '::01.2.3.4',
    '1.2.3.4::',
    '1:2:3:4:5:6:7::8',
    '1:',
    '::1:',
  ])('but not %j', text => expect(isIPv6(text)).toBe(false))

  test('is what Node takes for one', () => {
    const part = fc.oneof(
      fc.constantFrom('', '0', 'ab', '12345', 'g', '1.2.3.4', '1.2.3.999'),
      fc.nat(9).map(String),
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 10 }), parts => {
        const text = parts.join(':')
        expect(isIPv6(text)).toBe(nodeIsIPv6(text))
      }),
      { seed: 1, numRuns: 3000 },
    )
  })
})

test.each([
  ['a', 'A', 80, true],
  ['a:80', 'a', 80, true],
  ['a', 'a:80', 80, true],
  ['a:', 'a:80', 80, true],
  ['a:443', 'a', 80, false],
  ['a', 'b', 80, false],
  ['a:443', 'a', 0, true],
  ['a', 'a:443', 0, true],
  ['a:443', 'a:444', 0, false],
  ['[::1]:80', '[::1]', 80, true],
])('%s and %s, the port being %i when missing: same %s', (one, other, port, same) => {
  expect(sameAuthority(one, other, port)).toBe(same)
})
