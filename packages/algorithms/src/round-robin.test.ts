import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { balancerContract } from './contract.ts'
import { roundRobin } from './round-robin.ts'
import { counts, pool, sequence, type TestMember } from './test-members.ts'

balancerContract('roundRobin()', () => roundRobin())

const started = (members: readonly TestMember[]) => {
  const balancer = roundRobin()
  balancer.rebuild(members)
  return balancer
}

describe('round robin', () => {
  it('takes equal servers in turn, in the order of the configuration', () => {
    expect(sequence(started(pool(1, 1, 1)), 9)).toBe('abcabcabc')
    expect(sequence(started(pool(100, 100)), 6)).toBe('ababab')
  })

  it('interleaves 3:2:1 as HAProxy does', () => {
    expect(sequence(started(pool(3, 2, 1)), 12)).toBe('abacababacab')
  })

  it('begins with the heaviest, and gives the lightest the first hole', () => {
    expect(sequence(started(pool(1, 5)), 12)).toBe('bbbbbabbbbba')
    expect(sequence(started(pool(1, 4, 4)), 9)).toBe('bcbcbcbca')
  })

  it('gives each server exactly its weight in each round, and never two places apart by more than a turn', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 256 }), { minLength: 1, maxLength: 50 }), weights => {
        const members = pool(...weights)
        const balancer = started(members)
        const total = weights.reduce((sum, weight) => sum + weight, 0)
        for (let round = 0; round < 3; round++) {
          const taken = new Map<unknown, number>()
          for (let pick = 0; pick < total; pick++) {
            const member = balancer.pick(undefined)
            taken.set(member, (taken.get(member) ?? 0) + 1)
          }
          for (const member of members) {
            // Rounding may carry one place over to the next round.
            expect(Math.abs((taken.get(member) ?? 0) - member.weight)).toBeLessThanOrEqual(1)
          }
        }
      }),
      { numRuns: 40 },
    )
  })

  it('keeps its place when a weight changes', () => {
    const members = pool(1, 1, 1)
    const balancer = started(members)
    expect(sequence(balancer, 4)).toBe('abca')
    ;(members[2] as TestMember).weight = 2
    balancer.rebuild(members)
    const after = sequence(balancer, 40)
    expect(after.startsWith('b')).toBe(true)
    expect(counts(after)).toEqual({ a: 10, b: 10, c: 20 })
  })

  it('keeps its place when told of the same servers again', () => {
    const members = pool(3, 2, 1)
    const balancer = started(members)
    const without = started(members)
    let ids = ''
    for (let pick = 0; pick < 60; pick++) {
      balancer.rebuild(members.slice())
      ids += sequence(balancer, 1)
    }
    expect(ids).toBe(sequence(without, 60))
  })

  it('gives a server that returns its share, without a burst', () => {
    const members = pool(1, 1, 1, 1)
    const balancer = started(members)
    sequence(balancer, 10)
    balancer.rebuild(members.slice(1))
    expect(counts(sequence(balancer, 30))).toEqual({ b: 10, c: 10, d: 10 })
    balancer.rebuild(members)
    const after = sequence(balancer, 40)
    expect(after).not.toContain('aa')
    expect(Math.abs((counts(after).a ?? 0) - 10)).toBeLessThanOrEqual(2)
  })

  it('keeps what rounding left of a greater weight when a server returns with a smaller one', () => {
    const [a, b] = pool(243, 22) as [TestMember, TestMember]
    const balancer = started([a, b])
    expect(sequence(balancer, 11)).toBe('aaaaaaaaaaa')
    balancer.rebuild([b])
    a.weight = 2
    balancer.rebuild([a, b])
    // Were it to count only among servers of one position, a would come one pick sooner each time.
    expect(sequence(balancer, 26)).toBe('bbbbbbbbbbbbabbbbbbbbbbbba')
  })

  it('knows a server by its id, even if another object stands for it', () => {
    const balancer = started(pool(1, 1, 1))
    expect(sequence(balancer, 2)).toBe('ab')
    balancer.rebuild(pool(1, 1, 1))
    expect(sequence(balancer, 4)).toBe('cabc')
  })

  it('passes over one that was tried, and lets it have its next turn', () => {
    const members = pool(1, 1, 1)
    const balancer = started(members)
    expect(sequence(balancer, 1, new Set([members[0] as TestMember]))).toBe('b')
    expect(sequence(balancer, 6)).toHaveLength(6)
    expect(counts(sequence(balancer, 30))).toEqual({ a: 10, b: 10, c: 10 })
  })

  it('passes over saturated ones, and prefers one that was tried to them', () => {
    const members = pool(1, 1, 1)
    const [a, b, c] = members as [TestMember, TestMember, TestMember]
    const balancer = started(members)
    b.saturated = true
    expect(counts(sequence(balancer, 20))).toEqual({ a: 10, c: 10 })
    c.saturated = true
    expect(sequence(balancer, 3, new Set([a]))).toBe('aaa')
    a.saturated = true
    expect(sequence(balancer, 3, new Set([a, c]))).toBe('bbb')
    for (const member of members) member.saturated = false
    expect(Object.keys(counts(sequence(balancer, 6)))).toHaveLength(3)
  })

  it('takes weights in sixteenths, for servers that start slowly', () => {
    expect(counts(sequence(started(pool(1, 0.25)), 50))).toEqual({ a: 40, b: 10 })
  })

  it('takes weights that are out of range for the nearest that is allowed', () => {
    const members = pool(1000, 256, Number.NaN, -1)
    expect(counts(sequence(started(members), 100))).toEqual({ a: 50, b: 50 })
  })

  it('leaves no server out for longer than two rounds of what was and is, whatever changes', () => {
    const change = fc.tuple(fc.nat(7), fc.integer({ min: 0, max: 16 }), fc.nat(60))
    fc.assert(
      fc.property(fc.array(change, { maxLength: 20 }), changes => {
        const members = pool(1, 2, 3, 4, 5, 6, 7, 8)
        const balancer = started(members)
        let longest = 36
        for (const [which, weight, picks] of changes) {
          ;(members[which] as TestMember).weight = weight
          const here = members.filter((_, place) => (place + picks) % 5 !== 0)
          balancer.rebuild(here)
          const missing = new Set<unknown>(here.filter(member => member.weight > 0))
          const total = here.reduce((sum, member) => sum + member.weight, 0)
          // A round is counted in sixteenths of a weight.
          let left = 2 * 16 * (longest + total)
          longest = Math.max(longest, total)
          while (missing.size > 0 && left-- > 0) missing.delete(balancer.pick(undefined))
          expect(missing.size).toBe(0)
          for (let pick = 0; pick < picks; pick++) balancer.pick(undefined)
        }
      }),
      { numRuns: 100 },
    )
  })
})
