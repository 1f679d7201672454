/**
 * Consistent hashing on a ring of 32-bit numbers: HAProxy's `hash-type consistent`.
 *
 * Each server has sixteen places on the ring for each unit of its weight, found by hashing its number. A key belongs
 * to the place nearest to its hash, on either side. A server that leaves gives up its keys to its neighbours on the
 * ring, and no other key moves; a change of weight adds or removes the last of its places.
 * (D. Karger et al., "Consistent hashing and random trees", 1997; src/lb_chash.c gave the behaviour.)
 *
 * Which places a server has follows from its number, by default its rank among all that were ever seen, beginning
 * with 1: what HAProxy gives to servers without `id`. It stays as long as the member exists, in the pool or not.
 * Balancers that shall agree must see the same servers in the same order at first, or be told numbers or keys
 * (server-key.ts).
 *
 * Invariant: places are sorted by hash, and equal hashes (only with numbers beyond 2^20) by owner.
 * Cost: O(1) a look-up, O(log p) for p places that are not spread evenly (sorted-hashes.ts), and a step for each place
 * that is passed over. Rebuild: O(p) to copy, plus sorting and finding what changed. 9 to 10 bytes a place.
 * Not for: even shares among few servers of small weight, of which each has only a few places.
 */
import type { Member } from './balancer.ts'
import { avalanche } from './hash-functions.ts'
import type { HashTable, Skipping } from './hash-table.ts'
import type { ServerKey } from './server-key.ts'
import { heaviest, sixteenths } from './sixteenths.ts'
import { SortedHashes } from './sorted-hashes.ts'

class Owner {
  member: Member
  /** Its rank among all that were ever seen, from 1. */
  readonly rank: number
  /** What its places are made of. */
  readonly key: number
  readonly index: number
  /** The places it has now, and the most it ever had. */
  places = 0
  mostPlaces = 0
  /** The last rebuild that it was in. */
  lastRebuild = 0

  constructor(member: Member, rank: number, key: number, index: number) {
    this.member = member
    this.rank = rank
    this.key = key
    this.index = index
  }

  hashOf(place: number): number {
    return avalanche(this.key + place) >>> 0
  }
}

/** The key of a server that has no other: HAProxy's `id`, with room for the places of the heaviest. */
const keyOfRank: ServerKey = (_member, rank) => Math.imul(rank, heaviest)

/** How many places are passed over before it is worth asking whether there is anybody to find. */
const patience = 64

/** Hash and owner in one sortable number: 32 and 21 bits, the 53 that a double holds exactly. */
const owners = 2 ** 21

export class Ring implements HashTable {
  readonly #keyOf: ServerKey
  readonly #skipping: Skipping | undefined
  #known = 0
  /** Those that were in the last rebuild, by name. */
  readonly #owners = new Map<string, Owner>()
  #rebuilds = 0
  /** What is left of servers that went. Held as long as the members themselves. */
  readonly #absent = new WeakMap<Member, Owner>()
  #byIndex: (Owner | undefined)[] = []
  readonly #freeIndexes: number[] = []
  #members: Member[] = []
  /** The ring: hashes in ascending order, and whose they are. */
  #hashes = new Uint32Array(0)
  #indexes = new Uint32Array(0)
  #sorted = new SortedHashes(this.#hashes)
  /** The place that took the last turn; -1 for none. */
  #turn = -1

  /**
   * @param keyOf what a server's places are made of; by default its rank in the order in which they were first seen
   * @param skipping which servers a look-up by hash passes over; none by default
   */
  constructor(keyOf: ServerKey = keyOfRank, skipping?: Skipping) {
    this.#keyOf = keyOf
    this.#skipping = skipping
  }

  get only(): Member | undefined {
    return this.#members.length === 1 ? this.#members[0] : undefined
  }

  rebuild(members: readonly Member[]): void {
    this.#members = members.filter(member => member.weight > 0)
    const present: Owner[] = []
    const gone: Owner[] = []
    const rebuild = ++this.#rebuilds
    for (const member of members) {
      const before = this.#owners.get(member.id)
      const owner =
        before === undefined ? (this.#return(member) ?? this.#welcome(member)) : this.#stay(before, member)
      if (owner !== before) {
        if (before !== undefined) gone.push(before)
        this.#owners.set(member.id, owner)
      }
      owner.member = member
      owner.lastRebuild = rebuild
      present.push(owner)
    }
    for (const owner of this.#owners.values()) {
      if (owner.lastRebuild === rebuild) continue
      gone.push(owner)
      this.#owners.delete(owner.member.id)
      this.#absent.set(owner.member, owner)
    }
    const removed: number[] = []
    const added: number[] = []
    for (const owner of gone) this.#resize(owner, 0, removed, added)
    for (const owner of present) this.#resize(owner, sixteenths(owner.member.weight), removed, added)
    if (removed.length > 0 || added.length > 0) this.#merge(removed, added)
    for (const { index } of gone) {
      this.#byIndex[index] = undefined
      this.#freeIndexes.push(index)
    }
  }

  at(hash: number, tried: ReadonlySet<Member> | undefined): Member | undefined {
    const hashes = this.#hashes
    const size = hashes.length
    if (size === 0) return undefined
    const found = this.#sorted.find(hash >>> 0)
    const next = found === size ? 0 : found
    const previous = next === 0 ? size - 1 : next - 1
    const toPrevious = (hash - (hashes[previous] as number)) >>> 0
    const toNext = ((hashes[next] as number) - hash) >>> 0
    const place = toPrevious <= toNext ? previous : next
    const member = this.#memberAt(place)
    return this.#passes(member, tried) ? member : this.#after(place, tried)
  }

  #passes(member: Member, tried: ReadonlySet<Member> | undefined): boolean {
    return tried?.has(member) !== true && this.#skipping?.skips(member) !== true
  }

  /** The next on the ring that need not be passed over. */
  #after(place: number, tried: ReadonlySet<Member> | undefined): Member {
    const size = this.#hashes.length
    let other = place
    for (let step = 1; step < size; step++) {
      other = other + 1 === size ? 0 : other + 1
      const member = this.#memberAt(other)
      if (this.#passes(member, tried)) return member
      if (step === patience && !this.#members.some(one => this.#passes(one, tried))) break
    }
    // All are passed over. Where load is to blame, HAProxy ends with the last place of the ring.
    if (this.#skipping === undefined) return this.#memberAt(place)
    for (let last = size - 1; last >= 0; last--) {
      const member = this.#memberAt(last)
      if (tried?.has(member) !== true) return member
    }
    return this.#memberAt(place)
  }

  next(tried: ReadonlySet<Member> | undefined): Member | undefined {
    const size = this.#hashes.length
    let place = this.#turn
    let avoided: Member | undefined
    let turnOfAvoided = -1
    let saturated: Member | undefined
    for (let step = 0; step < size; step++) {
      place = place + 1 >= size ? 0 : place + 1
      const member = this.#memberAt(place)
      const wasTried = tried?.has(member) === true
      if (member.saturated) {
        if (saturated === undefined || (tried?.has(saturated) === true && !wasTried)) saturated = member
      } else if (wasTried) {
        avoided = member
        turnOfAvoided = place
      } else {
        this.#turn = place
        return member
      }
    }
    this.#turn = turnOfAvoided
    return avoided ?? saturated
  }

  #memberAt(place: number): Member {
    return (this.#byIndex[this.#indexes[place] as number] as Owner).member
  }

  #welcome(member: Member): Owner {
    return this.#seat(member, ++this.#known, 0)
  }

  #return(member: Member): Owner | undefined {
    const owner = this.#absent.get(member)
    return owner === undefined ? undefined : this.#seat(member, owner.rank, owner.mostPlaces)
  }

  /** Whose key has changed gets other places, under its old rank. */
  #stay(owner: Owner, member: Member): Owner {
    if (owner.key === this.#keyOf(member, owner.rank)) return owner
    return this.#seat(member, owner.rank, 0)
  }

  #seat(member: Member, rank: number, mostPlaces: number): Owner {
    const index = this.#freeIndexes.pop() ?? this.#byIndex.length
    const owner = new Owner(member, rank, this.#keyOf(member, rank), index)
    owner.mostPlaces = mostPlaces
    this.#byIndex[index] = owner
    return owner
  }

  /** Note which places come and go for a server to have as many as it should. */
  #resize(owner: Owner, places: number, removed: number[], added: number[]): void {
    // More than ever before: HAProxy takes all of a server's places off the ring first, and the turn moves on.
    if (places > owner.mostPlaces) {
      this.#skipTurnOf(owner)
      owner.mostPlaces = places
    }
    for (let place = places; place < owner.places; place++)
      removed.push(owner.hashOf(place) * owners + owner.index)
    for (let place = owner.places; place < places; place++)
      added.push(owner.hashOf(place) * owners + owner.index)
    owner.places = places
  }

  #skipTurnOf(owner: Owner): void {
    const size = this.#hashes.length
    for (let steps = 0; this.#turn >= 0 && steps < size; steps++) {
      if (this.#indexes[this.#turn] !== owner.index) return
      this.#turn = this.#turn + 1 === size ? 0 : this.#turn + 1
    }
    this.#turn = -1
  }

  /** Copy the ring as it was, stretch by stretch, without the places that leave and with those that come. */
  #merge(removed: number[], added: number[]): void {
    const leaving = Float64Array.from(removed).sort()
    const coming = Float64Array.from(added).sort()
    const size = this.#hashes.length
    const hashes = new Uint32Array(size - leaving.length + coming.length)
    const indexes = new Uint32Array(hashes.length)
    const turn = this.#turn
    let newTurn = -1
    let firstStaying = -1
    let copied = 0
    let filled = 0
    const copyUpTo = (place: number) => {
      if (place === copied) return
      if (firstStaying < 0) firstStaying = filled
      // The turn stays where it was, or goes to the next place that stays.
      if (newTurn < 0 && turn >= 0 && turn < place) newTurn = filled + Math.max(turn - copied, 0)
      hashes.set(this.#hashes.subarray(copied, place), filled)
      indexes.set(this.#indexes.subarray(copied, place), filled)
      filled += place - copied
      copied = place
    }
    for (let left = 0, joined = 0; left < leaving.length || joined < coming.length; ) {
      const leaves = leaving[left] ?? Number.POSITIVE_INFINITY
      const comes = coming[joined] ?? Number.POSITIVE_INFINITY
      const changed = Math.min(leaves, comes)
      const hash = Math.floor(changed / owners)
      const index = changed % owners
      copyUpTo(this.#placeOf(hash, index))
      if (leaves < comes) {
        left++
        copied++
      } else {
        joined++
        hashes[filled] = hash
        indexes[filled++] = index
      }
    }
    copyUpTo(size)
    this.#hashes = hashes
    this.#indexes = indexes
    this.#sorted = new SortedHashes(hashes)
    this.#turn = turn < 0 || newTurn >= 0 ? newTurn : firstStaying
  }

  /** The place of this hash and owner, or the one before which it belongs. */
  #placeOf(hash: number, index: number): number {
    let place = this.#sorted.find(hash)
    while (this.#hashes[place] === hash && (this.#indexes[place] as number) < index) place++
    return place
  }
}
