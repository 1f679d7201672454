import { BlockList } from 'node:net'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AddressIndex } from './address-index.ts'

function index(...patterns: string[]) {
  const made = new AddressIndex()
  const entries = patterns.map((pattern, id) => ({ id, pattern, value: undefined }))
  for (const entry of entries) made.add(entry)
  return { find: (address: string) => made.find(address)?.pattern, made, entries }
}

describe('networks', () => {
  it('are found by the addresses in them, the longest first', () => {
    const { find } = index(
      '10.0.0.0/8',
      '10.1.0.0/16',
      '10.1.2.3',
      '0.0.0.0/0',
      '2001:db8::/32',
      '2001:db8:1::/48',
    )
    expect(['10.9.9.9', '10.1.9.9', '10.1.2.3', '192.0.2.1'].map(find)).toEqual([
      '10.0.0.0/8',
      '10.1.0.0/16',
      '10.1.2.3',
      '0.0.0.0/0',
    ])
    expect(['2001:db8:2::1', '2001:db8:1::1', '2001:db9::1', 'nowhere'].map(find)).toEqual([
      '2001:db8::/32',
      '2001:db8:1::/48',
      undefined,
      undefined,
    ])
  })

  it('of one family have addresses of the other that stand for theirs', () => {
    const v4 = index('192.0.2.0/24')
    expect(['::ffff:192.0.2.1', '::192.0.2.1', '2002:c000:201::', '::1'].map(v4.find)).toEqual([
      '192.0.2.0/24',
      '192.0.2.0/24',
      '192.0.2.0/24',
      undefined,
    ])
    const v6 = index('::ffff:192.0.2.0/120')
    expect(['192.0.2.9', '192.0.3.9'].map(v6.find)).toEqual(['::ffff:192.0.2.0/120', undefined])
  })

  it('may be written shorter, or with a mask of four parts', () => {
    const { find } = index('127.1', '10.12/8', '192.168.1', '172.16.0.0/255.240.0.0')
    expect(['127.0.0.1', '10.200.0.1', '192.168.0.1', '172.31.0.1'].map(find)).toEqual([
      '127.1',
      '10.12/8',
      '192.168.1',
      '172.16.0.0/255.240.0.0',
    ])
  })

  it('are gone once they are taken out', () => {
    const { find, made, entries } = index('10.0.0.0/8', '10.0.0.0/8', '2001:db8::/32')
    made.remove(entries[0]!)
    expect(find('10.0.0.1')).toBe('10.0.0.0/8')
    made.remove(entries[1]!)
    made.remove(entries[2]!)
    expect(['10.0.0.1', '2001:db8::1'].map(find)).toEqual([undefined, undefined])
  })

  it.each(['10', '10.0.0.0/33', '::/129', '10.0.0.0/255.0.255.0', 'a/b/c', '1.2.3.4.5', '::1/x'])(
    '%s is refused',
    pattern => {
      expect(() => index(pattern)).toThrow('ip pattern')
    },
  )

  it('agree with Node’s lists of networks', () => {
    const v4 = fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 }))
    fc.assert(
      fc.property(fc.array(v4, { maxLength: 5 }), fc.ipV4(), (networks, address) => {
        const list = new BlockList()
        for (const [net, length] of networks) list.addSubnet(net, length, 'ipv4')
        const { find } = index(...networks.map(([net, length]) => `${net}/${length}`))
        expect(find(address) !== undefined).toBe(list.check(address, 'ipv4'))
      }),
    )
  })
})
