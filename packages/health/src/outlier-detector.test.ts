import { describe, expect, it } from 'vitest'
import { OutlierDetector, type OutlierOptions, type OutlierRecord } from './outlier-detector.ts'
import { VirtualClock } from './test-support.ts'

/** Servers a, b, c, … that are judged, and what was told of them. */
function world(count: number, options: OutlierOptions = {}) {
  const clock = new VirtualClock()
  const detector = new OutlierDetector({ clock, ...options })
  const told: string[] = []
  const records = Array.from({ length: count }, (_, index) => {
    const id = String.fromCharCode(97 + index)
    return detector.watch({
      ejected: (reason, detail, durationMs) =>
        told.push(`${clock.now()} ${id} ${reason} ${durationMs}: ${detail}`),
      returned: () => told.push(`${clock.now()} ${id} returned`),
    })
  })
  const serve = (index: number, requests: number, errors = 0, latencyMs = 10) => {
    for (let number = 0; number < requests; number++) {
      // Errors never in a row, so that the rate alone tells.
      detector.count(records[index] as OutlierRecord, number % 2 === 0 || number >= errors * 2, latencyMs)
    }
  }
  const fail = (index: number, errors: number) => {
    for (let number = 0; number < errors; number++) detector.count(records[index] as OutlierRecord, false, 10)
  }
  return { clock, detector, records, told, serve, fail }
}

describe('an outlier', () => {
  it('by errors in a row is out at once', () => {
    const { told, fail } = world(3)
    fail(1, 4)
    expect(told).toEqual([])
    fail(1, 1)
    expect(told).toEqual(['0 b consecutive-errors 30000: 5 errors in a row'])
  })
  it('comes in again when its time is over, and is out for longer each time', () => {
    const { clock, told, fail } = world(2, { intervalMs: 1000, baseEjectionMs: 2000, maxEjectionMs: 5000 })
    const lengths: number[] = []
    for (let time = 0; time < 4; time++) {
      const began = clock.now()
      fail(0, 5)
      while (!told.at(-1)?.endsWith('returned')) clock.advanceNow(500)
      lengths.push(clock.now() - began)
    }
    expect(lengths).toEqual([2000, 4000, 5000, 5000])
  })
  it('is forgiven one time for each interval in which it does well', () => {
    const { clock, told, fail } = world(2, { intervalMs: 1000, baseEjectionMs: 1000 })
    fail(0, 5)
    clock.advanceNow(1000)
    fail(0, 5)
    clock.advanceNow(5000)
    fail(0, 5)
    expect(told.filter(line => line.includes('errors')).map(line => line.split(' ')[3])).toEqual([
      '1000:',
      '2000:',
      '1000:',
    ])
  })
  it('by its share of errors is out at the end of the interval', () => {
    const { clock, told, serve } = world(3, { failurePercent: 40, successRateDeviation: 0 })
    serve(0, 100, 45)
    serve(1, 100, 20)
    serve(2, 50, 25)
    clock.advanceNow(10_000)
    expect(told).toEqual(['10000 a failure-percent 30000: 45.0 % of 100 requests failed'])
  })
  it('by its success rate lies far below the others', () => {
    const { clock, told, serve } = world(10)
    for (let index = 0; index < 9; index++) serve(index, 200, 2)
    serve(9, 200, 60)
    clock.advanceNow(10_000)
    expect(told).toHaveLength(1)
    expect(told[0]).toMatch(/^10000 j success-rate 30000: 70\.0 % succeeded, where 7\d\.\d % is the least$/)
  })
  it('by its success rate needs others to be compared with', () => {
    const { clock, told, serve } = world(4)
    for (let index = 0; index < 3; index++) serve(index, 200)
    serve(3, 200, 90)
    clock.advanceNow(10_000)
    expect(told).toEqual([])
  })
  it('by latency is slower than the middle one by the factor', () => {
    const { clock, told, serve } = world(10, { latencyFactor: 3 })
    for (let index = 0; index < 8; index++) serve(index, 100, 0, 10 + index)
    serve(8, 100, 0, 40)
    serve(9, 100, 0, 50)
    clock.advanceNow(10_000)
    expect(told).toEqual(['10000 j latency 30000: 50.0 ms, where 42.0 ms is the most'])
  })
  it.each([
    [10, 10, 1],
    [10, 30, 3],
    [10, 0, 1],
    [10, 100, 9],
    [2, 10, 1],
    [1, 100, 0],
  ])('of %i servers with at most %i %% out, there are at most %i', (count, maxEjectedPercent, most) => {
    const { records, fail } = world(count, { maxEjectedPercent })
    for (let index = 0; index < count; index++) fail(index, 20)
    expect(records.filter(({ ejected }) => ejected)).toHaveLength(most)
  })
  it('that is watched no longer makes room for another, and leaves no timer', () => {
    const { clock, detector, records, told, fail } = world(2)
    fail(0, 5)
    detector.forget(records[0] as OutlierRecord)
    expect(clock.pending).toBe(1)
    detector.forget(records[0] as OutlierRecord)
    detector.forget(records[1] as OutlierRecord)
    expect(clock.pending).toBe(0)
    expect(told).toHaveLength(1)
  })
  it.each<[string, object]>([
    ['options.consecutiveErrors', { consecutiveErrors: 1.5 }],
    ['options.failurePercent', { failurePercent: 101 }],
    ['options.successRateDeviation', { successRateDeviation: 0.05 }],
    ['options.latencyFactor', { latencyFactor: 1 }],
    ['options.maxEjectionMs', { baseEjectionMs: 1000, maxEjectionMs: 500 }],
    ['options.maxEjectedPercent', { maxEjectedPercent: 101 }],
    ['options.fast', { fast: true }],
  ])('is not found with a wrong %s', (field, options) => {
    expect(() => new OutlierDetector(options)).toThrow(`${field} is `)
  })
})
