import { roundRobin, source } from '@evener/algorithms'
import { expect, test } from 'vitest'
import { fixed, poisson, simulate, trace } from './index.ts'
import { simulationMatchers } from './matchers.ts'

expect.extend(simulationMatchers)

const even = simulate(roundRobin(), { servers: 4, arrivals: poisson({ load: 0.5 }), service: fixed(10) })
const skewed = simulate(source(), {
  servers: 4,
  arrivals: poisson({ load: 0.5 }),
  keys: { count: 50, skew: 1 },
})
const churn = {
  servers: 10,
  arrivals: poisson({ load: 0.3 }),
  changes: [{ atMs: 15_000, remove: 'server-3' }],
}
const consistent = simulate(source({ type: 'consistent' }), churn)

test('shares are held against the weights, and the worst server is named', () => {
  expect(even).toShareWithin(0.001)
  expect(skewed).not.toShareWithin(0.02)
  expect(() => expect(skewed).toShareWithin(0.02)).toThrow(
    /expected source to share within 2\.0 % of the weights, and server-\d had \d+\.\d % and was due 25\.0 %\n\nsource: 10,000 requests/,
  )
  expect(() => expect(even).not.toShareWithin(0.02)).toThrow(/expected roundrobin not to share within/)
})

test('keys are held to their servers, across changes and without', () => {
  expect(consistent).toMoveAtMost(0.2)
  expect(consistent).not.toMoveAtMost(0.01)
  expect(simulate(source(), churn)).not.toMoveAtMost(0.5)
  expect(() => expect(consistent).toMoveAtMost(0.01)).toThrow(
    /to move at most 1\.0 % of the keys, and .+ did: \d+ of/,
  )
  expect(() => expect(even).toMoveAtMost(1)).toThrow(/no key was seen both before and after a change/)
  expect(skewed).toKeepKeysTogether(1)
  expect(even).not.toKeepKeysTogether(0.5)
})

test('latency is held against a limit, or against another balancer', () => {
  expect(even).toKeepP99Below(even.latency.p99 + 1)
  expect(even).not.toKeepP99Below(even.latency.p99)
  expect(even).toKeepPercentileBelow(50, 20)
  expect(even).not.toKeepPercentileBelow(100, 20)
  expect(even).toBeAsFastAs(skewed)
  expect(skewed).not.toBeAsFastAs(even, 1.1)
  expect(() => expect(skewed).toBeAsFastAs(even)).toThrow(
    /to be as fast as roundrobin \(p99 \d+ ms, times 1\)/,
  )
})

test('lost requests and long lines are counted', () => {
  const options = { servers: 1, arrivals: trace([0, 1, 2, 3]), service: fixed(10) }
  const dying = simulate(roundRobin(), { ...options, changes: [{ atMs: 2, die: 'server-1' }] })
  expect(even).toLoseAtMost()
  expect(dying).not.toLoseAtMost(0.9)
  expect(() => expect(dying).toLoseAtMost()).toThrow(
    /to lose at most 0\.0 %, and 0 failed and 4 were refused of 4/,
  )
  expect(() => expect(dying).toKeepP99Below(5)).toThrow(/no request was completed/)
  expect(simulate(roundRobin(), options)).toKeepLinesWithin(4)
  expect(simulate(roundRobin(), options)).not.toKeepLinesWithin(3)
})

test('what is no result, or no limit, is refused by name', () => {
  expect(() => expect({}).toKeepP99Below(5)).toThrow(
    /toKeepP99Below\(\): expect\(\) was given object; allowed: what/,
  )
  expect(() => expect(even).toKeepP99Below(-1)).toThrow(
    /toKeepP99Below\(\): milliseconds is -1; allowed: 0 or more/,
  )
  expect(() => expect(even).toKeepPercentileBelow(101, 1)).toThrow(/percentage is 101/)
  expect(() => expect(even).toShareWithin('2 %' as never)).toThrow(/toShareWithin\(\): difference is 2 %/)
})
