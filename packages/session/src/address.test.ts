import { isIPv4 as isIPv4OfNode } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalAddress, isIPv4 } from './address.ts'

describe('an address', () => {
  test.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:c000:207', '192.0.2.7'],
    ['0:0:0:0:0:ffff:192.0.2.7', '192.0.2.7'],
    ['::', '0:0:0:0:0:0:0:0'],
    ['::1', '0:0:0:0:0:0:0:1'],
    ['2001:DB8::00ff', '2001:db8:0:0:0:0:0:ff'],
    ['2001:db8:0:0:0:0:0:ff', '2001:db8:0:0:0:0:0:ff'],
    ['2001:db8::', '2001:db8:0:0:0:0:0:0'],
    ['64:ff9b::192.0.2.7', '64:ff9b:0:0:0:0:c000:207'],
    ['fe80::1%eth0', 'fe80:0:0:0:0:0:0:1'],
    ['1::ffff:192.0.2.7', '1:0:0:0:0:ffff:c000:207'],
  ])('%s is %s', (text, canonical) => {
    expect(canonicalAddress(text)).toBe(canonical)
  })

  test.each([
    '',
    'localhost',
    '192.0.2.256',
    '192.0.2',
    '010.0.0.1',
    '1::2::3',
    '[::1]',
    '::1 ',
    '/tmp/x.sock',
  ])('%j is none', text => {
    expect(canonicalAddress(text)).toBeUndefined()
  })

  test('is the same however it is written', () => {
    fc.assert(
      fc.property(fc.ipV6(), text => {
        const once = canonicalAddress(text)!
        expect(canonicalAddress(once)).toBe(once)
        expect(canonicalAddress(text.toUpperCase())).toBe(once)
        expect(once.split(/[:.]/)).toHaveLength(once.includes(':') ? 8 : 4)
        // The URL parser of the platform as a second opinion.
        const same = new URL(`http://[${text}]`).hostname.slice(1, -1)
        expect(canonicalAddress(same)).toBe(once)
      }),
    )
  })

  test('is one of IPv4 exactly where Node says so', () => {
    const part = fc.oneof(fc.integer({ min: 0, max: 300 }).map(String), fc.string({ maxLength: 3 }))
    const almost = fc.array(part, { minLength: 3, maxLength: 5 }).map(parts => parts.join('.'))
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), almost, fc.string({ unit: fc.constantFrom('0', '2', '.') })), text => {
        expect(isIPv4(text)).toBe(isIPv4OfNode(text))
      }),
      { numRuns: 1_000 },
    )
  })
})
