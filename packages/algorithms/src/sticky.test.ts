import { describe, expect, it } from 'vitest'
import { balancerContract } from './contract.ts'
import { sticky } from './sticky.ts'
import { pool, sequence, type TestMember } from './test-members.ts'

balancerContract('sticky()', () => sticky())

describe('sticky', () => {
  it('keeps to the first, whatever the weights', () => {
    const balancer = sticky()
    balancer.rebuild(pool(1, 256, 3))
    expect(sequence(balancer, 5)).toBe('aaaaa')
  })

  it('takes the next when it goes, and stays there when it returns', () => {
    const members = pool(1, 1, 1)
    const [a, b, c] = members as [TestMember, TestMember, TestMember]
    const balancer = sticky()
    balancer.rebuild(members)
    balancer.rebuild([b, c])
    expect(balancer.pick({})).toBe(b)
    balancer.rebuild(members)
    expect(balancer.pick({})).toBe(b)
    // Whenever one is to be chosen it is the first in order, as HAProxy's source has it.
    balancer.rebuild([a, c])
    expect(balancer.pick({})).toBe(a)
  })

  it('leaves a server whose weight has become 0', () => {
    const members = pool(1, 1)
    const balancer = sticky()
    balancer.rebuild(members)
    ;(members[0] as TestMember).weight = 0
    balancer.rebuild(members)
    expect(sequence(balancer, 2)).toBe('bb')
  })

  it('waits for it at its limit, and goes on to the next for a request that tried it', () => {
    const members = pool(1, 1, 1)
    const [a, b, c] = members as [TestMember, TestMember, TestMember]
    const balancer = sticky()
    balancer.rebuild(members)
    a.saturated = true
    expect(balancer.keyed).toBe(true)
    expect(balancer.pick({})).toBe(a)
    expect(balancer.pick({}, new Set([a]))).toBe(b)
    expect(balancer.pick({}, new Set([a, b]))).toBe(c)
    expect(balancer.pick({}, new Set(members))).toBe(a)
    expect(balancer.pick({})).toBe(a)
  })
})
