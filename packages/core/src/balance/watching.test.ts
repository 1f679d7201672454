/** What is made of what checks, agents and traffic say of a server. */
import type { AgentReport, CheckCode, Checker, CheckResult } from '@evener/health'
import { describe, expect, it } from 'vitest'
import { type BackendOptions, createBackend } from './backend.ts'
import { type Failed, failed } from './outcome.ts'
import type { ServerOptions } from './server-options.ts'
import { completed, leaseOf, refused, requestWith, reset, servers, world } from './test-support.ts'

/** A checker that finds each target as the test says. */
class Findings implements Checker {
  readonly name = 'findings'
  readonly codes = new Map<string, CheckCode>()
  readonly agents = new Map<string, Partial<AgentReport>>()
  asked = 0

  check({ id }: { id: string }): Promise<CheckResult> {
    this.asked++
    const code = this.codes.get(id) ?? 'L4OK'
    const agent = this.agents.get(id)
    return Promise.resolve({
      ...{ ok: /OKC?$/.test(code), code, message: 'as told', durationMs: 2 },
      ...(agent !== undefined && { agent: { description: '', ...agent } }),
    })
  }
}

/** A backend under watch, and the lines it logged. */
function watched(options: Partial<BackendOptions> & Pick<BackendOptions, 'servers'>) {
  const { backend, clock } = world(options)
  const log: string[] = []
  const kinds: string[] = []
  backend.on('transition', transition => {
    log.push(String(transition))
    kinds.push(`${transition.server.id} ${transition.kind}`)
  })
  /** Serve requests, which end like this. */
  const serve = (
    outcome: Failed | { kind: 'completed'; phase: 'receive'; status: number },
    times = 1,
    id?: string,
  ) => {
    for (let time = 0; time < times; time++) {
      const preferred = id === undefined ? undefined : backend.server(id)
      const acquired = backend.acquire(requestWith(), undefined, preferred, true)
      if (acquired.kind === 'lease') acquired.release(outcome)
    }
  }
  return { backend, clock, log, kinds, serve, pool: () => backend.pool.map(({ id }) => id).join(' ') }
}

const status = (code: number) => ({ kind: 'completed', phase: 'receive', status: code }) as const

describe('errors of real requests', () => {
  const observed = (checks: object, own: Partial<ServerOptions> = {}) =>
    watched({ servers: servers(2, own), checks: { checker: new Findings(), ...checks } })

  it('take a server out at the limit, with HAProxy’s mark-down', () => {
    const { backend, log, serve, pool } = observed({ observe: 'layer4', errorLimit: 3, onError: 'mark-down' })
    serve(refused, 2, 's1')
    expect(pool()).toBe('s1 s2')
    serve(refused, 1, 's1')
    expect(pool()).toBe('s2')
    expect(backend.server('s1')?.counters).toMatchObject({ errorLimits: 1, checks: 0, downTransitions: 1 })
    expect(log).toEqual([
      'Server test/s1 is DOWN, reason: Health analyze, info: "Detected 3 consecutive errors, last one was: ' +
        'conn-failure in connect". 1 active and 0 backup servers left. ' +
        '0 sessions active, 0 requeued, 0 remaining in queue',
    ])
  })
  it('take it out with the first refused connection, where the limit is one', () => {
    const { serve, pool } = observed({ observe: 'layer4', errorLimit: 1, onError: 'mark-down' })
    serve(refused, 1, 's1')
    expect(pool()).toBe('s2')
  })
  it('count at layer 7 by the answer as well, but for 501 and 505', () => {
    for (const [outcome, expected] of [
      [status(503), 's2'],
      [reset, 's2'],
      [refused, 's2'],
      [status(501), 's1 s2'],
      [status(505), 's1 s2'],
      [status(404), 's1 s2'],
    ] as const) {
      const { serve, pool } = observed({ observe: 'layer7', errorLimit: 1, onError: 'mark-down' })
      serve(outcome, 1, 's1')
      expect(pool()).toBe(expected)
    }
  })
  it('count at layer 4 by the connection alone', () => {
    const { serve, pool } = observed({ observe: 'layer4', errorLimit: 1, onError: 'mark-down' })
    serve(status(503), 5, 's1')
    serve(reset, 5, 's1')
    expect(pool()).toBe('s1 s2')
  })
  it('begin anew after a success, of a request or of a check', async () => {
    const { clock, serve, pool } = observed({ observe: 'layer4', errorLimit: 2, onError: 'mark-down' })
    for (let time = 0; time < 3; time++) {
      serve(refused, 1, 's1')
      serve(completed, 1, 's1')
    }
    serve(refused, 1, 's1')
    await clock.advanceAsync(4000)
    serve(refused, 1, 's1')
    expect(pool()).toBe('s1 s2')
  })
  it('begin anew with a connection that is made, however long it lasts', () => {
    const { backend, serve, pool } = observed({ observe: 'layer4', errorLimit: 2, onError: 'mark-down' })
    serve(refused, 1, 's1')
    const lease = backend.acquire(requestWith(), undefined, backend.server('s1'), true)
    if (lease.kind === 'lease') lease.answered()
    serve(refused, 1, 's1')
    expect(pool()).toBe('s1 s2')
  })
  it('never count where the client, or Evener itself, was to blame', () => {
    const { serve, pool } = observed({ observe: 'layer7', errorLimit: 1, onError: 'mark-down' })
    for (const phase of ['queue', 'connect', 'send', 'wait', 'receive', 'tunnel'] as const) {
      serve(failed(phase, 'client', 'client-abort'), 1, 's1')
      serve(failed(phase, 'client', 'client-timeout'), 1, 's1')
      serve(failed(phase, 'proxy', 'shutdown'), 1, 's1')
      serve(failed(phase, 'server', 'empty-response', undefined, true), 1, 's1')
    }
    expect(pool()).toBe('s1 s2')
  })
  it('may be observed for one server alone, with its own limit', () => {
    const list = servers(2)
    const backend = watched({
      servers: [
        { ...(list[0] as ServerOptions), check: { observe: 'layer4', errorLimit: 1, onError: 'mark-down' } },
        list[1] as ServerOptions,
      ],
      checks: { checker: new Findings() },
    })
    backend.serve(refused, 20, 's2')
    backend.serve(refused, 1, 's1')
    expect(backend.pool()).toBe('s2')
  })
})

describe('an agent', () => {
  const withAgent = (report: Partial<AgentReport> | undefined, own: Partial<ServerOptions> = {}) => {
    const agents = new Findings()
    const checks = new Findings()
    if (report !== undefined) agents.agents.set('s1', report)
    const list = servers(2, { weight: 8, maxConnections: 10 })
    const all = watched({
      servers: [
        { ...(list[0] as ServerOptions), agentAddress: '127.0.0.1:9', ...own },
        list[1] as ServerOptions,
      ],
      agent: { checker: agents },
      checks: { checker: checks },
    })
    return { ...all, agents, checks, server: all.backend.server('s1')! }
  }
  it('is asked for the servers that have one', async () => {
    const { clock, agents } = withAgent(undefined)
    await clock.advanceAsync(4500)
    expect(agents.asked).toBe(3)
  })
  it('takes its server out and brings it back, unless checks find it down', async () => {
    const { clock, agents, checks, server, log } = withAgent({ health: 'down', description: 'disk full' })
    await clock.advanceAsync(0)
    expect(server).toMatchObject({ health: 'down', checkedHealth: 'up', eligible: false })
    expect(log[0]).toBe(
      'Server test/s1 is DOWN, reason: Layer4 check passed, info: "as told", check duration: 2ms. ' +
        '1 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue',
    )
    checks.codes.set('s1', 'L4CON')
    agents.agents.set('s1', { health: 'up' })
    await clock.advanceAsync(10_000)
    expect(server.health).toBe('down')
    checks.codes.delete('s1')
    await clock.advanceAsync(10_000)
    expect(server.health).toBe('up')
  })
  it.each([
    ['drain', { eligible: false, usable: true, admin: 'ready', adminInForce: 'drain' }],
    ['maint', { eligible: false, usable: false, admin: 'ready', adminInForce: 'maintenance' }],
    ['ready', { eligible: true, usable: true, admin: 'ready', adminInForce: 'ready' }],
  ] as const)('can ask for %s, whatever the operator wants', async (admin, state) => {
    const { clock, server } = withAgent({ admin })
    await clock.advanceAsync(0)
    expect(server).toMatchObject(state)
    server.drain()
    server.ready()
    expect(server).toMatchObject(state)
  })
  it('that is ready does not end what the operator asked for', async () => {
    const { clock, server } = withAgent({ admin: 'ready' })
    server.maintenance()
    await clock.advanceAsync(5000)
    expect(server.usable).toBe(false)
  })
  it.each([
    [{ weightPercent: 50 }, 4],
    [{ weightPercent: 0 }, 0],
    [{ weightPercent: 10_000 }, 256],
    [{ weight: 3 }, 3],
  ])('changes the weight of 8 with %j to %i', async (report, weight) => {
    const { clock, server } = withAgent(report)
    await clock.advanceAsync(0)
    expect(server).toMatchObject({ weight, configuredWeight: 8 })
  })
  it('changes the percentage of whatever weight is configured', async () => {
    const { clock, server } = withAgent({ weightPercent: 50 })
    await clock.advanceAsync(0)
    server.setWeight(20)
    expect(server.weight).toBe(10)
  })
  it('changes the limit of connections', async () => {
    const { clock, server } = withAgent({ maxConnections: 3 })
    await clock.advanceAsync(0)
    expect(server).toMatchObject({ maxConnections: 10, effectiveMaxConnections: 3 })
  })
  it('that says nothing, or cannot be reached, changes nothing', async () => {
    const { clock, agents, server } = withAgent({ admin: 'drain', weightPercent: 50 })
    await clock.advanceAsync(0)
    agents.agents.set('s1', {})
    await clock.advanceAsync(2000)
    agents.agents.delete('s1')
    agents.codes.set('s1', 'L4CON')
    await clock.advanceAsync(20_000)
    expect(server).toMatchObject({ health: 'up', adminInForce: 'drain', weight: 4 })
  })
  it('is asked no longer when its server is removed, or the backend closed', async () => {
    for (const end of ['remove', 'close'] as const) {
      const { backend, clock, agents } = withAgent({ weightPercent: 50 })
      if (end === 'close') backend.close()
      else void Promise.all(['s1', 's2'].map(id => backend.removeServer(id)))
      await clock.advanceAsync(10_000)
      expect(agents.asked).toBe(0)
    }
  })
  it('is told of each time it was asked', async () => {
    const { backend, clock } = withAgent({ health: 'up' })
    const heard: string[] = []
    backend.on('agent', ({ id }, { agent }) => heard.push(`${id} ${agent?.health}`))
    await clock.advanceAsync(0)
    expect(heard).toEqual(['s1 up'])
  })
  it('needs the backend to say how it is asked', () => {
    const list = servers(1, { agentAddress: '127.0.0.1:9' })
    expect(() => world({ servers: list })).toThrow('agentAddress')
  })
})

describe('a server that tracks another', () => {
  it('goes down and comes up with it, without being checked', async () => {
    const checker = new Findings()
    const other = watched({ servers: servers(1), checks: { checker, fall: 1, rise: 1 } })
    const asked = new Findings()
    const { backend, log, pool } = watched({
      servers: [
        ...servers(1),
        { id: 'follower', address: '127.0.0.1:2', track: other.backend.server('s1')! },
      ],
      checks: { checker: asked },
    })
    checker.codes.set('s1', 'L7STS')
    await other.clock.advanceAsync(0)
    expect(pool()).toBe('s1')
    expect(log).toEqual([
      'Server test/follower is DOWN via test/s1. 1 active and 0 backup servers left. ' +
        '0 sessions active, 0 requeued, 0 remaining in queue',
    ])
    checker.codes.delete('s1')
    await other.clock.advanceAsync(2000)
    expect(pool()).toBe('s1 follower')
    expect(backend.server('follower')?.checked).toBe(false)
  })
  it('is in drain and maintenance with it', () => {
    const { backend, kinds, pool } = watched({
      servers: [
        { id: 'b', address: '127.0.0.1:2', track: 'a' },
        { id: 'c', address: '127.0.0.1:3', track: 'b' },
        { id: 'a', address: '127.0.0.1:1' },
      ],
    })
    backend.server('a')?.maintenance()
    expect(pool()).toBe('')
    expect(backend.server('c')).toMatchObject({ admin: 'ready', adminInForce: 'maintenance' })
    backend.server('a')?.ready()
    expect(pool()).toBe('b c a')
    expect(kinds).toEqual([
      'a maintenance',
      'b maintenance',
      'c maintenance',
      'a ready',
      'b ready',
      'c ready',
    ])
    expect(backend.server('c')?.tracked?.fullName).toBe('test/b')
  })
  it('does so no longer when it is removed', () => {
    const { backend } = watched({
      servers: [...servers(1), { id: 'b', address: '127.0.0.1:2', track: 's1' }],
    })
    const follower = backend.server('b')!
    void backend.removeServer('b')
    backend.server('s1')?.setHealth('down')
    expect(follower.health).toBe('up')
  })
  it.each([
    ['nobody', [{ id: 'a', address: '127.0.0.1:1', track: 'x' }]],
    ['itself', [{ id: 'a', address: '127.0.0.1:1', track: 'a' }]],
    [
      'in a circle',
      [
        { id: 'a', address: '127.0.0.1:1', track: 'b' },
        { id: 'b', address: '127.0.0.1:2', track: 'a' },
      ],
    ],
    [
      'and is checked',
      [
        { id: 'a', address: '127.0.0.1:1' },
        { id: 'b', address: '127.0.0.1:2', track: 'a', check: {} },
      ],
    ],
  ])('is refused where it tracks %s', (_, list) => {
    expect(() => createBackend({ name: 'b', servers: list })).toThrow(
      expect.objectContaining({ code: 'EVENER_INVALID_OPTION' }),
    )
  })
})

describe('sessions of a server', () => {
  const withSession = (own: Partial<ServerOptions>, more: readonly ServerOptions[] = []) => {
    const all = watched({ servers: [...servers(2, own), ...more] })
    const shut: string[] = []
    const begin = (id: string) => {
      const lease = all.backend.acquire(requestWith(), undefined, all.backend.server(id), true)
      if (lease.kind !== 'lease') throw new Error(lease.kind)
      lease.session = {
        clientAddress: '',
        what: '',
        shutdown: () => {
          shut.push(id)
          lease.release(failed('receive', 'proxy', 'shutdown'))
        },
      }
      return lease
    }
    return { ...all, shut, begin }
  }
  it('go on when it goes down', () => {
    const { backend, shut, begin } = withSession({})
    begin('s1')
    backend.server('s1')?.setHealth('down')
    expect(shut).toEqual([])
  })
  it('are shut with onMarkedDown, those that have ended not', () => {
    const { backend, shut, begin } = withSession({ onMarkedDown: 'shutdown-sessions' })
    const leases = [begin('s1'), begin('s1'), begin('s1'), begin('s2')]
    leases[1]?.release(completed)
    backend.server('s1')?.setHealth('down')
    expect(shut).toEqual(['s1', 's1'])
    expect(backend.server('s1')?.counters.requestsNow).toBe(0)
  })
  it('of backups are shut with onMarkedUp, when a primary comes up', () => {
    const backups = [{ id: 'b1', address: '127.0.0.1:9', backup: true }]
    const { backend, shut, begin } = withSession({ onMarkedUp: 'shutdown-backup-sessions' }, backups)
    backend.server('s1')?.setHealth('down')
    begin('b1')
    begin('s2')
    backend.server('s1')?.setHealth('up')
    expect(shut).toEqual(['b1'])
  })
  it('can be shut by hand', () => {
    const { backend, begin } = withSession({})
    for (const id of ['s1', 's2', 's1']) begin(id)
    expect(backend.server('s1')?.shutdownSessions()).toBe(2)
  })
})

describe('a slow start', () => {
  it('grows the limit of connections with the weight', async () => {
    const { backend, clock } = watched({
      servers: servers(1, { slowStartMs: 20_000, maxConnections: 40, weight: 1 }),
    })
    const server = backend.server('s1')!
    server.setHealth('down')
    server.setHealth('up')
    const limits: number[] = []
    for (let step = 0; step < 20; step++) {
      limits.push(server.effectiveMaxConnections)
      await clock.advanceAsync(1000)
    }
    expect(limits).toEqual(Array.from({ length: 20 }, (_, step) => (step + 1) * 2))
    expect(server.effectiveMaxConnections).toBe(40)
  })
  it('serves those who wait as the limit grows', async () => {
    const { backend, clock } = watched({ servers: servers(1, { slowStartMs: 20_000, maxConnections: 20 }) })
    const server = backend.server('s1')!
    server.setHealth('down')
    server.setHealth('up')
    for (let count = 0; count < 3; count++) backend.acquire(requestWith())
    expect(server.counters.requestsNow).toBe(1)
    await clock.advanceAsync(2000)
    expect(server.counters.requestsNow).toBe(3)
  })
})

describe('a server that does worse than the others', () => {
  it('is ejected, and comes in again', async () => {
    const { backend, clock, log, kinds, serve, pool } = watched({
      servers: servers(3),
      outliers: { consecutiveErrors: 3, maxEjectedPercent: 50 },
    })
    serve(status(500), 3, 's2')
    expect(pool()).toBe('s1 s3')
    expect(backend.server('s2')).toMatchObject({ ejected: true, usable: false, up: false, health: 'up' })
    expect(log[0]).toBe(
      'Server test/s2 is EJECTED, info: "consecutive-errors: 3 errors in a row; out for 30000 ms". ' +
        '2 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue',
    )
    await clock.advanceAsync(30_000)
    expect(pool()).toBe('s1 s2 s3')
    expect(kinds).toEqual(['s2 ejected', 's2 returned'])
    expect(backend.server('s2')?.counters.ejections).toBe(1)
  })
  it('by latency, is told how long requests take', async () => {
    const { backend, clock, pool } = watched({
      servers: servers(6),
      outliers: { latencyFactor: 2, minRequests: 5, intervalMs: 1000 },
    })
    for (const server of backend.servers) {
      const leases = Array.from({ length: 5 }, () => backend.acquire(requestWith(), undefined, server, true))
      clock.advance(server.id === 's6' ? 50 : 10)
      for (const lease of leases) if (lease.kind === 'lease') lease.release(completed)
    }
    await clock.advanceAsync(1000)
    expect(pool()).toBe('s1 s2 s3 s4 s5')
  })
  it('leaves no timer when the backend closes', () => {
    const { backend, clock } = watched({
      servers: servers(3),
      outliers: {},
      circuitBreaker: { consecutiveErrors: 1 },
    })
    backend.acquire(requestWith())
    backend.close()
    expect(clock.pending).toBe(0)
  })
})

describe('a circuit breaker', () => {
  const broken = () =>
    watched({ servers: servers(2), circuitBreaker: { consecutiveErrors: 2, openMs: 1000 } })
  it('keeps requests away, then lets one through, and closes with its success', async () => {
    const { backend, clock, kinds, serve, pool } = broken()
    serve(refused, 2, 's1')
    expect(pool()).toBe('s2')
    await clock.advanceAsync(1000)
    expect(pool()).toBe('s1 s2')
    const server = backend.server('s1')!
    const trial = backend.acquire(requestWith(), undefined, server, true)
    expect(server.saturated).toBe(true)
    expect(leaseOf(backend.dispatch(requestWith())).server.id).toBe('s2')
    if (trial.kind === 'lease') trial.release(completed)
    expect(server).toMatchObject({ circuit: 'closed', saturated: false })
    expect(kinds).toEqual(['s1 circuit-open', 's1 circuit-half-open', 's1 circuit-closed'])
  })
  it('opens again with a trial that fails, and not with a client that goes away', async () => {
    const { backend, clock, serve } = broken()
    serve(refused, 2, 's1')
    await clock.advanceAsync(1000)
    serve(failed('wait', 'client', 'client-abort'), 3, 's1')
    expect(backend.server('s1')?.circuit).toBe('half-open')
    serve(refused, 1, 's1')
    expect(backend.server('s1')).toMatchObject({ circuit: 'open', counters: { circuitOpenings: 2 } })
  })
  it('begins closed when checks bring its server up', async () => {
    const { backend, clock, serve } = broken()
    serve(refused, 2, 's1')
    const server = backend.server('s1')!
    server.setHealth('down')
    server.setHealth('up')
    expect(server).toMatchObject({ circuit: 'closed', eligible: true })
    await clock.advanceAsync(5000)
    expect(server.circuit).toBe('closed')
  })
})

describe('a group', () => {
  const sorry: ServerOptions = { id: 'sorry', address: '127.0.0.1:9', sorry: true }
  it('without its quorum is served by the sorry server, until there is more than enough', () => {
    const { backend, pool } = watched({
      servers: [...servers(4, { weight: 2 }), sorry],
      quorum: 4,
      quorumHysteresis: 2,
    })
    const told: boolean[] = []
    backend.on('quorum', reached => told.push(reached))
    const health = (id: string, state: 'up' | 'down') => {
      backend.server(id)?.setHealth(state)
      return pool()
    }
    expect(pool()).toBe('s1 s2 s3 s4')
    expect(health('s1', 'down')).toBe('s2 s3 s4')
    expect(health('s2', 'down')).toBe('s3 s4')
    expect(health('s3', 'down')).toBe('s4')
    expect(health('s4', 'down')).toBe('sorry')
    expect(health('s4', 'up')).toBe('sorry')
    expect(health('s3', 'up')).toBe('sorry')
    expect(health('s2', 'up')).toBe('s2 s3 s4')
    expect(told).toEqual([false, true])
  })
  it('goes on with what is left where there is no sorry server', () => {
    const { backend, pool } = watched({ servers: servers(2), quorum: 2 })
    backend.server('s1')?.setHealth('down')
    expect(pool()).toBe('s2')
  })
  it('without a quorum uses the sorry server when nobody else is left, backups included', () => {
    const { backend, pool } = watched({
      servers: [...servers(1), { id: 'b', address: '127.0.0.1:8', backup: true }, sorry],
    })
    backend.server('s1')?.setHealth('down')
    expect(pool()).toBe('b')
    backend.server('b')?.setHealth('down')
    expect(pool()).toBe('sorry')
  })
  it('with alpha, is assumed down until it is checked: initialState', async () => {
    const { clock, pool } = watched({
      servers: servers(2),
      checks: { checker: new Findings(), initialState: 'down' },
    })
    expect(pool()).toBe('')
    await clock.advanceAsync(2000)
    expect(pool()).toBe('s1 s2')
  })
  it('inhibited on failure, keeps the clients of a server that is down, and sends it no new ones', () => {
    const { backend, pool } = watched({ servers: servers(2, { inhibitOnFailure: true }) })
    const server = backend.server('s1')!
    server.setHealth('down')
    expect(pool()).toBe('s2')
    expect(backend.acquire(requestWith(), undefined, server, true)).toMatchObject({ server: { id: 's1' } })
    server.maintenance()
    expect(server.usable).toBe(false)
  })
  it.each([
    [{ quorum: 0 }, 'quorum'],
    [{ quorumHysteresis: 1 }, 'quorumHysteresis'],
    [{ quorum: 2, quorumHysteresis: 2 }, 'quorumHysteresis'],
    [{ outliers: { minServers: 0 } }, 'outliers: options.minServers'],
    [{ circuitBreaker: { trials: 0 } }, 'circuitBreaker: options.trials'],
    [{ agent: {} }, 'agent'],
    [{ checks: { checker: new Findings(), observe: 'layer3' } }, 'observe'],
    [{ servers: servers(1, { check: { rise: 0 } }), checks: { checker: new Findings() } }, 'rise'],
    [{ servers: servers(1, { sorry: true, backup: true }) }, 'sorry'],
    [{ servers: servers(1, { onMarkedDown: 'reboot' as 'shutdown-sessions' }) }, 'onMarkedDown'],
  ])('refuses %j', (options, named) => {
    expect(() => world({ servers: servers(1), ...(options as object) })).toThrow(
      expect.objectContaining({ code: 'EVENER_INVALID_OPTION', message: expect.stringContaining(named) }),
    )
  })
})

describe('checks of one server', () => {
  it('may differ from those of the others', async () => {
    const checker = new Findings()
    const own = new Findings()
    const [first, second] = servers(2) as [ServerOptions, ServerOptions]
    const { clock, pool } = watched({
      servers: [{ ...first, check: { checker: own, intervalMs: 500, fall: 1 } }, second],
      checks: { checker, initialState: 'fully-up' },
    })
    own.codes.set('s1', 'L7RSP')
    checker.codes.set('s2', 'L7RSP')
    await clock.advanceAsync(2000)
    expect(own.asked).toBe(5)
    expect(pool()).toBe('s2')
  })
  it('that find it on its way out keep its clients, and send it no new ones', async () => {
    const checker = new Findings()
    const { backend, clock, kinds, pool } = watched({ servers: servers(2), checks: { checker } })
    checker.codes.set('s1', 'L7OKC')
    await clock.advanceAsync(2000)
    expect(backend.server('s1')).toMatchObject({
      stopping: true,
      usable: true,
      eligible: false,
      health: 'up',
    })
    expect(pool()).toBe('s2')
    checker.codes.set('s1', 'L7OK')
    await clock.advanceAsync(2000)
    expect(pool()).toBe('s1 s2')
    expect(kinds).toEqual(['s1 stopping', 's1 up'])
  })
})

it('a server that is down is not stopping, whatever its checks say of the way out', async () => {
  const checker = new Findings()
  const { backend, clock, kinds } = watched({ servers: servers(1), checks: { checker, rise: 1 } })
  checker.codes.set('s1', 'L7STS')
  await clock.advanceAsync(2000)
  checker.codes.set('s1', 'L7OKC')
  await clock.advanceAsync(10_000)
  expect(backend.server('s1')).toMatchObject({ health: 'down', stopping: false })
  expect(kinds).toEqual(['s1 down'])
})

it('a server that drains by another’s word tells when it serves nobody', () => {
  const { backend } = watched({ servers: [...servers(1), { id: 'b', address: '127.0.0.1:2', track: 's1' }] })
  const drained: string[] = []
  backend.on('drained', ({ id }) => drained.push(id))
  const lease = backend.acquire(requestWith(), undefined, backend.server('b'), true)
  backend.server('s1')?.drain()
  if (lease.kind === 'lease') lease.release(completed)
  expect(drained).toEqual(['s1', 'b'])
})

describe('a balancer that sees those that are down', () => {
  it('is given them, with up as false, but not those in maintenance', () => {
    const seen: string[] = []
    const balancer = {
      name: 'seeing',
      seesDown: true,
      rebuild: (members: readonly { id: string; up?: boolean | undefined }[]) => {
        seen.push(members.map(({ id, up }) => `${id}${up === false ? '!' : ''}`).join(' '))
      },
      pick: () => undefined,
    }
    const { backend } = watched({ servers: servers(3), balancer })
    backend.server('s2')?.setHealth('down')
    backend.server('s3')?.maintenance()
    expect(seen).toEqual(['s1 s2 s3', 's1 s2! s3', 's1 s2!'])
  })
})

it('a log line holds nothing that a server could write into another', async () => {
  const checker: Checker = {
    name: 'evil',
    check: () =>
      Promise.resolve({
        ok: false,
        code: 'L7STS',
        status: 500,
        message: 'a\r\n"b\u001b[2J',
        durationMs: 1.4,
      }),
  }
  const { clock, log } = watched({ servers: servers(1), checks: { checker } })
  await clock.advanceAsync(0)
  expect(log).toEqual([
    'Server test/s1 is DOWN, reason: Layer7 wrong status, code: 500, info: "a???b?[2J", check duration: 1ms. ' +
      '0 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue',
  ])
})
