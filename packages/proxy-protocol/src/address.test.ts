import { isIPv4, isIPv6, SocketAddress } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ipv4FromBytes, ipv4ToBytes, ipv6FromBytes, ipv6ToBytes, plainNumber } from './address.ts'

const through4 = (text: string) => {
  const bytes = new Uint8Array(4)
  return ipv4ToBytes(text, bytes, 0) ? ipv4FromBytes(bytes, 0) : undefined
}
const through6 = (text: string) => {
  const bytes = new Uint8Array(16).fill(0xaa)
  return ipv6ToBytes(text, bytes, 0) ? ipv6FromBytes(bytes, 0) : undefined
}

test.each(['0.0.0.0', '255.255.255.255', '192.0.2.1'])('%s is an IPv4 address', text => {
  expect(through4(text)).toBe(text)
})

test.each([
  '',
  '1.2.3',
  '1.2.3.4.5',
  '01.2.3.4',
  '1.2.3.256',
  '1.2.3.-4',
  '1.2.3.+4',
  '1.2.3. 4',
  '1.2..4',
  '1.2.3.4 ',
  '::1',
  '0x1.2.3.4',
])('%j is no IPv4 address', text => {
  expect(through4(text)).toBeUndefined()
})

test.each([
  ['::', '::'],
  ['::1', '::1'],
  ['1::', '1::'],
  ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['0:0:1:0:0:0:1:0', '0:0:1::1:0'],
  ['0001:0002:0003:0004:0005:0006:0007:0008', '1:2:3:4:5:6:7:8'],
  ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
  ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
  ['::ffff:c000:201', '::ffff:192.0.2.1'],
  ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
  ['1:2:3:4:5:6:192.0.2.1', '1:2:3:4:5:6:c000:201'],
])('%s is the IPv6 address %s', (text, canonical) => {
  expect(through6(text)).toBe(canonical)
})

test.each([
  '',
  ':',
  ':::',
  '1',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7:8::',
  '1::2::3',
  '::1:2:3:4:5:6:7:8',
  '12345::',
  'g::',
  '::1%eth0',
  ' ::1',
  '::1 ',
  '::1.2.3',
  '::01.2.3.4',
  '1.2.3.4::',
  '::1.2.3.4:5',
  '1:2:3:4:5:6:7:1.2.3.4',
  '::-1',
  '1.2.3.4',
  '[::1]',
])('%j is no IPv6 address', text => {
  expect(through6(text)).toBeUndefined()
})

test('what Node takes for an IPv4 address, and nothing else, is one, with the same text', () => {
  const nearly = fc.oneof(
    fc.ipV4(),
    fc.string({ unit: fc.constantFrom('.', '0', '1', '25', '255', '256', ' ') }),
  )
  fc.assert(
    fc.property(nearly, text => {
      expect(through4(text)).toBe(isIPv4(text) ? text : undefined)
    }),
  )
})

test('what Node takes for an IPv6 address, and nothing else, is one, with the text that Node gives it', () => {
  const unit = fc.constantFrom(':', '::', '0', '0:0', '1', 'ab:', 'FFFF:', 'ffff', '1.2.3.4', '.')
  const nearly = fc.oneof(fc.ipV6(), fc.string({ unit, maxLength: 14 }))
  fc.assert(
    fc.property(nearly, text => {
      const expected = isIPv6(text) ? new SocketAddress({ address: text, family: 'ipv6' }).address : undefined
      expect(through6(text)).toBe(expected)
    }),
    { numRuns: 1000 },
  )
})

test.each([
  ['0', 0],
  ['65535', 65535],
  ['65536', -1],
  ['00', -1],
  ['080', -1],
  ['+80', -1],
  ['-1', -1],
  ['8.0', -1],
  ['8e1', -1],
  ['', -1],
  ['123456', -1],
  ['٣', -1],
])('%j as a port is %i', (text, value) => {
  expect(plainNumber(text, 65535)).toBe(value)
})
