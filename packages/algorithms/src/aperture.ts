/**
 * A part of the servers for each of many balancers, so that not each keeps connections to all: deterministic aperture,
 * as in Twitter's finagle (https://twitter.github.io/finagle/guide/ApertureLoadBalancers.html).
 *
 * The servers stand on a ring in an order that all peers (the processes that balance over the same servers) agree on,
 * each with an arc as long as its share of all weights. Peer i of p begins at i / p and sees an arc of whole p-ths, as
 * many as hold `minServers` servers of average weight. So each point of the ring is seen by equally many peers, and all
 * servers get the same load for their weight, where peers that choose at random would leave some servers out.
 *
 * Within its arc a peer takes the less loaded of two drawn by lot, a server by how much of its arc is seen. When none of
 * these has room that was not tried, the choice is from all.
 *
 * Invariant: what all peers together see of a server is the same for its weight, whatever `minServers`.
 * Cost: O(1) a pick. Rebuild: O(n log n), as the ring is sorted by the hash of the ids.
 * Not for: few servers or few peers, where everybody may know everybody; peers of very unlike traffic.
 */
import type { Balancer, Member, Random } from './balancer.ts'
import { idHash } from './keyed.ts'
import { readInteger, readOptions, readRandom, refuse } from './options.ts'
import { sixteenths } from './sixteenths.ts'
import { WeightedDraws } from './weighted-draws.ts'
import { fits } from './wrapper.ts'

/** The options of {@link aperture}. */
export interface ApertureOptions {
  /** How many peers there are, this one included: 1 to 1,000,000. */
  readonly peers: number
  /** Which of them this is: 0 to peers - 1. Each has to be another. */
  readonly peer: number
  /** How many servers a peer sees at least, of average weight: 1 to 100,000; 12 by default, as in finagle. */
  readonly minServers?: number | undefined
  /** Where chance comes from: a function to a number from 0 up to, not including, 1. `Math.random` by default. */
  readonly random?: Random | undefined
}

/** What is left of an arc by rounding is no part of it. */
const nothing = 1e-9

class Aperture implements Balancer<unknown> {
  readonly name = 'aperture'
  readonly #peers: number
  readonly #peer: number
  readonly #minServers: number
  /** Those that are seen, by how much of them is, and all. */
  readonly #seen: WeightedDraws
  readonly #all: WeightedDraws

  constructor(peers: number, peer: number, minServers: number, random: Random) {
    this.#peers = peers
    this.#peer = peer
    this.#minServers = minServers
    this.#seen = new WeightedDraws(random)
    this.#all = new WeightedDraws(random)
  }

  rebuild(members: readonly Member[]): void {
    this.#all.rebuild(members)
    const ring = this.#all.members.map(member => ({ member, hash: idHash(member.id) }))
    ring.sort((one, other) => one.hash - other.hash || (one.member.id < other.member.id ? -1 : 1))
    const total = this.#all.weights.reduce((sum, weight) => sum + weight, 0)
    // In units of 1 / peers, so that where a peer begins is a whole number.
    const width = Math.min(this.#peers, Math.ceil((this.#minServers * this.#peers) / ring.length - nothing))
    const from = this.#peer
    const seen = new Map<Member, number>()
    let start = 0
    for (const { member } of ring) {
      const end = start + (sixteenths(member.weight) * this.#peers) / total
      // The arc may go over the end of the ring, which is its beginning.
      const here = overlap(start, end, from, from + width)
      const beyond = overlap(start + this.#peers, end + this.#peers, from, from + width)
      if (here + beyond > nothing) seen.set(member, here + beyond)
      start = end
    }
    this.#seen.rebuild([...seen.keys()], member => seen.get(member) as number)
  }

  pick(_context?: unknown, tried?: ReadonlySet<Member>): Member | undefined {
    const picked = better(this.#seen, tried)
    return fits(picked, tried) ? picked : better(this.#all, tried)
  }
}

function overlap(start: number, end: number, from: number, to: number): number {
  return Math.max(0, Math.min(end, to) - Math.max(start, from))
}

/** The less loaded of two, for its weight there. */
function better(draws: WeightedDraws, tried: ReadonlySet<Member> | undefined): Member | undefined {
  if (!draws.drawTwo(tried, true)) return undefined
  const { one: place, other: otherPlace } = draws
  const one = draws.members[place] as Member
  const other = draws.members[otherPlace] as Member
  const loadOfOther = other.load / (draws.weights[otherPlace] as number)
  return loadOfOther < one.load / (draws.weights[place] as number) ? other : one
}

/**
 * A part of a large fleet for each of many balancers, so that each server has few connections and yet all the same load.
 *
 * @returns a new balancer; it looks at nothing in the request
 * @throws {AlgorithmError} `EVENER_INVALID_OPTION` for an unknown option or a value out of range
 */
export function aperture(options: ApertureOptions): Balancer<unknown> {
  readOptions('aperture', options, ['peers', 'peer', 'minServers', 'random'])
  if (options.peers === undefined) refuse('aperture.peers', options.peers, 'an integer from 1 to 1000000')
  if (options.peer === undefined) refuse('aperture.peer', options.peer, 'an integer from 0 to peers - 1')
  const peers = readInteger('aperture.peers', options.peers, 1, 1, 1_000_000)
  const peer = readInteger('aperture.peer', options.peer, 0, 0, peers - 1)
  const minServers = readInteger('aperture.minServers', options.minServers, 12, 1, 100_000)
  return new Aperture(peers, peer, minServers, readRandom('aperture.random', options.random))
}
