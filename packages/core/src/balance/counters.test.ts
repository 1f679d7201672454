import { expect, test } from 'vitest'
import { failed } from './outcome.ts'
import { completed, leaseOf, refused, requestWith, servers, world } from './test-support.ts'

const request = requestWith()

test('the phases of a request that was answered are measured, for its server and the backend', () => {
  const { backend, clock } = world({ servers: servers(1) })
  const dispatch = backend.dispatch(request)
  clock.advance(5)
  const lease = leaseOf(dispatch)
  clock.advance(2)
  lease.connected()
  clock.advance(30)
  lease.answered()
  clock.advance(3)
  lease.release(completed)
  dispatch.end(completed)
  for (const { times } of [backend.counters, lease.server.counters]) {
    expect(times.queue).toMatchObject({ count: 1, averageMs: 5, maxMs: 5 })
    expect(times.connect).toMatchObject({ count: 1, averageMs: 2 })
    expect(times.response).toMatchObject({ count: 1, averageMs: 30 })
    expect(times.total).toMatchObject({ count: 1, averageMs: 40, sumMs: 40 })
  }
})

test('how far sessions are is seen on their server', () => {
  const { backend } = world({ servers: servers(1) })
  const [, waiting, passing] = [0, 1, 2].map(() => leaseOf(backend.dispatch(request)))
  waiting?.connected()
  passing?.connected()
  passing?.answered()
  expect(backend.server('s1')?.sessionSteps).toEqual({ connecting: 1, waiting: 1, passing: 1 })
})

test('a request that was not answered says nothing of how long they take', () => {
  const { backend } = world({ servers: servers(1) })
  const dispatch = backend.dispatch(request)
  const lease = leaseOf(dispatch)
  lease.release(refused)
  dispatch.end(refused)
  expect(backend.counters.times.total.count).toBe(0)
})

test('a request that never got a connection is counted with the server that was tried last', () => {
  const { backend } = world({ servers: servers(2) })
  const dispatch = backend.dispatch(request)
  leaseOf(dispatch).release(refused)
  dispatch.retry(refused, { idempotent: true, replayable: true })
  leaseOf(dispatch).release(refused)
  dispatch.end(refused)
  expect(backend.counters).toMatchObject({ connectErrors: 2, unreached: 1, redispatches: 1 })
  expect(backend.servers.map(({ counters }) => counters.unreached)).toEqual([0, 1])
})

test('to try the only server again is a retry, and no move to another one', () => {
  const { backend } = world({ servers: servers(1), retries: 1 })
  const dispatch = backend.dispatch(request)
  leaseOf(dispatch).release(refused)
  dispatch.retry(refused, { idempotent: true, replayable: true })
  expect(backend.counters).toMatchObject({ retries: 1, redispatches: 0 })
  expect(dispatch.redispatches).toBe(0)
})

test('on a connection for itself there is no time to connect, and an attempt that failed counts as waiting', () => {
  const { backend, clock } = world({ servers: servers(2) })
  const dispatch = backend.dispatch(request)
  leaseOf(dispatch).release(refused)
  clock.advance(7)
  dispatch.retry(refused, { idempotent: true, replayable: true })
  const lease = leaseOf(dispatch)
  clock.advance(4)
  lease.answered()
  lease.release(completed)
  dispatch.end(completed)
  const { times } = lease.server.counters
  expect([times.queue.sumMs, times.connect.sumMs, times.response.sumMs]).toEqual([7, 0, 4])
})

test('the rate of requests, and when the last one began', () => {
  const { backend, clock } = world({ servers: servers(1) })
  expect(backend.counters.lastBeganAt).toBe(Number.NEGATIVE_INFINITY)
  clock.advance(10)
  for (let i = 0; i < 3; i++) leaseOf(backend.dispatch(request))
  const { counters } = backend
  expect([counters.rate.perSecond(clock.now()), counters.rate.max, counters.lastBeganAt]).toEqual([
    3,
    3,
    clock.now(),
  ])
  expect(backend.server('s1')?.counters.rate.max).toBe(3)
})

test('what is broken off is told apart from what never began', () => {
  const { backend } = world({ servers: servers(1) })
  const ends = [
    failed('receive', 'client', 'client-abort'),
    failed('wait', 'client', 'client-abort'),
    failed('receive', 'server', 'broken-response'),
    failed('tunnel', 'server', 'broken-response'),
    failed('receive', 'proxy', 'shutdown'),
    refused,
  ]
  for (const outcome of ends) {
    const dispatch = backend.dispatch(request)
    leaseOf(dispatch).release(outcome)
    dispatch.end(outcome)
  }
  for (const counters of [backend.counters, backend.server('s1')?.counters])
    expect(counters).toMatchObject({ cutByClient: 1, cutByServer: 2, aborted: 2, failed: 4 })
})

test('only what the balancer chose is balanced', () => {
  const affinity = { name: 'always', find: () => 's1', bind: () => undefined }
  const { backend } = world({ servers: servers(2), affinity })
  const dispatch = backend.dispatch(request)
  dispatch.locate()
  leaseOf(dispatch)
  leaseOf(backend.dispatch(request))
  expect(backend.counters).toMatchObject({ requests: 2, sticky: 1, balanced: 1 })
})

test('a backend whose last server goes is down until one comes back', () => {
  const { backend, clock } = world({ servers: servers(2) })
  const [one, other] = backend.servers
  clock.advance(1_000)
  one?.maintenance()
  expect([backend.downtimeMs, backend.sinceChangeMs]).toEqual([0, 1_000])
  other?.maintenance()
  clock.advance(500)
  expect([backend.downtimeMs, backend.sinceChangeMs]).toEqual([500, 500])
  one?.ready()
  clock.advance(250)
  expect([backend.downtimeMs, backend.sinceChangeMs, backend.counters.downTransitions]).toEqual([500, 250, 1])
})
