import { describe, expect, it } from 'vitest'
import { balancerContract } from './contract.ts'
import { peakEwma } from './peak-ewma.ts'
import { counts, pool, seeded, sequence, type TestMember } from './test-members.ts'

balancerContract('peakEwma()', random => peakEwma({ random, clock: { now: () => 0 } }))
let contractTimeMs = 0
balancerContract('peakEwma({ decayMs: 1 })', random =>
  peakEwma({ random, decayMs: 1, clock: { now: () => (contractTimeMs += 7) } }),
)

/** Two servers, a clock to turn, and whom a pick prefers: there are only two to draw. */
function world(options: { decayMs?: number; failureMs?: number } = {}) {
  const clock = { timeMs: 0, now: () => clock.timeMs }
  const members = pool(1, 1) as [TestMember, TestMember]
  const balancer = peakEwma({ random: seeded(1), clock, decayMs: 1000, ...options })
  balancer.rebuild(members)
  const answered = (member: TestMember, latencyMs: number, ok = true) =>
    balancer.ended?.(member, { ok, latencyMs })
  return { clock, members, balancer, answered, preferred: () => sequence(balancer, 20) }
}

const all = (id: string) => id.repeat(20)

describe('peak EWMA', () => {
  it('takes the one with the lower latency, unless its queue makes up for it', () => {
    const { members, answered, preferred } = world()
    const [a, b] = members
    answered(a, 10)
    answered(b, 35)
    expect(preferred()).toBe(all('a'))
    a.load = 2
    expect(preferred()).toBe(all('a'))
    a.load = 3
    expect(preferred()).toBe(all('b'))
  })

  it('rises to a peak at once and falls slowly', () => {
    const { clock, members, answered, preferred } = world()
    const [a, b] = members
    answered(a, 10)
    answered(b, 50)
    answered(a, 200)
    expect(preferred()).toBe(all('b'))
    clock.timeMs = 100
    answered(a, 10)
    answered(b, 50)
    expect(preferred()).toBe(all('b'))
    // 10 + 190 · e^(-0.1) · e^(-1.7) is below 50: the peak is forgotten.
    clock.timeMs = 1800
    answered(a, 10)
    answered(b, 50)
    expect(preferred()).toBe(all('a'))
  })

  it('falls with time alone, for a server that nobody chooses to be tried again', () => {
    const { clock, members, answered, preferred } = world()
    const [a, b] = members
    answered(b, 5000)
    answered(a, 100)
    expect(preferred()).toBe(all('a'))
    clock.timeMs = 3900
    answered(a, 100)
    expect(preferred()).toBe(all('a'))
    clock.timeMs = 4000
    answered(a, 100)
    expect(preferred()).toBe(all('b'))
  })

  it('gives a server without a latency one request, and more once that was answered', () => {
    const { members, answered, preferred } = world()
    const [a, b] = members
    answered(a, 100)
    expect(preferred()).toBe(all('b'))
    b.load = 1
    expect(preferred()).toBe(all('a'))
    a.load = 500
    expect(preferred()).toBe(all('a'))
    answered(b, 90)
    expect(preferred()).toBe(all('b'))
  })

  it('spreads by load while no latency is known at all', () => {
    const { members, preferred } = world()
    const [a, b] = members
    a.load = 3
    b.load = 2
    expect(preferred()).toBe(all('b'))
  })

  it('takes a failure for a slow answer, however quick it came', () => {
    const { members, answered, preferred } = world({ failureMs: 300 })
    const [a, b] = members
    answered(a, 1, false)
    answered(b, 200)
    expect(preferred()).toBe(all('b'))
    answered(b, 400, false)
    expect(preferred()).toBe(all('a'))
  })

  it('compares rightly over any length of time', () => {
    const { clock, members, answered, preferred } = world({ decayMs: 1 })
    const [a, b] = members
    for (let step = 0; step < 3000; step++) {
      clock.timeMs += step % 7
      answered(a, 30)
      answered(b, 40)
    }
    expect(preferred()).toBe(all('a'))
    clock.timeMs += 1e9
    answered(b, 40)
    expect(preferred()).toBe(all('a'))
    answered(a, 41)
    expect(preferred()).toBe(all('b'))
  })

  it('counts latency for the weight, and draws by it', () => {
    const { members, balancer, answered, preferred } = world()
    const [a, b] = members
    a.weight = 4
    balancer.rebuild(members)
    answered(a, 100)
    answered(b, 30)
    expect(preferred()).toBe(all('a'))
    answered(a, 130)
    expect(preferred()).toBe(all('b'))
  })

  it('remembers a server that was away, and one whose object is new, as long as it was in the pool', () => {
    const { members, balancer, answered, preferred } = world()
    const [a, b] = members
    answered(a, 100)
    answered(b, 50)
    balancer.rebuild([{ ...a }, { ...b }])
    expect(preferred()).toBe(all('b'))
    balancer.rebuild([b])
    balancer.rebuild([a, b])
    expect(preferred()).toBe(all('a'))
  })

  it('takes no harm from a latency that is not a number', () => {
    const { members, answered, preferred } = world()
    const [a, b] = members
    answered(a, 10)
    answered(b, 20)
    answered(a, Number.NaN)
    answered(a, -5)
    expect(preferred()).toBe(all('a'))
  })

  it('leaves a server that is ten times slower about a tenth of what the others get', () => {
    const clock = { timeMs: 0, now: () => clock.timeMs }
    const members = pool(...Array.from({ length: 10 }, () => 1))
    const balancer = peakEwma({ random: seeded(3), clock })
    balancer.rebuild(members)
    const underWay: { member: TestMember; untilMs: number; latencyMs: number }[] = []
    const ids: string[] = []
    for (let request = 0; request < 20_000; request++) {
      clock.timeMs += 2
      for (let each = underWay.length - 1; each >= 0; each--) {
        const { member, untilMs, latencyMs } = underWay[each] as (typeof underWay)[0]
        if (untilMs > clock.timeMs) continue
        underWay.splice(each, 1)
        member.load--
        balancer.ended?.(member, { ok: true, latencyMs })
      }
      const member = balancer.pick({}) as TestMember
      const latencyMs = member.id === 'a' ? 100 : 10
      member.load++
      ids.push(member.id)
      underWay.push({ member, untilMs: clock.timeMs + latencyMs, latencyMs })
    }
    const found = counts(ids.join(''))
    expect((found.a ?? 0) / 20_000).toBeLessThan(0.02)
    expect(found.a).toBeGreaterThan(0)
  })

  it('refuses options that cannot be', () => {
    expect(() => peakEwma({ decayMs: 0 })).toThrow(
      'peakEwma.decayMs is 0: must be a number from 1 to 3600000',
    )
    expect(() => peakEwma({ clock: 5 as never })).toThrow('peakEwma.clock is 5: must be an object with now()')
    expect(() => peakEwma({ failureMs: '1' as never })).toThrow('peakEwma.failureMs is "1"')
    expect(() => peakEwma({ random: 1 as never })).toThrow('peakEwma.random is 1')
    expect(() => peakEwma({ halfLife: 1 } as never)).toThrow('peakEwma.halfLife is unknown')
  })
})
