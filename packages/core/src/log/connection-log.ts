/**
 * What a client's connection of HTTP/1.1 writes down for its log: when each request began, and how many bytes went out
 * before it.
 *
 * Invariant: there is at most one record that is not answered, and what is told to the client until then is its own.
 */
import type { Socket } from 'node:net'
import type { ConnectionFacts } from '../base/connection-facts.ts'
import type { ClientRequest } from '../http/request.ts'
import type { DoorLog } from './door-log.ts'
import { RequestRecord, type SentBytes } from './request-record.ts'

export class ConnectionLog implements SentBytes {
  /** The request that is under way. */
  record: RequestRecord | undefined
  readonly #log: DoorLog
  readonly #socket: Socket
  readonly #facts: ConnectionFacts
  /** When the connection could begin, or the response before was over; and what it took before. */
  #idleAt: number
  #handshakeMs: number
  #beganAt = -1
  /** When the last of a head was read. */
  #readAt = -1
  #headBytes = 0
  #written = 0
  #requests = 0

  /** @param acceptedAt when it was accepted, by the door's clock; now is when it may speak HTTP */
  constructor(log: DoorLog, socket: Socket, facts: ConnectionFacts, acceptedAt: number) {
    this.#log = log
    this.#socket = socket
    this.#facts = facts
    this.#idleAt = log.door.clock.now()
    this.#handshakeMs = Math.max(0, Math.floor(this.#idleAt - acceptedAt))
  }

  get sentBytes(): number {
    return this.#socket.bytesWritten - this.#written
  }

  /** So many bytes of a head have come. */
  read(bytes: number): void {
    this.#readAt = this.#log.door.clock.now()
    if (this.#beganAt < 0) this.#beganAt = this.#readAt
    this.#headBytes += bytes
  }

  /** A request begins. @param request undefined where its head cannot be read */
  begin(request: ClientRequest | undefined): RequestRecord {
    const { clock, around } = this.#log.door
    const came = this.#beganAt >= 0
    // A head is whole when the last of it is read.
    const now = came && request !== undefined ? this.#readAt : clock.now()
    const beganAt = came ? this.#beganAt : now
    const idleMs = came ? Math.floor(beganAt - this.#idleAt) : -1
    const record = new RequestRecord(
      this.#log,
      {
        facts: this.#facts,
        acceptedAt: Math.floor(around.now() - (now - this.#idleAt)) - this.#handshakeMs,
        handshakeMs: this.#handshakeMs,
        idleMs,
        // Where nothing came, what it did was to wait from the start.
        beganAt: came ? beganAt : this.#idleAt,
        headAt: request === undefined ? -1 : now,
        headBytes: this.#headBytes,
      },
      request,
      this,
    )
    this.#requests++
    this.record = record
    return record
  }

  /** Its response has been handed to the system. */
  answered(): void {
    const { record } = this
    if (record === undefined) return
    this.#idleAt = this.#log.door.clock.now()
    record.answered(this.#idleAt)
    this.record = undefined
    this.#written += record.bytesRead
    this.#handshakeMs = 0
    this.#beganAt = -1
    this.#headBytes = 0
  }

  /** The connection is closed. One that has said nothing, or half of a head, leaves a line. @param state two letters */
  closed(state: string): void {
    if (this.record !== undefined || (this.#requests > 0 && this.#beganAt < 0)) return
    this.begin(undefined).refused(state, 0)
    this.record = undefined
  }
}
