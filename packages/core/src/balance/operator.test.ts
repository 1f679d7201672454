/** What an operator has servers, checks and counters do at run time, beside weights and states. */
import type { Checker } from '@evener/health'
import { VirtualClock } from '@evener/testing'
import { describe, expect, it } from 'vitest'
import { createBackend } from './backend.ts'
import { clearCounters } from './clear-counters.ts'

/** Finds every target up, at once. */
const passing = (asked: string[]): Checker => {
  const result = { ok: true, code: 'L4OK' as const, message: '', durationMs: 1 }
  return {
    name: 'passing',
    check: () => Promise.resolve(result),
    begin: ({ host, port }, listener) => {
      asked.push(`${host}:${port}`)
      listener.checked(result)
      return { abort: () => undefined }
    },
  }
}

function watched() {
  const clock = new VirtualClock()
  const asked: string[] = []
  const backend = createBackend({
    name: 'b',
    clock,
    servers: [{ id: 's1', address: '192.0.2.1:80' }],
    checks: { checker: passing(asked), intervalMs: 1000, rise: 2, fall: 3, spread: 0, startSpread: 0 },
  })
  const server = backend.server('s1')!
  return { clock, asked, backend, server }
}

describe('a server that is moved', () => {
  it('is checked at its new address, and keeps its state and counters', () => {
    const { clock, asked, backend, server } = watched()
    const moved: string[] = []
    backend.on('address', (_, previous) => moved.push(previous.text))
    clock.advance(10)
    server.counters.begin(0)
    server.setAddress('192.0.2.2:81')
    clock.advance(2000)
    expect(asked.at(-1)).toBe('192.0.2.2:81')
    expect([server.host, server.port, server.health, server.counters.requests]).toEqual([
      '192.0.2.2',
      81,
      'up',
      1,
    ])
    expect(moved).toEqual(['192.0.2.1:80'])
  })

  it('tells nothing where it is there already', () => {
    const { backend, server } = watched()
    backend.on('address', () => expect.unreachable())
    server.setAddress('192.0.2.1:80')
    expect(server.address.text).toBe('192.0.2.1:80')
  })

  it.each([
    ['no address', 'nowhere', 'EVENER_INVALID_ADDRESS'],
    ['an address with TLS', 'https://192.0.2.2', 'EVENER_INVALID_OPTION'],
  ])('is not moved to %s', (_, address, code) => {
    const { server } = watched()
    expect(() => server.setAddress(address)).toThrow(expect.objectContaining({ code }))
    expect(server.address.text).toBe('192.0.2.1:80')
  })
})

describe('checks', () => {
  it('that are paused ask nobody, leave the state as it is, and go on when they are resumed', () => {
    const { clock, asked, backend, server } = watched()
    clock.advance(10)
    expect(backend.watching.pauseChecks(server, true)).toBe(true)
    const before = asked.length
    clock.advance(10_000)
    expect([asked.length, server.health, backend.checkStatus(server)?.paused]).toEqual([before, 'up', true])
    backend.watching.pauseChecks(server, false)
    clock.advance(1001)
    expect(asked.length).toBeGreaterThan(before)
    expect(backend.checkStatus(server)?.paused).toBe(false)
  })

  it('go on from the level that they are put at', () => {
    const { clock, backend, server } = watched()
    const causes: string[] = []
    backend.on('transition', ({ reason }) => causes.push(reason.cause))
    clock.advance(10)
    expect(backend.watching.forceHealth(server, 'fully-down')).toBe(true)
    expect(server.health).toBe('down')
    clock.advance(2500)
    expect(server.health).toBe('up')
    expect(causes).toEqual(['operator', 'check'])
  })

  it('are said not to be there where there are none', () => {
    const backend = createBackend({ name: 'b', servers: [{ id: 's1', address: '192.0.2.1:80' }] })
    const server = backend.server('s1')!
    const { watching } = backend
    expect([
      watching.pauseChecks(server, true),
      watching.pauseAgent(server, true),
      watching.forceHealth(server, 'up'),
    ]).toEqual([false, false, false])
  })
})

describe('counters that are cleared', () => {
  const counted = () => {
    const { backend, server } = watched()
    const { counters } = server
    for (const now of [0, 1, 2]) counters.begin(now)
    counters.end({ kind: 'completed', phase: 'receive', status: 200 })
    counters.times.total.add(5)
    backend.counters.rejectedBy['no-server'] = 3
    return { backend, counters }
  }

  it('lose their maxima', () => {
    const { counters } = counted()
    clearCounters(counters)
    expect([counters.requestsMax, counters.rate.max, counters.times.total.maxMs]).toEqual([2, 0, 0])
    expect([counters.requests, counters.completed, counters.times.total.count]).toEqual([3, 1, 1])
  })

  it('hold to their equation where all is cleared while requests are under way', () => {
    const { backend, counters } = counted()
    clearCounters(counters, true)
    clearCounters(backend.counters, true)
    const { requests, requestsNow, completed, failed, aborted } = counters
    expect({ requests, requestsNow, completed, failed, aborted }).toEqual({
      requests: 2,
      requestsNow: 2,
      completed: 0,
      failed: 0,
      aborted: 0,
    })
    expect([counters.times.total.count, backend.counters.rejectedBy['no-server']]).toEqual([0, 0])
  })
})
