/**
 * Writes to a stream: a TCP connection, a unix socket, a pipe. It is connected by the first batch, and again by the next
 * one after it broke.
 *
 * A peer that takes nothing of a batch for half a minute is given up; until then the lines behind it wait, or are dropped.
 */
import type { Socket } from 'node:net'
import type { LogClock, LogTimer } from './clock.ts'
import { type Framing, framed } from './framing.ts'
import type { LineWriter, Written } from './pending.ts'

/** Until it is connected, or has taken a batch. */
const patienceMs = 30_000

export interface StreamSettings {
  readonly clock: LogClock
  readonly framing: Framing
  /** A new connection, under way or made. */
  readonly connect: () => Socket
}

export class StreamWriter implements LineWriter {
  readonly #settings: StreamSettings
  #socket: Socket | undefined
  #under: { readonly done: (written: Written) => void; readonly lines: readonly string[] } | undefined
  #sent = false
  #timer: LogTimer | undefined

  constructor(settings: StreamSettings) {
    this.#settings = settings
  }

  write(lines: readonly string[], done: (written: Written) => void): void {
    this.#under = { lines, done }
    this.#timer = this.#settings.clock.setTimeout(() => {
      this.#broken(new Error(`the peer took nothing for ${patienceMs} ms`))
    }, patienceMs)
    const socket = this.#socket ?? this.#connect()
    if (!socket.connecting) this.#send(socket)
  }

  #connect(): Socket {
    const socket = this.#settings.connect()
    this.#socket = socket
    const broken = (error?: Error): void => {
      if (this.#socket === socket) this.#broken(error ?? new Error('the peer closed the connection'))
    }
    socket.on('error', broken)
    socket.on('close', () => broken())
    // Nothing is expected of it, but its end has to be noticed.
    socket.resume()
    socket.on('connect', () => {
      if (this.#socket === socket && this.#under !== undefined && !this.#sent) this.#send(socket)
    })
    return socket
  }

  #send(socket: Socket): void {
    const under = this.#under
    if (under === undefined) return
    this.#sent = true
    socket.write(framed(under.lines, this.#settings.framing), error => {
      if (this.#under === under && !error) this.#end({ lost: 0 })
    })
  }

  #broken(error: Error): void {
    const socket = this.#socket
    this.#socket = undefined
    socket?.destroy()
    const lost = this.#sent ? (this.#under?.lines.length ?? 0) : 0
    this.#end({ lost, error, kept: !this.#sent })
  }

  #end(written: Written): void {
    const under = this.#under
    this.#under = undefined
    this.#sent = false
    this.#timer?.cancel()
    this.#timer = undefined
    under?.done(written)
  }

  close(): void {
    this.#under = undefined
    this.#timer?.cancel()
    const socket = this.#socket
    this.#socket = undefined
    socket?.destroy()
  }
}
