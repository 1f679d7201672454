/** What checks are told of the server that they check; beside HAProxy in tests/haproxy-server-state.test.ts. */
import type { Checker, CheckResult, ServerState, Target } from '@evener/health'
import { describe, expect, it } from 'vitest'
import { requestWith, servers, world } from './test-support.ts'

/** Finds each target as the test says, and keeps how its server was seen. */
class Telling implements Checker {
  readonly name = 'telling'
  readonly states = new Map<string, ServerState | undefined>()
  code: 'L4OK' | 'L4CON' | 'L7OKC' = 'L4OK'
  target: Target | undefined

  check(target: Target): Promise<CheckResult> {
    if (target.id === 's1') this.target = target
    this.states.set(target.id, target.seen?.())
    const code = target.id === 's1' ? this.code : 'L4OK'
    return Promise.resolve({ ok: code !== 'L4CON', code, message: '', durationMs: 1 })
  }
}

describe('a server as its checks are told of it', () => {
  const checked = (own: object = {}) => {
    const checker = new Telling()
    const made = world({
      servers: servers(3, { weight: 2, maxConnections: 1, ...own }),
      checks: { checker, intervalMs: 1000, rise: 2, fall: 2, startSpread: 0 },
      whenDown: 'queue',
    })
    const next = async (): Promise<ServerState | undefined> => {
      await made.clock.advanceAsync(1000)
      return checker.states.get('s1')
    }
    return { ...made, checker, next }
  }

  it('has its address and name, its limit, and its part of the weight', async () => {
    const { next } = checked()
    expect(await next()).toMatchObject({
      ...{ state: 'UP', progress: undefined, address: '127.0.0.1', port: 1001, throttlePercent: undefined },
      ...{ name: 'test/s1', backend: 'test', weight: [2, 6], maxConnections: 1 },
      node: expect.stringMatching(/./),
    })
  })
  it('of a unix socket has no address', async () => {
    const { next } = checked({ address: 'unix:/run/app.sock' })
    expect(await next()).toMatchObject({ address: 'unix', port: 'unix' })
  })
  it('is on its way down, down, on its way up, and starting slowly', async () => {
    const { checker, next } = checked({ slowStartMs: 20_000 })
    const told: unknown[] = []
    for (const code of ['L4OK', 'L4CON', 'L4CON', 'L4OK', 'L4OK', 'L4OK'] as const) {
      checker.code = code
      await next()
      const { state, progress, weight, throttlePercent } = checker.states.get('s1') as ServerState
      told.push([state, progress?.join('/'), weight?.join('/'), throttlePercent])
    }
    expect(told).toEqual([
      ['UP', undefined, '2/6', undefined],
      ['UP', undefined, '2/6', undefined],
      ['UP', '1/2', '2/6', undefined],
      ['DOWN', undefined, '2/4', undefined],
      ['DOWN', '1/2', '2/4', undefined],
      ['UP', undefined, '1/5', 5],
    ])
  })
  it('that is on its way out takes nobody new', async () => {
    const { checker, next } = checked()
    checker.code = 'L7OKC'
    await next()
    expect(await next()).toMatchObject({ state: 'NOLB', progress: undefined, weight: [2, 4] })
  })
  it('has its connections and its queue, beside those of its backend', async () => {
    const { backend, next } = checked()
    for (let request = 0; request < 5; request++) backend.dispatch(requestWith()).next()
    backend.acquire(requestWith(), undefined, backend.server('s1'), true)
    expect(await next()).toMatchObject({ connections: [1, 2], queued: 1 })
    expect(backend.counters).toMatchObject({ requestsNow: 5, queueNow: 3 })
  })
  it('is no longer checked once it was taken out', async () => {
    const { backend, checker, next } = checked()
    await next()
    await backend.removeServer('s1')
    expect(checker.target?.seen?.()).toMatchObject({ state: 'no check', weight: [2, 4] })
  })
})
