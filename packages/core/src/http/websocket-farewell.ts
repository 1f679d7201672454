/**
 * The last word in a WebSocket that is closed from between: a Close frame to either side, 1001, "going away"
 * (RFC 6455 section 7.4.1), so that both can tell it from a broken connection.
 *
 * A frame may stand only between two others; in the middle of one, its bytes would become part of a message. So all that
 * passes is followed, head by head, from the first byte on. Where a side is in the middle of a frame, or has said Close
 * itself, the other one gets none, and sees the connection end without a word.
 *
 * Cost: a few operations for each frame; for a piece that lies within a frame, one.
 */
import { randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'

const opcodeClose = 0x8
/** Close, with a length of two: the status. */
const close = [0x88, 0x02] as const
const goingAway = [1001 >> 8, 1001 & 0xff] as const
const masked = 0x80

export class WebSocketFarewell {
  readonly #client: Duplex
  readonly #server: Duplex
  readonly #fromClient = new FrameBoundary()
  readonly #fromServer = new FrameBoundary()

  /** To be made before the first byte passes. */
  constructor(client: Duplex, server: Duplex) {
    this.#client = client
    this.#server = server
    client.on('data', (chunk: Buffer) => this.#fromClient.pass(chunk))
    server.on('data', (chunk: Buffer) => this.#fromServer.pass(chunk))
  }

  /** Say it, where it can be said. Nothing else may be written after it. */
  say(): void {
    if (this.#fromServer.between && writable(this.#client)) {
      this.#client.write(Buffer.from([...close, ...goingAway]))
    }
    if (this.#fromClient.between && writable(this.#server)) {
      // What a client says is masked, and the server takes this for the client's.
      const mask = randomBytes(4)
      const status = goingAway.map((byte, i) => byte ^ (mask[i] as number))
      this.#server.write(Buffer.from([close[0], masked | close[1], ...mask, ...status]))
    }
  }
}

/** Where the frames of one direction begin and end. */
export class FrameBoundary {
  /** Bytes of the frame's content that are still to come. */
  #left = 0
  /** Bytes of its head that have come, and those that it has. */
  #have = 0
  #need = 2
  #length = 0
  #lengthBytes = 0
  #closing = false

  /** Whether another frame may stand here. */
  get between(): boolean {
    return this.#left === 0 && this.#have === 0 && !this.#closing
  }

  /** So much more has passed. */
  pass(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#left > 0) {
        const part = Math.min(this.#left, chunk.length - at)
        this.#left -= part
        at += part
      } else this.#head(chunk[at++] as number)
    }
  }

  /** One byte of a head: RFC 6455 section 5.2. */
  #head(byte: number): void {
    const have = this.#have++
    if (have === 0) {
      if ((byte & 0xf) === opcodeClose) this.#closing = true
    } else if (have === 1) {
      const short = byte & 0x7f
      this.#lengthBytes = short === 127 ? 8 : short === 126 ? 2 : 0
      this.#length = this.#lengthBytes === 0 ? short : 0
      this.#need = 2 + this.#lengthBytes + (byte & masked ? 4 : 0)
    } else if (have < 2 + this.#lengthBytes) this.#length = this.#length * 256 + byte
    if (this.#have < this.#need) return
    this.#left = this.#length
    this.#have = 0
    this.#need = 2
  }
}

function writable(side: Duplex): boolean {
  return !side.destroyed && !side.writableEnded
}
