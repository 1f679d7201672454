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

for (const options of [
  { balanceFactor: 125 },
  { preserveAffinity: 'maxconn' },
  { preserveAffinity: 'maxqueue', balanceFactor: 150 },
] as const) {
  balancerContract(
    `hash(${JSON.stringify(options)})`,
    () => hash<string | undefined>({ type: 'consistent', key: key => key, ...options }),
    { request: anyKey },
  )
}

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

  it('leaves a server at its limit for the next on the ring, if asked to', () => {
    const members: (TestMember & { queueFull?: boolean | undefined })[] = pool(1, 1, 1)
    const balancerOf = (preserveAffinity: 'always' | 'maxconn' | 'maxqueue') => {
      const balancer = hash<string>({ type: 'consistent', key: key => key, preserveAffinity })
      balancer.rebuild(members)
      return balancer
    }
    const [always, maxconn, maxqueue] = [balancerOf('always'), balancerOf('maxconn'), balancerOf('maxqueue')]
    const own = always.pick('/x') as TestMember & { queueFull?: boolean | undefined }
    const second = always.pick('/x', new Set([own])) as TestMember
    own.saturated = true
    expect([always, maxconn, maxqueue].map(balancer => balancer.pick('/x'))).toEqual([own, second, own])
    own.queueFull = true
    expect(maxqueue.pick('/x')).toBe(second)
    expect(always.pick('/x')).toBe(own)
    second.saturated = true
    const third = members.find(member => member !== own && member !== second)
    expect(maxconn.pick('/x')).toBe(third)
    expect(maxconn.pick('/x', new Set([third as TestMember]))).not.toBe(third)
  })

  it('waits for the server of the last place on the ring when all are at their limit, as HAProxy does', () => {
    const members = pool(1, 2, 3)
    const balancer = hash<string>({ type: 'consistent', key: key => key, preserveAffinity: 'maxconn' })
    balancer.rebuild(members)
    for (const member of members) member.saturated = true
    const places = members.flatMap((member, rank) =>
      Array.from({ length: member.weight * 16 }, (_, place) => ({
        member,
        hash: avalanche((rank + 1) * 4096 + place) >>> 0,
      })),
    )
    const last = places.reduce((one, other) => (other.hash > one.hash ? other : one)).member
    for (const key of keys.slice(0, 100)) {
      expect(balancer.pick(key)).toBe(last)
      expect(balancer.pick(key, new Set([last]))).not.toBe(last)
      expect(members).toContain(balancer.pick(key, new Set(members)))
    }
    expect(balancer.keyed).toBe(true)
  })

  it('agrees with others by address or name, whatever the order of the servers', () => {
    const at = (place: number) => ({
      ...(pool(1, 1, 1, 1, 1)[place] as TestMember),
      host: `192.0.2.${place}`,
      port: 80,
    })
    for (const hashKey of ['guid', 'addr', 'addr-port'] as const) {
      const [one, other] = [0, 1].map(() => hash<string>({ type: 'consistent', key: key => key, hashKey }))
      one?.rebuild([0, 1, 2, 3, 4].map(at))
      other?.rebuild([3, 1, 4, 0, 2].map(at))
      const ids = keys.slice(0, 300).map(key => one?.pick(key)?.id)
      expect(new Set(ids).size).toBe(5)
      expect(keys.slice(0, 300).map(key => other?.pick(key)?.id)).toEqual(ids)
    }
  })

  it('moves the keys of a server that has got another address, and no others but to it', () => {
    const at = (id: string, host: string) => ({ id, weight: 4, load: 0, saturated: false, host })
    const balancer = hash<string>({ type: 'consistent', key: key => key, hashKey: 'addr' })
    const anew = hash<string>({ type: 'consistent', key: key => key, hashKey: 'addr' })
    const [a, b, c] = [at('a', '192.0.2.1'), at('b', '192.0.2.2'), at('b', '192.0.2.3')]
    balancer.rebuild([a, b])
    balancer.rebuild([a, c])
    anew.rebuild([a, c])
    const ids = keys.slice(0, 300).map(key => balancer.pick(key)?.id)
    expect(ids).toEqual(keys.slice(0, 300).map(key => anew.pick(key)?.id))
    expect(new Set(ids).size).toBe(2)
    balancer.rebuild([a, b])
    anew.rebuild([a, b])
    expect(keys.map(key => balancer.pick(key)?.id)).toEqual(keys.map(key => anew.pick(key)?.id))
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
    for (const option of [
      { hashKey: 'addr' },
      { balanceFactor: 125 },
      { preserveAffinity: 'maxconn' },
    ] as const) {
      const name = Object.keys(option)[0] as string
      expect(() => hash({ key, ...option })).toThrow(`hash.${name} is`)
      expect(() => hash({ key, ...option })).toThrow('must be absent unless hash.type is consistent')
    }
    const consistent = { key, type: 'consistent' } as const
    expect(() => hash({ ...consistent, hashKey: 'name' as never })).toThrow(
      'hash.hashKey is "name": must be one of id, id32, guid, addr, addr-port',
    )
    expect(() => hash({ ...consistent, balanceFactor: 100 })).toThrow(
      'hash.balanceFactor is 100: must be 0, or an integer from 101 to 65535',
    )
    expect(() => hash({ ...consistent, balanceFactor: 1.5 })).toThrow('hash.balanceFactor is 1.5')
    expect(() => hash({ ...consistent, preserveAffinity: 'never' as never })).toThrow(
      'hash.preserveAffinity is "never": must be one of always, maxconn, maxqueue',
    )
    expect(() => hash({ key, weight: 1 } as never)).toThrow(
      'hash.weight is unknown: must be one of key, type',
    )
    expect(() => hash(null as never)).toThrow('hash is null: must be an object')
  })
})
