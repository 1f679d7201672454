import { describe, expect, it } from 'vitest'
import { loadReporter } from './load-reporter.ts'

function world() {
  const clock = { timeMs: 0, now: () => clock.timeMs }
  const reporter = loadReporter({ clock })
  const serve = (latencyMs: number) => {
    const request = reporter.begin()
    clock.timeMs += latencyMs
    request.end()
  }
  return { clock, reporter, serve }
}

describe('the load reporter', () => {
  it('counts requests in flight, and each only once', () => {
    const { reporter } = world()
    expect(reporter.report()).toEqual({ requestsInFlight: 0, latencyMs: 0 })
    const one = reporter.begin()
    const other = reporter.begin()
    expect(reporter.report().requestsInFlight).toBe(2)
    one.end()
    one.end()
    expect(reporter.report().requestsInFlight).toBe(1)
    other.end()
    expect(reporter.report().requestsInFlight).toBe(0)
  })

  it('reports the median, which one slow request does not move', () => {
    const { reporter, serve } = world()
    for (const latencyMs of [10, 12, 5000, 11, 9]) serve(latencyMs)
    expect(reporter.report().latencyMs).toBe(11)
  })

  it('goes by requests that met about as many others as there are now', () => {
    const { clock, reporter, serve } = world()
    for (let request = 0; request < 20; request++) serve(10)
    const crowd = Array.from({ length: 40 }, () => reporter.begin())
    clock.timeMs += 300
    for (const request of crowd) request.end()
    expect(reporter.report().latencyMs).toBe(10)
    for (let request = 0; request < 30; request++) reporter.begin()
    expect(reporter.report().latencyMs).toBe(300)
  })

  it('forgets what lies more than 128 requests back', () => {
    const { reporter, serve } = world()
    for (let request = 0; request < 200; request++) serve(1000)
    for (let request = 0; request < 128; request++) serve(5)
    expect(reporter.report().latencyMs).toBe(5)
  })

  it('goes by the clock of the process unless given another, and refuses what is none', () => {
    const request = loadReporter().begin()
    request.end()
    expect(() => loadReporter({ clock: {} as never })).toThrow('loadReporter.clock is an object')
  })
})
