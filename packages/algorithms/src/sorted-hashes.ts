/**
 * Where a hash belongs among many that are sorted: by its upper bits, and a short search.
 *
 * Hashes are spread evenly, so the upper bits of one say nearly where it is: a table has, for each value of these
 * bits, the place of the first hash that begins with them.
 *
 * Cost: O(1) to find for hashes spread evenly, O(log n) for any; O(n) to make; 1 to 2 bytes for each of n hashes.
 */
export class SortedHashes {
  readonly #hashes: Uint32Array
  readonly #starts: Uint32Array
  readonly #shift: number

  /** @param hashes in ascending order; kept, not copied */
  constructor(hashes: Uint32Array) {
    // Two to four hashes for each start: with one for each, the table would no longer fit in a processor's cache.
    const bits = Math.max(1, 30 - Math.clz32(hashes.length))
    const starts = new Uint32Array(2 ** bits + 1)
    const shift = 32 - bits
    let next = 0
    for (let place = 0; place < hashes.length; place++) {
      const start = (hashes[place] as number) >>> shift
      while (next <= start) starts[next++] = place
    }
    starts.fill(hashes.length, next)
    this.#hashes = hashes
    this.#starts = starts
    this.#shift = shift
  }

  /**
   * @param hash from 0 to 2^32 - 1
   * @returns the first place at this hash or after it; the number of places when there is none
   */
  find(hash: number): number {
    const hashes = this.#hashes
    const start = hash >>> this.#shift
    let low = this.#starts[start] as number
    let high = this.#starts[start + 1] as number
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((hashes[middle] as number) < hash) low = middle + 1
      else high = middle
    }
    return low
  }
}
