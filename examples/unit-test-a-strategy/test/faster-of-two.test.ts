import { balancerContract } from '@evener/algorithms/contract'
import { poisson, scriptedRandom, simulate } from '@evener/testing'
import { simulationMatchers } from '@evener/testing/matchers'
import { expect, test } from 'vitest'
import { fasterOfTwo } from '../src/faster-of-two.ts'

expect.extend(simulationMatchers)

// What every strategy promises: eleven tests, in one line.
balancerContract('faster-of-two', random => fasterOfTwo(random))

test('drawn against each other, the faster one is taken, whichever is drawn first', () => {
  const balancer = fasterOfTwo(scriptedRandom([0, 0.9, 0.9, 0]))
  const [fast, slow] = ['fast', 'slow'].map(id => ({ id, weight: 1, load: 0, saturated: false }))
  balancer.rebuild([fast!, slow!])
  balancer.ended?.(slow!, { ok: true, latencyMs: 50 })
  expect([balancer.pick({}), balancer.pick({})]).toEqual([fast, fast])
})

test('what comes of it: the slow one of ten keeps nobody waiting, and nothing is lost', () => {
  const servers = Array.from({ length: 10 }, (_, at) => ({ id: `app${at}`, speed: at === 0 ? 0.1 : 1 }))
  const result = simulate(({ random }) => fasterOfTwo(random), { servers, arrivals: poisson({ load: 0.5 }) })
  expect(result).toKeepP99Below(250)
  expect(result).toLoseAtMost(0)
})
