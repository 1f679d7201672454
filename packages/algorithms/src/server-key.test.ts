import { describe, expect, it } from 'vitest'
import type { Member } from './balancer.ts'
import { avalanche } from './hash-functions.ts'
import { serverKeys, xxh32 } from './server-key.ts'

const text = (value: string) => new TextEncoder().encode(value)
const at = (host?: string, port?: number): Member => ({
  id: 's',
  weight: 1,
  load: 0,
  saturated: false,
  host,
  port,
})

describe('XXH32', () => {
  it('gives the numbers of the reference implementation', () => {
    expect(xxh32(text(''), 0) >>> 0).toBe(0x02cc5d05)
    expect(xxh32(text('a'), 0) >>> 0).toBe(0x550d7456)
    expect(xxh32(text('abc'), 0) >>> 0).toBe(0x32d153ff)
    expect(xxh32(text('Nobody inspects the spammish repetition'), 0) >>> 0).toBe(0xe2293b2f)
  })

  it('depends on the seed', () => {
    expect(xxh32(text(''), 1)).not.toBe(xxh32(text(''), 0))
    expect(xxh32(text('sixteen bytes it'), 7)).not.toBe(xxh32(text('sixteen bytes it'), 8))
  })
})

describe('the keys of servers', () => {
  it('are their numbers, 4,096 apart', () => {
    expect(serverKeys('id')(at(), 3)).toBe(3 * 4096)
    expect(serverKeys('id', () => 9)(at(), 3)).toBe(9 * 4096)
    expect(serverKeys('id', () => 2 ** 20 + 1)(at(), 3)).toBe(4096)
  })

  it('are their numbers in network order, spread, with id32', () => {
    expect(serverKeys('id32')(at(), 3)).toBe(avalanche(0x03000000))
    expect(serverKeys('id32', () => 0x01020304)(at(), 3)).toBe(avalanche(0x04030201))
  })

  it('are made of their names with guid', () => {
    expect(serverKeys('guid')({ ...at(), id: 'abc' }, 3) >>> 0).toBe(0x32d153ff)
  })

  it('are made of addresses, IPv4 in the order of x86 and IPv6 by XXH32, and of ports where wanted', () => {
    const [byAddress, byBoth] = [serverKeys('addr'), serverKeys('addr-port')]
    expect(byAddress(at('192.0.2.1', 80), 1)).toBe(avalanche(0x010200c0))
    expect(byBoth(at('192.0.2.1', 80), 1)).toBe(avalanche(avalanche(80) + 0x010200c0))
    expect(byBoth(at('192.0.2.1'), 1)).toBe(byBoth(at('192.0.2.1', 0), 2))
    const loopback = Uint8Array.from({ length: 16 }, (_, place) => (place === 15 ? 1 : 0))
    expect(byAddress(at('::1', 80), 1)).toBe(xxh32(loopback, 0))
    expect(byBoth(at('0:0:0:0:0:0:0:1', 80), 1)).toBe(xxh32(loopback, avalanche(80)))
  })

  it('are numbers for servers whose address is not known', () => {
    for (const host of [undefined, '', 'db.example', '1.2.3', 'fe80:::1']) {
      expect(serverKeys('addr-port')(at(host, 80), 5)).toBe(5 * 4096)
    }
    expect(serverKeys('addr', () => 8)(at(), 5)).toBe(8 * 4096)
  })
})
