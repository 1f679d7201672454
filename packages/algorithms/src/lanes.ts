/**
 * A sorted queue for round robin: one lane for each weight, a heap over the heads of the lanes.
 *
 * Servers of equal weight come back in the order in which they went, so almost every arrival belongs at the end of
 * its lane, or beside the arrival before it. A lane is therefore a linked list that starts looking at the last
 * arrival. However many servers there are, the heap holds no more than there are different weights.
 *
 * Order: by key; of equal keys, by rank; of these, the first that came. (This is the order of HAProxy's elastic binary
 * trees, whose keys have the rank in their lower bits: here that would be more than the 31 bits that cost no memory.)
 * Invariant: each lane is sorted by that order; a lane is in the heap while it holds something.
 * Cost: O(log w) to insert or remove, w being the number of different weights; O(1) when all weights are equal.
 * Not for: arrivals in random order, for which a lane is searched from end to end.
 */
import { Heap, type HeapNode } from './heap.ts'

/** One lane in each of the queues that a server of some weight may stand in. */
export class WeightClass {
  readonly weight: number
  readonly lanes: readonly Lane[]
  /** How often its weight goes into that of all, and what is left: kept here, as a division costs as much as the rest. */
  step = 0
  rest = 0

  constructor(weight: number, queues: number) {
    this.weight = weight
    this.lanes = Array.from({ length: queues }, () => new Lane())
  }
}

/** What stands in a queue. */
export interface Queued {
  key: number
  rank: number
  /** When it came, counted over all arrivals of one queue. */
  order: number
  /** Its weight, by which its lane is found. */
  weightClass: WeightClass
  ahead: this | undefined
  behind: this | undefined
}

function isBefore(one: Queued, other: Queued): boolean {
  return one.key < other.key || (one.key === other.key && one.rank < other.rank)
}

class Lane implements HeapNode {
  key = 0
  rank = 0
  order = 0
  slot = -1
  head: Queued | undefined
  tail: Queued | undefined
  /** The last arrival, if it is still here: the next one belongs near it. */
  latest: Queued | undefined
}

export class Lanes<Q extends Queued> {
  readonly #index: number
  readonly #heap = new Heap<Lane>()
  #arrivals = 0

  /** @param index which of the lanes of a {@link WeightClass} are this queue's */
  constructor(index: number) {
    this.#index = index
  }

  /** The first in order; undefined when none is here. */
  first(): Q | undefined {
    return this.#heap.top()?.head as Q | undefined
  }

  /** Put in one that stands in no queue. */
  insert(queued: Q, key: number, rank = 0): void {
    const lane = queued.weightClass.lanes[this.#index] as Lane
    queued.key = key
    queued.rank = rank
    queued.order = this.#arrivals++
    let ahead = lane.latest ?? lane.tail
    while (ahead !== undefined && isBefore(queued, ahead)) ahead = ahead.ahead
    if (ahead !== undefined) {
      while (ahead.behind !== undefined && !isBefore(queued, ahead.behind)) ahead = ahead.behind
    }
    const behind: Queued | undefined = ahead === undefined ? lane.head : ahead.behind
    queued.ahead = ahead as Q | undefined
    queued.behind = behind as Q | undefined
    if (ahead !== undefined) ahead.behind = queued
    if (behind === undefined) lane.tail = queued
    else behind.ahead = queued
    lane.latest = queued
    if (ahead === undefined) this.#lead(lane, queued)
  }

  /** Take out one that stands in this queue. */
  remove(queued: Q): void {
    const lane = queued.weightClass.lanes[this.#index] as Lane
    const { ahead, behind } = queued
    if (lane.latest === queued) lane.latest = ahead ?? behind
    if (behind === undefined) lane.tail = ahead
    else behind.ahead = ahead
    queued.ahead = undefined
    queued.behind = undefined
    if (ahead !== undefined) ahead.behind = behind
    else if (behind !== undefined) this.#lead(lane, behind)
    else {
      lane.head = undefined
      this.#heap.remove(lane)
    }
  }

  /**
   * Give the first in order another key, mostly the last of its lane. What removing and inserting would do, without
   * looking for its place.
   */
  turn(first: Q, key: number, rank: number): void {
    const lane = first.weightClass.lanes[this.#index] as Lane
    const { behind } = first
    const { tail } = lane
    first.key = key
    first.rank = rank
    if (behind === undefined || tail === undefined || isBefore(first, tail)) {
      this.remove(first)
      this.insert(first, key, rank)
      return
    }
    first.order = this.#arrivals++
    first.behind = undefined
    first.ahead = tail as Q
    tail.behind = first
    behind.ahead = undefined
    lane.tail = first
    lane.latest = first
    this.#lead(lane, behind)
  }

  #lead(lane: Lane, head: Queued): void {
    lane.head = head
    lane.key = head.key
    lane.rank = head.rank
    lane.order = head.order
    if (lane.slot < 0) this.#heap.insert(lane)
    else if (this.#heap.size > 1) this.#heap.moved(lane)
  }
}
