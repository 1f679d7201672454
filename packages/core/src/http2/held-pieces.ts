/**
 * What came of a body while nobody takes it, in one growing buffer.
 *
 * Node would keep each DATA frame as an object of its own, some 150 bytes for each byte of a client that sends one-byte
 * frames: a window of 64 KiB would cost 10 MB, on each of a hundred streams.
 *
 * Invariant: at most twice the bytes held are allocated, and no read buffer is kept alive. Cost: each byte is copied
 * about twice.
 */

const none = Buffer.alloc(0)

export class HeldPieces {
  #bytes = none
  #length = 0

  /** Bytes held. */
  get length(): number {
    return this.#length
  }

  /** Hold a piece. */
  add(piece: Buffer): void {
    const length = this.#length + piece.length
    if (length > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(512, this.#bytes.length * 2, length))
      this.#bytes.copy(larger, 0, 0, this.#length)
      this.#bytes = larger
    }
    piece.copy(this.#bytes, this.#length)
    this.#length = length
  }

  /** All that was held, which is held no more. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length)
    this.#bytes = none
    this.#length = 0
    return taken
  }
}
