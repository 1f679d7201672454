/** The balancers that are made of others: filter, fallBack, byPriority, shadow. */
import { describe, expect, it } from 'vitest'
import type { Balancer, Member } from './balancer.ts'
import { byPriority } from './by-priority.ts'
import { balancerContract } from './contract.ts'
import { fallBack } from './fall-back.ts'
import { filter } from './filter.ts'
import { hash } from './hash.ts'
import { leastConnections } from './least-connections.ts'
import { localities } from './localities.ts'
import { powerOfTwo } from './power-of-two.ts'
import { prequal } from './prequal.ts'
import { priorityLevels } from './priority-levels.ts'
import { roundRobin } from './round-robin.ts'
import { shadow } from './shadow.ts'
import { pool, seeded, sequence, type TestMember } from './test-members.ts'
import { urlParameter } from './url-parameter.ts'

const last = ({ id }: Member) => Number(id.at(-1))
balancerContract('filter() that lets all pass', random => filter(() => true, powerOfTwo({ random })))
balancerContract('fallBack()', () =>
  fallBack(
    filter(one => last(one) < 3, leastConnections()),
    roundRobin(),
  ),
)
balancerContract('byPriority()', random =>
  byPriority({ levelOf: one => last(one) % 3, of: () => powerOfTwo({ random }) }),
)
balancerContract('shadow()', random => shadow(leastConnections(), powerOfTwo({ random })))

const named = (ids: string) =>
  pool(...Array.from(ids, () => 1)) as [TestMember, TestMember, TestMember, TestMember]
const oneOf =
  (ids: string) =>
  ({ id }: Member) =>
    ids.includes(id)

/** A balancer that writes down what it is told. */
function told(name: string, lines: string[]): Balancer<unknown> {
  let members: readonly Member[] = []
  return {
    name,
    rebuild(given) {
      members = given
    },
    pick: () => members[0],
    began: ({ id }) => lines.push(`${name}: ${id} began`),
    ended: ({ id }, { ok }) => lines.push(`${name}: ${id} ended ${ok}`),
    probed: ({ id }, { latencyMs }) => lines.push(`${name}: ${id} takes ${latencyMs}`),
  }
}

describe('filter', () => {
  it('chooses among those that fit, and nobody where none does', () => {
    const balancer = filter(oneOf('bd'), roundRobin())
    balancer.rebuild(named('abcd'))
    expect(sequence(balancer, 4)).toBe('bdbd')
    balancer.rebuild(named('a'))
    expect(balancer.pick({})).toBeUndefined()
    expect(balancer.name).toBe('roundrobin')
  })

  it('is keyed where the one inside is, and asks for bodies that it asks for', () => {
    expect(filter(oneOf('a'), hash({ key: () => 'x' })).keyed).toBe(true)
    expect(filter(oneOf('a'), roundRobin()).keyed).toBe(false)
    expect(filter(oneOf('a'), roundRobin()).bodyWanted).toBeUndefined()
    const posted = filter(oneOf('a'), urlParameter('id', { checkPost: 100 }))
    expect(posted.bodyWanted?.({ method: 'POST', uri: '/' })).toBeGreaterThan(0)
  })

  it('refuses what is no balancer', () => {
    expect(() => filter(oneOf('a'), {} as never)).toThrow('filter.balancer is an object: must be a balancer')
    expect(() => filter('a' as never, roundRobin())).toThrow('filter.fits is "a"')
  })
})

describe('fallBack', () => {
  it('takes the first choice that has room and was not tried', () => {
    const members = named('abcd')
    const [a, b, c] = members
    const balancer = fallBack(
      filter(oneOf('ab'), roundRobin()),
      filter(oneOf('c'), roundRobin()),
      roundRobin(),
    )
    balancer.rebuild(members)
    expect(sequence(balancer, 4)).toBe('abab')
    a.saturated = true
    expect(sequence(balancer, 2)).toBe('bb')
    b.saturated = true
    expect(sequence(balancer, 2)).toBe('cc')
    expect(balancer.pick({}, new Set([c]))?.id).toBe('d')
    for (const one of members) one.saturated = true
    expect(oneOf('ab')(balancer.pick({}) as Member)).toBe(true)
  })

  it('rather takes a tried one with room than one without', () => {
    const members = named('ab')
    const [a, b] = members
    a.saturated = true
    const balancer = fallBack(filter(oneOf('a'), roundRobin()), filter(oneOf('b'), roundRobin()))
    balancer.rebuild(members)
    expect(balancer.pick({}, new Set([b]))).toBe(b)
  })

  it('tells each of load and probes, and hands on whom they want to be probed', () => {
    const lines: string[] = []
    const probing = prequal({ random: seeded(1), clock: { now: () => 0 }, probesPerPick: 2 })
    const balancer = fallBack(told('first', lines), told('second', lines), probing)
    const [a] = named('ab')
    balancer.rebuild(named('ab'))
    balancer.began?.(a)
    balancer.ended?.(a, { ok: true, latencyMs: 1 })
    balancer.probed?.(a, { requestsInFlight: 1, latencyMs: 5 })
    expect(lines).toEqual(
      ['a began', 'a ended true', 'a takes 5'].flatMap(line => [`first: ${line}`, `second: ${line}`]),
    )
    expect(balancer.nextProbe?.()).toBeUndefined()
    probing.pick({})
    expect(balancer.nextProbe?.()).toBeDefined()
  })

  it('refuses fewer than two', () => {
    expect(() => fallBack(roundRobin())).toThrow('fallBack.balancers is 1: must be two or more')
    expect(() => fallBack(roundRobin(), 3 as never)).toThrow('fallBack.balancers[1] is 3: must be a balancer')
  })
})

describe('byPriority', () => {
  it('goes to the next level only while the ones before have no room', () => {
    const members = named('abcd')
    const [a, b, c, d] = members
    const level: Record<string, number> = { a: 1, b: 0, c: 0, d: Number.NaN }
    const balancer = byPriority({ levelOf: ({ id }) => level[id] as number, of: roundRobin })
    balancer.rebuild(members)
    // What is no number is level 0.
    expect(sequence(balancer, 3)).toBe('bcd')
    b.saturated = true
    c.saturated = true
    expect(balancer.pick({}, new Set([d]))).toBe(a)
    a.saturated = true
    expect(balancer.pick({}, new Set([d]))).toBe(d)
    balancer.rebuild([a])
    expect(balancer.pick({})).toBe(a)
  })

  it('never uses members that are down, if it is told of any', () => {
    const [a, b] = named('ab')
    const balancer = byPriority({ levelOf: () => 0, of: roundRobin })
    balancer.rebuild([{ ...a, up: false }, b])
    expect(sequence(balancer, 2)).toBe('bb')
  })

  it('makes a balancer when a level comes, keeps it while it stays, and refuses what is none', () => {
    let made = 0
    const of = () => {
      made++
      return roundRobin()
    }
    const balancer = byPriority({ levelOf: ({ id }) => (id === 'a' ? 0 : 1), of })
    const [a, b, c] = named('abc')
    balancer.rebuild([a, b])
    balancer.rebuild([a, b, c])
    expect(made).toBe(2)
    balancer.rebuild([a])
    balancer.rebuild([a, b])
    expect(made).toBe(3)
    const wrong = byPriority({ levelOf: () => 7, of: () => undefined as never })
    expect(() => wrong.rebuild([a])).toThrow('byPriority.of(7) is undefined: must be a balancer')
    expect(() => byPriority({ levelOf: () => 0 } as never)).toThrow('byPriority.of is undefined')
    expect(() => byPriority({ of } as never)).toThrow('byPriority.levelOf is undefined')
    expect(() => byPriority({ of, levelOf: () => 0, levels: 3 } as never)).toThrow(
      'byPriority.levels is unknown',
    )
  })
})

describe('bodies that balancers of groups want', () => {
  const posted = { method: 'POST', uri: '/' }
  const reader = (bytes: number) => urlParameter('id', { checkPost: bytes })
  const groupings = {
    byPriority: (of: (group: number) => Balancer) => byPriority({ levelOf: last, of }),
    priorityLevels: (of: (group: number) => Balancer) => priorityLevels({ levelOf: last, of }),
    localities: (of: (group: number) => Balancer) =>
      localities({ localityOf: ({ id }) => id, of: id => of(Number(id)) }),
  }
  const servers = (ids: string) => Array.from(ids, id => ({ id, weight: 1, load: 0, saturated: false }))

  it.each(Object.entries(groupings))('%s asks for as much as any group that is there wants', (_, made) => {
    const balancer = made(group => (group === 0 ? roundRobin() : reader(10 * group)))
    balancer.rebuild(servers('0'))
    expect(balancer.bodyWanted).toBeUndefined()
    balancer.rebuild(servers('012'))
    expect(balancer.bodyWanted?.(posted)).toBe(20)
    expect(balancer.bodyWanted?.({ method: 'GET', uri: '/' })).toBe(0)
    balancer.rebuild(servers('01'))
    expect(balancer.bodyWanted?.(posted)).toBe(10)
    balancer.rebuild(servers('0'))
    expect(balancer.bodyWanted?.(posted) ?? 0).toBe(0)
  })
})

describe('shadow', () => {
  it('lets one decide and counts how often the other agrees', () => {
    const members = named('abc')
    const balancer = shadow(roundRobin(), filter(oneOf('a'), roundRobin()))
    balancer.rebuild(members)
    expect(sequence(balancer, 7)).toBe('abcabca')
    expect(balancer.picks).toBe(7)
    expect(balancer.agreements).toBe(3)
    expect(balancer.wouldHave?.id).toBe('a')
    expect(balancer.name).toBe('roundrobin')
  })

  it('tells both of load and probes, and asks for the probes that the active one wants', () => {
    const lines: string[] = []
    const active = prequal({ random: seeded(1), clock: { now: () => 0 } })
    const balancer = shadow<unknown>(active, told('candidate', lines))
    const [a] = named('ab')
    balancer.rebuild(named('ab'))
    balancer.pick({})
    expect(balancer.nextProbe?.()).toBeDefined()
    balancer.began?.(a)
    balancer.ended?.(a, { ok: false, latencyMs: 1 })
    balancer.probed?.(a, { requestsInFlight: 1, latencyMs: 5 })
    expect(lines).toEqual(['candidate: a began', 'candidate: a ended false', 'candidate: a takes 5'])
  })

  it('is not disturbed by a candidate that throws', () => {
    const broken = () => {
      throw new Error('a bug')
    }
    const candidate = {
      name: 'broken',
      rebuild: broken,
      pick: broken,
      began: broken,
      ended: broken,
      probed: broken,
    }
    const balancer = shadow<unknown>(roundRobin(), candidate)
    const [a] = named('a')
    balancer.rebuild([a])
    expect(balancer.pick({})).toBe(a)
    balancer.began?.(a)
    balancer.ended?.(a, { ok: true, latencyMs: 1 })
    balancer.probed?.(a, { requestsInFlight: 0, latencyMs: 0 })
    expect([balancer.picks, balancer.agreements]).toEqual([1, 0])
  })

  it('asks for bodies from when the active one does', () => {
    const of = () => urlParameter('id', { checkPost: 9 })
    const balancer = shadow(byPriority({ levelOf: () => 0, of }), roundRobin())
    balancer.rebuild(named('a'))
    expect(balancer.bodyWanted?.({ method: 'POST', uri: '/' })).toBe(9)
  })

  it('is what the active one is: keyed or not, and as to bodies and members that are down', () => {
    const posted = shadow(urlParameter('id', { checkPost: 9 }), roundRobin())
    expect(posted.keyed).toBe(true)
    expect(posted.bodyWanted?.({ method: 'POST', uri: '/' })).toBeGreaterThan(0)
    expect(shadow(roundRobin(), urlParameter('id', { checkPost: 9 })).bodyWanted).toBeUndefined()
    expect(() => shadow(roundRobin(), undefined as never)).toThrow('shadow.candidate is undefined')
  })
})
