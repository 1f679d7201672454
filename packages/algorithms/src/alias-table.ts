/**
 * Weighted random draws in constant time: the alias method (A. J. Walker 1977, in the form of M. D. Vose,
 * "A linear algorithm for generating random numbers with a given distribution", 1991).
 *
 * Each item has one column of equal height; what is above its share is filled up with an item that has too much. A
 * draw takes a column, then one of its two items, by one random number.
 *
 * Cost: O(n) to make, O(1) a draw; 16 bytes an item. The shares are exact to the precision of a double.
 */
import type { Random } from './balancer.ts'

export class AliasTable {
  readonly #count: number
  /** Each item's share of its column, and who has the rest: side by side, as a draw looks at both or neither. */
  readonly #columns: Float64Array
  /** All weights are equal: every column is one item's alone. */
  readonly #even: boolean

  /** @param weights at least one, none negative, not all 0 */
  constructor(weights: readonly number[]) {
    const count = weights.length
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    const share = Float64Array.from(weights, weight => (weight * count) / total)
    this.#count = count
    this.#even = weights.every(weight => weight === weights[0])
    this.#columns = new Float64Array(2 * count)
    const poor: number[] = []
    const rich: number[] = []
    for (let item = 0; item < count; item++) ((share[item] as number) < 1 ? poor : rich).push(item)
    while (poor.length > 0 && rich.length > 0) {
      const needy = poor.pop() as number
      const giver = rich.at(-1) as number
      this.#set(needy, share[needy] as number, giver)
      const left = (share[giver] as number) - (1 - (share[needy] as number))
      share[giver] = left
      if (left < 1) poor.push(rich.pop() as number)
    }
    // Who is left on either side has a full column, but for rounding.
    for (const item of [...poor, ...rich]) this.#set(item, 1, item)
  }

  /** @returns the place of an item in the weights given */
  draw(random: Random): number {
    const at = random() * this.#count
    // A source that gives 1, or nothing sensible, still draws something that exists.
    const column = Math.min(at >>> 0, this.#count - 1)
    if (this.#even) return column
    // Reckoned and not branched to: a processor guesses wrong as often as right, and that costs more than the rest.
    const beyond = Number(at - column >= (this.#columns[2 * column] as number))
    return (column + beyond * ((this.#columns[2 * column + 1] as number) - column)) >>> 0
  }

  #set(item: number, share: number, other: number): void {
    this.#columns[2 * item] = share
    this.#columns[2 * item + 1] = other
  }
}
