/**
 * A sorted queue for keys that change by a step at a time, as loads do: one tier for each key, a queue of those that
 * have it, and the tiers in a list.
 *
 * Whose key changes goes to the end of the tier of its new key, which is near its old one: beside it where all
 * weights are equal. Where they differ, a light server passes the tiers of heavier ones on its way, but it is moved
 * as much more rarely.
 *
 * Servers are numbers here, and what is known of them lies in an array of numbers, side by side: a change touches three
 * servers in any part of memory, and this array fits in a processor's cache where objects do not.
 *
 * Order: by key; of equal keys, the first that came.
 * Invariant: no tier is empty; the list of tiers is sorted by key.
 * Cost: O(1) to place or remove, plus one step for each tier between the old place and the new. Loads of d sizes need
 * d²/2 requests, so that even a server of any load joins in few steps. 16 bytes a server. No allocation but for more
 * tiers than ever before.
 * Not for: keys that jump (heap.ts).
 */

/** No server; no tier. */
export const nobody = -1

/** Where in a server's cells what is, and how many there are: four never lie on two cache lines. */
const [tierCell, aheadCell, behindCell, width] = [0, 1, 2, 4] as const

/** Those of one key. */
class Tier {
  readonly number: number
  key = 0
  head = nobody
  tail = nobody
  lower: Tier | undefined
  /** While it is not in use, the next one that is not. */
  higher: Tier | undefined

  constructor(number: number) {
    this.number = number
  }
}

export class Tiers {
  readonly #tiers: Tier[] = []
  #lowest: Tier | undefined
  /** Tiers that are not in use, linked through `higher`. */
  #spare: Tier | undefined
  /** For each server: its tier, and its neighbours there. */
  #cells = new Int32Array(0)

  /**
   * Give the servers other numbers. Who has none any more is taken out; all others stay where they are.
   * @param before for each number from now on, which one the server had; {@link nobody} for one that is new
   */
  renumber(before: Int32Array): void {
    const old = this.#cells
    const next = new Int32Array(old.length / width).fill(nobody)
    for (let server = 0; server < before.length; server++) {
      const was = before[server] as number
      if (was !== nobody) next[was] = server
    }
    for (let server = 0; server < next.length; server++) if (next[server] === nobody) this.remove(server)
    const renamed = (server: number) => (server === nobody ? nobody : (next[server] as number))
    const cells = new Int32Array(before.length * width).fill(nobody)
    for (let was = 0; was < next.length; was++) {
      const at = (next[was] as number) * width
      if (at < 0) continue
      cells[at + tierCell] = old[was * width + tierCell] as number
      cells[at + aheadCell] = renamed(old[was * width + aheadCell] as number)
      cells[at + behindCell] = renamed(old[was * width + behindCell] as number)
    }
    for (let tier = this.#lowest; tier !== undefined; tier = tier.higher) {
      tier.head = renamed(tier.head)
      tier.tail = renamed(tier.tail)
    }
    this.#cells = cells
  }

  /** The first in order; {@link nobody} when none is here. */
  first(): number {
    return this.#lowest === undefined ? nobody : this.#lowest.head
  }

  /** The one after one that is inside; {@link nobody} after the last. */
  after(server: number): number {
    const behind = this.#cells[server * width + behindCell] as number
    if (behind !== nobody) return behind
    return this.#tierAt(server)?.higher?.head ?? nobody
  }

  /**
   * Put in one that is outside, as the last of its key, or give one that is inside another key. Whose key is still the
   * same stays where it is.
   */
  place(server: number, key: number): void {
    const before = this.#tierAt(server)
    if (before !== undefined && before.key === key) return
    const tier = this.#tierFor(key, before)
    if (before !== undefined) this.#leave(server, before)
    const cells = this.#cells
    const at = server * width
    const ahead = tier.tail
    cells[at + tierCell] = tier.number
    cells[at + aheadCell] = ahead
    cells[at + behindCell] = nobody
    if (ahead === nobody) tier.head = server
    else cells[ahead * width + behindCell] = server
    tier.tail = server
  }

  /** Take out one; one that is outside stays there. */
  remove(server: number): void {
    const tier = this.#tierAt(server)
    if (tier !== undefined) this.#leave(server, tier)
    this.#cells[server * width + tierCell] = nobody
  }

  #tierAt(server: number): Tier | undefined {
    const number = this.#cells[server * width + tierCell] as number
    return number === nobody ? undefined : this.#tiers[number]
  }

  /** The tier of a key, looked for from another one on; a new one where there is none. */
  #tierFor(key: number, from: Tier | undefined): Tier {
    let lower = from
    while (lower !== undefined && lower.key > key) lower = lower.lower
    let higher = lower === undefined ? this.#lowest : lower.higher
    while (higher !== undefined && higher.key <= key) {
      lower = higher
      higher = higher.higher
    }
    return lower?.key === key ? lower : this.#newTier(key, lower, higher)
  }

  #newTier(key: number, lower: Tier | undefined, higher: Tier | undefined): Tier {
    let tier = this.#spare
    if (tier === undefined) {
      tier = new Tier(this.#tiers.length)
      this.#tiers.push(tier)
    } else this.#spare = tier.higher
    tier.key = key
    tier.lower = lower
    tier.higher = higher
    if (lower === undefined) this.#lowest = tier
    else lower.higher = tier
    if (higher !== undefined) higher.lower = tier
    return tier
  }

  #leave(server: number, tier: Tier): void {
    const cells = this.#cells
    const ahead = cells[server * width + aheadCell] as number
    const behind = cells[server * width + behindCell] as number
    if (ahead === nobody) tier.head = behind
    else cells[ahead * width + behindCell] = behind
    if (behind === nobody) tier.tail = ahead
    else cells[behind * width + aheadCell] = ahead
    if (tier.head === nobody) this.#retire(tier)
  }

  #retire(tier: Tier): void {
    const { lower, higher } = tier
    if (lower === undefined) this.#lowest = higher
    else lower.higher = higher
    if (higher !== undefined) higher.lower = lower
    tier.lower = undefined
    tier.higher = this.#spare
    this.#spare = tier
  }
}
