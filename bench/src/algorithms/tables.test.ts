import { expect, test } from 'vitest'
import type { AlgorithmResult } from './run.ts'
import { algorithmTables } from './tables.ts'

const figures = (decisionNs: number, rebuildMs = 1) => ({
  decisionNs: decisionNs + 12,
  loopNs: 12,
  decisionBytes: 0.001,
  firstRebuildMs: 2,
  rebuildMs,
  serverBytes: 80,
})
const result = (name: string, ns: number, more: Partial<AlgorithmResult> = {}): AlgorithmResult => ({
  name,
  samples: [{ 1000: figures(ns), 10000: figures(2 * ns, 20) }],
  ...more,
})
const lineOf = (page: string, name: string): string[] =>
  page.split('\n').filter(line => line.startsWith(`| ${name} `))

test('a decision has its cost for each size, its bar, and the multiple of the naive one', () => {
  const page = algorithmTables([result('quick', 10, { naive: 'slow', atMostNs: 40 }), result('slow', 50)])
  expect(lineOf(page, 'quick')[0]).toMatch(/ 10 ns \| +20 ns \| +≤ 40 ns \| +5.00× \|$/)
})

test('what the loop takes is told, and taken off the figures that the bars are for', () => {
  const page = algorithmTables([result('quick', 20, { atMostNs: 40 })])
  expect(page.split('\n').find(line => line.startsWith('| (loop'))).toMatch(/ 12 ns \| +12 ns /)
  expect(lineOf(page, 'quick')[0]).toContain('≤ 40 ns')
})

test('what is above its bar says so', () => {
  const page = algorithmTables([result('quick', 30, { atMostNs: 40, rebuildAtMostMs: 10 })])
  const [decision, upkeep] = lineOf(page, 'quick')
  expect(decision).toContain('**above 40 ns**')
  expect(upkeep).toContain('**above 10 ms**')
})

test('less than a word in many decisions is nothing', () => {
  expect(lineOf(algorithmTables([result('quick', 30)]), 'quick')[1]).toMatch(/ 80 B \| +0 B \|$/)
})
