/**
 * One connection of a fake server: what a behaviour writes to, ends, resets.
 *
 * Every wait here ends when the client goes: with `EVENER_CONNECTION_GONE`, which the server that runs the behaviour
 * expects. So a behaviour is written straight down, without a thought for aborts, and never outlives its client.
 */
import type { Socket } from 'node:net'
import { TestingError } from '../errors.ts'
import { ByteSource } from '../wire/byte-source.ts'
import { resetSocket } from '../wire/reset-socket.ts'
import type { FakeRequest } from './request.ts'

/** A gate that can be shut and opened again: a frozen server passes nothing. */
export interface Gate {
  /** Undefined while open. */
  readonly shut: Promise<void> | undefined
}

export class FakeConnection {
  /** 1 for the first connection of the server. */
  readonly id: number
  /** The server's name, for answers that say who gave them. */
  readonly name: string
  /** The socket bytes go through: a TLS socket where the server speaks TLS. */
  readonly socket: Socket
  /** What the client sent and nobody has taken yet. */
  readonly source: ByteSource
  /** Resolves when the socket is closed on both sides. */
  readonly closed: Promise<void>
  /** How many requests were answered on this connection. */
  answered = 0
  /** The request in hand, if there is one. */
  current: FakeRequest | undefined
  /** True once this side has sent its FIN. */
  ending = false
  /** True once `Connection: close` was told or the FIN sent: further requests are recorded, never answered. */
  closing = false
  private readonly tcp: Socket
  private readonly gate: Gate
  private readonly leaving: (() => void)[] = []
  private left = false

  constructor(id: number, name: string, socket: Socket, tcp: Socket, gate: Gate) {
    this.id = id
    this.name = name
    this.socket = socket
    this.tcp = tcp
    this.gate = gate
    this.source = new ByteSource(socket)
    this.closed = new Promise(resolve => {
      socket.once('close', () => {
        this.leave()
        resolve()
      })
    })
  }

  /** True once the client has gone: nothing more can be written. */
  get gone(): boolean {
    return this.left
  }

  /**
   * Send bytes; resolves when there is room for more (back-pressure).
   * @throws {TestingError} `EVENER_CONNECTION_GONE` once the client has gone
   */
  async write(bytes: string | Uint8Array): Promise<void> {
    if (this.gate.shut) await this.whileHere(this.gate.shut)
    this.current?.settleContinue()
    if (this.left || this.socket.destroyed || this.ending) throw goneError(this.id)
    const data = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
    if (data.length === 0 || this.socket.write(data)) return
    await this.whileHere(new Promise<void>(resolve => this.socket.once('drain', resolve)))
  }

  /** Resolves when all that was written is with the kernel and one turn of the event loop has passed. */
  async flush(): Promise<void> {
    await this.whileHere(new Promise<void>(resolve => this.socket.write('', () => setImmediate(resolve))))
  }

  /**
   * Wait for something, but no longer than the client stays.
   * @throws {TestingError} `EVENER_CONNECTION_GONE` if it goes first
   */
  async whileHere<T>(wait: Promise<T>): Promise<T> {
    if (this.left || this.socket.destroyed) throw goneError(this.id)
    let leaving: (() => void) | undefined
    const gone = new Promise<never>((_, reject) => {
      leaving = () => reject(goneError(this.id))
      this.leaving.push(leaving)
    })
    try {
      return await Promise.race([wait, gone])
    } finally {
      const at = this.leaving.indexOf(leaving!)
      if (at !== -1) this.leaving.splice(at, 1)
    }
  }

  /** Do nothing until the client goes; never returns otherwise. */
  async untilGone(): Promise<never> {
    return this.whileHere(new Promise<never>(() => {}))
  }

  /** Send a FIN after what was written; the client may go on sending, and what it sends is recorded. */
  end(): void {
    this.closing = true
    if (this.ending) return
    this.ending = true
    this.socket.end()
  }

  /** Close both ways at once. Where bytes of the client's are unread, the kernel makes that a reset. */
  destroy(): void {
    this.closing = true
    this.socket.destroy()
    this.tcp.destroy()
  }

  /** Send a RST. A unix socket knows none: there it is {@link destroy}. */
  reset(): void {
    this.closing = true
    resetSocket(this.socket, this.tcp)
  }

  /** The client is seen as gone from now on. Called by the server. */
  leave(): void {
    if (this.left) return
    this.left = true
    for (const each of this.leaving.splice(0)) each()
  }
}

function goneError(id: number): TestingError {
  return new TestingError('EVENER_CONNECTION_GONE', `connection ${id} is closed`)
}
