/**
 * Idle connections to one server, the last one used first: it is the one least likely to have been closed meanwhile,
 * and those at the bottom grow old together and can go together.
 *
 * Invariant: what is in the pool is open and silent; a byte or an end on an idle connection takes it out.
 * Cost: O(1) to take and to give back, but O(kept) to take one that speaks for a client (PROXY); one timer for the whole
 * pool, and none while it is empty.
 */
import type { Clock, Timer } from '../../base/clock.ts'
import type { ServerConnection } from './server-connection.ts'

export class Pool {
  readonly #idle: ServerConnection[] = []
  readonly #maxIdle: number
  readonly #idleMs: number
  readonly #clock: Clock
  #timer: Timer | undefined

  /**
   * @param maxIdle connections kept at most
   * @param idleMs how long one is kept, in milliseconds; `Infinity` for as long as the server does
   */
  constructor(maxIdle: number, idleMs: number, clock: Clock) {
    this.#maxIdle = maxIdle
    this.#idleMs = idleMs
    this.#clock = clock
  }

  /** Connections kept now. */
  get size(): number {
    return this.#idle.length
  }

  /**
   * Whether the next one has carried more than one request: HAProxy's measure of a server that keeps its word.
   * @param proxyHeader as with {@link take}
   */
  nextIsProven(proxyHeader: string): boolean {
    return (this.#idle[this.#last(proxyHeader)]?.served ?? 0) > 1
  }

  /**
   * The connection used last, or undefined. It is the caller's now.
   * @param proxyHeader what it has to have begun with; empty for nothing
   */
  take(proxyHeader: string): ServerConnection | undefined {
    const index = this.#last(proxyHeader)
    if (index === this.#idle.length - 1) return this.#idle.pop()
    return index === -1 ? undefined : this.#idle.splice(index, 1)[0]
  }

  /** Without PROXY headers, all are alike and the last one is it. */
  #last(proxyHeader: string): number {
    const idle = this.#idle
    let index = idle.length - 1
    while (index >= 0 && (idle[index] as ServerConnection).proxyHeader !== proxyHeader) index--
    return index
  }

  /** Keep a connection for later; closed when there are enough. */
  give(connection: ServerConnection): void {
    if (this.#idle.length >= this.#maxIdle) {
      // Those that speak for one client are of no use to others: the oldest of them makes room.
      const leaving = connection.proxyHeader === '' ? undefined : this.#idle.shift()
      if (leaving === undefined) {
        connection.close()
        return
      }
      leaving.close()
    }
    this.#idle.push(connection)
    if (this.#idleMs === Number.POSITIVE_INFINITY) return
    connection.idleSince = this.#clock.now()
    this.#timer ??= this.#clock.setTimeout(() => this.#sweep(), this.#idleMs)
  }

  /** A connection ended while it was kept. */
  drop(connection: ServerConnection): void {
    const index = this.#idle.lastIndexOf(connection)
    if (index !== -1) this.#idle.splice(index, 1)
  }

  /** Close all that are kept. */
  clear(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    for (const connection of this.#idle.splice(0)) connection.close()
  }

  /** Close what has been idle for too long: a run at the bottom, since the stack is in order of last use. */
  #sweep(): void {
    const oldest = this.#clock.now() - this.#idleMs
    const fresh = this.#idle.findIndex(connection => connection.idleSince > oldest)
    const expired = this.#idle.splice(0, fresh === -1 ? this.#idle.length : fresh)
    for (const connection of expired) connection.close()
    const first = this.#idle[0]
    this.#timer =
      first === undefined
        ? undefined
        : this.#clock.setTimeout(() => this.#sweep(), Math.max(1, Math.ceil(first.idleSince - oldest)))
  }
}
