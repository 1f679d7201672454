import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Member } from './balancer.ts'
import { avalanche } from './hash-functions.ts'
import { Ring } from './ring.ts'
import { pool, type TestMember } from './test-members.ts'

const keys = Array.from({ length: 20_000 }, (_, key) => avalanche(key * 31))
const placed = (ring: Ring) => keys.map(key => ring.at(key, undefined)?.id)

describe('the consistent ring', () => {
  it('gives each key to the nearest place, on either side, as a search through all places finds it', () => {
    const members = pool(1, 2, 3)
    const ring = new Ring()
    ring.rebuild(members)
    const places = members.flatMap((member, rank) =>
      Array.from({ length: member.weight * 16 }, (_, place) => ({
        id: member.id,
        hash: avalanche((rank + 1) * 4096 + place) >>> 0,
      })),
    )
    const distance = (a: number, b: number) => Math.min((a - b) >>> 0, (b - a) >>> 0)
    for (const key of keys.slice(0, 1000)) {
      const best = places.reduce((a, b) => (distance(b.hash, key) < distance(a.hash, key) ? b : a))
      expect(ring.at(key, undefined)?.id).toBe(best.id)
    }
  })

  it('moves no keys but those of a server that leaves, and back when it returns', () => {
    const members = pool(1, 1, 1, 1, 1)
    const ring = new Ring()
    ring.rebuild(members)
    const before = placed(ring)
    ring.rebuild(members.filter(member => member.id !== 'c'))
    const without = placed(ring)
    before.forEach((id, key) => {
      if (id !== 'c') expect(without[key]).toBe(id)
      else expect(without[key]).not.toBe('c')
    })
    ring.rebuild(members)
    expect(placed(ring)).toEqual(before)
  })

  it('moves keys only to a server that becomes heavier, and only from one that becomes lighter', () => {
    const members = pool(2, 2, 2)
    const [a] = members as [TestMember]
    const ring = new Ring()
    ring.rebuild(members)
    const before = placed(ring)
    a.weight = 4
    ring.rebuild(members)
    placed(ring).forEach((id, key) => {
      if (id !== before[key]) expect(id).toBe('a')
    })
    a.weight = 1
    ring.rebuild(members)
    placed(ring).forEach((id, key) => {
      if (id !== before[key]) expect(before[key]).toBe('a')
    })
    a.weight = 2
    ring.rebuild(members)
    expect(placed(ring)).toEqual(before)
  })

  it('is after any changes what it would be if made anew of the same keys', () => {
    const change = fc.tuple(fc.nat(5), fc.constantFrom(0, 1, 2, 5, 0.5), fc.boolean())
    fc.assert(
      fc.property(fc.array(change, { maxLength: 20 }), changes => {
        const members = pool(1, 1, 1, 1, 1, 1)
        const keyOf = (member: Member) => member.id.charCodeAt(0) * 4096
        const ring = new Ring(keyOf)
        const here = new Set<Member>(members)
        ring.rebuild(members)
        for (const [which, weight, stays] of changes) {
          const member = members[which] as TestMember
          member.weight = weight
          if (stays) here.add(member)
          else here.delete(member)
          ring.rebuild(members.filter(one => here.has(one)))
          ring.next(undefined)
        }
        const anew = new Ring(keyOf)
        anew.rebuild(members.filter(one => here.has(one)))
        for (const key of keys.slice(0, 300)) expect(ring.at(key, undefined)).toBe(anew.at(key, undefined))
      }),
      { numRuns: 60 },
    )
  })

  it('gives numbers by rank at first sight, and keeps them while a server is away', () => {
    const members = pool(1, 1, 1)
    const ring = new Ring()
    ring.rebuild(members.slice(1))
    ring.rebuild(members)
    const numbered = new Ring(member => (({ b: 1, c: 2, a: 3 })[member.id] ?? 0) * 4096)
    numbered.rebuild(members)
    expect(placed(ring)).toEqual(placed(numbered))
  })

  it('copes with servers of the same key', () => {
    const members = pool(1, 1)
    const ring = new Ring(() => 7)
    ring.rebuild(members)
    ring.rebuild(members.slice(1))
    expect(new Set(placed(ring))).toEqual(new Set(['b']))
    ring.rebuild(members.slice(0, 1))
    expect(new Set(placed(ring))).toEqual(new Set(['a']))
  })

  it('goes round the places in turn, and goes on from there when servers come and go', () => {
    const members = pool(1, 1, 1)
    const ring = new Ring()
    ring.rebuild(members)
    const turns = (count: number) => Array.from({ length: count }, () => ring.next(undefined)?.id)
    const round = turns(48)
    expect(turns(48)).toEqual(round)
    expect(round.filter(id => id === 'a')).toHaveLength(16)
    const five = turns(5)
    ring.rebuild(members.slice())
    expect([...five, ...turns(43)]).toEqual(round)
    ring.rebuild([])
    expect(ring.next(undefined)).toBeUndefined()
    ring.rebuild(members)
    expect(turns(48)).toEqual(round)
  })

  it('goes on at the next place that stays when the place of the last turn is taken away', () => {
    for (let step = 1; step <= 48; step++) {
      const members = pool(1, 1, 1)
      const ring = new Ring()
      ring.rebuild(members)
      const round = Array.from({ length: 48 }, () => ring.next(undefined)?.id)
      for (let turn = 0; turn < step; turn++) ring.next(undefined)
      const [gone, here] = [round[step - 1], members.filter(member => member.id !== round[step - 1])]
      const rest = [...round.slice(step - 1), ...round.slice(0, step - 1)].filter(id => id !== gone)
      ring.rebuild(here)
      // As in HAProxy, the turn passes to the next place, and it is the one after that which is served.
      expect(ring.next(undefined)?.id).toBe(rest[1])
    }
  })

  it('passes the turn on when a server becomes heavier than it ever was', () => {
    const members = pool(1)
    const ring = new Ring()
    ring.rebuild(members)
    ring.next(undefined)
    ;(members[0] as TestMember).weight = 2
    ring.rebuild(members)
    expect(ring.next(undefined)).toBe(members[0])
    const two = pool(1, 1)
    ring.rebuild(two)
    for (let turn = 0; turn < 7; turn++) ring.next(undefined)
    ;(two[0] as TestMember).weight = 3
    ;(two[1] as TestMember).weight = 3
    ring.rebuild(two)
    expect(['a', 'b']).toContain(ring.next(undefined)?.id)
  })
})
