import { describe, expect, test } from 'vitest'
import type { ProxyHeader } from './header.ts'
import { CLIENT, CLIENT6, readWhole, tlv, V4_ADDRESSES, v2, withTlvs } from './test-support.ts'

const V6_ADDRESSES = Buffer.from(
  '20010db800000000000000000000000a20010db800000001000000000000000bdc0401bb',
  'hex',
)
const path = (text: string) => Buffer.from(text.padEnd(108, '\0'), 'latin1')

describe('addresses', () => {
  test.each([
    ['TCP over IPv4', 0x11, V4_ADDRESSES, CLIENT],
    ['UDP over IPv4', 0x12, V4_ADDRESSES, { ...CLIENT, family: 'udp4' }],
    ['TCP over IPv6', 0x21, V6_ADDRESSES, CLIENT6],
    ['UDP over IPv6', 0x22, V6_ADDRESSES, { ...CLIENT6, family: 'udp6' }],
  ])('%s', (_, family, addresses, header) => {
    expect(readWhole(v2(0x21, family, addresses))).toStrictEqual(header)
  })

  test.each([
    [0x31, 'unix-stream'],
    [0x32, 'unix-datagram'],
  ])('unix sockets by their paths (%i)', (byte, family) => {
    const addresses = Buffer.concat([path('/run/client.sock'), path('/run/app.sock\0left over')])
    expect(readWhole(v2(0x21, byte, addresses))).toStrictEqual({
      ...CLIENT,
      family,
      sourceAddress: '/run/client.sock',
      sourcePort: 0,
      destinationAddress: '/run/app.sock',
      destinationPort: 0,
    })
  })

  test('a unix socket without a name, one in the abstract namespace, and a path that fills its room', () => {
    const read = (source: string) =>
      (readWhole(v2(0x21, 0x31, Buffer.concat([path(source), path('/x')]))) as ProxyHeader).sourceAddress
    expect(read('')).toBe('')
    expect(read('\0app')).toBe('@app')
    expect(read('/'.repeat(108))).toBe('/'.repeat(108))
    expect(read(`\0${'x'.repeat(107)}`)).toBe(`@${'x'.repeat(107)}`)
    expect(read('/run/caf\xc3\xa9')).toBe('/run/café')
  })

  test.each([
    ['a line break', '/run\n', '/x', 16],
    ['no UTF-8', '/run/caf\xe9', '/x', 16],
    ['a control character in an abstract name', '\0a\x01', '/x', 16],
    ['a bad destination', '/run', '\x7f', 124],
  ])('a unix path with %s is refused', (_, source, destination, offset) => {
    expect(readWhole(v2(0x21, 0x31, Buffer.concat([path(source), path(destination)])))).toMatchObject({
      code: 'EVENER_PROXY_V2_PATH',
      offset,
    })
  })
})

describe('what is skipped', () => {
  const nothing = {
    ...CLIENT,
    family: 'unknown',
    sourceAddress: '',
    sourcePort: 0,
    destinationAddress: '',
    destinationPort: 0,
  }
  const junk = Buffer.alloc(50, 0xff)

  test.each([0x00, 0x11, 0x31, 0xff])('after LOCAL everything, whatever the family (%i)', family => {
    expect(readWhole(v2(0x20, family, junk))).toStrictEqual({ ...nothing, command: 'local' })
    expect(readWhole(v2(0x20, family, Buffer.alloc(0)))).toStrictEqual({ ...nothing, command: 'local' })
  })

  test.each([0x00, 0x01, 0x02, 0x10, 0x20, 0x30])(
    'what follows an unspecified family or transport (%i)',
    family => {
      expect(readWhole(v2(0x21, family, junk))).toStrictEqual(nothing)
      expect(readWhole(v2(0x21, family, Buffer.alloc(0)))).toStrictEqual(nothing)
    },
  )
})

describe('refused', () => {
  const none = Buffer.alloc(0)
  test.each([
    ['version 1 in the place of version 2', v2(0x11, 0x11, V4_ADDRESSES), 'VERSION', 12],
    ['version 3', v2(0x31, 0x11, V4_ADDRESSES), 'VERSION', 12],
    ['command 2', v2(0x22, 0x11, V4_ADDRESSES), 'COMMAND', 12],
    ['command 15', v2(0x2f, 0x11, V4_ADDRESSES), 'COMMAND', 12],
    ['family 4', v2(0x21, 0x41, V4_ADDRESSES), 'FAMILY', 13],
    ['transport 3', v2(0x21, 0x13, V4_ADDRESSES), 'TRANSPORT', 13],
    ['IPv4 addresses of 11 bytes', v2(0x21, 0x11, V4_ADDRESSES.subarray(1)), 'TOO_SHORT', 14],
    ['IPv4 addresses of no bytes', v2(0x21, 0x12, none), 'TOO_SHORT', 14],
    ['IPv6 addresses of 35 bytes', v2(0x21, 0x21, Buffer.alloc(35)), 'TOO_SHORT', 14],
    ['unix addresses of 215 bytes', v2(0x21, 0x31, Buffer.alloc(215)), 'TOO_SHORT', 14],
    ['4097 bytes', v2(0x21, 0x11, none, 4081), 'TOO_LONG', 14],
    ['4097 bytes of LOCAL', v2(0x20, 0x00, none, 4081), 'TOO_LONG', 14],
  ])('%s', (_, bytes, code, offset) => {
    expect(readWhole(bytes)).toMatchObject({ code: `EVENER_PROXY_V2_${code}`, offset })
  })
})

test('4096 bytes are read by default, and up to 65,551 where it is allowed', () => {
  const padded = (length: number) => withTlvs(tlv(4, Buffer.alloc(length - 31)))
  expect(readWhole(padded(4096))).toStrictEqual(CLIENT)
  expect(readWhole(padded(65_551), { maxBytes: 65_551 })).toStrictEqual(CLIENT)
  expect(readWhole(padded(233), { maxBytes: 232 })).toMatchObject({ code: 'EVENER_PROXY_V2_TOO_LONG' })
})
