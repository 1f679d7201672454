import { isIPv6 } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addressBytes, canonicalAddress, ipv6Groups, readIpv4 } from './address.ts'
import { castBetween } from './cast.ts'
import { clampInteger, integerText, readInteger } from './integer.ts'
import type { Sample, SampleType } from './sample.ts'
import type { AnyType } from './value.ts'

const cast = (value: Sample, from: AnyType, to: SampleType) => {
  const found = castBetween(from, to) as ((value: Sample) => Sample | undefined) | undefined
  return found === undefined ? 'impossible' : found(value)
}

describe('a cast', () => {
  it.each([
    [true, 'bool', ['true', 1, '1', '\0\0\0\0\0\0\0\x01', 'impossible']],
    [false, 'bool', ['false', 0, '0', '\0\0\0\0\0\0\0\0', 'impossible']],
    [16909060, 'int', ['true', 16909060, '16909060', '\0\0\0\0\x01\x02\x03\x04', '1.2.3.4']],
    [-2, 'int', ['true', -2, '-2', '\xff\xff\xff\xff\xff\xff\xff\xfe', '255.255.255.254']],
    [0, 'int', ['false', 0, '0', '\0\0\0\0\0\0\0\0', '0.0.0.0']],
    [2 ** 63, 'int', ['true', 2 ** 63, '9223372036854775807', '\x7f\xff\xff\xff\xff\xff\xff\xff', '0.0.0.0']],
    ['1.2.3.4:80', 'str', ['true', 1, '1.2.3.4:80', '1.2.3.4:80', '1.2.3.4']],
    ['x', 'str', ['false', 0, 'x', 'x', undefined]],
    ['', 'str', [undefined, undefined, '', '', undefined]],
    ['a\0b', 'bin', ['impossible', 'impossible', 'a', 'a\0b', 'impossible']],
    ['ab', 'bin', ['impossible', 'impossible', 'ab', 'ab', 'impossible']],
    ['1.2.3.4', 'addr', ['impossible', 16909060, '1.2.3.4', '\x01\x02\x03\x04', '1.2.3.4']],
    ['::1', 'addr', ['impossible', undefined, '::1', `${'\0'.repeat(15)}\x01`, '::1']],
  ] as const)('of %j from %s', (value, from, expected) => {
    const found = (['bool', 'int', 'str', 'bin', 'addr'] as const).map(to => cast(value, from, to))
    expect([typeof found[0] === 'boolean' ? String(found[0]) : found[0], ...found.slice(1)]).toEqual(expected)
  })

  it('of what shows its type only when it is read goes by what it is', () => {
    expect([cast('7', 'any', 'int'), cast(7, 'any', 'str'), cast(true, 'any', 'int')]).toEqual([7, '7', 1])
    expect(cast(true, 'any', 'addr')).toBeUndefined()
    expect(castBetween('any', 'any')).toBe(castBetween('int', 'int'))
  })
})

describe('whole numbers', () => {
  it.each([
    ['12abc', 12],
    ['+12', 12],
    ['-12', -12],
    ['-', 0],
    ['-0', 0],
    ['9007199254740991', 9007199254740991],
    ['9223372036854775807', 2 ** 63],
    ['99999999999999999999999', 2 ** 63],
    ['-99999999999999999999999', -(2 ** 63)],
  ])('begin %j as %d', (text, number) => {
    expect(readInteger(text)).toBe(number)
  })
  it('are written as they are read', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), number => {
        expect(readInteger(integerText(number))).toBe(number)
      }),
    )
    expect([integerText(2 ** 60), integerText(-(2 ** 63))]).toEqual([
      '1152921504606846976',
      '-9223372036854775808',
    ])
    expect([clampInteger(1e30), clampInteger(-1e30), clampInteger(5)]).toEqual([2 ** 63, -(2 ** 63), 5])
  })
})

describe('addresses', () => {
  it.each([
    ['1:0:0:0:0:0:0:1', '1::1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
    ['FE80::ABCD', 'fe80::abcd'],
    ['::ffff:1.2.3.4', '::ffff:1.2.3.4'],
    ['::102:304', '::1.2.3.4'],
    ['1::1.2.3.4', '1::102:304'],
    ['01.002.3.4', '1.2.3.4'],
  ])('%s are written %s', (text, canonical) => {
    expect(canonicalAddress(text)).toBe(canonical)
  })
  it.each([
    '',
    ':',
    ':::',
    '1:',
    ':1',
    '1::2::3',
    '12345::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '::1%lo',
    'g::',
  ])('%j is none', text => {
    expect(canonicalAddress(text)).toBeUndefined()
    expect(addressBytes(text)).toBeUndefined()
    expect(ipv6Groups(text)).toBeUndefined()
  })
  it.each([
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '1..2.3',
    '1.2.3.',
    '1.2.3.4x',
    '::1.2.3',
    '1:2:3:4:5:6:7:1.2.3.4',
    '1::2:3:4:5:6:7:8',
  ])('%j is none either', text => {
    expect(canonicalAddress(text)).toBeUndefined()
  })
  it('are told from other texts as Node tells them', () => {
    const part = fc.constantFrom('0', '1', 'ffff', '12345', '', ':', '::', '1.2.3.4', 'g')
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 9 }).map(parts => parts.join(':')),
        text => {
          expect(ipv6Groups(text) !== undefined).toBe(isIPv6(text))
        },
      ),
      { numRuns: 2000 },
    )
    fc.assert(
      fc.property(fc.ipV6(), text => {
        const canonical = canonicalAddress(text) as string
        expect(addressBytes(canonical)).toBe(addressBytes(text))
        expect(canonicalAddress(canonical)).toBe(canonical)
      }),
    )
    fc.assert(fc.property(fc.ipV4(), text => void expect(readIpv4(text)).toBeGreaterThanOrEqual(0)))
  })
})
