import { balancerContract } from '@evener/algorithms/contract'
import { scriptedRandom, seededRandom } from '@evener/testing'
import { expect, test } from 'vitest'
import { fasterOfTwo } from '../src/faster-of-two.ts'

// What every strategy promises: eleven tests, in one line.
balancerContract('faster-of-two', random => fasterOfTwo(random))

const fast = { id: 'fast', weight: 1, load: 0, saturated: false }
const slow = { ...fast, id: 'slow' }

test('drawn against each other, the faster one is taken, whichever is drawn first', () => {
  const balancer = fasterOfTwo(scriptedRandom([0, 0.9, 0.9, 0]))
  balancer.rebuild([fast, slow])
  balancer.ended?.(slow, { ok: true, latencyMs: 50 })
  expect([balancer.pick({}), balancer.pick({})]).toEqual([fast, fast])
})

test('the slow one keeps a quarter of the traffic: it is taken when it is drawn twice', () => {
  const balancer = fasterOfTwo(seededRandom('any'))
  balancer.rebuild([fast, slow])
  balancer.ended?.(slow, { ok: false, latencyMs: 1 })
  const picks = Array.from({ length: 4000 }, () => balancer.pick({}))
  expect(picks.filter(picked => picked === slow).length / 4000).toBeCloseTo(0.25, 1)
})
