/**
 * Two connections joined, after both sides changed to a protocol of their own, such as WebSocket: a {@link Relay} that
 * knows one limit, silence on both sides.
 */
import type { Duplex } from 'node:stream'
import type { Outcome } from '../balance/outcome.ts'
import type { Clock, Timer } from '../base/clock.ts'
import { Deadline } from '../base/deadline.ts'
import { Relay } from '../tcp/relay.ts'
import { WebSocketFarewell } from './websocket-farewell.ts'

/** Whom a tunnel tells of bytes and of its end. */
export interface TunnelOwner {
  tunnelled(direction: 'in' | 'out', bytes: number): void
  tunnelEnded(outcome: Outcome): void
}

export class Tunnel {
  readonly #relay: Relay
  readonly #deadline: Deadline
  readonly #clock: Clock
  readonly #farewell: WebSocketFarewell | undefined
  #quiet: Timer | undefined

  /**
   * Join two connections at once.
   * @param idleMs silence on both sides after which the tunnel is closed
   * @param webSocket whether both sides speak WebSocket, and are to be told before it is closed by {@link shutdown}
   */
  constructor(
    client: Duplex,
    server: Duplex,
    owner: TunnelOwner,
    idleMs: number,
    clock: Clock,
    webSocket = false,
  ) {
    const told = {
      relayed: (direction: 'in' | 'out', bytes: number) => owner.tunnelled(direction, bytes),
      relayEnded: (outcome: Outcome) => {
        this.#quiet?.cancel()
        owner.tunnelEnded(outcome)
      },
    }
    this.#clock = clock
    this.#deadline = new Deadline(clock, () => this.#relay.overdue())
    this.#relay = new Relay(client, server, told, {
      limits: { clientMs: idleMs, serverMs: idleMs },
      clock,
      deadline: this.#deadline,
      status: 101,
    })
    this.#relay.start()
    if (webSocket) this.#farewell = new WebSocketFarewell(client, server)
  }

  /** Call once neither side has said anything for so long. */
  closeWhenQuiet(quietMs: number, close: () => void): void {
    const leftMs = quietMs - this.#deadline.idleMs
    if (leftMs <= 0) close()
    else this.#quiet = this.#clock.setTimeout(() => this.closeWhenQuiet(quietMs, close), Math.ceil(leftMs))
  }

  /** Close both sides, which are told before where their protocol has a word for it. */
  shutdown(): void {
    this.#farewell?.say()
    this.#relay.abort()
  }
}
