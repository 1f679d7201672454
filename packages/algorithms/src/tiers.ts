/**
 * A sorted queue for keys that change by a step at a time, as loads do: one tier for each key, a queue of those that
 * have it, and the tiers in a list.
 *
 * Whose key changes goes to the end of the tier of its new key, which is near its old one: beside it where all
 * weights are equal. Where they differ, a light server passes the tiers of heavier ones on its way, but it is moved
 * as much more rarely.
 *
 * Servers are numbers here, and what is known of them lies in arrays of numbers: a change touches three servers in
 * any part of memory, and these arrays fit in a processor's cache where objects do not.
 *
 * Order: by key; of equal keys, the first that came.
 * Invariant: no tier is empty; the list of tiers is sorted by key.
 * Cost: O(1) to place or remove, plus one step for each tier between the old place and the new. Loads of d sizes need
 * d²/2 requests, so that even a server of any load joins in few steps. 12 bytes a server. No allocation but for more
 * tiers than ever before.
 * Not for: keys that jump (heap.ts).
 */

/** No server; no tier. */
export const nobody = -1

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
  #tierOf = new Int32Array(0)
  #ahead = new Int32Array(0)
  #behind = new Int32Array(0)

  /** Make room for servers of numbers below this. */
  reserve(servers: number): void {
    const known = this.#tierOf.length
    if (servers <= known) return
    const size = Math.max(servers, known + (known >> 1))
    const grown = (old: Int32Array) => {
      const all = new Int32Array(size).fill(nobody)
      all.set(old)
      return all
    }
    this.#tierOf = grown(this.#tierOf)
    this.#ahead = grown(this.#ahead)
    this.#behind = grown(this.#behind)
  }

  /** The first in order; {@link nobody} when none is here. */
  first(): number {
    return this.#lowest === undefined ? nobody : this.#lowest.head
  }

  /** The one after one that is inside; {@link nobody} after the last. */
  after(server: number): number {
    const behind = this.#behind[server] as number
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
    const ahead = tier.tail
    this.#tierOf[server] = tier.number
    this.#ahead[server] = ahead
    this.#behind[server] = nobody
    if (ahead === nobody) tier.head = server
    else this.#behind[ahead] = server
    tier.tail = server
  }

  /** Take out one; one that is outside stays there. */
  remove(server: number): void {
    const tier = this.#tierAt(server)
    if (tier !== undefined) this.#leave(server, tier)
    this.#tierOf[server] = nobody
  }

  #tierAt(server: number): Tier | undefined {
    const number = this.#tierOf[server] as number
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
    const ahead = this.#ahead[server] as number
    const behind = this.#behind[server] as number
    if (ahead === nobody) tier.head = behind
    else this.#behind[ahead] = behind
    if (behind === nobody) tier.tail = ahead
    else this.#ahead[behind] = ahead
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
