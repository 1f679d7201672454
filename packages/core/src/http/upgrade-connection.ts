/**
 * The connection of a request to change protocols, from the request to its answer.
 *
 * Node's server lets go of such a connection: it reads no more of it, and does nothing for a response on it. So this
 * reads on, because a client that has gone is noticed only by reading, and keeps what comes for whoever takes the
 * connection over; and it gives the ordinary response, which the request gets where the change is not granted, what
 * it needs of a server.
 *
 * Invariant: no byte that the client sends is lost or reordered, and at most `earlyBytes` and one read are held.
 */
import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ClientTunnel } from './client-side.ts'

/** What a client may send before it is answered; beyond that it has to wait, and is not seen to go. */
const earlyBytes = 65_536

export class UpgradeConnection {
  /** Writes an ordinary response to the connection, which it then closes. */
  readonly response: ServerResponse
  readonly #socket: Socket
  readonly #early: Buffer[]
  #bytes: number

  /**
   * @param head what followed the request's head, as the `upgrade` event has it
   */
  constructor(req: IncomingMessage, socket: Duplex, head: Buffer) {
    this.#socket = socket as Socket
    this.#early = head.length === 0 ? [] : [head]
    this.#bytes = head.length
    this.response = new ServerResponse(req)
    this.response.shouldKeepAlive = false
    this.response.assignSocket(this.#socket)
    this.response.on('finish', this.#answered)
    socket.on('error', () => socket.destroy())
    socket.on('data', this.#received)
    socket.on('end', this.#gone)
    socket.on('drain', this.#drained)
    socket.resume()
  }

  /** Hand the connection over, with what the client has sent behind its request. */
  take(): ClientTunnel {
    this.#leave()
    return { socket: this.#socket, firstBytes: Buffer.concat(this.#early) }
  }

  readonly #received = (chunk: Buffer): void => {
    this.#early.push(chunk)
    this.#bytes += chunk.length
    if (this.#bytes >= earlyBytes) this.#socket.pause()
  }

  /** A client that ends its side before it is answered gives up, as with any other request to Node. */
  readonly #gone = (): void => {
    this.#socket.destroySoon()
  }

  readonly #drained = (): void => {
    this.response.emit('drain')
  }

  readonly #answered = (): void => {
    this.#leave()
    this.#socket.resume()
    this.#socket.destroySoon()
  }

  #leave(): void {
    const socket = this.#socket
    this.response.detachSocket(socket)
    socket.off('data', this.#received)
    socket.off('end', this.#gone)
    socket.off('drain', this.#drained)
    socket.pause()
  }
}
