import { expect, test } from 'vitest'
import type { ProxyHeaderContent } from './header.ts'
import { CLIENT, CLIENT6 } from './test-support.ts'
import { proxyHeaderV1 } from './write-v1.ts'

const line = (header: Partial<ProxyHeaderContent>) =>
  proxyHeaderV1({ ...CLIENT, ...header }).toString('latin1')

test.each([
  [{}, 'PROXY TCP4 192.0.2.10 198.51.100.20 56324 443\r\n'],
  [CLIENT6, 'PROXY TCP6 2001:db8::a 2001:db8:0:1::b 56324 443\r\n'],
  [{ sourcePort: 0, destinationPort: 65535 }, 'PROXY TCP4 192.0.2.10 198.51.100.20 0 65535\r\n'],
  [{ ...CLIENT6, sourceAddress: '192.0.2.1' }, 'PROXY TCP6 ::ffff:192.0.2.1 2001:db8:0:1::b 56324 443\r\n'],
  [{ ...CLIENT6, sourceAddress: 'fe80::1%eth0' }, 'PROXY TCP6 fe80::1 2001:db8:0:1::b 56324 443\r\n'],
  [{ command: 'local' }, 'PROXY TCP4 192.0.2.10 198.51.100.20 56324 443\r\n'],
  [{ tlvs: { authority: 'left out' } }, 'PROXY TCP4 192.0.2.10 198.51.100.20 56324 443\r\n'],
  [{ family: 'unknown' }, 'PROXY UNKNOWN\r\n'],
  [{ family: 'udp4' }, 'PROXY UNKNOWN\r\n'],
  [{ family: 'udp6' }, 'PROXY UNKNOWN\r\n'],
  [{ family: 'unix-stream', sourceAddress: '/x' }, 'PROXY UNKNOWN\r\n'],
  [{ family: 'unix-datagram', sourceAddress: '/x' }, 'PROXY UNKNOWN\r\n'],
] as const)('%j is written as %j', (header, text) => {
  expect(line(header)).toBe(text)
})

test('the longest line has 104 bytes', () => {
  const address = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'
  const header = {
    ...CLIENT6,
    sourceAddress: address,
    destinationAddress: address,
    sourcePort: 65535,
    destinationPort: 65535,
  }
  expect(line(header)).toHaveLength(104)
})

test.each([
  ['sourceAddress', { sourceAddress: '::1' }, 'sourceAddress is "::1"; allowed is an IPv4 address'],
  [
    'sourceAddress',
    { sourceAddress: '1.2.3.4\r\n' },
    'sourceAddress is "1.2.3.4\\r\\n"; allowed is an IPv4 address',
  ],
  ['destinationAddress', { destinationAddress: '' }, 'destinationAddress is ""; allowed is an IPv4 address'],
  ['sourceAddress', { sourceAddress: undefined }, 'sourceAddress is undefined; allowed is an IPv4 address'],
  [
    'sourceAddress',
    { family: 'tcp6', sourceAddress: 'app' },
    'sourceAddress is "app"; allowed is an IPv6 or IPv4 address',
  ],
  [
    'sourceAddress',
    { family: 'tcp6', sourceAddress: null },
    'sourceAddress is null; allowed is an IPv6 or IPv4 address',
  ],
  ['sourcePort', { sourcePort: 65536 }, 'sourcePort is 65536; allowed is an integer from 0 to 65535'],
  [
    'destinationPort',
    { destinationPort: -1 },
    'destinationPort is -1; allowed is an integer from 0 to 65535',
  ],
  [
    'destinationPort',
    { destinationPort: '80' },
    'destinationPort is "80"; allowed is an integer from 0 to 65535',
  ],
  ['command', { command: 'PROXY' }, 'command is "PROXY"; allowed is proxy or local'],
  [
    'family',
    { family: 'tcp' },
    'family is "tcp"; allowed is tcp4, udp4, tcp6, udp6, unix-stream, unix-datagram, unknown',
  ],
])('a wrong %s is refused: %j', (field, header, message) => {
  expect(() => line(header as never)).toThrow(
    expect.objectContaining({ name: 'ProxyWriteError', code: 'EVENER_PROXY_UNWRITABLE', field, message }),
  )
})
