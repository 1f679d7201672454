import { describe, expect, it } from 'vitest'
import type { RequestInfo } from './balancer.ts'
import { balancerContract } from './contract.ts'
import { hash } from './hash.ts'
import { type HeaderOptions, header } from './header.ts'
import { pool } from './test-members.ts'

balancerContract("header('x-key')", () => header('x-key'))

const many = pool(...Array.from({ length: 97 }, () => 1))
const byKey = hash<string>({ key: key => key })
byKey.rebuild(many)

function keyed(value: string | undefined, options: HeaderOptions<RequestInfo> = {}): unknown {
  const balancer = header('X-Key', options)
  balancer.rebuild(many)
  // What is without a key goes by turns: the second turn is that of the second server.
  balancer.pick({})
  return balancer.pick({ header: name => (name === 'x-key' ? value : undefined) })
}

describe('header', () => {
  it('takes the value as it is', () => {
    expect(keyed('Some Value')).toBe(byKey.pick('Some Value'))
    expect(keyed('\xe9\xff')).toBe(byKey.pick('\xe9\xff'))
  })

  it('takes the first of several values, without the space around it', () => {
    expect(keyed(' a ,b')).toBe(byKey.pick('a'))
    expect(keyed('\ta b\t, c')).toBe(byKey.pick('a b'))
    expect(keyed('"a,\\",b" x,c')).toBe(byKey.pick('"a,\\",b" x'))
    expect(keyed('a\\,b')).toBe(byKey.pick('a\\'))
    expect(keyed('"open, end')).toBe(byKey.pick('"open, end'))
  })

  it('serves in turn what has no such header, or an empty one', () => {
    for (const value of [undefined, '', '  ', ',a', ' ,']) expect(keyed(value), value).toBe(many[1])
  })

  it('takes the domain only when asked to', () => {
    const domains: [string, string][] = [
      ['haproxy.1wt.eu', '1wt'],
      ['www.a.example.com', 'example'],
      ['example.com', 'example'],
      ['localhost', 'localhost'],
      ['.localhost', '.localhost'],
      ['a.b, c.d.e', 'a'],
      ['.a.b', 'a'],
      ['example.com:8080', 'example'],
      ['example.', 'example'],
      ['a..b', '.'],
      ['..', '.'],
    ]
    for (const [value, key] of domains) {
      expect(keyed(value, { useDomainOnly: true }), value).toBe(byKey.pick(key))
    }
  })

  it('refuses a name that is none, and unknown options', () => {
    expect(() => header('')).toThrow('header.name is "": must be a header name')
    expect(() => header('a b')).toThrow('header.name is "a b"')
    expect(() => header(5 as never)).toThrow('header.name is 5')
    expect(() => header('host', { useDomainOnly: 1 as never })).toThrow('header.useDomainOnly is 1')
    expect(() => header('host', { domain: true } as never)).toThrow('header.domain is unknown')
  })
})
