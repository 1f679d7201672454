import { expect, test } from 'vitest'
import { readWhole } from './test-support.ts'

const line = (text: string) => readWhole(Buffer.from(text, 'latin1'))

test('a TCP4 line gives addresses and ports', () => {
  expect(line('PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\nGET / HTTP/1.1\r\n')).toStrictEqual({
    version: 1,
    command: 'proxy',
    family: 'tcp4',
    sourceAddress: '192.168.0.1',
    sourcePort: 56324,
    destinationAddress: '192.168.0.11',
    destinationPort: 443,
    tlvs: {},
  })
})

test('a TCP6 line gives addresses in their canonical text', () => {
  expect(line('PROXY TCP6 2001:0DB8:0:0::1 ::ffff:192.0.2.1 0 65535\r\n')).toMatchObject({
    family: 'tcp6',
    sourceAddress: '2001:db8::1',
    sourcePort: 0,
    destinationAddress: '::ffff:192.0.2.1',
    destinationPort: 65535,
  })
})

test.each([
  'PROXY UNKNOWN\r\n',
  'PROXY UNKNOWN \r\n',
  'PROXY UNKNOWN what ever 1 2 3 \x00\xff\r\n',
  'PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n',
])('%j says nothing of addresses', text => {
  expect(line(text)).toStrictEqual({
    version: 1,
    command: 'proxy',
    family: 'unknown',
    sourceAddress: '',
    sourcePort: 0,
    destinationAddress: '',
    destinationPort: 0,
    tlvs: {},
  })
})

test('a line of 107 bytes is read and one of 108 is not', () => {
  const longest = `PROXY UNKNOWN ${'x'.repeat(91)}\r\n`
  expect(longest).toHaveLength(107)
  expect(line(longest)).toMatchObject({ family: 'unknown' })
  expect(line(longest.replace('x', 'xx'))).toMatchObject({ code: 'EVENER_PROXY_V1_TOO_LONG', offset: 107 })
})

test.each([
  ['PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n', 'LINE_END', 30],
  ['PROXY TCP4 1.2.3.4 5.6.7.8 1 2\rx', 'LINE_END', 30],
  ['PROXY UNKNOWN a\nb\r\n', 'LINE_END', 15],
  ['PROXY UNKNOWN a\r\r\n', 'LINE_END', 15],
  ['PROXY \r\n', 'PROTOCOL', 6],
  ['PROXY UNKNOWNX\r\n', 'PROTOCOL', 6],
  ['PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n', 'PROTOCOL', 6],
  ['PROXY tcp4 1.2.3.4 5.6.7.8 1 2\r\n', 'PROTOCOL', 6],
  ['PROXY  TCP4 1.2.3.4 5.6.7.8 1 2\r\n', 'PROTOCOL', 6],
  ['PROXY TCP4\r\n', 'FIELDS', 10],
  ['PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n', 'FIELDS', 28],
  ['PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n', 'FIELDS', 31],
  ['PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n', 'FIELDS', 31],
  ['PROXY TCP4 1.2.3.4  5.6.7.8 1 2\r\n', 'FIELDS', 19],
  ['PROXY TCP4 01.2.3.4 5.6.7.8 1 2\r\n', 'ADDRESS', 11],
  ['PROXY TCP4 ::1 5.6.7.8 1 2\r\n', 'ADDRESS', 11],
  ['PROXY TCP4 1.2.3.4 5.6.7 1 2\r\n', 'ADDRESS', 19],
  ['PROXY TCP4 1.2.3.4\t5.6.7.8 1 2 3\r\n', 'ADDRESS', 11],
  ['PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n', 'ADDRESS', 11],
  ['PROXY TCP6 ::1 1.2.3.4 1 2\r\n', 'ADDRESS', 15],
  ['PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n', 'PORT', 27],
  ['PROXY TCP4 1.2.3.4 5.6.7.8 +1 2\r\n', 'PORT', 27],
  ['PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n', 'PORT', 29],
  ['PROXY TCP4 1.2.3.4 5.6.7.8 1 -2\r\n', 'PORT', 29],
])('%j is refused', (text, code, offset) => {
  expect(line(text)).toMatchObject({ code: `EVENER_PROXY_V1_${code}`, offset })
})

test('a CR as the last of 107 bytes ends nothing', () => {
  const text = `PROXY UNKNOWN ${'x'.repeat(92)}\r\n`
  expect(line(text)).toMatchObject({ code: 'EVENER_PROXY_V1_TOO_LONG', offset: 107 })
  expect(line(text.slice(0, 107))).toMatchObject({ code: 'EVENER_PROXY_V1_TOO_LONG', offset: 107 })
  expect(line(text.slice(0, 106))).toBeUndefined()
})
