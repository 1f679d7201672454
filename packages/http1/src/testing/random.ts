/**
 * Randomness with a seed, so that a message that broke something can be made again from one number.
 *
 * Mulberry32: 32 bits of state, good enough to choose from lists. Not for: anything secret, or statistics.
 */

/** A number from 0 to below 1. */
export type Random = () => number

/** The sequence that belongs to `seed`. */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** A whole number from 0 to below `limit`. */
export function below(random: Random, limit: number): number {
  return Math.floor(random() * limit)
}

/** One of a list. */
export function oneOf<T>(random: Random, list: readonly T[]): T {
  return list[below(random, list.length)]!
}

/** True once in `times`. */
export function onceIn(random: Random, times: number): boolean {
  return random() * times < 1
}
