import { describe, expect, it, vi } from 'vitest'
import type { BackendOptions } from './backend.ts'
import { type Failed, failed } from './outcome.ts'
import { anyRetry, completed, leaseOf, refused, requestWith, reset, servers, world } from './test-support.ts'

const request = requestWith()

/** The servers that a request tries while every attempt fails so, and the pauses that it was told to make. */
function attempts(options: Partial<BackendOptions>, outcome: Failed = refused, retry = anyRetry) {
  const { backend } = world({ servers: servers(3), ...options })
  const dispatch = backend.dispatch(request)
  const path: string[] = []
  for (;;) {
    const lease = leaseOf(dispatch)
    path.push(lease.server.id)
    lease.release(outcome)
    const decision = dispatch.retry(outcome, retry)
    if (decision === 'give-up') break
    path.push(decision === 'same-server' ? '=' : '>')
  }
  dispatch.end(outcome)
  return { path: path.join(' '), counters: backend.counters, dispatch }
}

describe('a request whose servers refuse connections', () => {
  it('goes to another server at once, as long as there is one, then tries the same, and the last retry moves', () => {
    expect(attempts({}).path).toBe('s1 > s2 > s3 > s1')
    expect(attempts({ servers: servers(2) }).path).toBe('s1 > s2 = s2 > s1')
    expect(attempts({ servers: servers(1) }).path).toBe('s1 = s1 = s1 > s1')
  })

  it('stays where it is without redispatch', () => {
    const { path, counters } = attempts({ redispatch: false })
    expect(path).toBe('s1 = s1 = s1 = s1')
    expect(counters).toMatchObject({ retries: 3, redispatches: 0, connectErrors: 4, requests: 1, failed: 1 })
  })

  it.each([
    [2, 's1 = s1 > s1 = s1'],
    [1, 's1 > s1 > s1 > s1'],
    [-1, 's1 = s1 = s1 > s1'],
    [-2, 's1 = s1 > s1 = s1'],
    [0, 's1 = s1 = s1 = s1'],
  ])('moves every n-th retry, or the n-th before the last: redispatch %i', (redispatch, path) => {
    expect(attempts({ redispatch, servers: servers(1) }).path).toBe(path)
  })

  it('tries as often as it may', () => {
    expect(attempts({ retries: 0 }).path).toBe('s1')
    expect(attempts({ retries: 1 }).path).toBe('s1 > s2')
    const { dispatch } = attempts({ retries: 5 })
    expect(dispatch).toMatchObject({ retries: 5, redispatches: 3, ended: true })
  })

  it('leaves a server that went down between two attempts', () => {
    const { backend } = world({ servers: servers(1) })
    const dispatch = backend.dispatch(request)
    leaseOf(dispatch).release(refused)
    backend.server('s1')?.setHealth('down')
    expect(dispatch.retry(refused, anyRetry)).toBe('another-server')
    expect(dispatch.next()).toEqual({ kind: 'none', reason: 'no-server' })

    const fixed = world({ servers: servers(1), redispatch: false }).backend
    const stays = fixed.dispatch(request)
    leaseOf(stays).release(refused)
    fixed.server('s1')?.setHealth('down')
    expect(stays.retry(refused, anyRetry)).toBe('give-up')
  })
})

describe('a client that belongs to a server', () => {
  it('is tried there again before it is moved', () => {
    const affinity = { name: 'fixed', find: () => 's2', bind: () => undefined }
    const { backend } = world({ servers: servers(3), affinity })
    const dispatch = backend.dispatch(request)
    void dispatch.locate()
    const path: string[] = []
    for (let i = 0; i < 4; i++) {
      const lease = leaseOf(dispatch)
      path.push(lease.server.id)
      lease.release(refused)
      dispatch.retry(refused, anyRetry)
    }
    expect(path.slice(0, 3)).toEqual(['s2', 's2', 's2'])
    expect(path[3]).not.toBe('s2')
  })

  it.each([
    ['persists: there first, and then elsewhere', { persist: true }, 's2 s2 s2 s1'],
    ['is forced: there and nowhere else', { forcePersist: () => true }, 's2 s2 s2 s2'],
    ['is neither: elsewhere', {}, 's1 s3 s3 s1'],
  ])('that is down is tried where its request %s', (_, options, expected) => {
    const affinity = { name: 'fixed', find: () => 's2', bind: () => undefined }
    const { backend } = world({ servers: servers(3), affinity, ...options })
    backend.server('s2')?.setHealth('down')
    const dispatch = backend.dispatch(request)
    void dispatch.locate()
    const path: string[] = []
    do {
      const lease = leaseOf(dispatch)
      path.push(lease.server.id)
      dispatch.leased(lease)
      lease.release(refused)
    } while (dispatch.retry(refused, anyRetry) !== 'give-up')
    expect(path.join(' ')).toBe(expected)
  })
})

describe('a request that has been sent', () => {
  it.each([
    ['is idempotent and can be repeated', anyRetry, 's1 > s2 > s3 > s1'],
    ['is not idempotent', { idempotent: false, replayable: true }, 's1'],
    ['cannot be sent again', { idempotent: true, replayable: false }, 's1'],
  ])('is retried only if it may be: it %s', (_, retry, path) => {
    expect(attempts({}, reset, retry).path).toBe(path)
  })

  it('is retried only for reasons that are named', () => {
    const late = failed('wait', 'server', 'response-timeout')
    expect(attempts({}, late).path).toBe('s1')
    expect(attempts({ retryOn: ['response-timeout'] }, late).path).toBe('s1 > s2 > s3 > s1')
    expect(attempts({ retryOn: [] }, refused).path).toBe('s1')
    const status = failed('wait', 'server', 'retry-status')
    expect(attempts({ retryOn: [503] }, status).path).toBe('s1 > s2 > s3 > s1')
  })

  it('is never retried when it was the client that went away', () => {
    expect(attempts({}, failed('connect', 'client', 'client-abort')).path).toBe('s1')
  })
})

describe('the retry budget', () => {
  it('bounds retries of requests that reached a server, and refills with time and traffic', () => {
    const { backend, clock } = world({
      servers: servers(3),
      retries: 1,
      retryBudget: { ratio: 0.5, minPerSecond: 1 },
    })
    const retried = () => {
      const dispatch = backend.dispatch(request)
      leaseOf(dispatch).release(reset)
      const decision = dispatch.retry(reset, anyRetry)
      dispatch.end(reset)
      return decision !== 'give-up'
    }
    // Ten seconds' worth to begin with, and half a retry for each of thirty requests.
    const allowed = Array.from({ length: 30 }, retried).filter(Boolean).length
    expect(allowed).toBe(25)
    expect(backend.counters.retriesRefused).toBe(5)
    clock.advance(3000)
    expect([retried(), retried(), retried()]).toEqual([true, true, true])
  })

  it('does not count attempts that never reached a server', () => {
    const { path, counters } = attempts({ retryBudget: { ratio: 0, minPerSecond: 0 } })
    expect(path).toBe('s1 > s2 > s3 > s1')
    expect(counters.retriesRefused).toBe(0)
  })
})

describe('what is told and counted', () => {
  it('is one retry or one redispatch for each further attempt', () => {
    const { backend } = world({ servers: servers(2), retries: 2 })
    const retry = vi.fn()
    const redispatch = vi.fn()
    backend.on('retry', retry).on('redispatch', redispatch)
    const dispatch = backend.dispatch(request)
    for (let i = 0; i < 3; i++) {
      leaseOf(dispatch).release(refused)
      dispatch.retry(refused, anyRetry)
    }
    const [s1, s2] = backend.servers
    expect(redispatch).toHaveBeenCalledWith(s1, refused)
    expect(backend.counters.retries + backend.counters.redispatches).toBe(2)
    expect(retry.mock.calls.length + redispatch.mock.calls.length).toBe(2)
    expect(s2?.counters.connectErrors).toBeGreaterThan(0)
  })

  it('is one end, whichever came first', () => {
    const { backend } = world({ servers: servers(1) })
    const dispatch = backend.dispatch(request)
    leaseOf(dispatch).release(completed)
    dispatch.end(completed)
    dispatch.end(reset)
    dispatch.reject('no-server')
    expect(backend.counters).toMatchObject({
      requests: 1,
      requestsNow: 0,
      completed: 1,
      failed: 0,
      rejected: 0,
    })
  })
})
