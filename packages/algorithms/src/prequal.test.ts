import { describe, expect, it } from 'vitest'
import type { Member } from './balancer.ts'
import { balancerContract } from './contract.ts'
import { type PrequalOptions, prequal } from './prequal.ts'
import { counts, pool, seeded, sequence, type TestMember } from './test-members.ts'

balancerContract('prequal() that nobody probes for', random => prequal({ random, clock: { now: () => 0 } }))
balancerContract('prequal() with probes that are answered at once', random => {
  let timeMs = 0
  const balancer = prequal({ random, clock: { now: () => timeMs++ } })
  return {
    name: balancer.name,
    rebuild: members => balancer.rebuild(members),
    pick(context, tried) {
      const picked = balancer.pick(context, tried)
      for (let member = balancer.nextProbe(); member !== undefined; member = balancer.nextProbe())
        balancer.probed(member, { requestsInFlight: Math.floor(random() * 5), latencyMs: random() * 100 })
      return picked
    },
  }
})

function world(options: PrequalOptions = {}, weights: number[] = [1, 1, 1, 1]) {
  const clock = { timeMs: 0, now: () => clock.timeMs }
  const members = pool(...weights) as [TestMember, TestMember, TestMember, TestMember]
  const balancer = prequal({ random: seeded(1), clock, removalsPerPick: 0, ...options })
  balancer.rebuild(members)
  const says = (member: Member, requestsInFlight: number, latencyMs: number) =>
    balancer.probed(member, { requestsInFlight, latencyMs })
  return { clock, members, balancer, says }
}

describe('prequal', () => {
  it('takes the cold one with the least latency', () => {
    const { members, balancer, says } = world({ hotQuantile: 0.75 })
    const [a, b, c, d] = members
    says(a, 1, 30)
    says(b, 2, 20)
    says(c, 9, 5)
    says(d, 2, 40)
    expect(balancer.pick({})).toBe(b)
  })

  it('takes the one with the fewest requests where all in the pool are hot', () => {
    const { members, balancer, says } = world({ hotQuantile: 0 })
    const [a, b, c] = members
    says(a, 1, 90)
    says(a, 5, 1)
    says(b, 4, 30)
    says(c, 3, 50)
    expect(balancer.pick({})).toBe(c)
  })

  it('counts each use as one request more', () => {
    const { members, balancer, says } = world({ hotQuantile: 0.5 })
    const [a, b] = members
    says(a, 1, 10)
    says(b, 1, 20)
    // With one more a is hot.
    expect(sequence(balancer, 2)).toBe('ab')
  })

  it('counts what that request will cost: one probe that looks fast does not draw all until the next', () => {
    const { members, balancer, says } = world({ hotQuantile: 1 })
    const [a, b] = members
    says(a, 0, 10)
    says(b, 0, 15)
    // 10, then 20 and 15, then 20 and 30, then 30 and 30.
    expect(sequence(balancer, 4)).toBe('abaa')
  })

  it('takes what it knows to be under way for the least a server has', () => {
    const { members, balancer, says } = world({ hotQuantile: 0.5 })
    const [a, b] = members
    says(a, 1, 10)
    says(b, 1, 20)
    a.load = 3
    expect(balancer.pick({})).toBe(b)
  })

  it('forgets what is too old, and goes by its own load then', () => {
    const { clock, members, balancer, says } = world({ maxAgeMs: 100 }, [1, 1])
    const [a, b] = members
    says(a, 0, 1)
    says(b, 0, 50)
    a.load = 0
    clock.timeMs = 100
    expect(balancer.pick({})).toBe(a)
    a.load = 2
    clock.timeMs = 101
    expect(sequence(balancer, 20)).toBe('b'.repeat(20))
  })

  it('takes one probe for no choice', () => {
    const { members, balancer, says } = world({}, [1, 1])
    const [a] = members
    says(a, 0, 1)
    a.load = 1
    expect(balancer.pick({})).toBe(members[1])
  })

  it('keeps the newest probes, one for each server', () => {
    const { members, balancer, says } = world({ poolSize: 2 })
    const [a, b, c] = members
    says(a, 0, 1)
    says(b, 0, 20)
    says(c, 0, 30)
    expect(balancer.pick({})).toBe(b)
    says(c, 0, 10)
    expect(balancer.pick({})).toBe(c)
  })

  it('removes the oldest and the worst by turns', () => {
    const { members, balancer, says } = world({ removalsPerPick: 1, hotQuantile: 1 })
    const [a, b, c, d] = members
    says(a, 0, 5)
    says(b, 0, 50)
    says(c, 0, 20)
    says(d, 0, 45)
    expect(balancer.pick({})).toBe(a)
    // a was the oldest; now the worst goes, which is b.
    expect(balancer.pick({})).toBe(c)
    b.load = 1
    a.load = 1
    // c and d are left; c goes as the oldest after it was chosen, and one alone is no choice.
    expect(balancer.pick({})).toBe(c)
    d.load = 1
    c.load = 0
    expect(sequence(balancer, 40)).not.toContain('d'.repeat(20))
  })

  it('takes a hot one for the worst, of several the most crowded', () => {
    const { members, balancer, says } = world({ removalsPerPick: 2, hotQuantile: 0.5 })
    const [a, b, c, d] = members
    says(a, 0, 900)
    says(b, 7, 1)
    says(c, 8, 1)
    says(d, 0, 800)
    // Chosen: d. Removed: a, the oldest, and c, the worst.
    expect(balancer.pick({})).toBe(d)
    d.saturated = true
    // By their load as seen from here it would be another.
    b.load = 5
    expect(balancer.pick({})).toBe(b)
  })

  it.each([
    [2, 0],
    [1.5, 1 / 3],
    [1, 1],
  ])('uses a probe so often that the pool does not run dry: %d a pick that stay', (staying, twice) => {
    // Each may be used (1 + 1) / staying times: once, four times in three, or twice.
    let usedTwice = 0
    for (let seed = 1; seed <= 2000; seed++) {
      const random = seeded(seed)
      random()
      random()
      const probesPerPick = staying / (1 - 16 / 160)
      const { members, balancer, says } = world(
        { random, probesPerPick, hotQuantile: 1 },
        Array.from({ length: 160 }, () => 1),
      )
      for (const [place, member] of members.slice(0, 4).entries()) says(member, 0, place)
      if (sequence(balancer, 2) === 'aa') usedTwice++
    }
    expect(usedTwice / 2000).toBeCloseTo(twice, 1)
  })

  it('asks for so many probes a pick, of servers by weight, and never twice running for the same', () => {
    const { balancer } = world({ probesPerPick: 1.5 }, [2, 1, 1, 0])
    const asked: string[] = []
    for (let pick = 0; pick < 10_000; pick++) {
      balancer.pick({})
      for (let next = balancer.nextProbe(); next !== undefined; next = balancer.nextProbe())
        asked.push(next.id)
    }
    expect(asked).toHaveLength(15_000)
    expect(asked.some((id, place) => id === asked[place + 1])).toBe(false)
    const { b = 0, c = 0, d = 0 } = counts(asked.join(''))
    expect(b / c).toBeCloseTo(1, 0.9)
    expect(d).toBe(0)
  })

  it('does not save up probes that nobody asked for', () => {
    const { balancer } = world({ poolSize: 4 })
    for (let pick = 0; pick < 100; pick++) balancer.pick({})
    let asked = 0
    while (balancer.nextProbe() !== undefined) asked++
    expect(asked).toBe(4)
  })

  it('asks for no probe where there is nobody, and hears nothing of those it does not know', () => {
    const balancer = prequal({ random: seeded(1), clock: { now: () => 0 } })
    expect(balancer.pick({})).toBeUndefined()
    expect(balancer.nextProbe()).toBeUndefined()
    const [a, b, gone] = pool(1, 1, 1) as [TestMember, TestMember, TestMember]
    balancer.rebuild([a, b])
    balancer.probed(gone, { requestsInFlight: 0, latencyMs: 0 })
    balancer.probed(a, { requestsInFlight: 0, latencyMs: 9 })
    expect(['a', 'b']).toContain(balancer.pick({})?.id)
    balancer.probed(b, { requestsInFlight: 0, latencyMs: 1 })
    balancer.probed(b, { requestsInFlight: Number.NaN, latencyMs: 1 })
    balancer.probed(b, { requestsInFlight: 0, latencyMs: -1 })
    expect(balancer.pick({})).toBe(b)
    balancer.rebuild([a])
    expect(balancer.pick({})).toBe(a)
  })

  it('chooses from the rest where all in the pool are tried or saturated', () => {
    const { members, balancer, says } = world()
    const [a, b, c, d] = members
    says(a, 0, 1)
    says(b, 0, 2)
    c.saturated = true
    expect(balancer.pick({}, new Set([a, b]))).toBe(d)
  })

  it('counts requests for the weight', () => {
    const { members, balancer, says } = world({ hotQuantile: 0 }, [1, 4, 1, 1])
    const [a, b, c] = members
    says(c, 0, 1)
    says(a, 2, 1)
    says(b, 6, 1)
    c.saturated = true
    expect(balancer.pick({})).toBe(b)
  })

  it('refuses options that cannot be', () => {
    expect(() => prequal({ poolSize: 1 })).toThrow('prequal.poolSize is 1: must be an integer from 2 to 256')
    expect(() => prequal({ probesPerPick: 0 })).toThrow('prequal.probesPerPick is 0')
    expect(() => prequal({ hotQuantile: 1.1 })).toThrow(
      'prequal.hotQuantile is 1.1: must be a number from 0 to 1',
    )
    expect(() => prequal({ probes: 3 } as never)).toThrow('prequal.probes is unknown')
    expect(prequal().name).toBe('prequal')
  })
})
