import { describe, expect, it } from 'vitest'
import { balancerContract } from './contract.ts'
import { hash } from './hash.ts'
import { pool } from './test-members.ts'
import { urlParameter } from './url-parameter.ts'

balancerContract("urlParameter('id')", () => urlParameter('id'))
balancerContract("urlParameter('id', { checkPost: true })", () => urlParameter('id', { checkPost: true }))

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

  describe('with checkPost', () => {
    const bytes = (form: string) => Uint8Array.from(form, character => character.charCodeAt(0))
    const posted = (
      form: string | undefined,
      target = '/',
      method = 'POST',
      checkPost: boolean | number = true,
    ) => {
      const balancer = urlParameter('user', { checkPost })
      balancer.rebuild(many)
      balancer.pick({})
      return balancer.pick({
        uri: target,
        method,
        body: () => (form === undefined ? undefined : bytes(form)),
      })
    }

    it('takes the value out of the form that was posted', () => {
      expect(posted('user=ann')).toBe(byKey.pick('ann'))
      expect(posted('a=b&user=ann&user=bob')).toBe(byKey.pick('ann'))
      expect(posted('a=b&user=%41+b')).toBe(byKey.pick('%41+b'))
      expect(posted('user=')).toBe(byKey.pick(''))
      expect(posted('user=ann\r\nmore')).toBe(byKey.pick('ann'))
    })

    it('takes it out of the query first', () => {
      expect(posted('user=ann', '/?user=bob')).toBe(byKey.pick('bob'))
    })

    it('serves in turn what is no POST, no form, or has no such parameter', () => {
      expect(posted('user=ann', '/', 'PUT')).toBe(many[1])
      for (const form of [
        undefined,
        '',
        'user',
        'xuser=ann',
        'a=b&User=ann',
        'user=a/b',
        'user=\xff',
        '\0\0user=a',
      ]) {
        expect(posted(form), form).toBe(many[1])
      }
    })

    it('looks only so far', () => {
      expect(posted('x=1&user=ann', '/', 'POST', 12)).toBe(byKey.pick('ann'))
      expect(posted('x=1&user=ann', '/', 'POST', 8)).toBe(many[1])
      expect(posted('x=1&user=ann', '/', 'POST', 11)).toBe(byKey.pick('an'))
    })

    it('wants the body only of a POST without the parameter in its query', () => {
      const { bodyWanted } = urlParameter('user', { checkPost: true })
      expect(bodyWanted?.({ uri: '/', method: 'POST' })).toBe(16_384)
      expect(bodyWanted?.({ method: 'POST' })).toBe(16_384)
      expect(bodyWanted?.({ uri: '/?user=', method: 'POST' })).toBe(0)
      expect(bodyWanted?.({ uri: '/', method: 'GET' })).toBe(0)
      expect(urlParameter('user', { checkPost: 100 }).bodyWanted?.({ uri: '/', method: 'POST' })).toBe(100)
      expect(urlParameter('user').bodyWanted).toBeUndefined()
      expect(urlParameter('user', { checkPost: false }).bodyWanted).toBeUndefined()
    })

    it('refuses bounds that cannot be', () => {
      for (const checkPost of [0, -1, 1.5, 2 ** 21, 'yes', null]) {
        expect(() => urlParameter('user', { checkPost } as never), `${checkPost}`).toThrow(
          'urlParameter.checkPost is',
        )
      }
    })
  })

  it('refuses a name that is empty, and unknown options', () => {
    expect(() => urlParameter('')).toThrow('urlParameter.name is "": must be a name of one character or more')
    expect(() => urlParameter(undefined as never)).toThrow('urlParameter.name is undefined')
    expect(() => urlParameter('user', { check_post: true } as never)).toThrow(
      'urlParameter.check_post is unknown',
    )
  })
})
