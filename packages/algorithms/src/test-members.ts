/** Members for the tests of this package: state that a test may set. */
import type { Balancer, Member, Random } from './balancer.ts'

export interface TestMember extends Member {
  readonly id: string
  weight: number
  load: number
  saturated: boolean
}

/** Members a, b, c, … of these weights. */
export function pool(...weights: number[]): TestMember[] {
  return weights.map((weight, place) => ({ id: nameOf(place), weight, load: 0, saturated: false }))
}

function nameOf(place: number): string {
  return place < 26 ? String.fromCharCode(97 + place) : `m${place}`
}

/** The ids of so many picks, as one text. */
export function sequence<C>(balancer: Balancer<C>, count: number, tried?: ReadonlySet<Member>): string {
  const ids = Array.from({ length: count }, () => balancer.pick({} as C, tried)?.id ?? '-')
  return ids.join('')
}

/** How often each id occurs in a text of {@link sequence}. */
export function counts(ids: string): Record<string, number> {
  const found: Record<string, number> = {}
  for (const id of ids) found[id] = (found[id] ?? 0) + 1
  return found
}

/** Chance that is the same for the same seed. */
export function seeded(seed: number): Random {
  let state = (seed * 2 + 1) >>> 0
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}
