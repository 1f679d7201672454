/**
 * What a target has sent so far, in one piece, and not more of it than a check looks at.
 *
 * Invariant: holds at most `maxBytes`; what comes beyond is dropped, and `full` says so.
 * Cost: memory as much as came, rounded up to a power of two; each byte is copied at most twice, however small the
 * pieces.
 */
export class Received {
  readonly #maxBytes: number
  #bytes: Buffer = Buffer.alloc(0)
  #length = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get length(): number {
    return this.#length
  }

  /** No more of it is kept. */
  get full(): boolean {
    return this.#length === this.#maxBytes
  }

  append(piece: Uint8Array): void {
    const kept = piece.subarray(0, this.#maxBytes - this.#length)
    const length = this.#length + kept.length
    if (length > this.#bytes.length) {
      const larger = Buffer.alloc(Math.min(this.#maxBytes, Math.max(256, 2 ** Math.ceil(Math.log2(length)))))
      this.#bytes.copy(larger, 0, 0, this.#length)
      this.#bytes = larger
    }
    this.#bytes.set(kept, this.#length)
    this.#length = length
  }

  /** A view of all of it, until the next `append` or `clear`. */
  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  clear(): void {
    this.#length = 0
  }
}
