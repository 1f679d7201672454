/**
 * The same for requests that come by way of `node:http`, which says of a request when its head was whole, and nothing of
 * when it began.
 */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { nodeFacts } from '../http/node-facts.ts'
import type { ClientRequest } from '../http/request.ts'
import type { DoorLog } from './door-log.ts'
import { type Came, RequestRecord, type SentBytes } from './request-record.ts'

/** What has gone out on a socket since a request's turn came. */
class SocketBytes implements SentBytes {
  readonly #socket: Socket
  readonly #before: number

  constructor(socket: Socket) {
    this.#socket = socket
    this.#before = socket.bytesWritten
  }

  get sentBytes(): number {
    return this.#socket.bytesWritten - this.#before
  }
}

export class NodeLog {
  readonly #log: DoorLog
  readonly #records = new WeakMap<IncomingMessage, RequestRecord>()

  constructor(log: DoorLog) {
    this.#log = log
  }

  /** The record of a request, begun now where there is none yet. @param request undefined where it is not valid */
  of(message: IncomingMessage, request: ClientRequest | undefined): RequestRecord {
    let record = this.#records.get(message)
    if (record === undefined) {
      const { socket } = message
      const now = this.#log.door.clock.now()
      const came = this.#came(socket, now, request === undefined ? -1 : now)
      record = new RequestRecord(this.#log, came, request?.came ?? request, new SocketBytes(socket))
      this.#records.set(message, record)
    }
    return record
  }

  /** What could not be read as HTTP has been answered. */
  unread(socket: Socket, status: number, bytes: number): void {
    const now = this.#log.door.clock.now()
    const record = new RequestRecord(this.#log, this.#came(socket, now, -1), undefined, { sentBytes: bytes })
    record.refused(status === 408 ? 'cR' : 'PR', status)
  }

  #came(socket: Socket, now: number, headAt: number): Came {
    const acceptedAt = Math.floor(this.#log.door.around.now())
    return {
      facts: nodeFacts(socket),
      acceptedAt,
      handshakeMs: 0,
      idleMs: 0,
      beganAt: now,
      headAt,
      // What was read and could not be understood is counted as far as Node tells: at least one byte came.
      headBytes: headAt < 0 ? socket.bytesRead : undefined,
    }
  }
}
