import { describe, expect, it } from 'vitest'
import { balancerContract } from './contract.ts'
import { hash } from './hash.ts'
import { pool } from './test-members.ts'
import { urlParameter } from './url-parameter.ts'

balancerContract("urlParameter('id')", () => urlParameter('id'))

const many = pool(...Array.from({ length: 97 }, () => 1))
const byKey = hash<string>({ key: key => key })
byKey.rebuild(many)

function keyed(target: string | undefined): unknown {
  const balancer = urlParameter('user')
  balancer.rebuild(many)
  // What is without a key goes by turns: the second turn is that of the second server.
  balancer.pick({})
  return balancer.pick({ uri: target })
}

describe('urlParameter', () => {
  it('takes the value of the first parameter of that name', () => {
    expect(keyed('/?user=ann')).toBe(byKey.pick('ann'))
    expect(keyed('/a?b=c&user=ann&user=bob')).toBe(byKey.pick('ann'))
    expect(keyed('/?user=%41&x')).toBe(byKey.pick('%41'))
    expect(keyed('/?user=a=b?c&x')).toBe(byKey.pick('a=b?c'))
  })

  it('takes an empty value for a key', () => {
    expect(keyed('/?user=')).toBe(byKey.pick(''))
    expect(keyed('/?user=&x=y')).toBe(byKey.pick(''))
  })

  it('serves in turn what has no such parameter', () => {
    for (const target of [
      undefined,
      '/',
      '/user=ann',
      '/?',
      '/?user',
      '/?User=ann',
      '/?xuser=ann',
      '/?a=b&user',
      '/?&',
    ]) {
      expect(keyed(target), target).toBe(many[1])
    }
  })

  it('looks for the parameter even where there is only one server, so that turns go on as in HAProxy', () => {
    const balancer = urlParameter('user')
    const [a, b, c] = pool(1, 1, 1)
    balancer.rebuild([a, b, c] as never)
    expect(balancer.pick({})).toBe(a)
    balancer.rebuild([b] as never)
    expect(balancer.pick({})).toBe(b)
    balancer.rebuild([a, b, c] as never)
    expect(balancer.pick({})).toBe(b)
  })

  it('refuses a name that is empty, and unknown options', () => {
    expect(() => urlParameter('')).toThrow('urlParameter.name is "": must be a name of one character or more')
    expect(() => urlParameter(undefined as never)).toThrow('urlParameter.name is undefined')
    expect(() => urlParameter('user', { check_post: true } as never)).toThrow(
      'urlParameter.check_post is unknown',
    )
  })
})
