/**
 * Weighted round robin, smooth, with weights that may change at any time: HAProxy's `balance roundrobin`.
 *
 * Each server has a next position in time. Time is cut into rounds as long as the sum of the weights, in which each
 * server gets as many places as it has weight, evenly apart. At a position, the server that is due is taken; where
 * none is due, there is a hole, and the heaviest of those that have not been placed yet takes it: from that position
 * on it has its own rhythm. Who has used up a round waits for the next, in which all are placed anew. So 3:2:1
 * interleaves instead of coming in bursts, and no rhythm of one server can keep another out.
 *
 * The order is HAProxy's own, request for request, also across servers that leave, return or change weight
 * (src/lb_fwrr.c gave the behaviour; tests/haproxy-choices.test.ts holds this against a running HAProxy).
 *
 * Invariant: a server with a weight stands in exactly one of three queues: `current` (placed in this round, by
 * position), `unplaced` (waits for a hole, heaviest first), `later` (done with this round, heaviest first).
 * Cost: O(log w) a pick, w being the number of different weights; O(1) for equal weights. Each server passed over
 * because it was tried or is saturated costs as much again. Rebuild: O(n), and O(log w) for each that changed.
 * When weights change, the running round ends as it was planned: a server whose weight has just dropped may wait for
 * up to sixteen times the sum of the weights until its next turn, as HAProxy's manual says of servers that return.
 * Not for: requests whose durations differ much (leastConnections), or several balancers that should not all start
 * with the same server (random).
 */
import type { Balancer, Member } from './balancer.ts'
import { Lanes, type Queued, WeightClass } from './lanes.ts'
import { nextRoster, type Roster } from './roster.ts'
import { heaviest, sixteenths } from './sixteenths.ts'

/** The class of servers that take nothing, and stand in no queue. */
const weightless = new WeightClass(0, 0)

class Entry implements Queued {
  member: Member
  weightClass = weightless
  /** The queue it stands in. */
  queue: Lanes<Entry> | undefined
  /** The position at which it is due, the one before that, and what was lost in rounding, in parts of its weight. */
  position = 0
  lastPosition = 0
  remainder = 0
  key = 0
  rank = 0
  order = 0
  ahead: this | undefined
  behind: this | undefined
  /** The server that was passed over before it, while a pick is under way. */
  passedBefore: Entry | undefined

  constructor(member: Member) {
    this.member = member
  }
}

/** Of two that are due at one position, the heavier goes first, or the one that lost more in rounding waits. */
function within({ remainder, weightClass }: Entry): number {
  return (heaviest + remainder - weightClass.weight) >> 4
}

/** In HAProxy's key that has the lower eight bits. What was left over under a greater weight goes beyond them. */
function keyOf(entry: Entry): number {
  return entry.position + (within(entry) >> 8)
}

function rankOf(entry: Entry): number {
  return within(entry) & 255
}

class RoundRobin implements Balancer<unknown> {
  readonly name = 'roundrobin'
  readonly #current = new Lanes<Entry>(0)
  #unplaced = new Lanes<Entry>(1)
  #later = new Lanes<Entry>(2)
  readonly #classes = new Map<number, WeightClass>()
  #entries: Roster<Entry> = new Map()
  /** What is left of a server that went: its rounding matters when it returns. Held as long as the member itself. */
  readonly #absent = new WeakMap<Member, Entry>()
  /** The position of the next pick, the length of this round, and that of the next. In sixteenths of a weight. */
  #now = 0
  #round = 0
  #total = 0

  rebuild(members: readonly Member[]): void {
    const make = (member: Member) => this.#absent.get(member) ?? new Entry(member)
    this.#entries = nextRoster(this.#entries, members, make, entry => {
      this.#leave(entry)
      this.#absent.set(entry.member, entry)
    })
    for (const entry of this.#entries.values()) {
      const weight = sixteenths(entry.member.weight)
      if (weight === entry.weightClass.weight) continue
      if (weight === 0) this.#leave(entry)
      else if (entry.weightClass.weight === 0) this.#enter(entry, weight)
      else this.#reweigh(entry, weight)
    }
    for (const weightClass of this.#classes.values()) {
      weightClass.step = Math.floor(this.#total / weightClass.weight)
      weightClass.rest = this.#total % weightClass.weight
    }
    // The first servers ever start a round at once, unplaced.
    if (this.#round === 0 && this.#total > 0) this.#nextRound()
  }

  pick(_context?: unknown, tried?: ReadonlySet<Member>): Member | undefined {
    // Nearly always somebody is due, fits, and comes again in this round: a third of the time that searching takes.
    const due = this.#current.first()
    if (due === undefined || due.position > this.#now || tried !== undefined || due.member.saturated) {
      return this.#search(tried)
    }
    this.#advance(due)
    this.#now++
    if (this.#isLater(due)) {
      this.#current.remove(due)
      this.#place(due)
    } else this.#current.turn(due, keyOf(due), rankOf(due))
    return due.member
  }

  #search(tried: ReadonlySet<Member> | undefined): Member | undefined {
    if (this.#total === 0) return undefined
    let roundEnded = false
    let passed: Entry | undefined
    let taken: Entry | undefined
    let avoided: Entry | undefined
    let saturated: Member | undefined
    for (;;) {
      let due = this.#due()
      if (due === undefined) {
        // A pick that has seen two ends has seen every server.
        if (roundEnded) break
        roundEnded = true
        this.#nextRound()
        due = this.#due()
        if (due === undefined) break
      }
      this.#advance(due)
      due.queue?.remove(due)
      this.#now++
      const wasTried = tried?.has(due.member) === true
      if (due.member.saturated) {
        if (saturated === undefined || (tried?.has(saturated) === true && !wasTried)) saturated = due.member
      } else if (wasTried) avoided ??= due
      else {
        taken = due
        break
      }
      due.passedBefore = passed
      passed = due
    }
    taken ??= avoided
    if (taken !== undefined) this.#place(taken)
    // Last passed, first back: HAProxy chains them so, and of equal servers the first back is the first due.
    while (passed !== undefined) {
      const entry = passed
      passed = entry.passedBefore
      entry.passedBefore = undefined
      if (entry === taken) continue
      // Places of a round that is over mean nothing in the new one.
      if (roundEnded) this.#stand(entry, this.#unplaced)
      else this.#place(entry)
    }
    return taken === undefined ? saturated : taken.member
  }

  /** Whose turn it is: one that is due, or for a hole the heaviest unplaced, or else who is due soonest. */
  #due(): Entry | undefined {
    const soonest = this.#current.first()
    if (soonest !== undefined && soonest.position <= this.#now) return soonest
    const fresh = this.#unplaced.first()
    if (fresh === undefined) return soonest
    fresh.position = this.#now
    fresh.remainder = 0
    return fresh
  }

  /** Reckon the place after this one. */
  #advance(entry: Entry): void {
    const { weight, step, rest } = entry.weightClass
    entry.lastPosition = entry.position
    entry.position += step
    entry.remainder += rest
    if (entry.remainder >= weight) {
      entry.remainder -= weight
      entry.position++
    }
  }

  /** Whether its next place lies beyond this round, or beyond the next. */
  #isLater({ position }: Entry): boolean {
    return position >= 2 * this.#round || position >= this.#round + this.#total
  }

  /** Put a server in the queue of its next place. */
  #place(entry: Entry): void {
    if (this.#isLater(entry)) {
      entry.position -= this.#round
      this.#stand(entry, this.#later)
      return
    }
    entry.queue = this.#current
    this.#current.insert(entry, keyOf(entry), rankOf(entry))
  }

  #stand(entry: Entry, queue: Lanes<Entry>): void {
    entry.queue = queue
    queue.insert(entry, heaviest - entry.weightClass.weight)
  }

  #nextRound(): void {
    const emptied = this.#unplaced
    this.#unplaced = this.#later
    this.#later = emptied
    this.#round = this.#total
    this.#now = this.#total
  }

  #enter(entry: Entry, weight: number): void {
    this.#total += weight
    entry.weightClass = this.#classOf(weight)
    // Unsigned as in HAProxy: when the pool shrank so that this round is too long, the server waits for the next.
    const left = (this.#total + this.#round - this.#now) >>> 0
    entry.position = this.#now + Math.floor(left / weight)
    this.#place(entry)
  }

  #leave(entry: Entry): void {
    this.#total -= entry.weightClass.weight
    entry.queue?.remove(entry)
    entry.queue = undefined
    entry.weightClass = weightless
  }

  /** Move a server to where it would be if it always had this weight, but not further away than it was. */
  #reweigh(entry: Entry, weight: number): void {
    this.#total += weight - entry.weightClass.weight
    const queue = entry.queue as Lanes<Entry>
    queue.remove(entry)
    entry.weightClass = this.#classOf(weight)
    if (queue === this.#unplaced) {
      this.#stand(entry, queue)
      return
    }
    if (queue === this.#later) entry.position += this.#round
    const step = Math.floor(this.#total / weight)
    entry.remainder = 0
    entry.position = Math.min(entry.lastPosition + step, entry.position)
    if (entry.position < this.#now + 2) entry.position = this.#now + step
    this.#place(entry)
  }

  #classOf(weight: number): WeightClass {
    let found = this.#classes.get(weight)
    if (found === undefined) {
      found = new WeightClass(weight, 3)
      this.#classes.set(weight, found)
    }
    return found
  }
}

/**
 * Each server in turn, as often as its weight says, evenly spread: the fairest choice where requests cost much the
 * same, and what to use when nothing speaks for another.
 *
 * The sequence is exactly that of HAProxy's `balance roundrobin`.
 *
 * @returns a new balancer; it looks at nothing in the request
 */
export function roundRobin(): Balancer<unknown> {
  return new RoundRobin()
}
