import { describe, expect, test } from 'vitest'
import { seededRandom } from '../seeded-random.ts'
import { type Arrivals, constant, poisson, trace } from './arrivals.ts'
import { LoadEstimate } from './load-estimate.ts'
import { Population, requestOf } from './population.ts'
import { exponential, fixed, measured, pareto, type ServiceTime } from './service-times.ts'

const invalid = (message: RegExp) =>
  expect.objectContaining({ code: 'EVENER_INVALID_OPTION', message: expect.stringMatching(message) })

describe('service times', () => {
  const drawn = (service: ServiceTime, count = 200_000) => {
    const random = seededRandom('work')
    return Array.from({ length: count }, () => service.draw(random)).sort((one, other) => one - other)
  }
  const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

  test('fixed is always the same', () => {
    expect(new Set(drawn(fixed(7), 100))).toEqual(new Set([7]))
    expect(fixed(7).meanMs).toBe(7)
  })

  test('exponential has its mean, half below 0.693 of it and one in a hundred above 4.6 of it', () => {
    const values = drawn(exponential(10))
    expect(meanOf(values)).toBeCloseTo(10, 0)
    expect(values[100_000]! / 10).toBeCloseTo(Math.log(2), 1)
    expect(values[198_000]! / 10).toBeCloseTo(Math.log(100), 1)
  })

  test('pareto has its mean, its least, and its tail: of a thousand one is 33 times the mean', () => {
    const values = drawn(pareto(10, 1.5))
    expect(values[0]).toBeGreaterThanOrEqual(10 / 3)
    expect(values[199_800]! / 333.3).toBeGreaterThan(0.85)
    expect(values[199_800]! / 333.3).toBeLessThan(1.15)
    // With a shape of 3 the variance is finite, so that the mean of a sample is near the mean.
    expect(meanOf(drawn(pareto(10, 3)))).toBeCloseTo(10, 0)
  })

  test('measured draws each sample as often as any other', () => {
    const service = measured([1, 2, 6])
    expect(service.meanMs).toBe(3)
    const values = drawn(service, 30_000)
    for (const sample of [1, 2, 6]) {
      expect(values.filter(value => value === sample).length / 30_000).toBeCloseTo(1 / 3, 1)
    }
  })

  test('refuse what is no time', () => {
    expect(() => fixed(0)).toThrow(invalid(/fixed\(\): ms is 0; allowed: milliseconds above 0/))
    expect(() => exponential(Number.NaN)).toThrow(invalid(/meanMs is NaN/))
    expect(() => pareto(10, 1)).toThrow(invalid(/shape is 1; allowed: a number above 1/))
    expect(() => measured([])).toThrow(invalid(/empty/))
    expect(() => measured([1, -1])).toThrow(invalid(/samplesMs\[1\] is -1/))
  })
})

describe('arrivals', () => {
  const gaps = (arrivals: Arrivals, count: number, capacityPerSecond = 200) => {
    const next = arrivals({ capacityPerSecond, random: seededRandom('arrivals') })
    return Array.from({ length: count }, () => next()?.gapMs)
  }

  test('constant comes at a steady beat, by rate or by load', () => {
    expect(gaps(constant({ perSecond: 100 }), 3)).toEqual([10, 10, 10])
    expect(gaps(constant({ load: 0.5 }), 3)).toEqual([10, 10, 10])
  })

  test('poisson has its rate, and gaps whose deviation is their mean', () => {
    const values = gaps(poisson({ load: 0.5 }), 100_000) as number[]
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
    expect(mean / 10).toBeCloseTo(1, 1)
    expect(Math.sqrt(variance) / mean).toBeCloseTo(1, 1)
  })

  test('trace comes as it came, and ends', () => {
    expect(gaps(trace([5, { atMs: 5 }, { atMs: 12, key: 'a', workMs: 3 }]), 4)).toEqual([5, 0, 7, undefined])
  })

  test('refuse rates that are none, load where it is not known, and time that goes back', () => {
    expect(() => poisson({ perSecond: 0 })).toThrow(invalid(/perSecond is 0; allowed: a number above 0/))
    expect(() => poisson({} as never)).toThrow(invalid(/give perSecond or load, one of the two/))
    expect(() => constant({ perSecond: 1, load: 1 } as never)).toThrow(invalid(/one of the two/))
    expect(() => constant({ rate: 1 } as never)).toThrow(invalid(/option rate/))
    expect(() => gaps(poisson({ load: 1 }), 1, Number.POSITIVE_INFINITY)).toThrow(
      invalid(/unlimited workers/),
    )
    expect(() => trace([5, 4])).toThrow(invalid(/entries\[1\].atMs is 4; allowed: milliseconds, from 5 on/))
    expect(() => trace([{ atMs: 1, workMs: -1 }])).toThrow(invalid(/entries\[0\].workMs is -1/))
  })
})

describe('keys', () => {
  const shares = (skew: number) => {
    const population = new Population(100, skew, seededRandom('keys'))
    const counts = new Map<string, number>()
    for (let draw = 0; draw < 200_000; draw++) {
      const key = population.draw()
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    return (key: number) => (counts.get(`key-${key}`) ?? 0) / 200_000
  }

  test('are asked for equally, or by the law of Zipf', () => {
    const even = shares(0)
    expect(even(0)).toBeCloseTo(0.01, 2)
    expect(even(99)).toBeCloseTo(0.01, 2)
    const skewed = shares(1)
    // The sum of 1/1 to 1/100 is 5.187.
    expect(skewed(0)).toBeCloseTo(1 / 5.187, 2)
    expect(skewed(0) / skewed(1)).toBeCloseTo(2, 1)
    expect(skewed(99)).toBeGreaterThan(0)
  })

  test('make requests: the same for the same key, with an address of its own', () => {
    const request = requestOf('key-1')
    expect(requestOf('key-1')).toBe(request)
    expect(request.uri).toBe('/key-1?key=key-1')
    expect(request.header('cookie')).toBe('key-1')
    expect(request.sourceAddress).toMatch(/^10\.\d+\.\d+\.\d+$/)
    const addresses = new Set(Array.from({ length: 1000 }, (_, at) => requestOf(`key-${at}`).sourceAddress))
    expect(addresses.size).toBe(1000)
  })
})

test('a server estimates by what requests took that found as many in flight, or nearly as many', () => {
  const estimate = new LoadEstimate()
  expect(estimate.latencyMs(3)).toBe(0)
  for (const latency of [10, 11, 12]) estimate.add(1, latency)
  estimate.add(5, 50)
  expect([0, 1, 2, 5, 90, 1000].map(inFlight => estimate.latencyMs(inFlight))).toEqual([
    11, 11, 11, 50, 50, 50,
  ])
  for (let at = 0; at < 8; at++) estimate.add(1, 20)
  expect(estimate.latencyMs(1)).toBe(20)
  estimate.add(2000, 99)
  expect(estimate.latencyMs(300)).toBe(99)
})
