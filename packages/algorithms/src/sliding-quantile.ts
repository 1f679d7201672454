/**
 * A quantile of the last so many numbers, exactly.
 *
 * The numbers are kept twice: in the order in which they came, and sorted. A new one takes the place of the oldest.
 *
 * Invariant: both hold the same numbers.
 * Cost: O(size) to add, which for a hundred numbers is a move of memory; O(1) to ask; 16 bytes a number.
 * Not for: windows of many thousands, for which a sketch does.
 */
export class SlidingQuantile {
  readonly #arrived: Float64Array
  readonly #sorted: Float64Array
  #count = 0
  #oldest = 0

  /** @param size how many numbers are remembered, at least 1 */
  constructor(size: number) {
    this.#arrived = new Float64Array(size)
    this.#sorted = new Float64Array(size)
  }

  /** @param value a number; not NaN */
  add(value: number): void {
    const size = this.#arrived.length
    let hole = this.#count
    if (this.#count < size) this.#count++
    else hole = this.#placeOf(this.#arrived[this.#oldest] as number)
    this.#arrived[this.#oldest] = value
    this.#oldest = this.#oldest + 1 === size ? 0 : this.#oldest + 1
    const sorted = this.#sorted
    while (hole > 0 && (sorted[hole - 1] as number) > value) sorted[hole] = sorted[--hole] as number
    while (hole + 1 < this.#count && (sorted[hole + 1] as number) < value)
      sorted[hole] = sorted[++hole] as number
    sorted[hole] = value
  }

  /**
   * @param share 0 to 1
   * @returns the least of the numbers that at least this share of them does not exceed; Infinity where there are none
   */
  at(share: number): number {
    if (this.#count === 0) return Number.POSITIVE_INFINITY
    return this.#sorted[Math.max(0, Math.ceil(share * this.#count) - 1)] as number
  }

  #placeOf(value: number): number {
    const sorted = this.#sorted
    let low = 0
    let high = this.#count - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((sorted[middle] as number) < value) low = middle + 1
      else high = middle
    }
    return low
  }
}
