/**
 * The same server for the same key, from a table of prime size in which each server has nearly its exact share:
 * Maglev hashing (D. Eisenbud et al., "Maglev: a fast and reliable software network load balancer", NSDI 2016).
 *
 * Each server has an order of its own in which it likes the slots of the table, made from its id alone. The servers
 * take turns, and each takes the slot it likes best of those that are free. When one leaves, the others keep nearly all
 * that they had. So balancers that know the same servers agree without ever having spoken, whatever came before.
 *
 * By weight: a server's k-th turn (k from 0) comes at the time k / weight, so each has one slot at least. With m
 * servers and M slots, a share is at most weight / total + 1/M and at least (1 - m/M) of weight / total; equal servers
 * differ by one slot. Of those that stay, few keys move when one of n leaves: at M ≥ 100 n, all in all at most 1/n and
 * two hundredths.
 *
 * Invariant: the table is a function of the members' ids and weights, and no slot is empty; where two servers want the
 * same slot in the same turn, the order of their ids decides, not the order of the members.
 * Cost: O(1) a pick: the key's hash, a product, a look-up. Rebuild: O(M log M) expected; 2 bytes a slot, 4 with more
 * than 65,536 servers.
 * Not for: a fleet that changes all the time, as each change makes the table anew and moves some keys of servers that
 * stay (rendezvous, or consistent hashing: there only the keys of the one that left move).
 */
import type { Balancer, Member } from './balancer.ts'
import { anyUntried } from './hash-table.ts'
import { Heap, type HeapNode } from './heap.ts'
import {
  idHash,
  KeyedBalancer,
  type KeyedOptions,
  type KeyTable,
  keyedOptionNames,
  otherIdHash,
} from './keyed.ts'
import { readInteger, readOptions, refuse } from './options.ts'
import { sixteenths } from './sixteenths.ts'

/** The options of {@link maglev}. */
export interface MaglevOptions<C> extends KeyedOptions<C> {
  /**
   * The slots of the table: a prime from 3 to 16,777,213; 65,537 by default, as in the paper. A hundred for each server
   * keep shares within a hundredth. Where there are more servers than slots, the table is made larger (the next prime
   * after twice the number of servers), and nearly all keys move.
   */
  readonly tableSize?: number | undefined
}

/** The servers of one weight, who have their turns at the same times. */
class Turn implements HeapNode {
  /** The time of their next turn, and what comes first of equal times: the greater weight. */
  key = 0
  readonly rank = 0
  readonly order: number
  slot = -1
  readonly weight: number
  turns = 0
  /** Which of the servers they are. */
  readonly places: number[] = []

  constructor(weight: number) {
    this.weight = weight
    this.order = -weight
  }
}

class MaglevTable implements KeyTable {
  readonly #tableSize: number
  #members: Member[] = []
  /** What the table was made of, to leave it as it is where that has not changed. */
  #weights: number[] = []
  #slots: Uint16Array | Uint32Array = new Uint16Array(0)
  /** From a hash to a slot. */
  #scale = 0

  constructor(tableSize: number) {
    this.#tableSize = tableSize
  }

  rebuild(members: readonly Member[]): void {
    const before = this.#members
    const chosen = members.filter(member => member.weight > 0)
    chosen.sort((one, other) => (one.id < other.id ? -1 : one.id > other.id ? 1 : 0))
    const weights = chosen.map(member => sixteenths(member.weight))
    this.#members = chosen
    const same =
      before.length === chosen.length &&
      chosen.every(({ id }, place) => id === before[place]?.id && weights[place] === this.#weights[place])
    if (same) return
    this.#weights = weights
    const crowded = chosen.length > this.#tableSize
    this.#fill(crowded ? primeAfter(2 * chosen.length) : this.#tableSize)
    this.#scale = this.#slots.length / 2 ** 32
  }

  at(hash: number, tried: ReadonlySet<Member> | undefined): Member | undefined {
    const slots = this.#slots
    const size = slots.length
    if (size === 0) return undefined
    // The high bits choose: a product is several times faster than a remainder of numbers beyond 2^31.
    let slot = (hash * this.#scale) | 0
    const member = this.#members[slots[slot] as number] as Member
    if (tried === undefined || !tried.has(member) || !anyUntried(this.#members, tried)) return member
    // Neighbours in the table have nothing to do with each other: the keys of a server that failed go to all others.
    for (;;) {
      slot = slot + 1 === size ? 0 : slot + 1
      const other = this.#members[slots[slot] as number] as Member
      if (!tried.has(other)) return other
    }
  }

  #fill(size: number): void {
    const members = this.#members
    const count = members.length
    if (count === 0) {
      this.#slots = new Uint16Array(0)
      return
    }
    /** The slot that each server likes best of those it has not asked for yet, and how far its next one lies. */
    const likes = new Uint32Array(count)
    const skips = new Uint32Array(count)
    for (let place = 0; place < count; place++) {
      const { id } = members[place] as Member
      likes[place] = idHash(id) % size
      skips[place] = (otherIdHash(id) % (size - 1)) + 1
    }
    /** 1 more than the place of whom a slot belongs to. */
    const owners = new Uint32Array(size)
    const turns = this.#turns()
    for (let taken = 0; ; ) {
      const turn = turns.top() as Turn
      for (const place of turn.places) {
        let slot = likes[place] as number
        const skip = skips[place] as number
        while (owners[slot] !== 0) {
          slot += skip
          if (slot >= size) slot -= size
        }
        owners[slot] = place + 1
        likes[place] = slot
        if (++taken === size) {
          // Half as wide where that will do: look-ups are all over the table, and more of it stays in a cache.
          const slots = count <= 65_536 ? new Uint16Array(size) : new Uint32Array(size)
          for (let each = 0; each < size; each++) slots[each] = (owners[each] as number) - 1
          this.#slots = slots
          return
        }
      }
      turn.turns++
      turn.key = turn.turns / turn.weight
      turns.moved(turn)
    }
  }

  #turns(): Heap<Turn> {
    const byWeight = new Map<number, Turn>()
    for (const [place, weight] of this.#weights.entries()) {
      const turn = byWeight.get(weight) ?? new Turn(weight)
      byWeight.set(weight, turn)
      turn.places.push(place)
    }
    const turns = new Heap<Turn>()
    for (const turn of byWeight.values()) turns.insert(turn)
    return turns
  }
}

function isPrime(value: number): boolean {
  if (value < 3 || value % 2 === 0) return value === 2
  for (let divisor = 3; divisor * divisor <= value; divisor += 2) if (value % divisor === 0) return false
  return true
}

function primeAfter(value: number): number {
  let prime = value + 1
  while (!isPrime(prime)) prime++
  return prime
}

/**
 * The same server for the same key, with shares as even as can be, O(1) a pick. For balancers beside each other that
 * shall agree, and for many servers.
 *
 * @returns a new balancer
 * @throws {AlgorithmError} `EVENER_INVALID_OPTION` for a missing `key`, an unknown option, a table size that is no
 *   prime, or another value not allowed
 */
export function maglev<C>(options: MaglevOptions<C>): Balancer<C> {
  readOptions('maglev', options, [...keyedOptionNames, 'tableSize'])
  const tableSize = readInteger('maglev.tableSize', options.tableSize, 65_537, 3, 16_777_213)
  if (!isPrime(tableSize)) {
    refuse('maglev.tableSize', tableSize, `a prime number; the next one is ${primeAfter(tableSize)}`)
  }
  return new KeyedBalancer('maglev', 'maglev', options, new MaglevTable(tableSize))
}
