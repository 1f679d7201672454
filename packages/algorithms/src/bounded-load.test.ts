import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Member } from './balancer.ts'
import { BoundedLoad } from './bounded-load.ts'
import { hash } from './hash.ts'
import { pool, type TestMember } from './test-members.ts'

describe('bounded load', () => {
  it('gives each server its part of the slots, and always one', () => {
    const members = pool(1, 3)
    const [a, b] = members as [TestMember, TestMember]
    const bound = new BoundedLoad(200)
    bound.rebuild(members)
    // The first request: two slots, of which a quarter is none; but never nothing.
    expect([a, b].map(member => bound.skips(member))).toEqual([false, false])
    bound.began(a)
    expect(bound.skips(a)).toBe(true)
    for (let step = 0; step < 3; step++) bound.began(b)
    // Four under way, ten slots for five: two and a half, and seven and a half.
    expect(bound.skips(a)).toBe(false)
    bound.began(a)
    bound.began(a)
    expect(bound.skips(a)).toBe(true)
    bound.ended(a)
    bound.ended(a)
    expect(bound.skips(a)).toBe(false)
  })

  it('takes no notice of the end of what never began', () => {
    const members = pool(1, 1)
    const [a, b] = members as [TestMember, TestMember]
    const bound = new BoundedLoad(101)
    bound.rebuild([a])
    bound.ended(b)
    bound.ended(a)
    bound.began(a)
    expect(bound.skips(a)).toBe(false)
    bound.rebuild(members)
    expect(bound.skips(a)).toBe(true)
  })

  it('still counts what a server serves that has left, or has not come yet', () => {
    const members = pool(1, 1)
    const [a, b] = members as [TestMember, TestMember]
    const bound = new BoundedLoad(150)
    bound.rebuild([a])
    bound.began(b)
    bound.began(b)
    bound.rebuild(members)
    expect(bound.skips(b)).toBe(true)
    bound.rebuild([a])
    for (let step = 0; step < 3; step++) bound.began(a)
    // Nine slots for six, all of them its own.
    expect(bound.skips(a)).toBe(false)
  })

  it('never lets a server serve more than the factor of an even share, rounded up, as long as it is asked', () => {
    const event = fc.record({ key: fc.nat(5), ends: fc.boolean() })
    const weights = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(
        weights,
        fc.integer({ min: 101, max: 300 }),
        fc.array(event, { maxLength: 200 }),
        (all, percent, events) => {
          const members = pool(...all)
          const total = all.reduce((sum, weight) => sum + weight, 0)
          const balancer = hash<number>({
            type: 'consistent',
            avalanche: true,
            key: key => key,
            balanceFactor: percent,
          })
          balancer.rebuild(members)
          const underWay: TestMember[] = []
          for (const { key, ends } of events) {
            if (ends && underWay.length > 0) {
              const [done] = underWay.splice(key % underWay.length, 1) as [TestMember]
              done.load--
              balancer.ended?.(done, { ok: true, latencyMs: 1 })
            }
            const chosen = balancer.pick(key) as TestMember
            const slots = Math.ceil(((underWay.length + 1) * percent) / 100)
            expect(chosen.load + 1).toBeLessThanOrEqual(
              Math.max(1, Math.ceil((slots * chosen.weight) / total)),
            )
            chosen.load++
            balancer.began?.(chosen)
            underWay.push(chosen)
          }
        },
      ),
    )
  })

  it('keeps the key’s own server while that has room', () => {
    const members = pool(1, 1, 1, 1)
    const options = { type: 'consistent', key: (key: string) => key } as const
    const [bounded, plain] = [hash<string>({ ...options, balanceFactor: 125 }), hash<string>(options)]
    bounded.rebuild(members)
    plain.rebuild(members)
    const own = plain.pick('/popular') as Member
    expect(bounded.pick('/popular')).toBe(own)
    for (let step = 0; step < 2; step++) bounded.began?.(own)
    expect(bounded.pick('/popular')).not.toBe(own)
    for (let step = 0; step < 2; step++) bounded.ended?.(own, { ok: true, latencyMs: 1 })
    expect(bounded.pick('/popular')).toBe(own)
  })
})
