/**
 * Weighted random draws in constant time: the alias method (A. J. Walker 1977, in the form of M. D. Vose,
 * "A linear algorithm for generating random numbers with a given distribution", 1991).
 *
 * Each item has one column of equal height; what is above its share is filled up with an item that has too much. A
 * draw takes a column, then one of its two items, by one random number.
 *
 * Cost: O(n) to make, O(1) a draw; 12 bytes an item. The shares are exact to the precision of a double.
 */
import type { Random } from './balancer.ts'

export class AliasTable {
  readonly #share: Float64Array
  readonly #other: Uint32Array
  /** All weights are equal: every column is one item's alone. */
  readonly #even: boolean

  /** @param weights at least one, none negative, not all 0 */
  constructor(weights: readonly number[]) {
    const count = weights.length
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    this.#even = weights.every(weight => weight === weights[0])
    this.#share = Float64Array.from(weights, weight => (weight * count) / total)
    this.#other = Uint32Array.from(weights, (_, item) => item)
    const poor: number[] = []
    const rich: number[] = []
    for (let item = 0; item < count; item++) ((this.#share[item] as number) < 1 ? poor : rich).push(item)
    while (poor.length > 0 && rich.length > 0) {
      const needy = poor.pop() as number
      const giver = rich.at(-1) as number
      this.#other[needy] = giver
      const left = (this.#share[giver] as number) - (1 - (this.#share[needy] as number))
      this.#share[giver] = left
      if (left < 1) poor.push(rich.pop() as number)
    }
    // Who is left on either side has a full column, but for rounding.
    for (const item of [...poor, ...rich]) this.#share[item] = 1
  }

  /** @returns the place of an item in the weights given */
  draw(random: Random): number {
    const at = random() * this.#share.length
    // A source that gives 1, or nothing sensible, still draws something that exists.
    const column = Math.min(at >>> 0, this.#share.length - 1)
    if (this.#even) return column
    return at - column < (this.#share[column] as number) ? column : (this.#other[column] as number)
  }
}
