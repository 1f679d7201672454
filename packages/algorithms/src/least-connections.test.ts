import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Balancer } from './balancer.ts'
import { balancerContract } from './contract.ts'
import { leastConnections } from './least-connections.ts'
import { counts, pool, seeded, sequence, type TestMember } from './test-members.ts'

balancerContract('leastConnections()', () => leastConnections())

const started = (members: readonly TestMember[]) => {
  const balancer = leastConnections()
  balancer.rebuild(members)
  return balancer
}
function begin(balancer: Balancer<unknown>, member: TestMember | undefined): string {
  if (member === undefined) return '-'
  member.load++
  balancer.began?.(member)
  return member.id
}
function end(balancer: Balancer<unknown>, member: TestMember): void {
  member.load--
  balancer.ended?.(member, { ok: true, latencyMs: 1 })
}
const take = (balancer: Balancer<unknown>) =>
  begin(balancer, balancer.pick(undefined) as TestMember | undefined)

describe('least connections', () => {
  it('lets idle servers take turns, whatever their weight', () => {
    const members = pool(1, 5, 1)
    const balancer = started(members)
    let ids = ''
    for (let request = 0; request < 6; request++) {
      const member = balancer.pick(undefined) as TestMember
      ids += begin(balancer, member)
      end(balancer, member)
    }
    expect(ids).toBe('abcabc')
  })

  it('fills servers in proportion to their weights', () => {
    const members = pool(3, 2, 1)
    const balancer = started(members)
    let ids = ''
    for (let request = 0; request < 60; request++) ids += take(balancer)
    expect(counts(ids)).toEqual({ a: 30, b: 20, c: 10 })
  })

  it('gives the next request to who has just become the least loaded', () => {
    const members = pool(1, 1, 1)
    const balancer = started(members)
    for (let request = 0; request < 6; request++) take(balancer)
    end(balancer, members[1] as TestMember)
    expect(take(balancer)).toBe('b')
  })

  it('always chooses one with the least load for its weight', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 256 }), { minLength: 1, maxLength: 20 }),
        fc.nat(),
        (weights, seed) => {
          const members = pool(...weights)
          const balancer = started(members)
          const chance = seeded(seed)
          const cost = (member: TestMember) =>
            member.load === 0 ? 0 : Math.floor(((member.load + 1) * 4096) / (member.weight * 16))
          for (let step = 0; step < 200; step++) {
            const busy = members.filter(member => member.load > 0)
            if (busy.length > 0 && chance() < 0.45)
              end(balancer, busy[Math.floor(chance() * busy.length)] as TestMember)
            else {
              const member = balancer.pick(undefined) as TestMember
              expect(cost(member)).toBe(Math.min(...members.map(cost)))
              begin(balancer, member)
            }
          }
        },
      ),
      { numRuns: 30 },
    )
  })

  it('keeps loads and turns when a weight changes or a server leaves and returns', () => {
    const members = pool(1, 1, 1)
    const [a, b, c] = members as [TestMember, TestMember, TestMember]
    const balancer = started(members)
    for (let request = 0; request < 3; request++) take(balancer)
    a.weight = 4
    balancer.rebuild(members)
    expect(take(balancer) + take(balancer)).toBe('aa')
    balancer.rebuild([b, c])
    end(balancer, a)
    expect(take(balancer)).toBe('b')
    balancer.rebuild(members)
    expect(take(balancer)).toBe('a')
    expect([a.load, b.load, c.load]).toEqual([3, 2, 1])
  })

  it('learns of a load that changed without notice when it is rebuilt', () => {
    const members = pool(1, 1)
    const balancer = started(members)
    ;(members[0] as TestMember).load = 5
    balancer.rebuild(members)
    expect(sequence(balancer, 1)).toBe('b')
  })

  it('passes over those tried and saturated, and prefers one that was tried to those', () => {
    const members = pool(1, 1, 1)
    const [a, b, c] = members as [TestMember, TestMember, TestMember]
    const balancer = started(members)
    expect(sequence(balancer, 1, new Set([a]))).toBe('b')
    expect(sequence(balancer, 1)).toBe('a')
    a.saturated = true
    b.saturated = true
    expect(sequence(balancer, 1)).toBe('c')
    expect(sequence(balancer, 1, new Set([c]))).toBe('c')
    c.saturated = true
    expect(sequence(balancer, 1, new Set([a]))).toBe('b')
  })
})
