/**
 * The tests that every balancing algorithm must pass, yours as well as ours: `@evener/algorithms/contract`.
 *
 * They say what {@link Balancer} promises to its owner and nothing of who is chosen when there is a choice. All
 * chance in them comes from fixed seeds, so that a failure comes again. Needs vitest, which is an optional peer
 * dependency for that reason.
 */
import { describe, expect, it } from 'vitest'
import type { Balancer, Member, Random, RequestInfo } from './balancer.ts'

/** What the contract suite may need to know of a balancer. */
export interface BalancerContractOptions<C> {
  /** A request for the balancer to look at, made with the chance given; some {@link RequestInfo} by default. */
  readonly request?: (random: Random) => C
}

interface TestMember {
  readonly id: string
  weight: number
  load: number
  saturated: boolean
}

/** A small generator of good enough chance (Tommy Ettinger's mulberry32), the same for the same seed everywhere. */
function seeded(seed: number): Random {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const below = (random: Random, limit: number) => Math.floor(random() * limit)

function someRequest(random: Random): RequestInfo {
  const bytes = Array.from({ length: below(random, 20) }, () => String.fromCharCode(below(random, 256)))
  const value = bytes.join('')
  return {
    sourceAddress: random() < 0.8 ? `192.0.2.${below(random, 256)}` : undefined,
    uri: random() < 0.8 ? `/path/${below(random, 100)}?id=${value}` : undefined,
    header: name => (random() < 0.8 ? `${name}-${value}` : undefined),
  }
}

function member(id: string, weight = 1): TestMember {
  return { id, weight, load: 0, saturated: false }
}

/** A pool of up to 12 of 20 members, some of them of weight 0, some at their limit. */
function somePool(all: readonly TestMember[], random: Random): TestMember[] {
  const pool = all.filter(() => random() < 0.6).slice(0, below(random, 13))
  for (const one of pool) {
    if (random() < 0.3)
      one.weight = [0, 0, 1, 1, 1, 2, 2, 3, 10, 256, 0.0625, 12.5][below(random, 12)] as number
    one.saturated = random() < 0.15
  }
  return pool
}

/**
 * Register the contract as vitest tests.
 *
 * @param name what the tests are called after
 * @param make makes a new balancer, which draws all its randomness from the source given
 */
export function balancerContract<C = RequestInfo>(
  name: string,
  make: (random: Random) => Balancer<C>,
  options: BalancerContractOptions<C> = {},
): void {
  const request = options.request ?? (someRequest as unknown as (random: Random) => C)

  /** Live through rebuilds, picks, feedback and attempts, and have each pick looked at. */
  function live(
    seed: number,
    rebuilds: number,
    look: (picked: Member | undefined, pool: readonly TestMember[], tried: ReadonlySet<Member>) => void,
  ): void {
    const chance = seeded(seed)
    const balancer = make(seeded(seed + 1))
    const all = Array.from({ length: 20 }, (_, number) => member(`server-${number}`))
    const underWay: TestMember[] = []
    for (let rebuild = 0; rebuild < rebuilds; rebuild++) {
      const pool = somePool(all, chance)
      balancer.rebuild(pool)
      for (let step = 0; step < 8; step++) {
        const tried = new Set<Member>(chance() < 0.5 ? [] : pool.filter(() => chance() < 0.5))
        const picked = balancer.pick(request(chance), chance() < 0.2 && tried.size === 0 ? undefined : tried)
        look(picked, pool, tried)
        if (picked !== undefined) {
          const taken = picked as TestMember
          taken.load++
          underWay.push(taken)
          balancer.began?.(taken)
        }
        while (underWay.length > 20 || (underWay.length > 0 && chance() < 0.4)) {
          const [done] = underWay.splice(below(chance, underWay.length), 1) as [TestMember]
          done.load--
          balancer.ended?.(done, { ok: chance() < 0.9, latencyMs: below(chance, 1000) })
        }
      }
    }
  }

  /** The picks that are not as they should be, in words. An assertion for each pick would take most of the time. */
  function complaints(
    seed: number,
    rebuilds: number,
    fine: (picked: Member | undefined, pool: readonly TestMember[], tried: ReadonlySet<Member>) => boolean,
  ): string[] {
    const found: string[] = []
    live(seed, rebuilds, (picked, pool, tried) => {
      if (fine(picked, pool, tried)) return
      const names = (members: Iterable<Member>) =>
        [...members].map(one => `${one.id} (weight ${one.weight})`).join(', ')
      found.push(`chose ${picked?.id ?? 'nobody'} of ${names(pool)}; tried were: ${names(tried)}`)
    })
    return found
  }

  describe(`the balancer contract: ${name}`, () => {
    it('has a name', () => {
      expect(make(seeded(1)).name).toMatch(/\S/)
    })

    it('chooses nobody where there is nobody', () => {
      const balancer = make(seeded(1))
      const chance = seeded(2)
      expect(balancer.pick(request(chance))).toBeUndefined()
      balancer.rebuild([])
      expect(balancer.pick(request(chance))).toBeUndefined()
      balancer.rebuild([member('a'), member('b')])
      expect(balancer.pick(request(chance))).toBeDefined()
      balancer.rebuild([])
      expect(balancer.pick(request(chance))).toBeUndefined()
    })

    it('chooses nobody where all have weight 0', () => {
      const balancer = make(seeded(1))
      const members = [member('a', 0), member('b', 0)]
      balancer.rebuild(members)
      expect(balancer.pick(request(seeded(2)))).toBeUndefined()
      expect(balancer.pick(request(seeded(2)), new Set(members))).toBeUndefined()
    })

    it('always chooses the only one, even if it was tried or is saturated', () => {
      const balancer = make(seeded(1))
      const only = member('only')
      balancer.rebuild([member('other', 0), only])
      const chance = seeded(2)
      for (let step = 0; step < 20; step++) {
        only.saturated = step % 3 === 0
        expect(balancer.pick(request(chance), step % 2 === 0 ? new Set([only]) : undefined)).toBe(only)
      }
    })

    it('through 1,000 rebuilds chooses only members of the last one, of a weight above 0, and always one of them', () => {
      const wrong = complaints(10, 1000, (picked, pool) => {
        const usable = pool.filter(one => one.weight > 0)
        return picked === undefined ? usable.length === 0 : usable.includes(picked as TestMember)
      })
      expect(wrong).toEqual([])
    })

    it('avoids those tried as long as another has room', () => {
      const wrong = complaints(20, 300, (picked, pool, tried) => {
        const another = pool.some(one => one.weight > 0 && !one.saturated && !tried.has(one))
        return !another || !tried.has(picked as Member)
      })
      expect(wrong).toEqual([])
    })

    it('chooses a saturated one only when all are, unless the choice is made by key', () => {
      const { keyed = false } = make(seeded(1))
      const wrong = complaints(30, 300, (picked, pool) => {
        return keyed || picked?.saturated !== true || pool.every(one => one.weight === 0 || one.saturated)
      })
      expect(wrong).toEqual([])
    })

    it('chooses a server that comes back, changed or as it was', () => {
      const balancer = make(seeded(1))
      const [a, b] = [member('a'), member('b')]
      const chance = seeded(2)
      balancer.rebuild([a, b])
      for (let step = 0; step < 10; step++) balancer.pick(request(chance))
      balancer.rebuild([b])
      expect(balancer.pick(request(chance))).toBe(b)
      const again = member('a', 3)
      balancer.rebuild([again, member('b', 0)])
      expect(balancer.pick(request(chance))).toBe(again)
      balancer.rebuild([a])
      expect(balancer.pick(request(chance))).toBe(a)
    })

    it('makes the same choices from the same seed', () => {
      const choices = (seed: number) => {
        const ids: (string | undefined)[] = []
        live(seed, 50, picked => ids.push(picked?.id))
        return ids
      }
      expect(choices(40)).toEqual(choices(40))
    })

    it('keeps no hold on the lists and sets it is given, and does not change them', () => {
      const balancer = make(seeded(1))
      const [a, b] = [member('a'), member('b')]
      const members = [a, b]
      balancer.rebuild(Object.freeze(members.slice()))
      balancer.rebuild(members)
      members.length = 0
      const tried = new Set<Member>([a])
      const chance = seeded(2)
      for (let step = 0; step < 10; step++) expect(balancer.pick(request(chance), tried)).toBe(b)
      expect([...tried]).toEqual([a])
    })

    it('takes no harm from feedback about a member that has left, or was never there', () => {
      const balancer = make(seeded(1))
      const [a, b] = [member('a'), member('b')]
      balancer.rebuild([a, b])
      balancer.began?.(a)
      balancer.rebuild([b])
      balancer.ended?.(a, { ok: false, latencyMs: 1 })
      balancer.began?.(member('stranger'))
      balancer.ended?.(member('stranger'), { ok: true, latencyMs: 1 })
      expect(balancer.pick(request(seeded(2)))).toBe(b)
    })
  })
}
