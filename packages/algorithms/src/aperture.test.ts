import { describe, expect, it } from 'vitest'
import { aperture } from './aperture.ts'
import { balancerContract } from './contract.ts'
import { pool, seeded, type TestMember } from './test-members.ts'

balancerContract('aperture()', random => aperture({ peers: 7, peer: 3, minServers: 2, random }))

const equal = (count: number) => pool(...Array.from({ length: count }, () => 1))

/** How many requests each server has when every peer places as many, each to its end before the next. */
function placed(members: TestMember[], peers: number, minServers: number, requests: number) {
  const total = new Map<string, number>()
  const seenBy: number[] = []
  for (let peer = 0; peer < peers; peer++) {
    const random = seeded(peer + 1)
    for (let warm = 0; warm < 5; warm++) random()
    const balancer = aperture({ peers, peer, minServers, random })
    balancer.rebuild(peer % 2 === 0 ? members : [...members].reverse())
    for (const one of members) one.load = 0
    for (let request = 0; request < requests; request++) (balancer.pick({}) as TestMember).load++
    seenBy.push(members.filter(({ load }) => load > 0).length)
    for (const { id, load } of members) total.set(id, (total.get(id) ?? 0) + load)
  }
  return { total, seenBy }
}

describe('the deterministic aperture', () => {
  it('shows each peer few servers, and gives each server the same load over all peers', () => {
    const { total, seenBy } = placed(equal(100), 20, 12, 2000)
    for (const seen of seenBy) {
      expect(seen).toBeGreaterThanOrEqual(12)
      // Three arcs of five servers, and what the ends cut.
      expect(seen).toBeLessThanOrEqual(17)
    }
    for (const load of total.values()) expect(Math.abs(load / 400 - 1)).toBeLessThan(0.05)
    expect(total.size).toBe(100)
  })

  it('does so by weight, and where the numbers do not divide', () => {
    const members = pool(...Array.from({ length: 31 }, (_, place) => (place % 3) + 1))
    const { total } = placed(members, 7, 5, 3000)
    const weights = members.reduce((sum, { weight }) => sum + weight, 0)
    for (const { id, weight } of members)
      expect(Math.abs(((total.get(id) as number) * weights) / (21_000 * weight) - 1)).toBeLessThan(0.06)
  })

  it('sees all where there are few servers, or one peer', () => {
    expect(placed(equal(5), 3, 12, 300).seenBy).toEqual([5, 5, 5])
    expect(placed(equal(50), 1, 1, 5000).seenBy).toEqual([50])
  })

  it('covers the ring with more peers than servers', () => {
    const { total } = placed(equal(3), 9, 1, 300)
    for (const load of total.values()) expect(load).toBe(900)
  })

  it('chooses from all when nobody in its part has room', () => {
    const members = equal(40)
    const balancer = aperture({ peers: 10, peer: 2, minServers: 4, random: seeded(9) })
    balancer.rebuild(members)
    const seen = new Set<TestMember>()
    for (let pick = 0; pick < 300; pick++) seen.add(balancer.pick({}) as TestMember)
    expect(seen.size).toBeLessThan(8)
    for (const one of seen) one.saturated = true
    expect(seen.has(balancer.pick({}) as TestMember)).toBe(false)
    for (const one of seen) one.saturated = false
    expect(seen.has(balancer.pick({}, seen) as TestMember)).toBe(false)
  })

  it('takes the less loaded of two', () => {
    const members = pool(1, 1)
    ;(members[0] as TestMember).load = 5
    const balancer = aperture({ peers: 1, peer: 0, random: seeded(1) })
    balancer.rebuild(members)
    for (let pick = 0; pick < 20; pick++) expect(balancer.pick({})?.id).toBe('b')
  })

  it('refuses options that cannot be', () => {
    expect(() => aperture({ peers: 3, peer: 3 })).toThrow(
      'aperture.peer is 3: must be an integer from 0 to 2',
    )
    expect(() => aperture({ peers: 0, peer: 0 })).toThrow('aperture.peers is 0')
    expect(() => aperture({ peers: 3 } as never)).toThrow('aperture.peer is undefined')
    expect(() => aperture({ peer: 0 } as never)).toThrow('aperture.peers is undefined')
    expect(() => aperture({ peers: 1, peer: 0, minServers: 0 })).toThrow('aperture.minServers is 0')
    expect(() => aperture({ peers: 1, peer: 0, width: 1 } as never)).toThrow('aperture.width is unknown')
  })
})
