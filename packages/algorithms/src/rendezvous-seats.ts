/**
 * Rendezvous hashing for many servers: each key draws seats in a table, and its order of preference is the order in which
 * it hits them. The first that is taken gives the server. O(1) where looking at all servers is O(n).
 * (The rule is that of C. Dong, F. Wang, "DxHash: a scalable consistent hashing based on the pseudo-random sequence",
 * 2021; weights, and what follows after many misses, are ours.)
 *
 * A server has a seat for each whole of its weight, and for a fraction one that takes only so many sixteenths of the
 * draws that hit it. It keeps its seats while it is away or lighter, as long as nobody else needs them, so that its keys
 * come back with it. A key that hit nobody in 64 draws goes by rendezvous-scan.ts: that, too, is an order that each key
 * has for itself, so all that holds for one holds for both.
 *
 * Seats are given in the order in which servers come. Where there are more than the table has, it doubles, and most keys
 * move.
 *
 * Invariant: a seat belongs to one server at most; no server has fewer seats than its weight.
 * Cost: O(seats / taken) draws a pick. Rebuild: O(n + what changed); 5 bytes a seat.
 * Not for: tables of which a small part is taken: below one in 64 each pick looks at all servers.
 */
import type { Member } from './balancer.ts'
import { anyUntried, type Skipping } from './hash-table.ts'
import { type KeyTable, mix } from './keyed.ts'
import { RendezvousScan } from './rendezvous-scan.ts'
import { sixteenths } from './sixteenths.ts'

const mostDraws = 64

/** From one draw to the next: 2^32 divided by the golden ratio, as a number with sign. */
const step = 0x9e3779b9 | 0

class Sitter {
  /** Undefined while it is away. */
  member: Member | undefined
  /** Its seats, those that it does not use now at the end. */
  readonly seats: number[] = []
  /** Its weight in sixteenths, as its seats say it. */
  weight = 0
}

export class RendezvousSeats implements KeyTable {
  readonly #skipping: Skipping | undefined
  readonly #scan: RendezvousScan
  readonly #leastSize: number
  #members: Member[] = []
  readonly #sitters = new Map<string, Sitter>()
  #bySeat: (Sitter | undefined)[] = []
  /** How many sixteenths of the draws each seat takes: 0 where nobody sits. */
  #shares = new Uint8Array(0)
  #shift = 0
  /** Seats that were given back, and the first that was never given. */
  #freed: number[] = []
  #fresh = 0

  /** @param size the number of seats, a power of two up to 2^28: 4 bits of each draw say whether a fraction is hit */
  constructor(size: number, skipping?: Skipping) {
    this.#leastSize = size
    this.#skipping = skipping
    this.#scan = new RendezvousScan(skipping)
    this.#clear(size)
  }

  rebuild(members: readonly Member[]): void {
    this.#members = members.filter(({ weight }) => weight > 0)
    this.#scan.rebuild(members)
    const needed = members.reduce((sum, { weight }) => sum + seatsFor(weight), 0)
    if (needed > this.#shares.length)
      this.#clear(Math.max(this.#leastSize, 2 ** Math.ceil(Math.log2(needed))))
    for (const sitter of this.#sitters.values()) sitter.member = undefined
    for (const member of members) {
      const sitter = this.#sitters.get(member.id) ?? new Sitter()
      this.#sitters.set(member.id, sitter)
      sitter.member = member
    }
    // Those that need fewer seats first, so that theirs can be had.
    for (const sitter of this.#sitters.values()) this.#sit(sitter, false)
    for (const [id, sitter] of this.#sitters) {
      this.#sit(sitter, true)
      if (sitter.member === undefined && sitter.seats.length === 0) this.#sitters.delete(id)
    }
  }

  at(hash: number, given: ReadonlySet<Member> | undefined): Member | undefined {
    const tried = given !== undefined && anyUntried(this.#members, given) ? given : undefined
    const shares = this.#shares
    const shift = this.#shift
    const skipping = this.#skipping
    let drawn = hash | 0
    for (let draw = 0; draw < mostDraws; draw++) {
      drawn = mix((drawn + step) | 0)
      const seat = drawn >>> shift
      const share = shares[seat] as number
      if ((drawn & 15) >= share) continue
      const member = this.#bySeat[seat]?.member as Member
      if (tried?.has(member) !== true && skipping?.skips(member) !== true) return member
    }
    return this.#scan.at(hash, tried)
  }

  #clear(size: number): void {
    this.#sitters.clear()
    this.#bySeat = new Array<Sitter | undefined>(size).fill(undefined)
    this.#shares = new Uint8Array(size)
    this.#shift = 32 - Math.log2(size)
    this.#freed = []
    this.#fresh = 0
  }

  /** Let a server have the seats that its weight asks for, if that is more or not more than before. */
  #sit(sitter: Sitter, more: boolean): void {
    const weight = sitter.member === undefined ? 0 : sixteenths(sitter.member.weight)
    if (weight === sitter.weight || weight > sitter.weight !== more) return
    const before = Math.ceil(sitter.weight / 16)
    const after = Math.ceil(weight / 16)
    while (sitter.seats.length < after) sitter.seats.push(this.#freeSeat())
    for (let each = Math.max(0, Math.min(before, after) - 1); each < Math.max(before, after); each++) {
      const seat = sitter.seats[each] as number
      const share = Math.max(0, Math.min(16, weight - 16 * each))
      this.#shares[seat] = share
      this.#bySeat[seat] = sitter
    }
    sitter.weight = weight
  }

  #freeSeat(): number {
    if (this.#freed.length === 0 && this.#fresh === this.#shares.length) this.#takeBackUnused()
    return this.#freed.pop() ?? this.#fresh++
  }

  /** Nobody's seats are left: those that are kept for who is away or lighter are needed now. */
  #takeBackUnused(): void {
    for (const [id, sitter] of this.#sitters) {
      const used = Math.ceil(sitter.weight / 16)
      const kept = sitter.member === undefined ? 0 : used
      for (const seat of sitter.seats.splice(kept)) {
        this.#bySeat[seat] = undefined
        this.#freed.push(seat)
      }
      if (sitter.member === undefined) this.#sitters.delete(id)
    }
  }
}

function seatsFor(weight: number): number {
  return Math.ceil(sixteenths(weight) / 16)
}
