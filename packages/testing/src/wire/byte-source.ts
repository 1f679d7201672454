/**
 * The reading side of a socket as a pull: whoever wants bytes takes them, and what nobody takes holds the peer back.
 *
 * At most `readAheadBytes` are held here (and as many again in the socket); beyond that the socket is paused, so
 * that TCP's own flow control reaches the peer. Reading ahead is what lets a server that is *not* reading notice
 * that its client has gone.
 *
 * Invariant: bytes leave in the order they came; after `ended` no byte is added, those buffered can still be taken.
 * Not for: more than one consumer at a time.
 */
import type { Socket } from 'node:net'

const EMPTY = Buffer.alloc(0)

export class ByteSource {
  /** True once the peer has sent its FIN, or the socket is closed for whatever reason. */
  ended = false
  /** What destroyed the socket, if anything did: `ECONNRESET` for a reset. */
  failure: NodeJS.ErrnoException | undefined
  private buffered: Buffer = EMPTY
  private held = false
  private wake: (() => void) | undefined
  private readonly socket: Socket
  private readonly readAheadBytes: number

  constructor(socket: Socket, readAheadBytes = 65_536) {
    this.socket = socket
    this.readAheadBytes = readAheadBytes
    socket.on('data', (chunk: Buffer) => {
      this.buffered = this.buffered.length === 0 ? chunk : Buffer.concat([this.buffered, chunk])
      this.regulate()
      this.signal()
    })
    socket.on('end', () => this.finish())
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.failure = error
      this.finish()
    })
    socket.on('close', () => this.finish())
  }

  /** Bytes that can be taken without waiting. */
  get available(): number {
    return this.buffered.length
  }

  /** Stop reading from the socket, whatever is asked for, until {@link release}. */
  hold(): void {
    this.held = true
    this.regulate()
  }

  /** Read on after {@link hold}. */
  release(): void {
    this.held = false
    this.regulate()
    this.signal()
  }

  /**
   * Wait for more than what is buffered now.
   * @returns false if no more will come
   */
  async more(): Promise<boolean> {
    const before = this.buffered.length
    while (this.held || (this.buffered.length === before && !this.ended)) {
      this.regulate(true)
      await new Promise<void>(resolve => {
        this.wake = resolve
      })
    }
    return this.buffered.length > before
  }

  /** Take up to `maxBytes` of what is buffered; empty if there is nothing. */
  take(maxBytes: number): Buffer {
    const taken = this.buffered.subarray(0, maxBytes)
    this.buffered = this.buffered.length > maxBytes ? this.buffered.subarray(maxBytes) : EMPTY
    this.regulate()
    return taken
  }

  /** Take one line with its line feed, if a whole one is buffered. */
  takeLine(): Buffer | undefined {
    const at = this.buffered.indexOf(0x0a)
    return at === -1 ? undefined : this.take(at + 1)
  }

  private finish(): void {
    this.ended = true
    this.signal()
  }

  private signal(): void {
    const wake = this.wake
    this.wake = undefined
    wake?.()
  }

  /** A consumer that waits for more than the limit (a long line) is let through: `wanted`. */
  private regulate(wanted = false): void {
    if (this.socket.destroyed) return
    const full = this.held || (this.buffered.length >= this.readAheadBytes && !wanted)
    if (full && !this.socket.isPaused()) this.socket.pause()
    else if (!full && this.socket.isPaused()) this.socket.resume()
  }
}
