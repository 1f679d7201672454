/**
 * Two connections joined, after both sides changed to a protocol of their own, such as WebSocket: a {@link Relay} that
 * knows one limit, silence on both sides.
 */
import type { Duplex } from 'node:stream'
import type { Outcome } from '../balance/outcome.ts'
import type { Clock } from '../base/clock.ts'
import { Deadline } from '../base/deadline.ts'
import { Relay } from '../tcp/relay.ts'

/** Whom a tunnel tells of bytes and of its end. */
export interface TunnelOwner {
  tunnelled(direction: 'in' | 'out', bytes: number): void
  tunnelEnded(outcome: Outcome): void
}

export class Tunnel {
  readonly #relay: Relay
  readonly #deadline: Deadline

  /**
   * Join two connections at once.
   * @param idleMs silence on both sides after which the tunnel is closed
   */
  constructor(client: Duplex, server: Duplex, owner: TunnelOwner, idleMs: number, clock: Clock) {
    const told = {
      relayed: (direction: 'in' | 'out', bytes: number) => owner.tunnelled(direction, bytes),
      relayEnded: (outcome: Outcome) => owner.tunnelEnded(outcome),
    }
    this.#deadline = new Deadline(clock, () => this.#relay.overdue())
    this.#relay = new Relay(client, server, told, {
      limits: { clientMs: idleMs, serverMs: idleMs },
      clock,
      deadline: this.#deadline,
      status: 101,
    })
    this.#relay.start()
  }

  /** Milliseconds since a byte passed. */
  get silentMs(): number {
    return this.#deadline.idleMs
  }

  /** Close both sides. */
  abort(): void {
    this.#relay.abort()
  }
}
