import { describe, expect, it } from 'vitest'
import { balancerContract } from './contract.ts'
import { leastResponseTime } from './least-response-time.ts'
import { pool, type TestMember } from './test-members.ts'

let contractTimeMs = 0
balancerContract('leastResponseTime()', () =>
  leastResponseTime({ decayMs: 50, clock: { now: () => (contractTimeMs += 3) } }),
)

function world(
  options: { decayMs?: number; smoothing?: number; failureMs?: number } = {},
  weights = [1, 1, 1],
) {
  const clock = { timeMs: 0, now: () => clock.timeMs }
  const members = pool(...weights) as [TestMember, TestMember, TestMember]
  const balancer = leastResponseTime({ clock, decayMs: 1000, smoothing: 1, ...options })
  balancer.rebuild(members)
  const began = (member: TestMember, count = 1) => {
    member.load += count
    balancer.began?.(member)
  }
  const answered = (member: TestMember, latencyMs: number, ok = true) =>
    balancer.ended?.(member, { ok, latencyMs })
  return { clock, members, balancer, began, answered, picked: () => balancer.pick({})?.id }
}

describe('least response time', () => {
  it('takes the least of latency times requests, of all', () => {
    const { members, began, answered, picked } = world()
    const [a, b, c] = members
    answered(a, 10)
    answered(b, 25)
    answered(c, 100)
    expect(picked()).toBe('a')
    began(a, 2)
    expect(picked()).toBe('b')
    began(b, 4)
    expect(picked()).toBe('a')
    began(a, 20)
    expect(picked()).toBe('c')
  })

  it('moves the average by a part of what is new', () => {
    const { members, answered, picked } = world({ smoothing: 0.5 })
    const [a, b, c] = members
    answered(a, 100)
    answered(b, 70)
    answered(c, 900)
    answered(a, 20)
    // 60 now.
    expect(picked()).toBe('a')
    answered(a, 100)
    expect(picked()).toBe('b')
  })

  it('forgets with time, so that a slow one is tried again', () => {
    const { clock, members, answered, picked } = world()
    const [a, b, c] = members
    answered(a, 1000)
    answered(b, 10)
    answered(c, 2000)
    clock.timeMs = 4500
    answered(b, 10)
    expect(picked()).toBe('b')
    clock.timeMs = 4700
    answered(b, 10)
    expect(picked()).toBe('a')
  })

  it('gives a server without an answer one request', () => {
    const { members, began, answered, picked } = world()
    const [a, b, c] = members
    answered(a, 10)
    expect(picked()).toBe('b')
    began(b)
    expect(picked()).toBe('c')
    began(c)
    expect(picked()).toBe('a')
    began(a, 1000)
    expect(picked()).toBe('a')
    answered(c, 1)
    expect(picked()).toBe('c')
  })

  it('goes by requests for the weight while no answer is known', () => {
    const { members, began, picked } = world({}, [1, 2, 4])
    const [a, b, c] = members
    for (const one of [a, b, c]) began(one)
    expect(picked()).toBe('c')
    began(c, 4)
    expect(picked()).toBe('b')
  })

  it('takes a failure for a slow answer', () => {
    const { members, answered, picked } = world({ failureMs: 300 })
    const [a, b, c] = members
    answered(a, 1, false)
    answered(b, 200)
    answered(c, 250)
    expect(picked()).toBe('b')
    answered(b, 400, false)
    expect(picked()).toBe('c')
  })

  it('bears latencies of 0, and ignores what is no latency', () => {
    const { members, answered, picked } = world()
    const [a, b, c] = members
    answered(a, 0)
    answered(b, 1)
    answered(c, 1)
    answered(a, Number.NaN)
    answered(a, -1)
    expect(picked()).toBe('a')
    answered(a, 5)
    expect(picked()).not.toBe('a')
  })

  it('remembers through rebuilds, and takes weights into account', () => {
    const { members, balancer, answered, picked } = world()
    const [a, b, c] = members
    answered(a, 10)
    answered(b, 20)
    answered(c, 30)
    c.weight = 4
    balancer.rebuild([{ ...a }, { ...b }, { ...c }])
    expect(picked()).toBe('c')
    balancer.rebuild([{ ...a }, { ...b }, { ...c, weight: 0 }])
    expect(picked()).toBe('a')
  })

  it('passes over who was tried or is saturated, and then has all in their places again', () => {
    const { members, balancer, answered, picked } = world()
    const [a, b, c] = members
    answered(a, 10)
    answered(b, 20)
    answered(c, 30)
    a.saturated = true
    expect(balancer.pick({}, new Set([b]))).toBe(c)
    expect(balancer.pick({}, new Set([b, c]))).toBe(b)
    a.saturated = false
    expect(picked()).toBe('a')
  })

  it('refuses options that cannot be', () => {
    expect(() => leastResponseTime({ smoothing: 0 })).toThrow(
      'leastResponseTime.smoothing is 0: must be a number from',
    )
    expect(() => leastResponseTime({ decayMs: -1 })).toThrow('leastResponseTime.decayMs is -1')
    expect(() => leastResponseTime({ peak: true } as never)).toThrow('leastResponseTime.peak is unknown')
    const balancer = leastResponseTime()
    balancer.rebuild(pool(1))
    balancer.ended?.(balancer.pick({}) as TestMember, { ok: true, latencyMs: 3 })
    expect(balancer.pick({})?.id).toBe('a')
  })
})
