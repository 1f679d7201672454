/** Priority levels and localities, which Envoy has: shares by health, and the panic. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Balancer } from './balancer.ts'
import { balancerContract } from './contract.ts'
import { fallBack } from './fall-back.ts'
import { filter } from './filter.ts'
import { leastConnections } from './least-connections.ts'
import { type LocalitiesOptions, localities } from './localities.ts'
import { type PriorityLevelsOptions, priorityLevels } from './priority-levels.ts'
import { roundRobin } from './round-robin.ts'
import { shadow } from './shadow.ts'
import { seeded, type TestMember } from './test-members.ts'

const levelOf = ({ id }: { id: string }) => Number(id[0])
const groupOf = ({ id }: { id: string }) => id[0] as string
balancerContract('priorityLevels()', random =>
  priorityLevels({ levelOf: ({ id }) => id.length % 2, of: leastConnections, random }),
)
balancerContract('localities()', random =>
  localities({ localityOf: ({ id }) => id.slice(-1), of: leastConnections, random }),
)
balancerContract('localities() whose weights are all 0', random =>
  localities({ localityOf: ({ id }) => id.slice(-1), of: leastConnections, random, weightOf: () => 0 }),
)

/** For each group: how many are up of how many; ids are `0-1`, `0-2`, `1-1`, … */
function farm(...groups: [number, number][]): (TestMember & { up: boolean })[] {
  return groups.flatMap(([up, all], group) =>
    Array.from({ length: all }, (_, place) => ({
      id: `${group}-${place}`,
      weight: 1,
      load: 0,
      saturated: false,
      up: place < up,
    })),
  )
}

const picks = 20_000

/** The share of each group in so many picks, and of servers that are down. */
function shares(balancer: Balancer<unknown>, groups: number): { shares: number[]; down: number } {
  const found = { shares: Array.from({ length: groups }, () => 0), down: 0 }
  for (let pick = 0; pick < picks; pick++) {
    const picked = balancer.pick({})
    if (picked === undefined) continue
    found.shares[levelOf(picked)] = (found.shares[levelOf(picked)] ?? 0) + 1 / picks
    if (picked.up === false) found.down += 1 / picks
  }
  return found
}

function levels(groups: [number, number][], options: Partial<PriorityLevelsOptions<unknown>> = {}) {
  const balancer = priorityLevels({ levelOf, of: roundRobin, random: seeded(3), ...options })
  balancer.rebuild(farm(...groups))
  return shares(balancer, groups.length)
}

describe('priority levels', () => {
  // The first rows are those of Envoy's own table, for two levels of a hundred servers.
  it.each<[[number, number][], number[]]>([
    [
      [
        [100, 100],
        [100, 100],
      ],
      [1, 0],
    ],
    [
      [
        [72, 100],
        [72, 100],
      ],
      [1, 0],
    ],
    [
      [
        [71, 100],
        [71, 100],
      ],
      [0.994, 0.006],
    ],
    [
      [
        [50, 100],
        [50, 100],
      ],
      [0.7, 0.3],
    ],
    [
      [
        [25, 100],
        [100, 100],
      ],
      [0.35, 0.65],
    ],
    [
      [
        [25, 100],
        [25, 100],
      ],
      [0.5, 0.5],
    ],
    [
      [
        [5, 100],
        [0, 100],
        [45, 100],
      ],
      [0.1, 0, 0.9],
    ],
    [
      [
        [0, 100],
        [100, 100],
      ],
      [0, 1],
    ],
    [
      [
        [20, 100],
        [20, 100],
        [100, 100],
      ],
      [0.28, 0.28, 0.44],
    ],
  ])('%j gives %j', (groups, due) => {
    const found = levels(groups).shares
    for (const [level, share] of due.entries()) expect(found[level]).toBeCloseTo(share, 1.7)
  })

  it('uses all servers of a level where too few are up and the others cannot make up for it', () => {
    expect(
      levels([
        [25, 100],
        [25, 100],
      ]).down,
    ).toBeCloseTo(0.75, 1.7)
    expect(
      levels([
        [25, 100],
        [100, 100],
      ]).down,
    ).toBe(0)
    expect(
      levels([
        [70, 100],
        [5, 100],
      ]).down,
    ).toBe(0)
    expect(
      levels(
        [
          [60, 100],
          [2, 100],
        ],
        { overprovisioningFactor: 1 },
      ).down,
    ).toBeCloseTo((2 / 62) * 0.98, 2)
    expect(
      levels(
        [
          [25, 100],
          [25, 100],
        ],
        { panicThreshold: 0.2 },
      ).down,
    ).toBe(0)
  })

  it('uses all servers by their number where nobody is up, and nobody where it never panics', () => {
    const found = levels([
      [0, 30],
      [0, 10],
    ])
    expect(found.shares[0]).toBeCloseTo(3 / 4, 1.7)
    expect(found.down).toBeCloseTo(1)
    const calm = priorityLevels({ levelOf, of: roundRobin, random: seeded(1), panicThreshold: 0 })
    calm.rebuild(farm([0, 3], [0, 3]))
    expect(calm.pick({})).toBeUndefined()
  })

  it('goes to another level where the one drawn has no room', () => {
    const members = farm([2, 2], [2, 2])
    const balancer = priorityLevels({ levelOf, of: roundRobin, random: seeded(1) })
    balancer.rebuild(members)
    for (const one of members.slice(0, 2)) one.saturated = true
    expect(balancer.pick({})?.id).toMatch(/^1/)
    expect(balancer.pick({}, new Set(members.slice(2)))?.id).toMatch(/^1/)
  })

  it('gives shares that add up to 1, and no level more than it can take while all suffice', () => {
    const level = fc
      .tuple(fc.nat(10), fc.integer({ min: 1, max: 10 }))
      .map(([up, all]): [number, number] => [Math.min(up, all), all])
    fc.assert(
      fc.property(fc.array(level, { minLength: 1, maxLength: 4 }), groups => {
        const found = levels(groups).shares
        expect(found.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1)
        const can = groups.map(([up, all]) => Math.min(1, (1.4 * up) / all))
        if (can.reduce((sum, each) => sum + each, 0) < 1) return
        for (const [place, share] of found.entries())
          expect(share).toBeLessThan((can[place] as number) + 0.02)
      }),
      { numRuns: 30 },
    )
  })

  it('may hold localities, which panic for themselves', () => {
    const zoneOf = ({ id }: { id: string }) => (Number(id.at(-1)) % 2 === 0 ? 'even' : 'odd')
    const balancer = priorityLevels({
      levelOf,
      of: () => localities({ localityOf: zoneOf, of: roundRobin, random: seeded(4) }),
      random: seeded(5),
    })
    balancer.rebuild(farm([10, 10], [10, 10]))
    expect(shares(balancer, 2)).toEqual({ shares: [expect.closeTo(1), 0], down: 0 })
    balancer.rebuild(farm([5, 10], [10, 10]))
    const found = shares(balancer, 2)
    expect(found.shares[0]).toBeCloseTo(0.7, 1.7)
    expect(found.down).toBe(0)
  })

  it('is told of servers that are down through what it is wrapped in, and others in it are not', () => {
    const make = () => priorityLevels({ levelOf, of: roundRobin, random: seeded(1) })
    const wrapped = [
      filter(() => true, make()),
      fallBack(make(), roundRobin()),
      shadow<unknown>(make(), roundRobin()),
    ]
    for (const balancer of wrapped) {
      expect(balancer.seesDown).toBe(true)
      balancer.rebuild(farm([5, 10], [10, 10]))
      expect(shares(balancer, 2).shares[0]).toBeCloseTo(0.7, 1.7)
    }
    const other = shadow<unknown>(roundRobin(), make())
    expect(other.seesDown).toBe(false)
    other.rebuild(farm([1, 1]))
    expect(other.pick({})?.id).toBe('0-0')
  })

  it('refuses options that cannot be', () => {
    const make = (options: object) => () => priorityLevels({ levelOf, of: roundRobin, ...options } as never)
    expect(make({ overprovisioningFactor: 0.9 })).toThrow(
      'overprovisioningFactor is 0.9: must be a number from 1 to 100',
    )
    expect(make({ panicThreshold: 50 })).toThrow(
      'priorityLevels.panicThreshold is 50: must be a number from 0 to 1',
    )
    expect(make({ levelOf: 1 })).toThrow('priorityLevels.levelOf is 1')
    expect(make({ of: 1 })).toThrow('priorityLevels.of is 1')
    expect(make({ panic: 1 })).toThrow('priorityLevels.panic is unknown')
  })
})

function zones(groups: [number, number][], options: Partial<LocalitiesOptions<unknown>> = {}) {
  const balancer = localities({ localityOf: groupOf, of: roundRobin, random: seeded(3), ...options })
  balancer.rebuild(farm(...groups))
  return shares(balancer, groups.length)
}

describe('localities', () => {
  it('take shares by the weight of their servers, or by what is said', () => {
    expect(
      zones([
        [3, 3],
        [1, 1],
      ]).shares[0],
    ).toBeCloseTo(3 / 4, 1.7)
    expect(
      zones(
        [
          [3, 3],
          [1, 1],
        ],
        { weightOf: zone => (zone === '0' ? 1 : 4) },
      ).shares[0],
    ).toBeCloseTo(1 / 5, 1.7)
    expect(
      zones(
        [
          [3, 3],
          [1, 1],
        ],
        { weightOf: zone => (zone === '0' ? Number.NaN : 4) },
      ).shares,
    ).toEqual([0, expect.closeTo(1)])
  })

  it('keep their share until less than 72 in 100 of their servers are up, and then give of it', () => {
    expect(
      zones([
        [72, 100],
        [100, 100],
      ]).shares[0],
    ).toBeCloseTo(0.5, 1.7)
    const { shares: found, down } = zones([
      [50, 100],
      [100, 100],
    ])
    expect(found[0]).toBeCloseTo(0.7 / 1.7, 1.7)
    expect(down).toBe(0)
  })

  it('use all servers where too few of all are up', () => {
    const { shares: found, down } = zones([
      [10, 100],
      [80, 100],
    ])
    expect(found[0]).toBeCloseTo(1 / 2, 1.7)
    expect(down).toBeCloseTo((0.9 + 0.2) / 2, 1.7)
    expect(
      zones(
        [
          [10, 100],
          [80, 100],
        ],
        { panicThreshold: 0.4 },
      ).down,
    ).toBe(0)
  })

  it('refuse options that cannot be', () => {
    const make = (options: object) => () =>
      localities({ localityOf: groupOf, of: roundRobin, ...options } as never)
    expect(make({ localityOf: 'zone' })).toThrow('localities.localityOf is "zone"')
    expect(make({ weightOf: 3 })).toThrow('localities.weightOf is 3')
    expect(make({ panicThreshold: -1 })).toThrow('localities.panicThreshold is -1')
    expect(make({ zone: 3 })).toThrow('localities.zone is unknown')
    const wrong = localities({ localityOf: groupOf, of: () => 3 as never })
    expect(() => wrong.rebuild(farm([1, 1]))).toThrow('localities.of("0") is 3: must be a balancer')
  })
})
