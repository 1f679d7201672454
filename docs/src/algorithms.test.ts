/**
 * What docs/algorithms.md says holds: it is what its command makes, and the orders that papers report are found again.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SimulationResult } from '@evener/testing'
import { simulationMatchers } from '@evener/testing/matchers'
import { describe, expect, test } from 'vitest'
import { judgeAll } from './judge.ts'
import { filesOf } from './page.ts'

expect.extend(simulationMatchers)

const docs = join(import.meta.dirname, '..')
const judged = judgeAll()

function resultOf(scenario: string, algorithm: string): SimulationResult {
  const result = judged.find(({ scenario: { id } }) => id === scenario)?.results[algorithm]
  if (result === undefined) throw new Error(`${algorithm} is not judged in ${scenario}`)
  return result
}

describe('docs/algorithms.md', () => {
  test('and its pictures are what `npx pnpm@12 docs:algorithms` makes', () => {
    const files = filesOf(judged, readFileSync(join(docs, 'algorithms.md'), 'utf8'))
    for (const [path, text] of files) {
      expect(readFileSync(join(docs, path), 'utf8') === text, `docs/${path} is up to date`).toBe(true)
    }
    const pictures = readdirSync(join(docs, 'pictures')).map(name => `pictures/${name}`)
    expect(pictures.filter(path => !files.has(path))).toEqual([])
  })

  test('no algorithm loses a request, in any of the scenarios', () => {
    for (const { results } of judged)
      for (const result of Object.values(results)) expect(result).toLoseAtMost(0)
  })
})

describe('with one of ten servers ten times slower, at 70 % load', () => {
  const p99 = (algorithm: string) => resultOf('one-slow', algorithm).latency.p99

  // Prequal's paper (Wydrowski et al., NSDI 2024, its comparison of replica selection rules on unequal replicas) has this
  // order of tail latency: Prequal, then what counts requests in flight (least loaded, P2C), far behind round robin.
  // "Beyond round robin: load balancing for latency" (linkerd.io, 16 March 2016), with one slow server of eleven, has
  // peak EWMA before least loaded before round robin.
  test('the order of p99 is that of the papers: Prequal, peak EWMA, least connections, P2C, and far behind round robin', () => {
    const order = ['prequal', 'peakEwma', 'leastConnections', 'powerOfTwo', 'roundRobin']
    expect([...order].sort((one, other) => p99(one) - p99(other))).toEqual(order)
    expect(p99('roundRobin')).toBeGreaterThan(100 * p99('powerOfTwo'))
  })

  test('what learns keeps p99 below one request of the slow server, what counts within some of them', () => {
    // A request of the slow server takes 100 ms on average.
    expect(resultOf('one-slow', 'prequal')).toKeepP99Below(100)
    expect(resultOf('one-slow', 'peakEwma')).toKeepP99Below(100)
    expect(resultOf('one-slow', 'leastResponseTime')).toKeepP99Below(100)
    expect(resultOf('one-slow', 'leastConnections')).toKeepP99Below(150)
    expect(resultOf('one-slow', 'powerOfTwo')).toKeepP99Below(300)
  })
})

describe('Prequal', () => {
  test.each(judged.map(({ scenario }) => [scenario.id]))(
    'is at least as good as P2C in p99: %s',
    scenario => {
      expect(resultOf(scenario, 'prequal')).toBeAsFastAs(resultOf(scenario, 'powerOfTwo'))
    },
  )
})

describe('keys', () => {
  test('of one of ten servers that leaves, and one that comes, about a tenth move', () => {
    for (const algorithm of ['source, consistent', 'maglev', 'rendezvous']) {
      expect(resultOf('churn', algorithm)).toMoveAtMost(0.12)
      expect(resultOf('churn', algorithm)).toKeepKeysTogether(0.97)
    }
    expect(resultOf('churn', 'source, map-based')).not.toMoveAtMost(0.8)
  })
})
