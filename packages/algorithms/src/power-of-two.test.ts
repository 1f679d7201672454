import { describe, expect, it } from 'vitest'
import { balancerContract } from './contract.ts'
import { powerOfTwo } from './power-of-two.ts'
import { counts, pool, seeded, sequence, type TestMember } from './test-members.ts'

balancerContract('powerOfTwo()', random => powerOfTwo({ random }))
balancerContract('powerOfTwo({ measure })', random => powerOfTwo({ random, measure: ({ id }) => id.length }))

describe('the power of two choices', () => {
  it('never takes the most loaded of all, since the two are different ones', () => {
    const members = pool(1, 1, 1)
    ;(members[1] as TestMember).load = 5
    const balancer = powerOfTwo({ random: seeded(1) })
    balancer.rebuild(members)
    expect(counts(sequence(balancer, 10_000)).b).toBeUndefined()
  })

  it('takes the less loaded for its weight', () => {
    const members = pool(4, 1)
    const [a, b] = members as [TestMember, TestMember]
    a.load = 3
    b.load = 1
    const balancer = powerOfTwo({ random: seeded(2) })
    balancer.rebuild(members)
    expect(sequence(balancer, 20)).toBe('a'.repeat(20))
  })

  it('gives idle servers shares by weight, as two draws give them', () => {
    const balancer = powerOfTwo({ random: seeded(3) })
    balancer.rebuild(pool(3, 2, 0, 1))
    const { a = 0, b = 0, d = 0 } = counts(sequence(balancer, 60_000))
    expect(a / 60_000).toBeCloseTo(1 / 2, 1.7)
    expect(b / 60_000).toBeCloseTo(1 / 3, 1.7)
    expect(a + b + d).toBe(60_000)
  })

  it('goes by any measure', () => {
    const temperature: Record<string, number> = { a: 70, b: 40, c: 55 }
    const balancer = powerOfTwo({ random: seeded(4), measure: ({ id }) => temperature[id] ?? 0 })
    balancer.rebuild(pool(1, 1, 1))
    const found = counts(sequence(balancer, 30_000))
    expect(found.a).toBeUndefined()
    expect((found.b ?? 0) / 30_000).toBeCloseTo(2 / 3, 1.7)
  })

  it('keeps the longest queue short where one draw does not: 1,000 requests on 1,000 servers', () => {
    const longest = (measure?: () => number) => {
      const members = pool(...Array.from({ length: 1000 }, () => 1))
      const balancer = powerOfTwo({ random: seeded(5), measure })
      balancer.rebuild(members)
      for (let request = 0; request < 1000; request++) (balancer.pick({}) as TestMember).load++
      return Math.max(...members.map(({ load }) => load))
    }
    expect(longest()).toBeLessThanOrEqual(4)
    expect(longest(() => 0)).toBeGreaterThanOrEqual(5)
  })

  it('draws from a generator of its own unless told otherwise, and refuses options that cannot be', () => {
    const balancer = powerOfTwo()
    balancer.rebuild(pool(1, 1))
    expect(sequence(balancer, 10)).toMatch(/^[ab]{10}$/)
    expect(() => powerOfTwo({ measure: 3 as never })).toThrow(
      'powerOfTwo.measure is 3: must be a function from a member to a number',
    )
    expect(() => powerOfTwo({ random: 'x' as never })).toThrow('powerOfTwo.random is "x"')
    expect(() => powerOfTwo({ draws: 3 } as never)).toThrow('powerOfTwo.draws is unknown')
  })
})
