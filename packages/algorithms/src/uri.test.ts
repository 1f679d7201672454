import { describe, expect, it } from 'vitest'
import type { RequestInfo } from './balancer.ts'
import { balancerContract } from './contract.ts'
import { hash } from './hash.ts'
import { pool } from './test-members.ts'
import { type UriOptions, uri } from './uri.ts'

balancerContract('uri()', () => uri())
balancerContract("uri({ type: 'consistent' })", () => uri({ type: 'consistent' }))

const many = pool(...Array.from({ length: 97 }, () => 1))
const byKey = hash<string>({ key: key => key })
byKey.rebuild(many)

/** Which part of a target is the key: where the target goes, its key goes. */
function expectKey(options: UriOptions<RequestInfo>, target: string, key: string): void {
  const balancer = uri(options)
  balancer.rebuild(many)
  expect(balancer.pick({ uri: target }), target).toBe(byKey.pick(key))
}

describe('uri', () => {
  it('takes what is before the question mark', () => {
    expectKey({}, '/a/b?c=d', '/a/b')
    expectKey({}, '/a/b', '/a/b')
    expectKey({}, '?', '')
  })

  it('takes the query too when asked for the whole', () => {
    expectKey({ whole: true }, '/a/b?c=d', '/a/b?c=d')
  })

  it('takes so many bytes', () => {
    expectKey({ length: 3 }, '/abc/d', '/ab')
    expectKey({ length: 30 }, '/abc?x', '/abc')
    expectKey({ length: 6, whole: true }, '/abc?xyz', '/abc?x')
  })

  it('takes so many directories', () => {
    expectKey({ depth: 1 }, '/a/b/c', '/a')
    expectKey({ depth: 2 }, '/a/b/c', '/a/b')
    expectKey({ depth: 2 }, '/a//c', '/a/')
    expectKey({ depth: 9 }, '/a/b/c', '/a/b/c')
    expectKey({ depth: 2, length: 2 }, '/abc/d/e', '/a')
  })

  it('leaves out scheme and host when asked for the path only', () => {
    expectKey({}, 'http://example.com/a?b', 'http://example.com/a')
    expectKey({ pathOnly: true }, 'http://example.com/a?b', '/a')
    expectKey({ pathOnly: true, length: 2 }, 'http://example.com/abc', '/a')
    expectKey({ pathOnly: true }, '/a', '/a')
    expectKey({ pathOnly: true }, 'http://example.com', '')
    expectKey({ pathOnly: true }, '*', '')
  })

  it('serves a request without a target in turn', () => {
    const balancer = uri()
    balancer.rebuild(pool(1, 1))
    expect([balancer.pick({})?.id, balancer.pick({})?.id, balancer.pick({})?.id].join('')).toBe('aba')
  })

  it('refuses options that cannot be', () => {
    expect(() => uri({ length: 0 })).toThrow('uri.length is 0: must be an integer from 1 to 65536')
    expect(() => uri({ depth: -1 })).toThrow('uri.depth is -1')
    expect(() => uri({ whole: 'yes' as never })).toThrow('uri.whole is "yes": must be true or false')
    expect(() => uri({ len: 5 } as never)).toThrow('uri.len is unknown')
  })
})
