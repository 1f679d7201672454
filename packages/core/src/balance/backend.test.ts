import { roundRobin } from '@evener/algorithms'
import type { Affinity } from '@evener/session'
import { describe, expect, it, vi } from 'vitest'
import { type BackendOptions, createBackend } from './backend.ts'
import type { Lease, NoServer, Queued } from './lease.ts'
import { completed, leaseOf, requestWith, ScriptedChecker, servers, world } from './test-support.ts'

const request = requestWith()

/** The affinity of clients that say in a header where they belong. */
const byHeader: Affinity = {
  name: 'header',
  find: asked => asked.header('x-server'),
  bind: () => undefined,
}

describe('a backend without limits', () => {
  it('gives servers in turn, and counts what it gave', () => {
    const { backend } = world({ servers: servers(3) })
    const leases = [0, 1, 2, 3].map(() => leaseOf(backend.dispatch(request)))
    expect(leases.map(lease => lease.server.id)).toEqual(['s1', 's2', 's3', 's1'])
    expect(backend.server('s1')?.counters).toMatchObject({ requests: 2, requestsNow: 2, requestsMax: 2 })
    for (const lease of leases) lease.release(completed)
    expect(backend.server('s1')?.counters).toMatchObject({ requestsNow: 0, completed: 2 })
  })

  it('refuses a second release, and says which server', () => {
    const { backend } = world({ servers: servers(1) })
    const lease = leaseOf(backend.dispatch(request))
    lease.release(completed)
    expect(lease.released).toBe(true)
    expect(() => lease.release(completed)).toThrow(
      expect.objectContaining({ code: 'EVENER_LEASE_RELEASED', message: expect.stringContaining('s1') }),
    )
    expect(backend.server('s1')?.counters).toMatchObject({ requestsNow: 0, completed: 1 })
  })

  it('tells the balancer of beginnings and ends, with the time to the answer', () => {
    const began = vi.fn()
    const ended = vi.fn()
    const balancer: BackendOptions['balancer'] = {
      name: 'spy',
      rebuild: () => undefined,
      pick: () => backend.server('s1'),
      began,
      ended,
    }
    const { backend, clock } = world({ servers: servers(1), balancer })
    const lease = leaseOf(backend.dispatch(request))
    expect(began).toHaveBeenCalledExactlyOnceWith(backend.server('s1'))
    clock.advance(25)
    lease.answered()
    clock.advance(1000)
    lease.answered()
    lease.release(completed)
    expect(ended).toHaveBeenCalledExactlyOnceWith(backend.server('s1'), { ok: true, latencyMs: 25 })
  })
})

describe('who may be chosen', () => {
  it('is not a server in drain, in maintenance, or without weight', () => {
    const { backend } = world({ servers: servers(4) })
    backend.server('s1')?.drain()
    backend.server('s2')?.maintenance()
    backend.server('s3')?.setWeight(0)
    const chosen = new Set([1, 2, 3, 4].map(() => leaseOf(backend.dispatch(request)).server.id))
    expect([...chosen]).toEqual(['s4'])
    backend.server('s1')?.ready()
    expect(backend.pool.map(server => server.id)).toEqual(['s1', 's3', 's4'])
  })

  it('is a client of a draining server still, but not of one in maintenance or removed', async () => {
    const { backend } = world({ servers: servers(3), affinity: byHeader })
    const mine = requestWith({ 'x-server': 's2' })
    const where = () => {
      const dispatch = backend.dispatch(mine)
      void dispatch.locate()
      return leaseOf(dispatch)
    }
    expect(where()).toMatchObject({ sticky: true, server: { id: 's2' } })
    backend.server('s2')?.drain()
    expect(where()).toMatchObject({ sticky: true, server: { id: 's2' } })
    backend.server('s2')?.maintenance()
    expect(where()).toMatchObject({ sticky: false })
    backend.server('s2')?.ready()
    void backend.removeServer('s2')
    expect(where().server.id).not.toBe('s2')
    expect(backend.counters.sticky).toBe(2)
  })

  it('waits for an affinity that is asked outside the process, and goes on without one that fails', async () => {
    const answers = [Promise.resolve('s3'), Promise.reject(new Error('away'))]
    const affinity: Affinity = { name: 'far', find: () => answers.shift(), bind: () => undefined }
    const { backend } = world({ servers: servers(3), affinity })
    const first = backend.dispatch(request)
    await first.locate()
    expect(leaseOf(first).server.id).toBe('s3')
    const second = backend.dispatch(request)
    await second.locate()
    expect(leaseOf(second)).toMatchObject({ sticky: false })
  })

  it.each([
    [false, ['b1']],
    [true, ['b1', 'b2']],
  ])('is a backup when no primary is left (all of them: %s)', (allBackups, expected) => {
    const { backend } = world({
      allBackups,
      servers: [
        ...servers(2),
        { id: 'b1', address: '127.0.0.1:2001', backup: true },
        { id: 'b2', address: '127.0.0.1:2002', backup: true },
      ],
    })
    expect(backend.pool.map(server => server.id)).toEqual(['s1', 's2'])
    backend.server('s1')?.setHealth('down')
    expect(backend.pool.map(server => server.id)).toEqual(['s2'])
    backend.server('s2')?.setHealth('down')
    expect(backend.pool.map(server => server.id)).toEqual(expected)
    backend.server('s2')?.setHealth('up')
    expect(backend.pool.map(server => server.id)).toEqual(['s2'])
  })
})

describe('when no server is up', () => {
  const down = (options: Partial<BackendOptions> = {}) => {
    const made = world({ servers: servers(1), ...options })
    made.backend.server('s1')?.setHealth('down')
    return made
  }

  it('a request is refused at once, with the reason counted', () => {
    const { backend } = down()
    const dispatch = backend.dispatch(request)
    expect(dispatch.next()).toEqual({ kind: 'none', reason: 'no-server' })
    dispatch.reject('no-server')
    expect(backend.counters).toMatchObject({ requests: 1, requestsNow: 0, rejected: 1 })
    expect(backend.counters.rejectedBy).toMatchObject({ 'no-server': 1 })
  })

  it('it waits, where that is configured, until one is', async () => {
    const { backend } = down({ whenDown: 'queue' })
    const waiting = backend.dispatch(request).next() as Queued
    expect(waiting.kind).toBe('queued')
    backend.server('s1')?.setHealth('up')
    await expect(waiting.lease).resolves.toMatchObject({ kind: 'lease', server: { id: 's1' } })
  })

  it('it waits no longer than the queue timeout', async () => {
    const { backend, clock } = down({ whenDown: 'queue', timeouts: { queueMs: 500 } })
    const waiting = backend.dispatch(request).next() as Queued
    clock.advance(499)
    expect(backend.queueLength).toBe(1)
    clock.advance(1)
    await expect(waiting.lease).resolves.toEqual({ kind: 'none', reason: 'queue-timeout' })
    expect(backend.counters).toMatchObject({ queueNow: 0, queueMax: 1, queued: 1 })
    expect(clock.pending).toBe(0)
  })
})

describe('a server at its limit', () => {
  const full = (options: Partial<BackendOptions> = {}) =>
    world({ servers: servers(1, { maxConnections: 1 }), ...options })

  it('makes requests wait, and serves them in the order in which they came', async () => {
    const { backend } = full()
    let lease = leaseOf(backend.dispatch(request))
    const order: number[] = []
    const waiting = [0, 1, 2].map(i => {
      const queued = backend.dispatch(request).next() as Queued
      return queued.lease.then(result => {
        order.push(i)
        return result as Lease
      })
    })
    expect(backend.server('s1')).toMatchObject({ saturated: true, load: 1 })
    for (const next of waiting) {
      lease.release(completed)
      lease = await next
    }
    lease.release(completed)
    expect(order).toEqual([0, 1, 2])
    expect(backend.server('s1')?.counters).toMatchObject({ requestsMax: 1, completed: 4 })
  })

  it('gives its place to the older of two who wait: one for it, one for any', async () => {
    const { backend } = full({ affinity: byHeader })
    const lease = leaseOf(backend.dispatch(request))
    const any = backend.dispatch(request).next() as Queued
    const mine = backend.dispatch(requestWith({ 'x-server': 's1' }))
    void mine.locate()
    const own = mine.next() as Queued
    expect(backend.server('s1')?.counters.queueNow).toBe(1)
    lease.release(completed)
    const first = (await any.lease) as Lease
    expect(backend.server('s1')?.counters.queueNow).toBe(1)
    first.release(completed)
    await expect(own.lease).resolves.toMatchObject({ kind: 'lease' })
    expect(backend.server('s1')?.counters.queueNow).toBe(0)
  })

  it('lets a client that gives up leave the queue', async () => {
    const { backend } = full()
    const lease = leaseOf(backend.dispatch(request))
    const waiting = backend.dispatch(request).next() as Queued
    waiting.cancel()
    waiting.cancel()
    await expect(waiting.lease).resolves.toMatchObject({ kind: 'none' })
    lease.release(completed)
    expect(backend.counters.queueNow).toBe(0)
    expect(backend.server('s1')?.counters.requestsNow).toBe(0)
  })

  it('refuses at once when the queue is full', () => {
    const { backend } = full({ maxQueue: 1 })
    const told = vi.fn()
    backend.on('queue-full', told)
    leaseOf(backend.dispatch(request))
    backend.dispatch(request).next()
    expect(backend.dispatch(request).next()).toEqual({ kind: 'none', reason: 'queue-full' })
    expect(told).toHaveBeenCalledExactlyOnceWith(1)
  })

  it('sends clients that belong to it elsewhere when its own queue is full', () => {
    const { backend } = world({ servers: servers(2, { maxConnections: 1, maxQueue: 1 }), affinity: byHeader })
    const mine = () => {
      const dispatch = backend.dispatch(requestWith({ 'x-server': 's1' }))
      void dispatch.locate()
      return dispatch.next()
    }
    expect(mine()).toMatchObject({ kind: 'lease', server: { id: 's1' } })
    expect(mine().kind).toBe('queued')
    expect(mine()).toMatchObject({ kind: 'lease', server: { id: 's2' } })
  })

  it('serves those who wait when its limit is raised or lifted', async () => {
    const { backend } = full()
    leaseOf(backend.dispatch(request))
    const second = backend.dispatch(request).next() as Queued
    const third = backend.dispatch(request).next() as Queued
    backend.server('s1')?.setMaxConnections(2)
    await expect(second.lease).resolves.toMatchObject({ kind: 'lease' })
    expect(backend.queueLength).toBe(1)
    backend.server('s1')?.setMaxConnections(0)
    await expect(third.lease).resolves.toMatchObject({ kind: 'lease' })
  })

  it('is waited for by requests whose key leads to it, while others are free', () => {
    const keyed: BackendOptions['balancer'] = {
      name: 'keyed',
      keyed: true,
      rebuild: () => undefined,
      pick: () => backend.server('s1'),
    }
    const { backend } = world({ servers: servers(2, { maxConnections: 1 }), balancer: keyed })
    leaseOf(backend.dispatch(request))
    expect(backend.dispatch(request).next().kind).toBe('queued')
    expect(backend.server('s1')?.counters.queueNow).toBe(1)
    expect(backend.queueLength).toBe(0)
  })

  it('hands those who wait for it to others when it goes down, and refuses them when there are none', async () => {
    const { backend } = world({ servers: servers(2, { maxConnections: 1 }), affinity: byHeader })
    const to = (id: string) => {
      const dispatch = backend.dispatch(requestWith({ 'x-server': id }))
      void dispatch.locate()
      return dispatch.next()
    }
    to('s1')
    const waiting = [to('s1'), to('s1')] as Queued[]
    backend.server('s1')?.setHealth('down')
    await expect(waiting[0]?.lease).resolves.toMatchObject({ kind: 'lease', server: { id: 's2' } })
    expect(backend.server('s1')?.counters.queueNow).toBe(0)
    backend.server('s2')?.setHealth('down')
    await expect(waiting[1]?.lease).resolves.toEqual({ kind: 'none', reason: 'no-server' })
    expect(backend.counters.queueNow).toBe(0)
  })
})

describe('a client whose server is down', () => {
  const mine = requestWith({ 'x-server': 's1' })
  const tester = requestWith({ 'x-server': 's1', 'x-tester': '1' })
  const where = (backend: ReturnType<typeof createBackend>, asked = mine) => {
    const dispatch = backend.dispatch(asked)
    void dispatch.locate()
    return dispatch.next()
  }

  it('goes elsewhere, unless it persists: in maintenance as well, but not once it is removed', () => {
    for (const persist of [false, true]) {
      const { backend } = world({ servers: servers(2), affinity: byHeader, persist })
      const expected = persist ? 's1' : 's2'
      backend.server('s1')?.setHealth('down')
      expect(where(backend)).toMatchObject({ sticky: persist, server: { id: expected } })
      backend.server('s1')?.setHealth('up')
      backend.server('s1')?.maintenance()
      expect(where(backend)).toMatchObject({ sticky: persist, server: { id: expected } })
      void backend.removeServer('s1')
      expect(where(backend)).toMatchObject({ sticky: false, server: { id: 's2' } })
    }
  })

  it('is sent there where its request is forced to, and only then', () => {
    const { backend } = world({
      servers: servers(2),
      affinity: byHeader,
      forcePersist: asked => asked.header('x-tester') !== undefined,
    })
    backend.server('s1')?.maintenance()
    expect(where(backend, tester)).toMatchObject({ sticky: true, server: { id: 's1' } })
    expect(where(backend)).toMatchObject({ sticky: false, server: { id: 's2' } })
    expect(where(backend, requestWith({ 'x-tester': '1' }))).toMatchObject({ server: { id: 's2' } })
  })

  it('is balanced where its request ignores persistence, and keeps its server', () => {
    const bind = vi.fn(() => undefined)
    const { backend } = world({
      servers: servers(2),
      affinity: { ...byHeader, bind },
      ignorePersist: asked => asked.header('x-static') !== undefined,
      forcePersist: asked => asked.header('x-tester') !== undefined,
    })
    const asked = requestWith({ 'x-server': 's2', 'x-static': '1' })
    const dispatch = backend.dispatch(asked)
    expect(dispatch.locate()).toBeUndefined()
    const lease = leaseOf(dispatch)
    expect(lease).toMatchObject({ sticky: false, server: { id: 's1' } })
    dispatch.leased(lease)
    dispatch.bind()
    expect(bind).not.toHaveBeenCalled()
    // Forced comes first.
    const forced = requestWith({ 'x-server': 's2', 'x-static': '1', 'x-tester': '1' })
    expect(where(backend, forced)).toMatchObject({ sticky: true, server: { id: 's2' } })
  })

  it('waits for it in its queue, and nobody else gets there', async () => {
    const { backend } = world({
      servers: servers(2, { maxConnections: 1 }),
      affinity: byHeader,
      persist: true,
    })
    const first = where(backend) as Lease
    const second = where(backend) as Queued
    backend.server('s1')?.setHealth('down')
    expect(backend.server('s1')?.counters.queueNow).toBe(1)
    first.release(completed)
    const lease = (await second.lease) as Lease
    expect(lease.server.id).toBe('s1')
    const third = where(backend) as Queued
    void backend.removeServer('s1')
    await expect(third.lease).resolves.toMatchObject({ kind: 'lease', server: { id: 's2' } })
    expect(backend.counters.queueNow).toBe(0)
  })

  it('is refused where it is forced to a server whose queue is full', () => {
    const { backend } = world({
      servers: servers(2, { maxConnections: 1, maxQueue: 1 }),
      affinity: byHeader,
      forcePersist: () => true,
    })
    expect(where(backend).kind).toBe('lease')
    expect(where(backend).kind).toBe('queued')
    expect(where(backend)).toEqual({ kind: 'none', reason: 'queue-full' })
  })
})

describe('an affinity', () => {
  it('is asked for a server that can be used, or that is known where clients stay', () => {
    const answers: boolean[][] = []
    const affinity: Affinity = {
      name: 'asking',
      find: (_, usable) => {
        answers.push(['s1', 's2', 's3'].map(id => usable?.(id) === true))
        return undefined
      },
      bind: () => undefined,
    }
    for (const persist of [false, true]) {
      const { backend } = world({ servers: servers(2), affinity, persist })
      backend.server('s1')?.setHealth('down')
      void backend.dispatch(request).locate()
    }
    expect(answers).toEqual([
      [false, true, false],
      [true, true, false],
    ])
  })

  it('that goes by addresses is told of the servers, and of who comes and goes', () => {
    const told: string[][] = []
    const affinity: Affinity = {
      ...byHeader,
      rebuild: list => void told.push(list.map(({ id, host, port }) => `${id} ${host} ${port}`)),
    }
    const { backend } = world({ servers: [{ id: 'a', address: '[::1]:81' }], affinity })
    backend.server('a')?.setHealth('down')
    backend.addServer({ id: 'b', address: 'http://app.internal' })
    void backend.removeServer('a')
    expect(told).toEqual([['a ::1 81'], ['a ::1 81', 'b app.internal 80'], ['b app.internal 80']])
  })

  it('that goes by addresses serves one backend at a time', () => {
    const affinity: Affinity = { ...byHeader, rebuild: () => undefined }
    const { backend } = world({ servers: servers(1), affinity })
    expect(() => world({ servers: servers(1), affinity })).toThrow('serves another backend')
    backend.close()
    expect(() => world({ servers: servers(1), affinity })).not.toThrow()
  })

  it('that fails to remember a client is told of, and the client served', () => {
    const fault = new Error('full')
    const affinity: Affinity = {
      ...byHeader,
      bind: () => {
        throw fault
      },
    }
    const { backend } = world({ servers: servers(1), affinity })
    const heard = vi.fn()
    backend.on('fault', heard)
    const dispatch = backend.dispatch(request)
    expect(dispatch.bind()).toBeUndefined()
    dispatch.leased(leaseOf(dispatch))
    expect(dispatch.bind()).toBeUndefined()
    expect(heard).toHaveBeenCalledExactlyOnceWith(fault)
  })
})

describe('changing a backend at run time', () => {
  it('adds a server, which takes its turn', () => {
    const { backend } = world({ servers: servers(1) })
    const added = vi.fn()
    backend.on('added', added)
    const server = backend.addServer({ id: 'new', address: '[::1]:80', weight: 1 })
    expect(added).toHaveBeenCalledExactlyOnceWith(server)
    expect([1, 2].map(() => leaseOf(backend.dispatch(request)).server.id).sort()).toEqual(['new', 's1'])
  })

  it('removes a server: no new request, those under way end', async () => {
    const { backend } = world({ servers: servers(2) })
    const leases = [1, 2].map(() => leaseOf(backend.dispatch(request)))
    const mine = leases.find(lease => lease.server.id === 's1') as Lease
    const gone = vi.fn()
    const removed = backend.removeServer('s1').then(gone)
    expect(backend.servers.map(server => server.id)).toEqual(['s2'])
    expect(leaseOf(backend.dispatch(request)).server.id).toBe('s2')
    await Promise.resolve()
    expect(gone).not.toHaveBeenCalled()
    mine.release(completed)
    await removed
    expect(gone).toHaveBeenCalledOnce()
  })

  it('lets a removed id be used again by a server that starts from nothing', () => {
    const { backend } = world({ servers: servers(1) })
    const old = leaseOf(backend.dispatch(request))
    void backend.removeServer('s1')
    backend.addServer({ id: 's1', address: '127.0.0.1:9' })
    expect(backend.server('s1')?.counters.requests).toBe(0)
    old.release(completed)
    expect(backend.server('s1')?.counters.requestsNow).toBe(0)
  })

  it('gives each server a slot of its own, the lowest ones, whoever comes and goes', () => {
    const { backend } = world({ servers: servers(3) })
    const slots = () => backend.servers.map(({ slot }) => slot)
    expect(slots()).toEqual([0, 1, 2])
    void backend.removeServer('s2')
    void backend.removeServer('s1')
    backend.addServer({ id: 'a', address: '127.0.0.1:1' })
    backend.addServer({ id: 'b', address: '127.0.0.1:2' })
    backend.addServer({ id: 'c', address: '127.0.0.1:3' })
    expect(slots().sort()).toEqual([0, 1, 2, 3])
  })

  it('keeps what was counted over a change of weight, and tells of it', () => {
    const { backend } = world({ servers: servers(2) })
    const told = vi.fn()
    backend.on('weight', told)
    leaseOf(backend.dispatch(request)).release(completed)
    const server = backend.server('s1')
    server?.setWeight(5)
    expect(server?.counters.completed).toBe(1)
    expect(server).toMatchObject({ weight: 5, configuredWeight: 5 })
    expect(told).toHaveBeenCalledExactlyOnceWith(server, 1)
  })

  it('tells when a draining server serves nobody any more', () => {
    const { backend } = world({ servers: servers(2) })
    const drained = vi.fn()
    const admin = vi.fn()
    backend.on('drained', drained).on('admin', admin)
    const lease = leaseOf(backend.dispatch(request))
    lease.server.drain()
    lease.server.drain()
    expect(admin).toHaveBeenCalledExactlyOnceWith(lease.server, 'ready')
    expect(drained).not.toHaveBeenCalled()
    lease.release(completed)
    expect(drained).toHaveBeenCalledExactlyOnceWith(lease.server)
    backend.server('s2')?.maintenance()
    expect(drained).toHaveBeenCalledTimes(2)
  })

  it('gives nothing more once it is closed, and refuses those who wait', async () => {
    const { backend, clock } = world({ servers: servers(2, { maxConnections: 1 }), affinity: byHeader })
    const to = (id: string) => {
      const dispatch = backend.dispatch(requestWith({ 'x-server': id }))
      void dispatch.locate()
      return dispatch.next()
    }
    to('s1')
    to('s2')
    const waiting = [to('s1'), backend.dispatch(request).next()] as Queued[]
    backend.close()
    backend.close()
    for (const queued of waiting)
      await expect(queued.lease).resolves.toEqual({ kind: 'none', reason: 'closed' })
    expect(to('s1')).toEqual({ kind: 'none', reason: 'closed' })
    expect(() => backend.addServer({ id: 'x', address: 'a:1' })).toThrow(
      expect.objectContaining({ code: 'EVENER_CLOSED' }),
    )
    expect(clock.pending).toBe(0)
    backend.server('s1')?.setWeight(3)
  })
})

describe('checks', () => {
  it('take a server out after `fall` failures and bring it back after `rise` successes, with everything counted', async () => {
    const checker = new ScriptedChecker()
    const { backend, clock } = world({
      servers: [...servers(2), { id: 'unchecked', address: '127.0.0.1:9', check: false }],
      checks: { checker, intervalMs: 1000, rise: 2, fall: 3, initialState: 'fully-up', startSpread: 0 },
    })
    const seen: string[] = []
    backend
      .on('up', server => seen.push(`${server.id} up`))
      .on('down', server => seen.push(`${server.id} down`))
    await clock.advanceAsync(10)
    checker.down.add('s1')
    await clock.advanceAsync(3000)
    expect(seen).toEqual(['s1 down'])
    expect(backend.pool.map(server => server.id)).toEqual(['s2', 'unchecked'])
    checker.down.clear()
    await clock.advanceAsync(2000)
    expect(seen).toEqual(['s1 down', 's1 up'])
    const server = backend.server('s1')
    expect(server?.counters).toMatchObject({ checks: 6, checksFailed: 3, downTransitions: 1 })
    expect(server?.lastCheck).toMatchObject({ ok: true })
    expect(server?.downtimeMs).toBeGreaterThan(1000)
    expect(backend.server('unchecked')?.counters.checks).toBe(0)
    backend.close()
    expect(clock.pending).toBe(0)
  })

  it('begin with the state that was asked for, and end with the server', async () => {
    const { backend, clock } = world({
      servers: servers(1),
      checks: { checker: new ScriptedChecker(), initialState: 'fully-down', rise: 1 },
    })
    expect(backend.server('s1')).toMatchObject({ health: 'down', counters: { downTransitions: 0 } })
    await clock.advanceAsync(10)
    expect(backend.server('s1')?.health).toBe('up')
    void backend.removeServer('s1')
    expect(clock.pending).toBe(0)
  })
})

describe('a balancer of the host’s own that throws', () => {
  it('when told of an end, is announced and harms nothing', () => {
    const balancer: BackendOptions['balancer'] = {
      name: 'wrong',
      rebuild: () => undefined,
      pick: () => backend.server('s1'),
      ended: () => {
        throw new Error('oops')
      },
    }
    const { backend } = world({ servers: servers(1), balancer })
    const fault = vi.fn()
    backend.on('fault', fault)
    leaseOf(backend.dispatch(request)).release(completed)
    expect(fault).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ message: 'oops' }))
    expect(backend.server('s1')?.counters.requestsNow).toBe(0)
  })
})

describe('slow start', () => {
  it('raises the weight of a server that came up, in twenty steps', () => {
    const { backend, clock } = world({ servers: servers(2, { weight: 100, slowStartMs: 2000 }) })
    const server = backend.server('s1')
    expect(server?.weight).toBe(100)
    server?.setHealth('down')
    server?.setHealth('up')
    expect(server?.weight).toBe(5)
    clock.advance(1000)
    expect(server?.weight).toBe(55)
    server?.setWeight(10)
    expect(server?.weight).toBe(5.5)
    clock.advance(900)
    expect(server?.weight).toBe(10)
    expect(clock.pending).toBe(0)
  })

  it('never starts with nothing, begins after maintenance too, and stops when the server goes', () => {
    const { backend, clock } = world({ servers: servers(2, { slowStartMs: 2000 }) })
    const server = backend.server('s1')
    server?.maintenance()
    server?.ready()
    expect(server?.weight).toBe(1 / 16)
    void backend.removeServer('s1')
    expect(clock.pending).toBe(0)
  })
})

describe('options that make no sense', () => {
  const make = (options: object) => () =>
    createBackend({ name: 'b', servers: servers(1), ...options } as BackendOptions)

  it.each([
    [{ nam: 'x' }, 'EVENER_UNKNOWN_OPTION', 'nam'],
    [{ name: 'with space' }, 'EVENER_INVALID_OPTION', 'with space'],
    [{ servers: [] }, 'EVENER_EMPTY_POOL', 'servers'],
    [{ servers: 'a' }, 'EVENER_INVALID_OPTION', 'servers'],
    [{ servers: [{ id: 'a', address: 'h:1', weight: -1 }] }, 'EVENER_INVALID_OPTION', '-1'],
    [{ servers: [{ id: 'a', address: 'h:1', weight: 1.5 }] }, 'EVENER_INVALID_OPTION', '0 to 256'],
    [{ servers: [{ id: 'a', address: 'h:1', weight: 257 }] }, 'EVENER_INVALID_OPTION', '257'],
    [{ servers: [{ id: 'a', address: 'h:70000' }] }, 'EVENER_INVALID_ADDRESS', '70000'],
    [{ servers: [{ id: 'a', address: 'h' }] }, 'EVENER_INVALID_ADDRESS', 'port is missing'],
    [{ servers: [{ id: 'a', address: 'h:1', state: 'off' }] }, 'EVENER_INVALID_OPTION', 'maintenance'],
    [{ servers: [{ id: 'a', address: 'h:1', backup: 1 }] }, 'EVENER_INVALID_OPTION', 'backup'],
    [{ servers: [{ id: 'a', address: 'h:1', wieght: 1 }] }, 'EVENER_UNKNOWN_OPTION', 'wieght'],
    [{ servers: [...servers(1), ...servers(1)] }, 'EVENER_DUPLICATE_ID', 's1'],
    [{ balancer: {} }, 'EVENER_INVALID_OPTION', 'balancer'],
    [{ balancer: { pick: () => undefined } }, 'EVENER_INVALID_OPTION', 'balancer.rebuild'],
    [{ balancer: () => undefined }, 'EVENER_INVALID_OPTION', 'is it to be called?'],
    [{ affinity: 1 }, 'EVENER_INVALID_OPTION', 'affinity'],
    [{ persist: 1 }, 'EVENER_INVALID_OPTION', 'persist'],
    [{ forcePersist: true }, 'EVENER_INVALID_OPTION', 'forcePersist'],
    [{ ignorePersist: '/static' }, 'EVENER_INVALID_OPTION', 'ignorePersist'],
    [{ affinity: { find: () => undefined } }, 'EVENER_INVALID_OPTION', 'affinity.bind'],
    [{ clock: Date }, 'EVENER_INVALID_OPTION', 'clock'],
    [{ checks: {} }, 'EVENER_INVALID_OPTION', 'backend(b).checks'],
    [{ checks: true }, 'EVENER_INVALID_OPTION', 'backend(b).checks: true'],
    [{ checks: { checker: new ScriptedChecker(), inter: 5 } }, 'EVENER_INVALID_OPTION', 'backend(b).checks'],
    [{ servers: [{ id: 'a', address: 'h:1', tls: {} }] }, 'EVENER_INVALID_OPTION', 'https://'],
    [{ servers: [{ id: 'a', address: 'https://h', tls: { verify: 1 } }] }, 'EVENER_UNKNOWN_OPTION', 'verify'],
    [{ timeouts: { queueMs: 0 } }, 'EVENER_INVALID_OPTION', 'queueMs'],
    [{ timeouts: { queue: 1 } }, 'EVENER_UNKNOWN_OPTION', 'queue'],
    [{ retries: -1 }, 'EVENER_INVALID_OPTION', 'retries'],
    [{ redispatch: 1.5 }, 'EVENER_INVALID_OPTION', 'redispatch'],
    [{ retryOn: ['sometimes'] }, 'EVENER_INVALID_OPTION', 'sometimes'],
    [{ retryOn: [200] }, 'EVENER_INVALID_OPTION', '200'],
    [{ retryOn: 'conn-failure' }, 'EVENER_INVALID_OPTION', 'retryOn'],
    [{ retryBudget: { ratio: -1 } }, 'EVENER_INVALID_OPTION', 'ratio'],
    [{ whenDown: 'wait' }, 'EVENER_INVALID_OPTION', 'queue'],
    [{ maxQueue: 1e9 }, 'EVENER_INVALID_OPTION', 'maxQueue'],
  ])('are refused with what is allowed: %j', (options, code, word) => {
    expect(make(options)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(word) }))
  })

  it('are refused for a server that is removed and was never there', () => {
    const { backend } = world({ servers: servers(2) })
    expect(() => backend.removeServer('s9')).toThrow(
      expect.objectContaining({ code: 'EVENER_UNKNOWN_SERVER', message: expect.stringContaining('s1, s2') }),
    )
  })

  it('are refused for a balancer that serves another backend, until that one is closed', () => {
    const balancer = roundRobin()
    const { backend } = world({ servers: servers(1), balancer })
    expect(() => world({ servers: servers(1), balancer })).toThrow(/serves another backend/)
    backend.close()
    expect(world({ servers: servers(1), balancer }).backend.balancer).toBe(balancer)
  })

  it('but no servers at all are fine when that is said', () => {
    const { backend } = world({ servers: [], allowEmpty: true })
    expect(backend.dispatch(request).next()).toMatchObject<Partial<NoServer>>({ reason: 'no-server' })
    backend.addServer({ id: 'first', address: 'h:1' })
    expect(leaseOf(backend.dispatch(request)).server.id).toBe('first')
  })
})
