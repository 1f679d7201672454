/**
 * Where a connection's bytes are read to.
 *
 * Reading is synchronous: bytes come, are passed on, and mostly are in the kernel again before anything else is read. So
 * all connections share one buffer, and none has memory of its own while it is idle or small messages pass. But Node
 * asks for the memory of a read right after the read before it: many connections have the shared buffer as their next,
 * and nothing that lies in it may outlive the call. Pieces of it are copied; they are small. A connection that fills it
 * gets a large one for itself, as long as much comes: pieces of that are passed on as they lie, and when somebody still
 * needs one, the connection takes another buffer for its next read.
 *
 * Invariant: no piece that was handed out changes, unless whoever took it said that it is needed no more.
 */

/** Measured: with 16 KiB, what is copied of a large body's beginning costs a fifth of a 64 KiB answer. */
const sharedBytes = 4_096
const ownBytes = 65_536
const mostSpare = 64

const shared = Buffer.allocUnsafeSlow(sharedBytes)
/** Large buffers that nobody uses at the moment. */
const spare: Buffer[] = []

/** The memory of one connection. */
export class ReadMemory {
  #own: Buffer | undefined

  /** For the next read. */
  get next(): Buffer {
    return this.#own ?? shared
  }

  /** A piece of what was read, to be passed on. */
  piece(buffer: Buffer, from: number, to: number): Buffer {
    const piece = buffer.subarray(from, to)
    return buffer === shared ? Buffer.from(piece) : piece
  }

  /** The piece that was passed on last is still needed: its memory is not to be read into again. */
  keep(): void {
    if (this.#own !== undefined) this.#own = spare.pop() ?? Buffer.allocUnsafeSlow(ownBytes)
  }

  /** Much comes, or still comes. */
  grow(): void {
    this.#own ??= spare.pop() ?? Buffer.allocUnsafeSlow(ownBytes)
  }

  /** No more comes for now, and all that was passed on has gone. */
  shrink(): void {
    if (this.#own === undefined) return
    if (spare.length < mostSpare) spare.push(this.#own)
    this.#own = undefined
  }

  /** The same, where the piece that was passed on last may still be needed. */
  leave(): void {
    this.#own = undefined
  }
}

/** Whether a piece lies in the shared buffer, and must be copied to outlive the call. */
export function isShared(buffer: Buffer): boolean {
  return buffer.buffer === shared.buffer
}
