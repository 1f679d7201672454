import { describe, expect, it } from 'vitest'
import { balancerContract } from './contract.ts'
import { random } from './random.ts'
import { counts, pool, seeded, sequence, type TestMember } from './test-members.ts'

balancerContract('random()', source => random({ random: source }))
balancerContract('random({ draws: 1 })', source => random({ draws: 1, random: source }))

describe('random', () => {
  it('draws in proportion to the weights: within one hundredth of all over 60,000 picks', () => {
    const balancer = random({ draws: 1, random: seeded(7) })
    balancer.rebuild(pool(3, 2, 0, 1))
    const { a = 0, b = 0, d = 0 } = counts(sequence(balancer, 60_000))
    expect(a / 60_000).toBeCloseTo(1 / 2, 1.7)
    expect(b / 60_000).toBeCloseTo(1 / 3, 1.7)
    expect(a + b + d).toBe(60_000)
  })

  it('takes the less loaded of two draws, for its weight', () => {
    const members = pool(1, 1)
    ;(members[0] as TestMember).load = 3
    const balancer = random({ random: seeded(8) })
    balancer.rebuild(members)
    // Only two draws of the loaded one choose it: a quarter of all.
    expect((counts(sequence(balancer, 20_000)).a ?? 0) / 20_000).toBeCloseTo(1 / 4, 1.7)
    ;(members[0] as TestMember).weight = 4
    ;(members[1] as TestMember).load = 1
    balancer.rebuild(members)
    // Three for four is less than one for one: now only two draws of the other choose that, 1 in 25.
    expect((counts(sequence(balancer, 20_000)).b ?? 0) / 20_000).toBeCloseTo(1 / 25, 1.7)
  })

  it('finds the last server with room, however rarely it is drawn', () => {
    const members = pool(256, 256, 256, 1)
    const [a, b, c] = members as [TestMember, TestMember, TestMember]
    a.saturated = true
    b.saturated = true
    const balancer = random({ random: seeded(9) })
    balancer.rebuild(members)
    expect(sequence(balancer, 200, new Set([c]))).toBe('d'.repeat(200))
  })

  it('draws by weight among those that are left, too', () => {
    const members = pool(256, 2, 1)
    const balancer = random({ draws: 1, random: seeded(10) })
    balancer.rebuild(members)
    const { b = 0, c = 0 } = counts(sequence(balancer, 30_000, new Set([members[0] as TestMember])))
    expect(b + c).toBe(30_000)
    expect(b / 30_000).toBeCloseTo(2 / 3, 1.7)
  })

  it('draws from a generator of its own unless told otherwise', () => {
    const balancer = random()
    balancer.rebuild(pool(1, 1))
    expect(sequence(balancer, 10)).toMatch(/^[ab]{10}$/)
  })

  it('chooses somebody even if the chance given is not below 1', () => {
    const members = pool(1, 1)
    const balancer = random({ random: () => 1 })
    balancer.rebuild(members)
    expect(sequence(balancer, 1)).toMatch(/[ab]/)
    expect(sequence(balancer, 1, new Set(members))).toMatch(/[ab]/)
  })

  it('refuses options that cannot be', () => {
    expect(() => random({ draws: 0 })).toThrow('random.draws is 0: must be an integer from 1 to 100')
    expect(() => random({ draws: 1.5 })).toThrow(expect.objectContaining({ code: 'EVENER_INVALID_OPTION' }))
    expect(() => random({ random: 5 as never })).toThrow('random.random is 5: must be a function')
    expect(() => random({ drawz: 2 } as never)).toThrow(
      'random.drawz is unknown: must be one of draws, random',
    )
    expect(() => random([] as never)).toThrow('random is an array: must be an object')
  })
})
