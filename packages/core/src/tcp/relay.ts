/**
 * Two connections joined: what one sends, the other gets.
 *
 * The slower side slows the other, and the end of one direction is the end of that direction only. When both are over,
 * one side breaks, or nothing moves for too long, both are closed.
 *
 * Bytes come in one of two ways. As events of the stream, each in a buffer of its own. Or, the fast path, through
 * {@link Relay.take} from a socket's `onread`, in memory that is used again ({@link ReadMemory}): what the kernel takes at
 * once is forwarded without memory being asked for. What it does not take keeps its buffer, and reading stops. So each
 * direction holds one chunk at most, whatever the pace of the other end.
 *
 * Whoever is not being read cannot be heard dying either: the system tells of a reset only those who ask. So while one
 * side is held back it is asked, once a second, by writing nothing to it. That finds a reset, by the peer or by the
 * keep-alive of TCP; it does not find an orderly end that lies behind bytes nobody takes, which is none until then.
 *
 * Invariant: `relayEnded` is told once, and `relayClosed` once after it, when both connections are closed.
 * Cost: a few field accesses for each chunk besides the two system calls; no timer but the deadline while all flows.
 */
import type { Duplex } from 'node:stream'
import { type Failed, failed, type Outcome } from '../balance/outcome.ts'
import type { Clock, Timer } from '../base/clock.ts'
import type { Deadline } from '../base/deadline.ts'
import { isShared, type ReadMemory } from '../base/read-memory.ts'
import { canReset, type Resettable, reset } from '../base/reset.ts'
import { TimeoutError } from '../base/timeout-error.ts'

/** How long what was written before the end may take to go out. */
const closingMs = 30_000
/** How often a connection that is held back is asked whether it still is one. */
const probeMs = 1_000
/** What is written as text: measured, a fifth less of the CPU that a small message costs than with a copy of the bytes. */
const smallPiece = 1_024
/** What fits into the memory that all connections share. */
const smallRead = 16_384
/**
 * How many directions of all relays may have 64 KiB of their own: Node has asked for the memory of the next read by the
 * time that a connection falls silent, and keeps it as long as that lasts.
 */
const mostLargeReads = 256
let largeReads = 0

/** Whom a relay tells what it does. */
export interface RelayOwner {
  /** Bytes were passed on: `in` towards the server, `out` towards the client. */
  relayed(direction: 'in' | 'out', bytes: number): void
  /** It is over; what was written before still goes out. */
  relayEnded(outcome: Outcome): void
  /** Both connections are closed. */
  relayClosed?(): void
}

/** How long silence may last, in milliseconds; `Infinity` for ever. */
export interface RelayLimits {
  /** No byte to or from the client, of which there may be some that it does not take. */
  readonly clientMs: number
  /** The same of the server. */
  readonly serverMs: number
  /** The client's, once the server has ended its direction; `clientMs` where undefined. */
  readonly clientFinMs?: number | undefined
  /** The server's, once the client has ended its direction; `serverMs` where undefined. */
  readonly serverFinMs?: number | undefined
}

/** A connection that a relay holds; the property spares each of them a set of closures. */
interface Tied extends Resettable {
  [relayOf]?: Relay
  destroySoon?(): void
}

const relayOf = Symbol('relay')

/** What its maker settles. */
export interface RelayOptions {
  readonly limits: RelayLimits
  readonly clock: Clock
  /** Its expiry must call `overdue`. The relay arms and disarms it. */
  readonly deadline: Deadline
  /** The status in the outcome: 0 at layer 4, 101 after an upgrade. */
  readonly status: number
  /** The bytes of the client, of the server, come by `take`, not as events. */
  readonly clientDirect?: boolean
  readonly serverDirect?: boolean
}

export class Relay {
  readonly #client: Tied
  readonly #server: Tied
  readonly #owner: RelayOwner
  readonly #limits: RelayLimits
  readonly #clock: Clock
  readonly #deadline: Deadline
  readonly #status: number
  #clientEnded = false
  #serverEnded = false
  /** The server is not read, because the client does not take what it sent; and the reverse. */
  #serverHeld = false
  #clientHeld = false
  #over = false
  #closed = false
  #probe: Timer | undefined
  /** Its part of `largeReads`. */
  #large = 0

  constructor(client: Duplex, server: Duplex, owner: RelayOwner, options: RelayOptions) {
    this.#client = client
    this.#server = server
    this.#owner = owner
    this.#limits = options.limits
    this.#clock = options.clock
    this.#deadline = options.deadline
    this.#status = options.status
    for (const end of [client, server] as Tied[]) {
      end[relayOf] = this
      end.on('end', onEnd)
      end.on('error', onError)
      end.on('close', onClose)
    }
    if (options.clientDirect !== true) client.on('data', onData)
    if (options.serverDirect !== true) server.on('data', onData)
    this.#arm()
  }

  /** Begin to read: whoever had the connections before may have held them back. */
  start(): void {
    for (const end of [this.#client, this.#server]) {
      // An end with nothing before it is told even to those who do not read yet.
      if (end.readableEnded) this.ended(end)
      else if (end === this.#server ? !this.#serverHeld : !this.#clientHeld) end.resume()
      else end.pause()
    }
  }

  /** Close both connections, because the host says so. */
  abort(): void {
    this.end(failed('tunnel', 'proxy', 'shutdown'))
  }

  /** The same, and wait for nothing that was written before. */
  destroy(): void {
    this.abort()
    this.#client.destroy()
    this.#server.destroy()
  }

  /** Close both connections. The first outcome counts. */
  end(outcome: Outcome): void {
    if (this.#over) return
    this.#over = true
    this.#probe?.cancel()
    const client = this.#client
    const server = this.#server
    // What was written before the end still goes out, and `destroySoon` closes behind it; but who never reads it would
    // keep the connection for ever.
    this.#deadline.arm(closingMs)
    const fault = outcome.kind === 'failed' ? outcome.side : undefined
    if (fault === 'client') reset(client)
    else closeSoon(client)
    // A server must not take half a message for a whole one.
    if (fault === 'client' || fault === 'server') reset(server)
    else closeSoon(server)
    this.#owner.relayEnded(outcome)
    this.#settle()
  }

  /**
   * Bytes from an `onread`.
   * @param direction `in` for bytes of the client
   * @param memory where they were read to
   * @returns false where no more may come for now
   */
  take(direction: 'in' | 'out', buffer: Buffer, bytes: number, memory: ReadMemory): boolean {
    if (this.#over) return true
    const to = direction === 'in' ? this.#server : this.#client
    this.#deadline.touch()
    this.#owner.relayed(direction, bytes)
    if (bytes <= smallPiece && isShared(buffer)) {
      // Of what is this small a string is made faster than a copy, and Node writes it faster as well.
      if (to.write(buffer.toString('latin1', 0, bytes), 'latin1')) return true
      this.#hold(direction)
      return false
    }
    const own = !isShared(buffer)
    const room = to.write(memory.piece(buffer, 0, bytes))
    if (to.writableLength === 0) {
      this.#fit(memory, own, buffer, bytes)
      return true
    }
    // A small copy may wait; memory of one's own is not to be waited with twice.
    if (own) memory.keep()
    else if (room) return true
    this.#hold(direction)
    return false
  }

  /** The next read: into large memory where this one was filled, and into the shared one where it could have been. */
  #fit(memory: ReadMemory, own: boolean, buffer: Buffer, bytes: number): void {
    if (own) {
      if (bytes >= smallRead) return
      memory.shrink()
      largeReads--
      this.#large--
    } else if (bytes === buffer.length && largeReads < mostLargeReads) {
      memory.grow()
      largeReads++
      this.#large++
    }
  }

  /** @internal */
  data(from: Duplex, chunk: Buffer): void {
    const direction = from === this.#client ? 'in' : 'out'
    const to = direction === 'in' ? this.#server : this.#client
    if (to.destroyed || to.writableEnded) return
    this.#deadline.touch()
    this.#owner.relayed(direction, chunk.length)
    if (to.write(chunk)) return
    from.pause()
    this.#hold(direction)
  }

  /** Whoever sends in this direction is not read until the other has taken what was written to it. */
  #hold(direction: 'in' | 'out'): void {
    if (direction === 'in') this.#clientHeld = true
    else this.#serverHeld = true
    this.#probe ??= this.#clock.setTimeout(() => this.#ask(), probeMs)
    const to = direction === 'in' ? this.#server : this.#client
    // Node tells of room only once more than its high-water mark was waiting; of less, an empty write behind it does.
    if (to.writableNeedDrain) to.once('drain', () => this.#taken(direction))
    else to.write('', () => this.#taken(direction))
  }

  #taken(direction: 'in' | 'out'): void {
    if (this.#over) return
    this.#deadline.touch()
    if (direction === 'in') {
      this.#clientHeld = false
      this.#client.resume()
    } else {
      this.#serverHeld = false
      this.#server.resume()
    }
  }

  /** @internal */
  ended(from: Duplex): void {
    if (from === this.#client) {
      this.#clientEnded = true
      this.#server.end()
    } else {
      this.#serverEnded = true
      this.#client.end()
    }
    if (this.#clientEnded && this.#serverEnded) this.#complete()
    else if (!this.#over) this.#arm()
  }

  /** @internal */
  broke(side: Duplex, error: Error): void {
    if (side === this.#client) this.end(failed('tunnel', 'client', 'client-abort', error))
    // It had said all it wanted to, and did not want to hear more.
    else if (this.#serverEnded) this.#complete()
    else this.end(failed('tunnel', 'server', 'broken-response', error))
  }

  /** @internal */
  connectionClosed(): void {
    this.#complete()
    this.#settle()
  }

  /** To be called when the deadline has run out. */
  overdue(): void {
    if (this.#over) {
      this.#client.destroy()
      this.#server.destroy()
      return
    }
    const limitMs = this.#limitMs()
    if (this.#deadline.idleMs < limitMs) this.#deadline.extend(limitMs)
    else this.#timedOut()
  }

  /** Nothing moved for too long: an ordinary end, but where bytes wait for one side, or half of it is over. */
  #timedOut(): void {
    const timeout = (side: 'client' | 'server'): Failed =>
      failed(
        'tunnel',
        side,
        side === 'client' ? 'client-timeout' : 'broken-response',
        new TimeoutError('timed out'),
      )
    if (this.#serverHeld) this.end(timeout('client'))
    else if (this.#clientHeld) this.end(timeout('server'))
    else this.#complete()
  }

  #complete(): void {
    this.end({ kind: 'completed', phase: 'tunnel', status: this.#status })
  }

  #arm(): void {
    // It may turn out to be longer, when it has run out: what is waited for changes more often than that.
    const { clientMs, serverMs, clientFinMs = clientMs, serverFinMs = serverMs } = this.#limits
    this.#deadline.arm(Math.min(clientMs, serverMs, clientFinMs, serverFinMs))
  }

  #limitMs(): number {
    const { clientMs, serverMs, clientFinMs = clientMs, serverFinMs = serverMs } = this.#limits
    const ofClient = this.#serverEnded ? clientFinMs : clientMs
    const ofServer = this.#clientEnded ? serverFinMs : serverMs
    if (this.#serverHeld) return ofClient
    if (this.#clientHeld) return ofServer
    return Math.min(ofClient, ofServer)
  }

  #ask(): void {
    this.#probe = undefined
    if (this.#over) return
    for (const [side, held] of [
      [this.#server, this.#serverHeld],
      [this.#client, this.#clientHeld],
    ] as const) {
      // With bytes under way to it, the system reports by itself; through TLS, nothing reaches the system.
      if (held && canReset(side) && side.writable && side.writableLength === 0) side.write('')
    }
    if (this.#serverHeld || this.#clientHeld) {
      this.#probe = this.#clock.setTimeout(() => this.#ask(), probeMs)
    }
  }

  #settle(): void {
    if (this.#closed || !this.#client.destroyed || !this.#server.destroyed) return
    this.#closed = true
    largeReads -= this.#large
    this.#deadline.disarm()
    this.#owner.relayClosed?.()
  }
}

function onData(this: Tied, chunk: Buffer): void {
  this[relayOf]?.data(this, chunk)
}
function onEnd(this: Tied): void {
  this[relayOf]?.ended(this)
}
function onError(this: Tied, error: Error): void {
  this[relayOf]?.broke(this, error)
}
function onClose(this: Tied): void {
  this[relayOf]?.connectionClosed()
}

/** Close a connection once what was written has gone out. */
function closeSoon(socket: Tied): void {
  if (socket.destroyed) return
  if (socket.destroySoon === undefined) socket.destroy()
  else socket.destroySoon()
}
