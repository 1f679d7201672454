import { leastConnections, roundRobin } from '@evener/algorithms'
import { expect, test } from 'vitest'
import { poisson, trace } from './arrivals.ts'
import { compareSvg, compareText } from './comparison.ts'
import { figure } from './picture-words.ts'
import { fixed } from './service-times.ts'
import { simulate } from './simulate.ts'

const servers = [{ id: 'fast' }, { id: '<slow> & "old"', speed: 0.25, maxConnections: 4 }]
const changes = [
  { atMs: 2000, die: 'fast' },
  { atMs: 2500, revive: 'fast' },
]
const options = { servers, changes, detectMs: 100, arrivals: poisson({ load: 0.5 }), requests: 1000 }
const result = simulate(leastConnections(), options)

/** Elements that are opened and not closed, or closed and not opened: none in a document that can be read. */
function unbalanced(xml: string): string[] {
  const open: string[] = []
  for (const [, close, name, empty] of xml.matchAll(/<(\/?)([a-z]+)(?:\s+[\w-]+="[^"<]*")*\s*(\/?)>/g)) {
    if (empty) continue
    if (!close) open.push(name!)
    else if (open.pop() !== name) return [name!]
  }
  return xml.replaceAll(/<[^>]*>/g, '').match(/[<>]|&(?!\w+;)/) ? ['text'] : open
}

test('as text a result is what was asked, its latency, its losses, and a line for each server', () => {
  const lines = result.text().split('\n')
  expect(lines[0]).toMatch(/^leastconn: 1,000 requests in [\d.]+ s, seed 1$/)
  expect(lines[1]).toMatch(/^ {2}latency {2}mean [\d.]+ {3}p50 .+ max [\d,.]+ ms$/)
  expect(lines[2]).toMatch(/^ {2}queue {4}at most \d+/)
  expect(lines[3]).toMatch(/^ {2}lost {5}0 failed, 0 refused; \d+ retries$/)
  expect(lines[4]).toMatch(/^ {2}keys .+ moved when the pool changed$/)
  expect(lines[6]).toMatch(/^ {2}fast +███+.+ %.+ {2}[▁▂▃▄▅▆▇█ ]+$/)
  expect(lines).toHaveLength(8)
})

test('of many servers the first are shown', () => {
  const many = simulate(roundRobin(), { servers: 1000, arrivals: poisson({ load: 0.1 }), requests: 100 })
  expect(many.text().split('\n').at(-1)).toBe('  … and 976 more')
  expect(many.svg().length).toBeLessThan(100_000)
  expect(unbalanced(many.svg())).toEqual([])
})

test('as SVG it is a document that can be read, whatever the servers are called', () => {
  const svg = result.svg()
  expect(svg).toMatch(/^<svg xmlns=/)
  expect(unbalanced(svg)).toEqual([])
  expect(svg).toContain('&lt;slow&gt; &amp; &quot;old&quot;')
  expect(svg).not.toMatch(/NaN|Infinity|undefined/)
})

test('results beside each other are a table, and a picture', () => {
  const results = { 'A & B': result, roundrobin: simulate(roundRobin(), options) }
  const table = compareText(results).split('\n')
  expect(table).toHaveLength(3)
  expect(table[1]).toMatch(new RegExp(`^A & B .+ ${figure(result.latency.p99)} .+ 0$`))
  const svg = compareSvg(results, 'Two of them')
  expect(unbalanced(svg)).toEqual([])
  expect(svg).toContain('A &amp; B')
  expect(svg).not.toMatch(/NaN|Infinity|undefined/)
})

test('where nothing happened, or all the same, there are pictures still', () => {
  const nothing = simulate(roundRobin(), { servers: 2, arrivals: trace([]) })
  const same = simulate(roundRobin(), { servers: 2, arrivals: trace([0]), service: fixed(5) })
  for (const one of [nothing, same]) {
    expect(one.text()).toMatch(/^roundrobin: [01] requests/)
    expect(one.svg() + compareSvg({ one }, 'one')).not.toMatch(/NaN|Infinity|undefined/)
  }
})

test('figures have the digits that say something', () => {
  expect([0, 0.123, 1, 9.94, 9.96, 99.4, 99.6, 12_345.6].map(figure)).toEqual([
    '0',
    '0.12',
    '1.0',
    '9.9',
    '10',
    '99',
    '100',
    '12,346',
  ])
})
