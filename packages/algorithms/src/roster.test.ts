import { describe, expect, it } from 'vitest'
import type { Member } from './balancer.ts'
import { type Kept, nextRoster, type Roster } from './roster.ts'
import { pool } from './test-members.ts'

const none: Roster<Kept> = new Map()
const make = (member: Member): Kept => ({ member })
const unexpected = (): never => {
  throw new Error('nobody should have left')
}

describe('a roster', () => {
  it('keeps what is known of those that stay, in the order of the new list, and tells who left', () => {
    const [a, b, c] = pool(1, 1, 1) as [Member, Member, Member]
    const before = nextRoster(none, [a, b], make, unexpected)
    const left: Member[] = []
    const after = nextRoster(before, [c, b], make, kept => left.push(kept.member))
    expect([...after.keys()]).toEqual([c, b])
    expect(after.get(b)).toBe(before.get(b))
    expect(left).toEqual([a])
  })

  it('knows a server by its name where it has become another object', () => {
    const [a] = pool(1) as [Member]
    const before = nextRoster(none, [a], make, unexpected)
    const again = { ...a, weight: 2 }
    const after = nextRoster(before, [again], make, unexpected)
    expect(after.get(again)).toBe(before.get(a))
    expect(after.get(again)?.member).toBe(again)
    expect(after.size).toBe(1)
  })
})
