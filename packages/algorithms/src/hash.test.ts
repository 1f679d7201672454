import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { balancerContract } from './contract.ts'
import { hash } from './hash.ts'
import { avalanche } from './hash-functions.ts'
import { leastConnections } from './least-connections.ts'
import { counts, pool, sequence, type TestMember } from './test-members.ts'

const anyKey = (random: () => number) => (random() < 0.3 ? undefined : `key ${Math.floor(random() * 100)}`)
for (const type of ['map-based', 'consistent'] as const) {
  balancerContract(`hash({ type: '${type}' })`, () => hash<string | undefined>({ type, key: key => key }), {
    request: anyKey,
  })
}
balancerContract(
  'hash({ fallback: leastConnections() })',
  () => hash<string | undefined>({ key: key => key, fallback: leastConnections() }),
  { request: anyKey },
)

const keys = Array.from({ length: 10_000 }, (_, key) => `/item/${key}`)

describe('hash', () => {
  it('chooses the same server for the same key, with load or without', () => {
    const members = pool(1, 2, 3)
    const balancer = hash<string>({ key: key => key })
    balancer.rebuild(members)
    const before = keys.map(key => balancer.pick(key))
    for (const member of members) member.saturated = member.id !== 'b'
    expect(keys.map(key => balancer.pick(key))).toEqual(before)
    expect(balancer.keyed).toBe(true)
  })

  it('takes text, bytes and numbers for keys', () => {
    const balancer = hash<string | Uint8Array | number>({ key: key => key })
    const members = pool(1, 1, 1)
    balancer.rebuild(members)
    expect(balancer.pick(new TextEncoder().encode('/a'))).toBe(balancer.pick('/a'))
    expect([0, 1, 2, 3].map(number => balancer.pick(number)?.id).join('')).toBe('abca')
    expect(balancer.pick(2 ** 32 - 1)).toBe(balancer.pick(-1))
  })

  it('spreads numbers when asked to', () => {
    const members = pool(1, 1, 1)
    const balancer = hash<number>({ key: key => key, avalanche: true })
    balancer.rebuild(members)
    for (let key = 0; key < 20; key++) expect(balancer.pick(key)).toBe(members[(avalanche(key) >>> 0) % 3])
  })

  it('spreads consistent hashes unless a function or no avalanche is asked for, as HAProxy does', () => {
    const members = pool(1, 1, 1, 1)
    const choices = (options: object) => {
      const balancer = hash<string>({ type: 'consistent', key: key => key, ...options })
      balancer.rebuild(members)
      return keys.map(key => balancer.pick(key)?.id).join('')
    }
    expect(choices({})).toBe(choices({ function: 'sdbm', avalanche: true }))
    expect(choices({ function: 'sdbm' })).toBe(choices({ avalanche: false }))
    expect(choices({})).not.toBe(choices({ avalanche: false }))
  })

  it('gives shares by weight: map-based within a twentieth, consistent within a third', () => {
    for (const [type, tolerance] of [
      ['map-based', 0.05],
      ['consistent', 0.33],
    ] as const) {
      const balancer = hash<string>({ type, avalanche: true, key: key => key })
      balancer.rebuild(pool(10, 20, 30))
      const found = counts(keys.map(key => balancer.pick(key)?.id).join(''))
      for (const [id, weight] of Object.entries({ a: 10, b: 20, c: 30 })) {
        const share = (found[id] ?? 0) / keys.length
        expect(Math.abs(share - weight / 60)).toBeLessThan((tolerance * weight) / 60)
      }
    }
  })

  it('serves requests without a key in turn, from the same table', () => {
    const balancer = hash<unknown>({ key: () => undefined })
    balancer.rebuild(pool(1, 1, 1))
    expect(sequence(balancer, 6)).toBe('abcabc')
  })

  it('serves requests without a key as the fallback does, which hears of everything', () => {
    const members = pool(1, 1)
    const [a] = members as [TestMember]
    const balancer = hash<unknown>({ key: () => undefined, fallback: leastConnections() })
    balancer.rebuild(members)
    a.load = 1
    balancer.began?.(a)
    expect(sequence(balancer, 2)).toBe('bb')
    a.load = 0
    ;(members[1] as TestMember).load = 1
    balancer.began?.(members[1] as TestMember)
    balancer.ended?.(a, { ok: true, latencyMs: 5 })
    expect(sequence(balancer, 2)).toBe('aa')
  })

  it('goes on to another server when the key’s own was tried, the same for each attempt', () => {
    for (const type of ['map-based', 'consistent'] as const) {
      const members = pool(1, 1, 1)
      const balancer = hash<string>({ type, key: key => key })
      balancer.rebuild(members)
      fc.assert(
        fc.property(fc.string(), key => {
          const own = balancer.pick(key) as TestMember
          const second = balancer.pick(key, new Set([own])) as TestMember
          const third = balancer.pick(key, new Set([own, second])) as TestMember
          expect(new Set([own, second, third]).size).toBe(3)
          expect(balancer.pick(key, new Set([own]))).toBe(second)
          expect(balancer.pick(key, new Set([own, second, third]))).toBe(own)
          const strangers = new Set([own, ...pool(1, 1, 1)])
          expect(balancer.pick(key, strangers)).toBe(second)
        }),
      )
    }
  })

  it('serves keyless requests with who has room, tried rather than saturated', () => {
    for (const type of ['map-based', 'consistent'] as const) {
      const members = pool(1, 1, 1)
      const [a, b, c] = members as [TestMember, TestMember, TestMember]
      const balancer = hash<unknown>({ type, key: () => undefined })
      balancer.rebuild(members)
      expect(sequence(balancer, 8, new Set([a, b]))).toBe('cccccccc')
      c.saturated = true
      expect(Object.keys(counts(sequence(balancer, 40, new Set([a])))).join('')).toBe('b')
      b.saturated = true
      expect(sequence(balancer, 4, new Set([a]))).toBe('aaaa')
      a.saturated = true
      expect(sequence(balancer, 1, new Set([a]))).toMatch(/[bc]/)
      expect(sequence(balancer, 1, new Set(members))).toMatch(/[abc]/)
    }
  })

  it('is told the numbers of the servers', () => {
    const numbers: Record<string, number> = { a: 5, b: 9 }
    const balancer = hash<string>({
      type: 'consistent',
      key: key => key,
      numberOf: member => numbers[member.id] ?? 0,
    })
    const swapped = hash<string>({
      type: 'consistent',
      key: key => key,
      numberOf: member => numbers[member.id] ?? 0,
    })
    const [a, b] = pool(1, 1)
    balancer.rebuild([a, b] as never)
    swapped.rebuild([b, a] as never)
    expect(keys.map(key => balancer.pick(key))).toEqual(keys.map(key => swapped.pick(key)))
  })

  it('refuses options that cannot be', () => {
    const key = () => 'x'
    expect(() => hash({} as never)).toThrow(
      'hash.key is undefined: must be a function from a request to its key',
    )
    expect(() => hash({ key, type: 'ring' as never })).toThrow(
      'hash.type is "ring": must be one of map-based, consistent',
    )
    expect(() => hash({ key, function: 'md5' as never })).toThrow(
      'hash.function is "md5": must be one of sdbm, djb2',
    )
    expect(() => hash({ key, avalanche: 1 as never })).toThrow('hash.avalanche is 1')
    expect(() => hash({ key, fallback: {} as never })).toThrow(
      'hash.fallback is an object: must be a balancer',
    )
    expect(() => hash({ key, fallback: null as never })).toThrow('hash.fallback is null')
    expect(() => hash({ key, numberOf: () => 1 })).toThrow(
      'hash.numberOf is a function: must be absent unless',
    )
    expect(() => hash({ key, type: 'consistent', numberOf: 1 as never })).toThrow('hash.numberOf is 1')
    expect(() => hash({ key, type: 'x'.repeat(100) as never })).toThrow(`"${'x'.repeat(80)}…"`)
    expect(() => hash({ key, weight: 1 } as never)).toThrow(
      'hash.weight is unknown: must be one of key, type',
    )
    expect(() => hash(null as never)).toThrow('hash is null: must be an object')
  })
})
