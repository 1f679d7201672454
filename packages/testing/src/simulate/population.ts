/**
 * Who asks: keys, some perhaps asked for far more than others, and the requests made from them.
 */
import type { Random } from '../seeded-random.ts'
import type { SimulatedRequest } from './balancer.ts'

/** The keys that requests are drawn from. */
export interface KeyOptions {
  /** How many there are: 1 to 1,000,000; 1,000 by default. */
  readonly count?: number | undefined
  /**
   * How uneven the demand is, the exponent of Zipf's law: 0, the default, for none; with 1 the first key is asked for
   * twice as often as the second and a hundred times as often as the hundredth.
   */
  readonly skew?: number | undefined
}

/** Draws keys by number: `key-0` is the one most asked for. */
export class Population {
  private readonly names: string[]
  private readonly random: Random
  /** Where the demand is uneven: the share of all demand up to and with each key. */
  private readonly shares: Float64Array | undefined

  constructor(count: number, skew: number, random: Random) {
    this.names = Array.from({ length: count }, (_, index) => `key-${index}`)
    this.random = random
    if (skew === 0) return
    const shares = new Float64Array(count)
    let sum = 0
    for (let index = 0; index < count; index++) {
      sum += (index + 1) ** -skew
      shares[index] = sum
    }
    for (let index = 0; index < count; index++) shares[index]! /= sum
    this.shares = shares
  }

  draw(): string {
    const lot = this.random()
    const { names, shares } = this
    if (shares === undefined) return names[Math.floor(lot * names.length)]!
    let low = 0
    let high = shares.length - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if (shares[middle]! > lot) high = middle
      else low = middle + 1
    }
    return names[low]!
  }
}

const known = new Map<string, SimulatedRequest>()
const maxKnown = 100_000

/** The request of a key: the same for the same key, in every simulation. */
export function requestOf(key: string): SimulatedRequest {
  let request = known.get(key)
  if (request === undefined) {
    if (known.size >= maxKnown) known.clear()
    request = { sourceAddress: addressOf(key), uri: `/${key}?key=${key}`, header: () => key }
    known.set(key, request)
  }
  return request
}

/** FNV-1a over the key, as an address of 10.0.0.0/8. */
function addressOf(key: string): string {
  let hash = 0x811c9dc5
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193)
  const folded = (hash ^ (hash >>> 24)) >>> 0
  return `10.${(folded >>> 16) & 255}.${(folded >>> 8) & 255}.${folded & 255}`
}
