import { describe, expect, it } from 'vitest'
import { balancerContract } from './contract.ts'
import { first } from './first.ts'
import { pool, sequence, type TestMember } from './test-members.ts'

balancerContract('first()', () => first())

describe('first', () => {
  it('fills the servers one after another, in the order given, whatever their weights', () => {
    const members = pool(0, 1, 200, 1)
    const [, b, c, d] = members as [TestMember, TestMember, TestMember, TestMember]
    const balancer = first()
    balancer.rebuild(members)
    expect(sequence(balancer, 3)).toBe('bbb')
    b.saturated = true
    expect(sequence(balancer, 2)).toBe('cc')
    expect(sequence(balancer, 1, new Set([c]))).toBe('d')
    c.saturated = true
    d.saturated = true
    expect(sequence(balancer, 1)).toBe('b')
    expect(sequence(balancer, 1, new Set([b]))).toBe('c')
    b.saturated = false
    expect(sequence(balancer, 1, new Set([b]))).toBe('b')
  })
})
