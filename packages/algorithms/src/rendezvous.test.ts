import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Balancer, Member } from './balancer.ts'
import { balancerContract } from './contract.ts'
import { type RendezvousOptions, rendezvous } from './rendezvous.ts'
import { counts, pool, seeded, type TestMember } from './test-members.ts'

const anyKey = (random: () => number) => (random() < 0.3 ? undefined : `key ${Math.floor(random() * 100)}`)
const forms: [string, Partial<RendezvousOptions<string>>][] = [
  ['that looks at all', {}],
  ['with seats', { seats: 1024 }],
  ['with too few seats', { seats: 16 }],
]
for (const [form, options] of forms) {
  for (const balanceFactor of [undefined, 125]) {
    balancerContract(
      `rendezvous() ${form}${balanceFactor ? ' and bounded loads' : ''}`,
      () => rendezvous<string | undefined>({ key: key => key, ...(options as object), balanceFactor }),
      { request: anyKey },
    )
  }
}

const keys = Array.from({ length: 50_000 }, (_, key) => `/item/${key}`)
const placed = (balancer: Balancer<string>, some = keys) => some.map(key => balancer.pick(key)?.id)
const equal = (count: number) => pool(...Array.from({ length: count }, () => 1))
const made = (members: readonly Member[], options: Partial<RendezvousOptions<string>>) => {
  const balancer = rendezvous<string>({ key: key => key, ...options })
  balancer.rebuild(members)
  return balancer
}

describe.each(forms)('rendezvous %s', (_form, options) => {
  it.each([2, 10, 50])(
    'moves the keys of the one of %i that leaves, to all others, and no other key',
    count => {
      const members = equal(count)
      const balancer = rendezvous<number>({ key: key => key, seats: options.seats })
      balancer.rebuild(members)
      // So many that a twentieth is more than four standard deviations.
      const many = Array.from({ length: 8000 * count }, (_, key) => key)
      const placedOf = () => many.map(key => balancer.pick(key)?.id)
      const before = placedOf()
      const gone = members[1] as Member
      balancer.rebuild(members.filter(one => one !== gone))
      const after = placedOf()
      const moved = many.filter(key => before[key] !== after[key])
      expect(moved.filter(key => before[key] !== gone.id)).toEqual([])
      expect(moved.length / many.length).toBeLessThanOrEqual(1.05 / count)
      expect(new Set(moved.map(key => after[key])).size).toBe(count - 1)
      balancer.rebuild(members)
      expect(placedOf()).toEqual(before)
    },
  )

  it('gives shares by weight, sixteenths too, as even as chance: within five standard deviations', () => {
    const members = pool(1, 2, 3, 0.5, 0, 0.0625)
    const found: Record<string, number> = {}
    for (const id of placed(made(members, options))) found[id as string] = (found[id as string] ?? 0) + 1
    const total = 6.5625
    for (const { id, weight } of members) {
      const due = (keys.length * weight) / total
      expect(Math.abs((found[id] ?? 0) - due)).toBeLessThanOrEqual(5 * Math.sqrt(due))
    }
  })

  it('sends a retry where the key will be once the server is gone', () => {
    const members = pool(1, 2, 1, 3)
    const balancer = made(members, options)
    const [a] = members as [Member]
    const second = keys.slice(0, 5000).map(key => balancer.pick(key, new Set([a]))?.id)
    balancer.rebuild(members.slice(1))
    expect(placed(balancer, keys.slice(0, 5000))).toEqual(second)
    expect(balancer.pick('x', new Set(members))).toBe(balancer.pick('x'))
  })

  it('moves keys only to a server that becomes heavier, and only from one that becomes lighter', () => {
    const weights = fc.tuple(fc.constantFrom(0.0625, 0.5, 1, 2, 2.5), fc.constantFrom(0, 0.75, 1, 3, 5))
    fc.assert(
      fc.property(weights, ([first, then]) => {
        const members = pool(first, 2, 1)
        const balancer = made(members, options)
        const some = keys.slice(0, 1000)
        const before = placed(balancer, some)
        ;(members[0] as TestMember).weight = then
        balancer.rebuild(members)
        for (const [place, id] of placed(balancer, some).entries()) {
          if (id === before[place]) continue
          if (then > first) expect(id).toBe('a')
          else expect(before[place]).toBe('a')
        }
        ;(members[0] as TestMember).weight = first
        balancer.rebuild(members)
        expect(placed(balancer, some)).toEqual(before)
      }),
      { numRuns: 30 },
    )
  })

  it('never lets a server serve more than the factor of its even share, at any time', () => {
    const random = seeded(5)
    const members = pool(1, 1, 2, 4, 1, 1, 1, 1)
    const balancer = made(members, { ...options, balanceFactor: 110 })
    const weights = 12
    let total = 0
    const underWay: TestMember[] = []
    for (let step = 0; step < 20_000; step++) {
      if (random() < 0.52 || underWay.length === 0) {
        // Few keys make most of the traffic.
        const member = balancer.pick(`k${Math.floor(random() ** 6 * 50)}`) as TestMember
        member.load++
        total++
        underWay.push(member)
        balancer.began?.(member)
        const most = Math.ceil((Math.ceil(total * 1.1) / weights) * member.weight)
        expect(member.load).toBeLessThanOrEqual(Math.max(1, most))
      } else {
        const [member] = underWay.splice(Math.floor(random() * underWay.length), 1) as [TestMember]
        member.load--
        total--
        balancer.ended?.(member, { ok: true, latencyMs: 1 })
      }
    }
  })

  it('spreads the overflow of a server over all others, and not to a neighbour', () => {
    const members = equal(8)
    const balancer = made(members, { ...options, balanceFactor: 125 })
    const own = balancer.pick(keys[0] as string) as TestMember
    const itsKeys = keys.filter(key => balancer.pick(key) === own).slice(0, 80)
    const ids: string[] = []
    for (const key of itsKeys) {
      const member = balancer.pick(key) as TestMember
      member.load++
      balancer.began?.(member)
      ids.push(member.id)
    }
    const found = counts(ids.join(''))
    // An eighth of 81 and a quarter more, rounded up or down.
    expect([12, 13]).toContain(own.load)
    expect(Object.keys(found)).toHaveLength(8)
  })

  it('passes a server at its limit over where loads are bounded, and waits for it where they are not', () => {
    const members = equal(3)
    const waiting = made(members, options)
    const bounded = made(members, { ...options, balanceFactor: 200 })
    const own = waiting.pick('x') as TestMember
    own.saturated = true
    expect(waiting.pick('x')).toBe(own)
    expect(bounded.pick('x')).not.toBe(own)
  })
})

describe('rendezvous', () => {
  it('that looks at all agrees with others, whatever came before and in whatever order', () => {
    const members = pool(1, 2, 3, 4)
    const balancer = made([...members].reverse(), {})
    balancer.rebuild(members.slice(1))
    balancer.rebuild([members[2] as Member, members[0] as Member, members[3] as Member, members[1] as Member])
    expect(placed(balancer)).toEqual(placed(made(members, {})))
  })

  it('with seats gives those of servers that are away to others when there are no more', () => {
    const balancer = made(pool(8, 8), { seats: 16 })
    const [, b] = pool(8, 8) as [TestMember, TestMember]
    const others = ['c', 'd'].map(id => ({ ...b, id, weight: 4 }))
    balancer.rebuild([b, ...others])
    const found: Record<string, number> = {}
    for (const id of placed(balancer)) found[id as string] = (found[id as string] ?? 0) + 1 / keys.length
    expect(found.b).toBeCloseTo(0.5, 1.7)
    expect(found.c).toBeCloseTo(0.25, 1.7)
    b.weight = 1
    balancer.rebuild([b, { ...b, id: 'e', weight: 15 }])
    expect(placed(balancer).filter(id => id === 'b').length / keys.length).toBeCloseTo(1 / 16, 1.7)
  })

  it('refuses options that cannot be', () => {
    const key = (context: string) => context
    expect(() => rendezvous({ key, seats: 1000 })).toThrow(
      'rendezvous.seats is 1000: must be a power of two; the next one is 1024',
    )
    expect(() => rendezvous({ key, seats: 8 })).toThrow('must be an integer from 16 to 4194304')
    expect(() => rendezvous({ key, balanceFactor: 100 })).toThrow('rendezvous.balanceFactor is 100')
    expect(() => rendezvous({} as never)).toThrow('rendezvous.key is undefined')
    expect(() => rendezvous({ key, hashes: 1 } as never)).toThrow('rendezvous.hashes is unknown')
  })
})
