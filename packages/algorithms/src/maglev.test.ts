import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Balancer, Member } from './balancer.ts'
import { balancerContract } from './contract.ts'
import { maglev } from './maglev.ts'
import { counts, pool, type TestMember } from './test-members.ts'

const anyKey = (random: () => number) => (random() < 0.3 ? undefined : `key ${Math.floor(random() * 100)}`)
balancerContract('maglev()', () => maglev<string | undefined>({ key: key => key, tableSize: 251 }), {
  request: anyKey,
})

const keys = Array.from({ length: 100_000 }, (_, key) => `/item/${key}`)
const placed = (balancer: Balancer<string>) => keys.map(key => balancer.pick(key)?.id)
const made = (members: readonly Member[], tableSize?: number) => {
  const balancer = maglev<string>({ key: key => key, tableSize })
  balancer.rebuild(members)
  return balancer
}
const equal = (count: number) => pool(...Array.from({ length: count }, () => 1))

/** How many slots each server has: a number is its own hash, and the high bits choose. */
function slots(members: readonly Member[], tableSize: number): Record<string, number> {
  const unspread = maglev<number>({ key: key => key, tableSize })
  unspread.rebuild(members)
  const ids: string[] = []
  // More keys than slots by far, so that shares of keys are shares of slots within 1 in 1,000.
  for (let key = 0; key < 1_000_000; key++) ids.push(unspread.pick(key)?.id ?? '-')
  const found: Record<string, number> = {}
  for (const id of ids) found[id] = (found[id] ?? 0) + 1 / 1_000_000
  return found
}

describe('maglev', () => {
  it('gives equal servers equal shares, within the hundredth that the paper states', () => {
    const found = slots(equal(100), 65_537)
    for (const share of Object.values(found)) expect(Math.abs(share - 0.01)).toBeLessThan(0.0005)
    expect(Object.keys(found)).toHaveLength(100)
  })

  it('gives shares by weight, in sixteenths too', () => {
    const members = pool(10, 20, 30, 0.0625, 0)
    const found = slots(members, 65_537)
    for (const { id, weight } of members)
      expect(Math.abs((found[id] ?? 0) - weight / 60.0625)).toBeLessThan(0.002)
    expect(found.d).toBeGreaterThan(0)
    expect(found.e).toBeUndefined()
  })

  it.each([3, 10, 100, 600])(
    'moves at most 1/n and two hundredths of the keys when one of %i leaves',
    count => {
      const members = equal(count)
      const before = placed(made(members))
      for (const gone of [0, Math.floor(count / 2), count - 1]) {
        const after = placed(made(members.filter((_, place) => place !== gone)))
        const moved = before.filter((id, key) => id !== after[key]).length
        expect(moved / keys.length).toBeLessThanOrEqual(1 / count + 0.02)
      }
    },
  )

  it('is the same whatever the order of the members and whatever came before', () => {
    const members = pool(1, 2, 3, 4)
    const balancer = made([...members].reverse())
    balancer.rebuild(members.slice(1))
    balancer.rebuild([members[2] as Member, members[0] as Member, members[3] as Member, members[1] as Member])
    expect(placed(balancer)).toEqual(placed(made(members)))
  })

  it('gives the keys of a server that was tried to all others, and all others keep theirs', () => {
    const members = equal(5)
    const balancer = made(members)
    const tried = new Set([members[0] as Member])
    const others: string[] = []
    for (const key of keys.slice(0, 10_000)) {
      const first = balancer.pick(key)
      const second = balancer.pick(key, tried)
      if (first?.id === 'a') others.push(second?.id ?? '-')
      else expect(second).toBe(first)
    }
    expect(Object.keys(counts(others.join(''))).sort()).toEqual(['b', 'c', 'd', 'e'])
    expect(balancer.pick('x', new Set(members))).toBe(balancer.pick('x'))
  })

  it('makes the table larger where there are more servers than slots, so that each has one', () => {
    const members = equal(100)
    const balancer = made(members, 7)
    const found = new Set(placed(balancer))
    expect(found.size).toBe(100)
    balancer.rebuild(members.slice(0, 3))
    expect(placed(balancer)).toEqual(placed(made(members.slice(0, 3), 7)))
  })

  it('tells ids apart that differ in case only', () => {
    const members = ['web', 'WEB', 'Web'].map(id => ({ id, weight: 1, load: 0, saturated: false }))
    const found = slots(members, 65_537)
    for (const { id } of members) expect(found[id]).toBeCloseTo(1 / 3, 2)
  })

  it('takes empty keys, keys of 64 KB, and keys that are not UTF-8', () => {
    const balancer = maglev<string | Uint8Array>({ key: key => key })
    balancer.rebuild(equal(5))
    for (const key of [
      '',
      'k'.repeat(65_536),
      'k'.repeat(100_000),
      '\xff\xfe',
      '\ud800',
      Uint8Array.of(0xff, 0xc0),
    ])
      expect(balancer.pick(key)).toBe(balancer.pick(key))
    expect(balancer.pick(Uint8Array.of(0xff, 0xfe))).toBe(balancer.pick('\xff\xfe'))
  })

  it('serves requests without a key in turn, or as the fallback says', () => {
    const members = pool(1, 1)
    const turns = maglev<undefined>({ key: () => undefined })
    turns.rebuild(members)
    expect([1, 2, 3, 4].map(() => turns.pick(undefined)?.id).join('')).toBe('abab')
    const told: string[] = []
    const fallback: Balancer<undefined> = {
      name: 'last',
      rebuild: () => undefined,
      pick: () => members[1],
      began: ({ id }) => told.push(`${id} began`),
      ended: ({ id }) => told.push(`${id} ended`),
    }
    const balancer = maglev<undefined>({ key: () => undefined, fallback })
    balancer.rebuild(members)
    expect(balancer.pick(undefined)).toBe(members[1])
    balancer.began?.(members[1] as Member)
    balancer.ended?.(members[1] as Member, { ok: true, latencyMs: 1 })
    expect(told).toEqual(['b began', 'b ended'])
  })

  it('never leaves a slot empty nor a server without one, whatever the weights', () => {
    const weights = fc.array(fc.constantFrom(0, 0.0625, 1, 2, 7.5, 256), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(weights, given => {
        const members = pool(...given)
        const balancer = maglev<number>({ key: key => key, tableSize: 251 })
        balancer.rebuild(members)
        const found = new Set(Array.from({ length: 5000 }, (_, key) => balancer.pick(key)))
        expect(found).toEqual(
          new Set(given.some(weight => weight > 0) ? members.filter(one => one.weight > 0) : [undefined]),
        )
      }),
      { numRuns: 30 },
    )
  })

  it('refuses a table size that is no prime, and says which is', () => {
    const key = (context: string) => context
    expect(() => maglev({ key, tableSize: 65_536 })).toThrow(
      'maglev.tableSize is 65536: must be a prime number; the next one is 65537',
    )
    expect(() => maglev({ key, tableSize: 2 })).toThrow('must be an integer from 3 to 16777213')
    expect(() => maglev({} as never)).toThrow('maglev.key is undefined: must be a function')
    expect(() => maglev({ key, function: 'md5' as never })).toThrow(
      'maglev.function is "md5": must be one of sdbm',
    )
    expect(() => maglev({ key, fallback: {} as never })).toThrow(
      'maglev.fallback is an object: must be a balancer',
    )
    expect(() => maglev({ key, type: 'consistent' } as never)).toThrow('maglev.type is unknown')
  })

  it('moves only keys of the one that becomes lighter and few others', () => {
    const members = pool(4, 4, 4, 4, 4)
    const before = placed(made(members))
    ;(members[0] as TestMember).weight = 2
    const after = placed(made(members))
    const moved = before.filter((id, key) => id !== after[key]).length / keys.length
    const due = 4 / 20 - 2 / 18
    expect(moved).toBeGreaterThan(due - 0.01)
    expect(moved).toBeLessThan(due + 0.05)
  })
})
