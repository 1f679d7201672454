/** The results of the algorithms as Markdown: what a decision costs, and what a rebuild and memory do. */
import { digits, multiple } from '../report/figures.ts'
import { ratios, type Spread, spreadOf } from '../report/statistics.ts'
import { table } from '../report/table.ts'
import { type Figures, netNs } from './measure.ts'
import type { AlgorithmResult } from './run.ts'

/** The sizes at which the bars hold, and at which algorithms are compared with the straightforward ones. */
const barredSize = 10_000
const comparedSize = 1_000

function figuresOf(result: AlgorithmResult, size: number): Figures[] {
  return result.samples.map(sample => sample[size]).filter(figures => figures !== undefined)
}

function printed(spread: Spread | undefined, print: (value: number) => string): string {
  if (spread === undefined) return ''
  const [median, min, max] = [print(spread.median), print(spread.min), print(spread.max)]
  return min === max ? median : `${median} (${min}–${max})`
}

/** What is allowed, and whether it was kept. */
function bar(limit: number | undefined, unit: string, spread: Spread | undefined): string {
  if (limit === undefined || spread === undefined) return ''
  return spread.median <= limit ? `≤ ${limit} ${unit}` : `**above ${limit} ${unit}**`
}

const servers = (size: number): string => size.toLocaleString('en-US')

function decisionTable(results: readonly AlgorithmResult[], sizes: readonly number[]): string {
  const ns = (value: number): string => `${value < 1_000 ? digits(value) : servers(Math.round(value))} ns`
  const header = ['a decision among', ...sizes.map(servers), 'bar', 'naive / this']
  const lines = results.map(result => {
    const at = (size: number): number[] => figuresOf(result, size).map(netNs)
    const naive = results.find(({ name }) => name === result.naive)
    const times = naive && ratios(figuresOf(naive, comparedSize).map(netNs), at(comparedSize))
    return [
      result.name,
      ...sizes.map(size => (size === barredSize ? printed(spreadOf(at(size)), ns) : medianOf(at(size), ns))),
      bar(result.atMostNs, 'ns', spreadOf(at(barredSize))),
      printed(times, multiple),
    ]
  })
  const loops = (size: number): number[] =>
    results.flatMap(result => figuresOf(result, size).map(({ loopNs }) => loopNs))
  const loop = ['(loop, taken off)', ...sizes.map(size => medianOf(loops(size), ns)), '', '']
  return table(header, [loop, ...lines])
}

function medianOf(values: readonly number[], print: (value: number) => string): string {
  const spread = spreadOf(values)
  return spread === undefined ? '' : print(spread.median)
}

function upkeepTable(results: readonly AlgorithmResult[]): string {
  const ms = (value: number): string => `${digits(value)} ms`
  const bytes = (value: number): string => `${Math.round(value)} B`
  // A word or two in a hundred thousand decisions is the measurement's own.
  const eachBytes = (value: number): string => (value < 0.05 ? '0 B' : `${digits(value)} B`)
  const header = [
    `${servers(barredSize)} servers`,
    'first rebuild',
    'one comes or goes',
    'bar',
    'a server',
    'a decision',
  ]
  const lines = results.map(result => {
    const at = (figure: keyof Figures): number[] =>
      figuresOf(result, barredSize).map(figures => figures[figure])
    const rebuild = spreadOf(at('rebuildMs'))
    return [
      result.name,
      medianOf(at('firstRebuildMs'), ms),
      printed(rebuild, ms),
      bar(result.rebuildAtMostMs, 'ms', rebuild),
      medianOf(at('serverBytes'), bytes),
      medianOf(at('decisionBytes'), eachBytes),
    ]
  })
  return table(header, lines)
}

/** Both tables, with sizes as columns of the first. */
export function algorithmTables(results: readonly AlgorithmResult[]): string {
  const sizes = [
    ...new Set(results.flatMap(({ samples }) => samples.flatMap(one => Object.keys(one).map(Number)))),
  ]
  sizes.sort((a, b) => a - b)
  return `${decisionTable(results, sizes)}\n${upkeepTable(results)}`
}
