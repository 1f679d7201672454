import { describe, expect, it } from 'vitest'
import { balancerContract } from './contract.ts'
import { staticRoundRobin } from './static-round-robin.ts'
import { counts, pool, sequence, type TestMember } from './test-members.ts'

balancerContract('staticRoundRobin()', () => staticRoundRobin())

const started = (members: readonly TestMember[]) => {
  const balancer = staticRoundRobin()
  balancer.rebuild(members)
  return balancer
}

describe('static round robin', () => {
  it('takes equal servers in turn, whatever their weight', () => {
    expect(sequence(started(pool(100, 100, 100)), 7)).toBe('abcabca')
  })

  it('begins with the first of the configuration, whatever the weights', () => {
    expect(sequence(started(pool(3, 2, 1)), 12)).toBe('aababcaababc')
    expect(sequence(started(pool(1, 2, 3)), 6)).toBe('acbcbc')
  })

  it('goes on where it was when a server leaves and returns', () => {
    const members = pool(1, 1, 1, 1)
    const balancer = started(members)
    expect(sequence(balancer, 2)).toBe('ab')
    balancer.rebuild(members.slice(1))
    expect(sequence(balancer, 2)).toBe('db')
    balancer.rebuild(members)
    expect(sequence(balancer, 4)).toBe('bcda')
  })

  it('takes the whole weight of a server that starts slowly, in whole steps', () => {
    expect(counts(sequence(started(pool(1, 0.0625)), 10))).toEqual({ a: 5, b: 5 })
    expect(counts(sequence(started(pool(4, 1.5)), 6))).toEqual({ a: 4, b: 2 })
  })

  it('passes over those tried and saturated, and prefers one that was tried to those', () => {
    const members = pool(1, 1, 1)
    const [a, b, c] = members as [TestMember, TestMember, TestMember]
    const balancer = started(members)
    expect(sequence(balancer, 4, new Set([a]))).toBe('bcbc')
    b.saturated = true
    expect(sequence(balancer, 3)).toBe('aca')
    c.saturated = true
    expect(sequence(balancer, 2, new Set([a]))).toBe('aa')
    a.saturated = true
    expect(sequence(balancer, 1, new Set([a, b]))).toBe('c')
    expect(sequence(balancer, 1, new Set([a, b, c]))).not.toBe('-')
  })
})
