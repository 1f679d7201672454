/**
 * The tunnels of a door, which end last when it closes.
 *
 * A request ends by itself, and a tunnel perhaps never. So as long as requests are under way, tunnels go on. Once nothing
 * but tunnels is left, those are closed in which neither side has said anything for `quietMs`, and each of the others as
 * soon as it has been silent for so long. What is left at the deadline is broken off.
 */
import type { Exchange } from './exchange.ts'

/** Longer than two sides need to answer each other; shorter than anybody likes to wait for a restart. */
const quietMs = 1_000

export class TunnelsLast {
  readonly #tunnels = new Set<Exchange>()
  #closing = false
  #alone = false

  /** An exchange has become a tunnel. */
  add(exchange: Exchange, active: number): void {
    this.#tunnels.add(exchange)
    if (this.#alone) exchange.closeWhenQuiet(quietMs)
    else this.#check(active)
  }

  /**
   * An exchange has ended, perhaps a tunnel.
   * @param active exchanges under way, tunnels among them
   */
  ended(exchange: Exchange, active: number): void {
    if (this.#tunnels.size > 0) {
      this.#tunnels.delete(exchange)
      this.#check(active)
    }
  }

  /** The door closes. */
  close(active: number): void {
    this.#closing = true
    this.#check(active)
  }

  #check(active: number): void {
    if (!this.#closing || this.#alone || active !== this.#tunnels.size) return
    this.#alone = true
    for (const exchange of [...this.#tunnels]) exchange.closeWhenQuiet(quietMs)
  }
}
