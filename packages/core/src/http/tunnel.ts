/**
 * Two connections joined, after both sides changed to a protocol of their own, such as WebSocket.
 *
 * Bytes go on as the buffers that came in; the slower side slows the other; the end of one direction is the end
 * of that direction only. When both are over, or one side breaks, or nothing moves for too long, both are closed.
 */
import type { Duplex } from 'node:stream'
import { failed, type Outcome } from '../balance/outcome.ts'
import type { Clock } from '../base/clock.ts'
import { Deadline } from '../base/deadline.ts'

/** How long what was written before the end may take to go out. */
const closingMs = 30_000

/** Whom a tunnel tells of bytes and of its end. */
export interface TunnelOwner {
  tunnelled(direction: 'in' | 'out', bytes: number): void
  tunnelEnded(outcome: Outcome): void
}

export class Tunnel {
  readonly #client: Duplex
  readonly #server: Duplex
  readonly #owner: TunnelOwner
  readonly #deadline: Deadline
  #ended = false
  #halves = 0

  /**
   * Join two connections at once.
   * @param idleMs silence on both sides after which the tunnel is closed
   */
  constructor(client: Duplex, server: Duplex, owner: TunnelOwner, idleMs: number, clock: Clock) {
    this.#client = client
    this.#server = server
    this.#owner = owner
    this.#deadline = new Deadline(clock, () => this.#overdue())
    this.#deadline.arm(idleMs)
    this.#join(client, server, 'in')
    this.#join(server, client, 'out')
    client.on('error', error => this.#end(failed('tunnel', 'client', 'client-abort', error)))
    server.on('error', error => this.#end(failed('tunnel', 'server', 'broken-response', error)))
    client.on('close', () => this.#closed())
    server.on('close', () => this.#closed())
    // Whoever had them before may have held them back.
    client.resume()
    server.resume()
  }

  /** Close both sides. */
  abort(): void {
    this.#end(failed('tunnel', 'proxy', 'shutdown'))
  }

  #join(from: Duplex, to: Duplex, direction: 'in' | 'out'): void {
    from.on('data', (chunk: Buffer) => {
      this.#deadline.touch()
      this.#owner.tunnelled(direction, chunk.length)
      if (!to.destroyed && !to.write(chunk)) from.pause()
    })
    to.on('drain', () => from.resume())
    from.on('end', () => {
      to.end()
      if (++this.#halves === 2) this.#end({ kind: 'completed', phase: 'tunnel', status: 101 })
    })
  }

  #overdue(): void {
    if (!this.#ended) this.#end({ kind: 'completed', phase: 'tunnel', status: 101 })
    else {
      this.#client.destroy()
      this.#server.destroy()
    }
  }

  #closed(): void {
    this.#end({ kind: 'completed', phase: 'tunnel', status: 101 })
    this.#settle()
  }

  #settle(): void {
    if (this.#client.destroyed && this.#server.destroyed) this.#deadline.disarm()
  }

  #end(outcome: Outcome): void {
    if (this.#ended) return
    this.#ended = true
    // What was written before the end still goes out, and `destroySoon` closes behind it; but who never reads it would
    // keep the connection for ever.
    this.#deadline.arm(closingMs)
    closeSoon(this.#client)
    closeSoon(this.#server)
    this.#settle()
    this.#owner.tunnelEnded(outcome)
  }
}

/** Close a connection once what was written has gone out. */
function closeSoon(socket: Duplex & { destroySoon?: () => void }): void {
  if (socket.destroyed) return
  if (socket.destroySoon === undefined) socket.destroy()
  else socket.destroySoon()
}
