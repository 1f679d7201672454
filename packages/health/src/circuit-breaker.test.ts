import { describe, expect, it } from 'vitest'
import { CircuitBreaker, type CircuitBreakerOptions, readCircuitBreakerOptions } from './circuit-breaker.ts'
import { VirtualClock } from './test-support.ts'

function world(options: CircuitBreakerOptions = {}) {
  const clock = new VirtualClock()
  const told: string[] = []
  const settings = readCircuitBreakerOptions({ clock, ...options })
  const breaker = new CircuitBreaker(settings, (state, detail) =>
    told.push(`${clock.now()} ${state}: ${detail}`),
  )
  const count = (...results: boolean[]) => {
    for (const ok of results) breaker.count(ok)
  }
  return { clock, told, breaker, count }
}

describe('a circuit breaker', () => {
  it('opens after so many errors in a row, and not before', () => {
    const { told, breaker, count } = world({ consecutiveErrors: 3 })
    count(false, false, true, false, false)
    expect(breaker.state).toBe('closed')
    count(false)
    expect(told).toEqual(['0 open: 3 errors in a row'])
  })
  it('opens at a share of errors, once there are enough results', () => {
    const { told, count } = world({ consecutiveErrors: 0, failurePercent: 50, minRequests: 4 })
    count(false, true, false)
    expect(told).toEqual([])
    count(true)
    expect(told).toEqual([])
    count(false)
    expect(told).toEqual(['0 open: 3 of 5 requests failed'])
  })
  it('forgets the share with its window', () => {
    const { clock, told, count } = world({
      consecutiveErrors: 0,
      failurePercent: 50,
      minRequests: 4,
      windowMs: 100,
    })
    count(false, false, false)
    clock.advanceNow(100)
    count(false, true, true)
    expect(told).toEqual([])
  })
  it('is closed by trials that all succeed', () => {
    const { clock, told, breaker, count } = world({ consecutiveErrors: 1, openMs: 1000, trials: 2 })
    count(false)
    clock.advanceNow(1000)
    count(true)
    expect(breaker.state).toBe('half-open')
    count(true)
    expect(told).toEqual([
      '0 open: 1 errors in a row',
      '1000 half-open: after 1000 ms',
      '1000 closed: all trials succeeded',
    ])
    expect(clock.pending).toBe(0)
  })
  it('stays open twice as long after each trial that fails, up to its maximum, and begins anew once closed', () => {
    const { clock, told, count } = world({ consecutiveErrors: 1, openMs: 1000, maxOpenMs: 3000 })
    const nextTrial = () => {
      const before = clock.now()
      while (!told.at(-1)?.includes('half-open')) clock.advanceNow(100)
      return clock.now() - before
    }
    const waits = [false, false, false, false].map(ok => {
      count(ok)
      return nextTrial()
    })
    expect(waits).toEqual([1000, 2000, 3000, 3000])
    count(true, false)
    expect(nextTrial()).toBe(1000)
  })
  it('takes no notice of what ends while it is open', () => {
    const { breaker, count } = world({ consecutiveErrors: 1 })
    count(false, true, true, false)
    expect(breaker.state).toBe('open')
  })
  it('can be put back, without a word', () => {
    const { clock, told, breaker, count } = world({ consecutiveErrors: 1 })
    count(false)
    breaker.reset()
    expect(breaker.state).toBe('closed')
    expect(clock.pending).toBe(0)
    expect(told).toHaveLength(1)
  })
  it.each<[string, object]>([
    ['options.consecutiveErrors', { consecutiveErrors: -1 }],
    ['options.failurePercent', { failurePercent: 101 }],
    ['options.openMs', { openMs: 0 }],
    ['options.maxOpenMs', { openMs: 2000, maxOpenMs: 1000 }],
    ['options.trials', { trials: 0 }],
    ['options.unknown', { unknown: 1 }],
  ])('refuses a wrong %s', (field, options) => {
    expect(() => readCircuitBreakerOptions(options)).toThrow(`${field} is `)
  })
})
