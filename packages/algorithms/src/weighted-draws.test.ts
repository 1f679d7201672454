import { describe, expect, it } from 'vitest'
import type { Member } from './balancer.ts'
import { pool, seeded } from './test-members.ts'
import { WeightedDraws } from './weighted-draws.ts'

function shares(draws: WeightedDraws, tried?: ReadonlySet<Member>, apart?: number): Record<string, number> {
  const found: Record<string, number> = {}
  for (let draw = 0; draw < 30_000; draw++) {
    const { id } = draws.members[draws.draw(tried, apart)] as Member
    found[id] = (found[id] ?? 0) + 1 / 30_000
  }
  return found
}

describe('weighted draws', () => {
  it('draw nobody where there is nobody', () => {
    const draws = new WeightedDraws(seeded(1))
    expect(draws.draw(undefined)).toBe(-1)
    draws.rebuild(pool(0, 0))
    expect(draws.draw(undefined)).toBe(-1)
  })

  it('keep the shares among those that are left when one shall not be drawn again', () => {
    const draws = new WeightedDraws(seeded(2))
    draws.rebuild(pool(256, 2, 1))
    const { a = 0, b = 0 } = shares(draws, undefined, 0)
    expect(a).toBe(0)
    expect(b).toBeCloseTo(2 / 3, 1.7)
  })

  it('draw the same again rather than one that is tried or saturated', () => {
    const members = pool(1, 1, 1)
    const draws = new WeightedDraws(seeded(3))
    draws.rebuild(members)
    const [, b, c] = members
    if (b && c) c.saturated = true
    expect(draws.draw(new Set([b as Member]), 0)).toBe(0)
  })

  it('draw by other weights than the members’ where they are given, and nobody whose weight is not above 0', () => {
    const draws = new WeightedDraws(seeded(4))
    draws.rebuild(pool(1, 1, 1, 1), ({ id }) => ({ a: 3, b: 1, c: 0 })[id] ?? Number.NaN)
    const found = shares(draws)
    expect(Object.keys(found).sort()).toEqual(['a', 'b'])
    expect(found.a).toBeCloseTo(3 / 4, 1.7)
  })

  it('draw two as one after the other would be drawn, whoever is tried, saturated or drawn twice', () => {
    const chance = seeded(5)
    const [single, double] = [new WeightedDraws(seeded(6)), new WeightedDraws(seeded(6))]
    for (let round = 0; round < 300; round++) {
      const members = pool(...Array.from({ length: 1 + (round % 6) }, () => 1 + Math.floor(chance() * 4)))
      const different = chance() < 0.5
      const tried = chance() < 0.5 ? undefined : new Set(members.filter(() => chance() < 0.5))
      for (const member of members) member.saturated = chance() < 0.3
      single.rebuild(members)
      double.rebuild(members)
      const one = single.draw(tried)
      const other = single.draw(tried, different ? one : -1)
      expect(double.drawTwo(tried, different)).toBe(true)
      expect([double.one, double.other]).toEqual([one, other])
    }
  })

  it('draw no two where there is nobody', () => {
    const draws = new WeightedDraws(seeded(7))
    draws.rebuild(pool(0))
    expect(draws.drawTwo(undefined, true)).toBe(false)
  })
})
