import { random as draws, leastConnections, roundRobin, source } from '@evener/algorithms'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Random } from '../seeded-random.ts'
import { constant, poisson, trace } from './arrivals.ts'
import type { SimulatedBalancer, SimulatedMember } from './balancer.ts'
import type { SimulatedServer } from './server-options.ts'
import { exponential, fixed } from './service-times.ts'
import { simulate } from './simulate.ts'
import type { SimulateOptions } from './simulate-options.ts'

/** Takes the members by a script of their ids, and notes what it is told. */
function scripted(ids: readonly string[], notes: string[] = [], keyed = false): SimulatedBalancer<unknown> {
  let members: readonly SimulatedMember[] = []
  let picked = 0
  return {
    name: 'scripted',
    keyed,
    rebuild(given) {
      members = given
      notes.push(`pool ${given.map(({ id, weight }) => `${id}:${weight}`).join(' ')}`)
    },
    pick: () =>
      members.find(({ id }) => id === ids[picked % ids.length]!) ?? (picked++ >= 0 ? members[0] : undefined),
    began: ({ id, load }) => {
      picked++
      notes.push(`${id} began, ${load}`)
    },
    ended: ({ id, load }, { ok, latencyMs }) => {
      notes.push(`${id} ended ${ok ? 'well' : 'badly'} after ${latencyMs}, ${load}`)
    },
  }
}

const one = (options: Partial<SimulatedServer> = {}): SimulatedServer[] => [{ id: 'a', ...options }]
const invalid = (message: RegExp) =>
  expect.objectContaining({ code: 'EVENER_INVALID_OPTION', message: expect.stringMatching(message) })

describe('a server', () => {
  test('works on one request at a time, first come, first served', () => {
    const notes: string[] = []
    const options = { servers: one(), arrivals: trace([0, 1, 2]), service: fixed(10) }
    const result = simulate(scripted(['a'], notes), options)
    expect(notes).toEqual([
      'pool a:1',
      ...['a began, 1', 'a began, 2', 'a began, 3'],
      ...['a ended well after 10, 2', 'a ended well after 19, 1', 'a ended well after 28, 0'],
    ])
    expect(result.latency).toMatchObject({ count: 3, mean: 19, p50: 19, max: 28 })
    expect(result.servers[0]).toMatchObject({ attempts: 3, share: 1, busy: 1, maxInFlight: 3, failed: 0 })
    expect(result.servers[0]!.meanInFlight).toBeCloseTo((10 + 19 + 28) / 30)
  })

  test('has the latency that queueing theory gives: M/M/1, M/D/1 and M/M/4 at 70 %', () => {
    const options = { arrivals: poisson({ load: 0.7 }), requests: 300_000 }
    const mm1 = simulate(roundRobin(), { ...options, servers: 1 })
    expect(mm1.latency.mean / (10 / 0.3)).toBeCloseTo(1, 1)
    // The time in such a system is exponential itself.
    expect(mm1.latency.p99 / ((10 / 0.3) * Math.log(100))).toBeCloseTo(1, 1)
    const md1 = simulate(roundRobin(), { ...options, servers: 1, service: fixed(10) })
    expect(md1.latency.mean / (10 + (0.7 * 10) / (2 * 0.3))).toBeCloseTo(1, 1)
    // Erlang C for 4 workers: the chance to wait, times the mean wait of those who do.
    const busy = [1, 2.8, 2.8 ** 2 / 2, 2.8 ** 3 / 6].reduce((sum, term) => sum + term, 0)
    const all = 2.8 ** 4 / 24 / 0.3
    const mm4 = simulate(roundRobin(), { ...options, servers: one({ workers: 4 }) })
    expect(mm4.latency.mean / (10 + ((all / (busy + all)) * 10) / (4 * 0.3))).toBeCloseTo(1, 1)
    expect(mm4.servers[0]!.busy).toBeCloseTo(0.7, 1)
  })

  test('may have unlimited workers, a speed, and a distribution of its own', () => {
    const arrivals = trace([0, 0, 0])
    const all = { arrivals, service: fixed(10) }
    expect(simulate(roundRobin(), { ...all, servers: one({ workers: Infinity }) }).latency.max).toBe(10)
    expect(simulate(roundRobin(), { ...all, servers: one({ workers: 3, speed: 0.5 }) }).latency.max).toBe(20)
    expect(simulate(roundRobin(), { ...all, servers: one({ service: fixed(1) }) }).latency.max).toBe(3)
  })

  test('that is told to fail fails at its rate and in its time, and the request is tried elsewhere', () => {
    const servers = [{ id: 'bad', failureRate: 0.5, failureMs: 2 }, { id: 'good' }]
    const options = { servers, arrivals: constant({ perSecond: 10 }), service: fixed(10), requests: 20_000 }
    const result = simulate(roundRobin(), options)
    const [bad, good] = result.servers
    expect(bad!.failed / bad!.attempts).toBeCloseTo(0.5, 1)
    expect(good!.failed).toBe(0)
    expect(result).toMatchObject({ failed: 0, refused: 0, completed: 20_000, retries: bad!.failed })
    expect(result.latency.max).toBe(12)
    const without = simulate(roundRobin(), { ...options, retries: 0 })
    expect(without).toMatchObject({ failed: without.servers[0]!.failed, retries: 0 })
    expect(without.completed + without.failed).toBe(20_000)
  })
})

describe('limits', () => {
  test('a saturated choice is waited for, and whichever has room first serves who came first', () => {
    const notes: string[] = []
    const servers = [
      { id: 'a', maxConnections: 1, speed: 0.5 },
      { id: 'b', maxConnections: 1 },
    ]
    const options = { servers, arrivals: trace([0, 1, 2, 3]), service: fixed(10) }
    const result = simulate(scripted(['a', 'b', 'a', 'a'], notes), options)
    expect(notes.slice(1)).toEqual([
      ...['a began, 1', 'b began, 1', 'b ended well after 10, 0', 'b began, 1'],
      ...['a ended well after 20, 0', 'a began, 1', 'b ended well after 10, 0', 'a ended well after 20, 0'],
    ])
    expect(result.maxQueued).toBe(2)
    expect(result.wait).toMatchObject({ max: 17, p50: 0 })
  })

  test('a choice by key waits for its very server, up to its own limit', () => {
    const notes: string[] = []
    const servers = [{ id: 'a', maxConnections: 1, maxQueue: 1, speed: 0.5 }, { id: 'b' }]
    const options = { servers, arrivals: trace([0, 1, 2]), service: fixed(10) }
    const result = simulate(scripted(['a'], notes, true), options)
    // Of two that wait, one counts as load of a; the third found no room in the line for a, and waits for any.
    expect(notes.filter(note => note.includes('began'))).toEqual(['a began, 1', 'a began, 1', 'a began, 1'])
    expect(notes).toContain('a ended well after 20, 1')
    expect(result.servers.map(({ attempts }) => attempts)).toEqual([3, 0])
    expect(result.latency.max).toBe(58)
  })

  test('no limit is ever exceeded, and each request ends once, whatever happens', () => {
    const server = fc.record({
      workers: fc.constantFrom(1, 2, Number.POSITIVE_INFINITY),
      maxConnections: fc.nat(3),
      maxQueue: fc.nat(2),
      weight: fc.constantFrom(1, 1, 2, 0),
      failureRate: fc.constantFrom(0, 0, 0.3),
      slowStartMs: fc.constantFrom(0, 200),
    })
    const moment = fc.record({ atMs: fc.nat(1000), server: fc.nat(3) })
    const world = fc.record({
      servers: fc.array(server, { minLength: 1, maxLength: 4 }),
      deaths: fc.array(moment, { maxLength: 3 }),
      keyed: fc.boolean(),
      detectMs: fc.constantFrom(0, 50),
      retries: fc.nat(2),
      maxQueue: fc.nat(20),
      balancers: fc.constantFrom(1, 3),
      seed: fc.nat(),
    })
    fc.assert(
      fc.property(world, ({ servers, deaths, keyed, seed, ...limits }) => {
        const named = servers.map((each, at) => ({ id: `s${at}`, ...each }))
        const changes = deaths.flatMap(({ atMs, server }) => {
          const { id } = named[server % named.length]!
          return [
            { atMs, die: id },
            { atMs: atMs + 100, revive: id },
          ]
        })
        const wrong: string[] = []
        const watch = (member: SimulatedMember, active: Map<SimulatedMember, number>, by: number) => {
          const now = (active.get(member) ?? 0) + by
          active.set(member, now)
          const most = named.find(({ id }) => id === member.id)!.maxConnections || Number.POSITIVE_INFINITY
          if (now > most || now < 0) wrong.push(`${now} under way on ${member.id}`)
          if (member.load < now) wrong.push(`a load of ${member.load} with ${now} under way`)
        }
        const make = ({ random }: { random: Random }): SimulatedBalancer => {
          const inner: SimulatedBalancer = keyed ? source() : draws({ random })
          const active = new Map<SimulatedMember, number>()
          return {
            name: 'watched',
            keyed,
            rebuild: members => inner.rebuild(members),
            pick: (request, tried) => inner.pick(request, tried),
            began: member => watch(member, active, 1),
            ended: member => watch(member, active, -1),
          }
        }
        const options = {
          servers: named,
          changes,
          seed,
          requests: 150,
          arrivals: poisson({ perSecond: 150 }),
        }
        const result = simulate(make, { ...options, ...limits })
        expect(wrong).toEqual([])
        expect(result.completed + result.failed + result.refused).toBe(150)
        expect(result.maxQueued).toBeLessThanOrEqual(limits.maxQueue)
      }),
      { numRuns: 150 },
    )
  })

  test('who waits too long, or finds the queue full, is refused', () => {
    const options = {
      servers: one({ maxConnections: 1 }),
      arrivals: trace([0, 1, 2, 3]),
      service: fixed(100),
    }
    expect(simulate(scripted(['a']), { ...options, queueTimeoutMs: 10 })).toMatchObject({
      completed: 1,
      refused: 3,
    })
    expect(simulate(scripted(['a']), { ...options, maxQueue: 2 })).toMatchObject({ completed: 3, refused: 1 })
    expect(simulate(scripted(['a']), { ...options, maxQueue: 0 }).wait.count).toBe(1)
  })
})

describe('what happens meanwhile', () => {
  test('a server that dies loses what it has in hand, which is tried elsewhere, and is not chosen until it is back', () => {
    const notes: string[] = []
    const options = {
      servers: [{ id: 'a' }, { id: 'b' }],
      arrivals: trace([0, 1, 50, 120]),
      service: fixed(10),
      changes: [
        { atMs: 5, die: 'a' },
        { atMs: 100, revive: 'a' },
      ],
    }
    const result = simulate(scripted(['a'], notes), options)
    expect(notes).toEqual([
      'pool a:1 b:1',
      ...['a began, 1', 'a began, 2', 'pool b:1'],
      ...['a ended badly after 5, 1', 'b began, 1', 'a ended badly after 4, 0', 'b began, 2'],
      ...['b ended well after 10, 1', 'b ended well after 20, 0', 'b began, 1', 'b ended well after 10, 0'],
      ...['pool a:1 b:1', 'a began, 1', 'a ended well after 10, 0'],
    ])
    expect(result).toMatchObject({ failed: 0, retries: 2, completed: 4 })
  })

  test('until its death is detected it is chosen, and refuses', () => {
    const changes = [{ atMs: 100, die: 'a' }]
    const options = { servers: 2, arrivals: constant({ perSecond: 100 }), service: fixed(1), requests: 100 }
    const named = { ...options, servers: [{ id: 'a', refusalMs: 3 }, { id: 'b' }], changes }
    const result = simulate(roundRobin(), { ...named, detectMs: 200 })
    // Each of the twenty requests of that time: the turn of the other server goes to the one that is tried again.
    expect(result.servers[0]!.failed).toBeGreaterThanOrEqual(19)
    expect(result.servers[0]!.failed).toBeLessThanOrEqual(20)
    expect(result).toMatchObject({ failed: 0, completed: 100 })
    expect(result.latency.max).toBe(4)
  })

  test('with every server dead requests are refused; those that wait too', () => {
    const changes = [{ atMs: 50, die: 'a' }]
    const options = { servers: one({ maxConnections: 1 }), service: fixed(40), retries: 0, changes }
    const result = simulate(scripted(['a']), { ...options, arrivals: trace([0, 1, 2, 60]) })
    expect(result).toMatchObject({ completed: 1, failed: 1, refused: 2 })
  })

  test('a slow start grows the weight in twenty steps of a sixteenth or more; warming up grows the speed', () => {
    const notes: string[] = []
    const added = { id: 'b', weight: 2, slowStartMs: 200, warmUpMs: 100 }
    const changes = [{ atMs: 0, add: added }]
    const options = { servers: one(), changes, service: fixed(10), arrivals: trace([0, 300]) }
    const result = simulate(scripted(['b'], notes), options)
    const weights = notes.filter(note => note.startsWith('pool')).map(note => Number(note.split(':')[2]))
    expect(weights).toHaveLength(21)
    expect(weights.slice(1, 4)).toEqual([0.125, 0.25, 0.3125])
    expect(weights.at(-1)).toBe(2)
    // At first a tenth of its speed, in the end all of it.
    expect(result.latency).toMatchObject({ max: 100, p50: 10 })
  })

  test('servers come, go, and change weight, limit and speed; those that go finish what they have', () => {
    const notes: string[] = []
    const changes = [
      { atMs: 5, remove: 'a' },
      { atMs: 20, add: { id: 'c' } },
      { atMs: 30, change: 'c', weight: 7, maxConnections: 1, speed: 0.5 },
      { atMs: 200, add: { id: 'a' } },
    ]
    const options = { servers: [{ id: 'a' }, { id: 'b' }], changes, service: fixed(10) }
    const result = simulate(scripted(['a', 'c', 'c', 'a'], notes), {
      ...options,
      arrivals: trace([0, 40, 41, 300]),
    })
    expect(notes).toEqual([
      ...['pool a:1 b:1', 'a began, 1', 'pool b:1', 'a ended well after 10, 0'],
      ...['pool b:1 c:1', 'pool b:1 c:7', 'c began, 1', 'c ended well after 20, 0'],
      ...[
        'c began, 1',
        'c ended well after 20, 0',
        'pool b:1 c:7 a:1',
        'a began, 1',
        'a ended well after 10, 0',
      ],
    ])
    expect(result.servers.map(({ id, attempts }) => `${id} ${attempts}`)).toEqual([
      'a 1',
      'b 0',
      'c 2',
      'a 1',
    ])
  })

  test('keys that move are counted across changes of the pool: of consistent hashing a tenth, of map-based nearly all', () => {
    const servers = Array.from({ length: 10 }, (_, at) => ({ id: `s${at}` }))
    const options = { servers, keys: 2000, requests: 40_000, arrivals: poisson({ load: 0.3 }) }
    const churn = { ...options, changes: [{ atMs: 60_000, remove: 's3' }] }
    const consistent = simulate(source({ type: 'consistent' }), churn).keys
    expect(consistent.compared).toBeGreaterThan(1900)
    expect(consistent.movedShare).toBeGreaterThan(0.05)
    expect(consistent.movedShare).toBeLessThan(0.2)
    expect(simulate(source(), churn).keys.movedShare).toBeGreaterThan(0.8)
    const still = simulate(source(), options).keys
    expect(still).toEqual({ distinct: 2000, sameServer: 1, compared: 0, moved: 0, movedShare: 0 })
  })
})

describe('a simulation', () => {
  const options: SimulateOptions = { servers: 5, arrivals: poisson({ load: 0.7 }), requests: 5000, seed: 'x' }

  test('gives the same for the same seed, and something else for another', () => {
    const make = ({ random }: { random: Random }) => draws({ random })
    const [first, again] = [simulate(make, options), simulate(make, options)]
    expect(again.latency).toEqual(first.latency)
    expect(again.servers).toEqual(first.servers)
    expect(again.svg()).toBe(first.svg())
    expect(simulate(make, { ...options, seed: 'y' }).latency).not.toEqual(first.latency)
  })

  test('gives every balancer the same requests, whatever chance it uses itself', () => {
    const seen = (wasteful: boolean) => {
      const requests: string[] = []
      const make = ({ random }: { random: Random }): SimulatedBalancer => {
        const inner = roundRobin()
        return {
          name: 'noting',
          rebuild: members => inner.rebuild(members),
          pick(request) {
            requests.push(request.uri)
            if (wasteful) random()
            return inner.pick(request)
          },
        }
      }
      return { requests, durationMs: simulate(make, options).durationMs }
    }
    expect(seen(true)).toEqual(seen(false))
  })

  test('ends by requests, by duration or by its trace, and serves all to the end', () => {
    expect(simulate(roundRobin(), options).completed).toBe(5000)
    const timed = { servers: 2, arrivals: constant({ perSecond: 100 }), service: fixed(1000) }
    const second = simulate(roundRobin(), { ...timed, durationMs: 1000 })
    expect(second.completed).toBe(100)
    expect(second.durationMs).toBe(50_020)
    expect(simulate(roundRobin(), { ...timed, arrivals: trace([1, 2]) }).completed).toBe(2)
    expect(simulate(roundRobin(), { ...timed, arrivals: trace([]) })).toMatchObject({
      requests: 0,
      completed: 0,
    })
  })

  test('does not count what comes before it has settled', () => {
    const settled = simulate(roundRobin(), { servers: 1, arrivals: trace([0, 10, 20]), settleMs: 10 })
    expect(settled).toMatchObject({ requests: 2, completed: 2 })
    expect(settled.servers[0]!.attempts).toBe(2)
  })

  test('takes keys and work from a trace, and requests from a function', () => {
    const keys: unknown[] = []
    const balancer: SimulatedBalancer<{ tenant: string }> = {
      ...(roundRobin() as SimulatedBalancer<unknown>),
      name: 'noting',
      rebuild() {},
      pick: request => void keys.push(request),
    }
    const arrivals = trace([{ atMs: 0, key: 'acme', workMs: 3 }, 1])
    const request = (key: string) => ({ tenant: key })
    const result = simulate(balancer, { servers: 1, arrivals, request, keys: 1 })
    expect(keys).toEqual([{ tenant: 'acme' }, { tenant: 'key-0' }])
    expect(result.refused).toBe(2)
  })

  test('lets several balancers share the servers, each with its own view of the load', () => {
    const worlds: string[] = []
    const make = ({ random, index, count }: { random: Random; index: number; count: number }) => {
      worlds.push(`${index} of ${count}`)
      return draws({ random })
    }
    const several = simulate(make, { ...options, balancers: 3 })
    expect(worlds).toEqual(['0 of 3', '1 of 3', '2 of 3'])
    expect(several.completed).toBe(5000)
    // Those who do not see each other's requests do worse.
    expect(several.latency.p99).toBeGreaterThan(simulate(make, options).latency.p99)
  })

  test('probes for a balancer that asks, and tells it the answers after their way there and back', () => {
    const notes: string[] = []
    const make = ({ clock }: { clock: { now(): number } }): SimulatedBalancer<unknown> => {
      const inner = scripted(['a'])
      let members: readonly SimulatedMember[] = []
      let due = 0
      return {
        ...inner,
        rebuild(given) {
          members = given
          inner.rebuild(given)
        },
        pick(request, tried) {
          due = members.length
          return inner.pick(request, tried)
        },
        nextProbe: () => members[--due],
        probed: ({ id }, { requestsInFlight, latencyMs }) => {
          notes.push(`${clock.now()} ${id} ${requestsInFlight} ${latencyMs}`)
        },
      }
    }
    const servers = [{ id: 'a' }, { id: 'b' }]
    const changes = [{ atMs: 30, die: 'b' }]
    const options = { servers, changes, detectMs: 1000, service: fixed(10), probeMs: 4 }
    simulate(make, { ...options, arrivals: trace([0, 1, 40, 60]) })
    expect(notes).toEqual(['4 b 0 0', '4 a 2 0', '5 b 0 0', '5 a 2 0', '44 a 1 19', '64 a 1 19'])
  })

  test('refuses balancers that are none, were used before, ask for ever, or choose who is not there', () => {
    const state = (message: RegExp) =>
      expect.objectContaining({ code: 'EVENER_INVALID_STATE', message: expect.stringMatching(message) })
    const used = leastConnections()
    simulate(used, options)
    expect(() => simulate(used, options)).toThrow(state(/leastconn has been used before/))
    expect(() => simulate({} as never, options)).toThrow(invalid(/balancer is no balancer/))
    expect(() => simulate(roundRobin(), { ...options, balancers: 2 })).toThrow(invalid(/for each its own/))
    const stranger = { id: 'x', weight: 1, load: 0, saturated: false }
    expect(() => simulate({ name: 'odd', rebuild() {}, pick: () => stranger }, options)).toThrow(
      state(/odd chose x, which is not in the pool/),
    )
    const endless = (): SimulatedBalancer => {
      let members: readonly SimulatedMember[] = []
      const rebuild = (given: readonly SimulatedMember[]) => {
        members = given
      }
      return { name: 'endless', rebuild, pick: () => members[0], nextProbe: () => members[0] }
    }
    expect(() => simulate(endless, options)).toThrow(expect.objectContaining({ code: 'EVENER_EXHAUSTED' }))
    expect(() => simulate(roundRobin(), { ...options, arrivals: () => () => ({ gapMs: -1 }) })).toThrow(
      state(/a gap of -1 ms/),
    )
  })

  test('names the option that is wrong, its value and what is allowed', () => {
    const wrong: [object, RegExp][] = [
      [{ servers: 0 }, /servers is 0; allowed: an integer from 1 to 100000/],
      [{ servers: [] }, /servers is an object; allowed: how many, or an array/],
      [{ servers: [{ id: 'a' }, { id: 'a' }] }, /servers is a; allowed: an id of its own for each/],
      [{ servers: [null] }, /servers\[0\] is null/],
      [{ servers: [{ id: '' }] }, /servers\[0\]\.id is ; allowed: a name/],
      [{ servers: [{ id: 'a', speed: 0 }] }, /servers\[0\]\(a\)\.speed is 0; allowed: a number above 0/],
      [{ servers: [{ id: 'a', speed: '1' }] }, /speed is "1"/],
      [{ servers: [{ id: 'a', failureRate: 2 }] }, /failureRate is 2; allowed: a number from 0 to 1/],
      [{ servers: [{ id: 'a', sped: 1 }] }, /option sped is "unknown"/],
      [{ arrivals: 5 }, /arrivals is 5; allowed: poisson/],
      [{ seed: null }, /seed is an object; allowed: a number or a string/],
      [{ service: 10 }, /service is 10; allowed: exponential/],
      [{ request: 1 }, /request is 1/],
      [{ requests: 0 }, /requests is 0/],
      [{ keys: { count: 0 } }, /keys is 0; allowed: an integer from 1 to 1000000/],
      [{ keys: { skew: -1 } }, /keys\.skew is -1/],
      [{ sead: 1 }, /option sead/],
      [{ changes: [null] }, /changes\[0\] is null/],
      [{ changes: [{ atMs: 1 }] }, /changes\[0\] names nothing; allowed: one of die, revive/],
      [{ changes: [{ atMs: 1, die: 'a', remove: 'a' }] }, /names die and remove/],
      [{ changes: [{ atMs: -1, die: 'server-1' }] }, /changes\[0\]\.atMs is -1/],
      [{ changes: [{ atMs: 1, die: 'a' }] }, /at 1 ms die names "a", which is not there; there are server-1/],
      [{ changes: [{ atMs: 1, add: { id: 'server-1' } }] }, /which is there already/],
      [{ changes: [{ atMs: 1, change: 'server-1', weight: 300 }] }, /weight is 300/],
    ]
    for (const [part, message] of wrong) {
      expect(() => simulate(roundRobin(), { ...options, ...part } as SimulateOptions)).toThrow(
        invalid(message),
      )
    }
    expect(() => simulate(roundRobin(), undefined as never)).toThrow(invalid(/options is undefined/))
  })
})

describe('the figures', () => {
  test('say what share each server had and what it was due, through changes of weight', () => {
    const servers = [{ id: 'a', weight: 3 }, { id: 'b' }]
    const options = { servers, arrivals: constant({ perSecond: 100 }), service: fixed(1), requests: 2000 }
    const result = simulate(roundRobin(), { ...options, changes: [{ atMs: 10_000, change: 'b', weight: 3 }] })
    for (const [at, due] of [0.625, 0.375].entries()) {
      expect(result.servers[at]!.dueShare).toBeCloseTo(due, 2)
      expect(result.servers[at]!.share).toBeCloseTo(due, 2)
    }
  })

  test('have percentiles by nearest rank', () => {
    const arrivals = trace(Array.from({ length: 1000 }, (_, at) => ({ atMs: 0, workMs: at + 1 })))
    const result = simulate(roundRobin(), { servers: one({ workers: Infinity }), arrivals })
    expect(result.latency).toMatchObject({ p50: 500, p90: 900, p95: 950, p99: 990, p999: 999, max: 1000 })
    expect([0, 0.05, 12.34, 100].map(percent => result.percentile(percent))).toEqual([1, 1, 124, 1000])
  })

  test('tell how it went over time, each moment in its slice', () => {
    const result = simulate(roundRobin(), { servers: 1, arrivals: trace([0, 30]), service: fixed(30) })
    expect(result.timeline.sliceMs).toBe(1)
    expect(result.timeline.inFlight[0]!.map(value => Math.round(value))).toEqual(new Array(60).fill(1))
    expect(result.timeline.completed.flatMap((count, slice) => (count > 0 ? [slice] : []))).toEqual([0, 30])
    expect(result.timeline.p99[30]).toBe(30)
  })

  test('stay the same however the work is spread: a thousand requests are a thousand', () => {
    const result = simulate(leastConnections(), {
      servers: 7,
      arrivals: poisson({ load: 0.9 }),
      requests: 1000,
    })
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
    expect(sum(result.servers.map(({ attempts }) => attempts))).toBe(1000)
    expect(sum(result.servers.map(({ share }) => share))).toBeCloseTo(1)
    expect(sum(result.servers.map(({ dueShare }) => dueShare))).toBeCloseTo(1)
    // Little's law: what is in flight on average is the rate times the latency.
    const inFlight = sum(result.servers.map(({ meanInFlight }) => meanInFlight))
    expect(inFlight).toBeCloseTo((1000 / result.durationMs) * result.latency.mean)
  })
})

test('exponential is what work is by default, 10 ms on average', () => {
  const options = { servers: one({ workers: Infinity }), arrivals: poisson({ perSecond: 10 }) }
  expect(simulate(roundRobin(), options).latency).toEqual(
    simulate(roundRobin(), { ...options, service: exponential(10) }).latency,
  )
})
