import { isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { balancerContract } from './contract.ts'
import { addressNumber, source } from './source.ts'
import { pool } from './test-members.ts'

balancerContract('source()', () => source())
balancerContract("source({ type: 'consistent' })", () => source({ type: 'consistent' }))

describe('the number of an address', () => {
  it('is the four bytes of IPv4', () => {
    expect(addressNumber('192.0.2.1')).toBe(0xc0000201)
    expect(addressNumber('0.0.0.0')).toBe(0)
    expect(addressNumber('255.255.255.255')).toBe(0xffffffff)
  })

  it('is the four words of IPv6 together', () => {
    expect(addressNumber('2001:db8::1')).toBe((0x20010db8 ^ 1) >>> 0)
    expect(addressNumber('::')).toBe(0)
    expect(addressNumber('1:2:3:4:5:6:7:8')).toBe((0x00010002 ^ 0x00030004 ^ 0x00050006 ^ 0x00070008) >>> 0)
    expect(addressNumber('FE80::1%eth0')).toBe((0xfe800000 ^ 1) >>> 0)
    expect(addressNumber('64:ff9b::192.0.2.33')).toBe((0x0064ff9b ^ 0xc0000221) >>> 0)
  })

  it('is that of the IPv4 address in IPv6 form', () => {
    expect(addressNumber('::ffff:192.0.2.1')).toBe(0xc0000201)
    expect(addressNumber('::ffff:c000:201')).toBe(0xc0000201)
    expect(addressNumber('::fffe:192.0.2.1')).toBe((0xfffe ^ 0xc0000201) >>> 0)
    expect(addressNumber('1::ffff:192.0.2.1')).toBe((0x00010000 ^ 0xffff ^ 0xc0000201) >>> 0)
  })

  it('is of any IPv6 address what a plain reading of its groups gives, however it is written', () => {
    const group = fc.oneof(fc.constant(0), fc.nat(0xffff))
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), groups => {
        fc.pre(!(groups.slice(0, 5).every(value => value === 0) && groups[5] === 0xffff))
        let expected = 0
        for (let word = 0; word < 4; word++) {
          expected ^= ((groups[2 * word] as number) << 16) | (groups[2 * word + 1] as number)
        }
        const long = groups.map(value => value.toString(16)).join(':')
        const short = new URL(`http://[${long}]/`).hostname.slice(1, -1)
        expect(addressNumber(long)).toBe(expected >>> 0)
        expect(addressNumber(short)).toBe(expected >>> 0)
      }),
    )
  })

  it('exists for what Node takes for an address, and for nothing else', () => {
    const piece = fc.constantFrom(
      '1',
      '0',
      '::',
      ':',
      '.',
      'ff',
      '255',
      '256',
      '01',
      '12345',
      'g',
      '1.2.3.4',
      '%0',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), pieces => {
        const text = pieces.join('')
        // Node takes a lone "::" for nothing less than one group, and wants something after a percent sign.
        fc.pre(!text.includes('%'))
        expect([text, Number.isNaN(addressNumber(text))]).toEqual([text, isIP(text) === 0])
      }),
      { numRuns: 5000 },
    )
  })
})

describe('source', () => {
  it('serves a request without a readable address in turn', () => {
    const balancer = source()
    balancer.rebuild(pool(1, 1))
    const ids = [{}, { sourceAddress: 'unix:' }, {}, { sourceAddress: '' }].map(
      request => balancer.pick(request)?.id,
    )
    expect(ids.join('')).toBe('abab')
  })

  it('sends an address where HAProxy sends it: by its number over the table', () => {
    const balancer = source()
    balancer.rebuild(pool(1, 1, 1))
    for (const last of [0, 1, 2, 3, 4]) {
      const expected = 'abc'[(0xc0000200 + last) % 3]
      expect(balancer.pick({ sourceAddress: `192.0.2.${last}` })?.id).toBe(expected)
      expect(balancer.pick({ sourceAddress: `::ffff:192.0.2.${last}` })?.id).toBe(expected)
    }
  })

  it('refuses what it does not know', () => {
    expect(() => source({ kind: 'consistent' } as never)).toThrow('source.kind is unknown')
  })
})
