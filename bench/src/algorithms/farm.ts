/** The servers and requests that the algorithms are measured with: the same ones each time, for the same size. */
import type { Clock, Member, RequestInfo } from '@evener/algorithms'

/** A server that counts its requests. A class, as a host's own would be, with fields that a balancer may read; its `slot` as core's have one. */
export class FarmServer implements Member {
  readonly id: string
  readonly weight: number
  load = 0
  saturated = false
  readonly slot: number

  constructor(id: string, weight: number, slot: number) {
    this.id = id
    this.slot = slot
    this.weight = weight
  }
}

/** A generator of chance in 32 bits (G. Marsaglia's xorshift): quick beside what is measured. */
export function chance(seed: number): () => number {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

/** So many servers of weights from 1 to `heaviest`. */
export function farm(size: number, heaviest: number): FarmServer[] {
  const random = chance(size)
  return Array.from({ length: size }, (_, place) => {
    const address = `10.${place >> 16}.${(place >> 8) & 255}.${place & 255}:8080`
    return new FarmServer(address, 1 + Math.floor(random() * heaviest), place)
  })
}

/** A clock that is a tenth of a millisecond on whenever it is read: what a real one costs is the machine's affair. */
export function steppedClock(): Clock {
  const time = new Float64Array(1)
  return {
    now: () => {
      time[0] = (time[0] as number) + 0.1
      return time[0]
    },
  }
}

export interface FarmRequest extends RequestInfo {
  /** A key that is a hash already. */
  readonly number: number
}

/** Requests with all that the algorithms look at. A power of two, so that taking them in turn costs nothing. */
export function requests(): FarmRequest[] {
  const random = chance(99)
  const word = (): string => Math.floor(random() * 2 ** 30).toString(36)
  return Array.from({ length: 4_096 }, () => {
    const [sourceAddress, value] = [`192.0.2.${Math.floor(random() * 256)}`, word()]
    const number = Math.floor(random() * 2 ** 32)
    return { sourceAddress, number, uri: `/articles/${word()}?user=${word()}`, header: () => value }
  })
}
