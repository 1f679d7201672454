/**
 * Writing a response to a client's connection: its head, the pieces of its body, and how that body is delimited.
 *
 * A head waits for the first piece of its body, so that a small response is one write. Small pieces are written as text
 * within the call, since they lie in memory that is read into again; larger ones go on as they lie. Through TLS small
 * pieces are held to the end of the turn: each write is a run of records of its own.
 *
 * Invariant: what is written leaves in order; nothing is held beyond the turn.
 */
import type { Socket } from 'node:net'
import { CHUNK_END, chunkHead, LAST_CHUNK, lastChunk } from '@evener/http1'
import { lentPieceBytes } from '../http/engine.ts'
import type { ResponsePlan } from './response-plan.ts'
import { writeSecure } from './secure-write.ts'

/**
 * TLS says of each write a turn later that it is done, whether or not the kernel took it at once: up to here that is not
 * taken for a client that does not read.
 */
const tlsSlack = 262_144
/** So much of a response is held to the end of the turn, through TLS. */
const mostHeld = 16_384

export class ResponseWriter {
  readonly #socket: Socket
  readonly #secure: boolean
  /** Bytes that may wait to be written before the client is taken not to read. */
  readonly #slack: number
  readonly #room: () => void
  /** What waits to be written: a head, and small pieces behind it. */
  #held = ''
  #sending: ResponsePlan['sending'] = 'as-is'
  #flushing = false

  /** @param room told when a client that did not read can take more, besides the socket's own `drain` */
  constructor(socket: Socket, secure: boolean, room: () => void) {
    this.#socket = socket
    this.#secure = secure
    this.#slack = secure ? tlsSlack : 0
    this.#room = room
  }

  /** True while the client does not take what was written. */
  get blocked(): boolean {
    return this.#socket.writableLength > this.#slack
  }

  /** How the body of the response under way, or the last one, is delimited. */
  get sending(): ResponsePlan['sending'] {
    return this.#sending
  }

  /** A response begins: its head waits for the first piece of its body, or for {@link flush}. */
  begin(head: string, sending: ResponsePlan['sending']): void {
    this.#held = head
    this.#sending = sending
  }

  /** A piece of the body. False: the client does not take it for now. */
  write(chunk: Buffer): boolean {
    const socket = this.#socket
    const chunks = this.#sending === 'chunks'
    const before = chunks ? this.#held + chunkHead(chunk.length) : this.#held
    this.#held = ''
    if (chunk.length <= lentPieceBytes) {
      const text = before + chunk.toString('latin1')
      this.#held = chunks ? text + CHUNK_END : text
      // Through TLS, a piece behind a small write would have to wait in memory of its own: they go together.
      if (this.#secure && this.#held.length <= mostHeld) return true
      this.writeHeld()
    } else if (this.#secure) {
      writeSecure(socket, before, chunk, chunks ? CHUNK_END : '')
    } else if (before === '') socket.write(chunk)
    else {
      socket.cork()
      socket.write(before, 'latin1')
      socket.write(chunk)
      if (chunks) socket.write(CHUNK_END, 'latin1')
      socket.uncork()
    }
    if (!this.blocked) return true
    // Node tells of room only once more than its high-water mark was waiting; of less, an empty write behind it does.
    if (!socket.writableNeedDrain) socket.write('', this.#room)
    return false
  }

  /** More is to come later: what is held goes out. */
  flush(): void {
    if (!this.#secure) this.writeHeld()
    else if (this.#held !== '' && !this.#flushing) {
      // What follows within this turn goes along.
      this.#flushing = true
      setImmediate(this.#flushed)
    }
  }

  readonly #flushed = (): void => {
    this.#flushing = false
    this.writeHeld()
  }

  /** What is held goes out now. */
  writeHeld(): void {
    if (this.#held === '') return
    this.#socket.write(this.#held, 'latin1')
    this.#held = ''
  }

  /** The response is whole. */
  end(trailers: readonly string[]): void {
    if (this.#sending === 'chunks') this.#held += trailers.length === 0 ? LAST_CHUNK : lastChunk(trailers)
    this.writeHeld()
  }
}
