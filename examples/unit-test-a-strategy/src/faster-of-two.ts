/**
 * A strategy of one's own: of two servers drawn by lot, the one that has answered faster of late.
 *
 * It draws among those that have room and that this request has not tried, or else those with room, or else all.
 * Latencies are moving averages, so one slow answer is soon forgiven; a failure counts as one of ten seconds.
 */
import type { Balancer, Member } from '@evener/algorithms'

export function fasterOfTwo(random: () => number = Math.random): Balancer {
  let members: readonly Member[] = []
  const latencies = new WeakMap<Member, number>()
  const latency = (member: Member) => latencies.get(member) ?? 0
  return {
    name: 'faster-of-two',
    rebuild(given) {
      members = given.filter(({ weight }) => weight > 0)
    },
    pick(_request, tried) {
      const free = members.filter(member => !member.saturated)
      const fresh = free.filter(member => !tried?.has(member))
      const drawn = fresh.length > 0 ? fresh : free.length > 0 ? free : members
      const [one, other] = [random(), random()].map(lot => drawn[Math.floor(lot * drawn.length)])
      return one && other && latency(other) < latency(one) ? other : one
    },
    ended: (member, { ok, latencyMs }) =>
      void latencies.set(member, latency(member) * 0.8 + (ok ? latencyMs : 10_000) * 0.2),
  }
}
