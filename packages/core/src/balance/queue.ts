/**
 * Requests that wait for a server: some for any (all are saturated), some for one (theirs, by stickiness or
 * by the hash of their key).
 *
 * Each list is a `Set`, because it keeps the order of arrival, gives the first in O(1), and takes out of the
 * middle in O(1) when a client gives up. When a server has room, the older of the two heads goes first, as in
 * HAProxy: a sticky client waits no longer than others because of being sticky.
 */
import type { Clock, Timer } from '../base/clock.ts'
import type { Lease, NoServer, Queued } from './lease.ts'
import type { Server } from './server.ts'

let arrivals = 0

/** One waiting request. */
export class Waiter implements Queued {
  readonly kind = 'queued'
  readonly lease: Promise<Lease | NoServer>
  readonly position: number
  readonly forServer: boolean
  /** The list it stands in now. */
  list: Set<Waiter>
  /** The server it waits for; undefined for any. */
  server: Server | undefined
  /** True where it waits on although that server is down. */
  readonly stays: boolean
  /** Its place in the order of arrival over all lists. */
  readonly arrival = ++arrivals
  #settle!: (result: Lease | NoServer) => void
  #timer: Timer | undefined
  readonly #left: () => void

  /**
   * @param stays whether it waits on although that server is down
   * @param left told once, when it leaves the queue for whatever reason
   */
  constructor(list: Set<Waiter>, server: Server | undefined, stays: boolean, left: () => void) {
    this.list = list
    this.server = server
    this.stays = stays
    this.#left = left
    this.position = list.size + 1
    this.forServer = server !== undefined
    this.lease = new Promise(resolve => {
      this.#settle = resolve
    })
    list.add(this)
  }

  /** Give up after a while. */
  expireAfter(delayMs: number, clock: Clock, expired: () => void): void {
    if (delayMs !== Number.POSITIVE_INFINITY) this.#timer = clock.setTimeout(expired, delayMs)
  }

  /** Stand in another list, at its end; the arrival stays what it was. */
  moveTo(list: Set<Waiter>, server: Server | undefined): void {
    this.list.delete(this)
    this.list = list
    this.server = server
    list.add(this)
  }

  /** Leave the queue with this result. */
  settle(result: Lease | NoServer): void {
    if (!this.list.delete(this)) return
    this.#timer?.cancel()
    this.#left()
    this.#settle(result)
  }

  cancel(): void {
    this.settle(cancelled)
  }
}

const cancelled: NoServer = { kind: 'none', reason: 'closed' }

/** The older of the first of two lists. */
export function older(a: ReadonlySet<Waiter>, b: ReadonlySet<Waiter>): Waiter | undefined {
  const first = a.size === 0 ? undefined : (a.values().next().value as Waiter)
  const second = b.size === 0 ? undefined : (b.values().next().value as Waiter)
  if (first === undefined) return second
  if (second === undefined) return first
  return first.arrival < second.arrival ? first : second
}
