import { describe, expect, test } from 'vitest'
import { networks, plainAddress } from './networks.ts'

describe('a set of networks', () => {
  const set = networks('trust', ['10.0.0.0/8', '192.0.2.7', '2001:db8::/32', '::1'])

  test.each(['10.1.2.3', '192.0.2.7', '2001:db8::5', '::1', '::ffff:10.0.0.1'])('has %s', address => {
    expect(set(address)).toBe(true)
  })

  test.each(['11.0.0.1', '192.0.2.8', '2001:db9::', '::2', '::ffff:11.0.0.1', '', 'a.test', '10.0.0'])(
    'has not %j',
    address => {
      expect(set(address)).toBe(false)
    },
  )

  test('without entries has nothing', () => {
    expect(networks('trust', undefined)('10.0.0.1')).toBe(false)
    expect(networks('trust', [])('10.0.0.1')).toBe(false)
  })

  test('may be everything', () => {
    expect(networks('trust', ['0.0.0.0/0'])('203.0.113.9')).toBe(true)
    expect(networks('trust', ['::/0'])('2001:db8::')).toBe(true)
  })

  test.each([
    '',
    'a.test',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '::/129',
    '10.0.0/8',
    7,
    null,
  ])('does not take %j for one', entry => {
    expect(() => networks('trust', ['10.0.0.0/8', entry as string])).toThrow(
      expect.objectContaining({
        code: 'EVENER_INVALID_OPTION',
        message: expect.stringMatching(/^trust\[1\]: .*an IPv4 or IPv6 address or network/),
      }),
    )
  })

  test('has to be an array', () => {
    expect(() => networks('trust', '10.0.0.0/8' as never)).toThrow('trust: "10.0.0.0/8" is not allowed')
  })
})

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::ffff:0:1', '::ffff:0:1'],
  ['fe80::1%eth0', 'fe80::1'],
  ['', ''],
])('the plain form of %j is %j', (address, plain) => {
  expect(plainAddress(address)).toBe(plain)
})
