/**
 * The straightforward ways to balance, which look at every server for each request: what the algorithms of
 * @evener/algorithms are compared with. Each is what one finds in many a proxy, written as plainly as there.
 */
import type { Balancer, Member, RequestInfo } from '@evener/algorithms'

/** No choice at all, but the next server: what the loop of the measurement costs by itself. */
export function loop(): Balancer {
  let members: readonly Member[] = []
  let turn = 0
  return {
    name: 'loop',
    rebuild: given => {
      members = [...given]
    },
    pick: () => {
      turn = turn + 1 < members.length ? turn + 1 : 0
      return members[turn]
    },
  }
}

/** Smooth weighted round robin as nginx has it: credit for all, and the one with the most pays for all. */
export function naiveRoundRobin(): Balancer {
  let members: { readonly member: Member; credit: number }[] = []
  return {
    name: 'naive round robin',
    rebuild: given => {
      const before = new Map(members.map(one => [one.member.id, one.credit]))
      members = given.map(member => ({ member, credit: before.get(member.id) ?? 0 }))
    },
    pick: (_request, tried) => {
      let total = 0
      let best: (typeof members)[0] | undefined
      for (const one of members) {
        if (one.member.saturated || tried?.has(one.member) === true) continue
        one.credit += one.member.weight
        total += one.member.weight
        if (best === undefined || one.credit > best.credit) best = one
      }
      if (best !== undefined) best.credit -= total
      return best?.member
    },
  }
}

/** The least load for its weight, found by looking at all. */
export function naiveLeastConnections(): Balancer {
  let members: readonly Member[] = []
  return {
    name: 'naive least connections',
    rebuild: given => {
      members = [...given]
    },
    pick: (_request, tried) => {
      let best: Member | undefined
      for (const member of members) {
        if (member.saturated || tried?.has(member) === true) continue
        if (best === undefined || member.load * best.weight < best.load * member.weight) best = member
      }
      return best
    },
  }
}

/** A lot among all the weight, and then through the list until it is used up. */
export function naiveRandom(): Balancer {
  let members: readonly Member[] = []
  let total = 0
  const draw = (): Member | undefined => {
    let lot = Math.random() * total
    return members.find(member => {
      lot -= member.weight
      return lot < 0
    })
  }
  return {
    name: 'naive random',
    rebuild: given => {
      members = [...given]
      total = members.reduce((sum, { weight }) => sum + weight, 0)
    },
    pick: () => {
      const [one, other] = [draw(), draw()]
      return one !== undefined && other !== undefined && other.load < one.load ? other : one
    },
  }
}

function textHash(text: string): number {
  let hash = 0
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash, 31) + text.charCodeAt(at)
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** A sorted ring of sixteen places for each server, searched from its beginning. */
export function naiveRing(): Balancer {
  let ring: { readonly hash: number; readonly member: Member }[] = []
  return {
    name: 'naive ring',
    rebuild: given => {
      ring = given.flatMap(member =>
        Array.from({ length: 16 }, (_, place) => ({ hash: textHash(`${member.id}#${place}`), member })),
      )
      ring.sort((a, b) => a.hash - b.hash)
    },
    pick: (request: RequestInfo) => {
      const hash = textHash(request.uri ?? '')
      return (ring.find(place => place.hash >= hash) ?? ring[0])?.member
    },
  }
}
