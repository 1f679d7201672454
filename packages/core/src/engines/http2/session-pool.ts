/**
 * The sessions of one server: a transfer goes on the first that has room, else it waits for one that is connecting, or
 * for a new one; where there are as many as allowed, for a stream to end.
 *
 * The first with room, and not the one with the least to do, because those at the end of the list then become idle and
 * are closed when there is little to do.
 *
 * Invariant: a transfer is in one place only: `waiting`, the queue of one session, or carried by one.
 * Cost: O(sessions) for each transfer; there are few.
 */
import type { Address } from '../../balance/address.ts'
import type { Server } from '../../balance/server.ts'
import type { Timer } from '../../base/clock.ts'
import type { Engine } from '../../http/engine.ts'
import { ServerSession, type SessionOwner, type SessionSettings } from './server-session.ts'
import type { StreamTransfer, TransferOwner } from './stream-transfer.ts'

/** What the pools of an engine have in common. */
export interface PoolSettings extends SessionSettings {
  readonly maxSessions: number
  readonly idleMs: number
  readonly http1: Engine
  /** A server has chosen HTTP/1.1. */
  choseHttp1(server: Server): void
  /** A pool has no session left. */
  emptied(pool: SessionPool): void
}

export class SessionPool implements SessionOwner, TransferOwner {
  readonly server: Server
  /** Where its sessions go: a server that was moved gets another pool. */
  readonly address: Address
  readonly #settings: PoolSettings
  readonly #sessions: ServerSession[] = []
  readonly #waiting: StreamTransfer[] = []
  #timer: Timer | undefined
  #closed = false

  constructor(server: Server, settings: PoolSettings) {
    this.server = server
    this.address = server.address
    this.#settings = settings
  }

  /** Sessions that take streams, or will. */
  get size(): number {
    return this.#sessions.length
  }

  /** Find this one a session. */
  place(transfer: StreamTransfer): void {
    const { maxStreams, maxSessions } = this.#settings
    const more = this.#sessions.length < maxSessions
    // One whose last connection had gone stale gets a new one: others might be as stale.
    if (!transfer.attempt.fresh || !more) {
      const open = this.#sessions.find(session => session.room > 0)
      if (open !== undefined) {
        open.carry(transfer)
        return
      }
      const coming = this.#sessions.find(
        session => session.connecting && session.joinable && session.queue.length < maxStreams,
      )
      if (coming !== undefined) {
        coming.queue.push(transfer)
        return
      }
    }
    if (!more) {
      this.#waiting.push(transfer)
      return
    }
    const session = new ServerSession(this.server, this, this.#settings)
    this.#sessions.push(session)
    session.queue.push(transfer)
  }

  /** Close what is idle, now and when it becomes so. */
  close(): void {
    this.#closed = true
    this.#timer?.cancel()
    this.#timer = undefined
    for (const session of [...this.#sessions]) {
      if (session.open > 0 || !session.connecting || session.queue.length === 0) session.retire()
    }
  }

  // ── what transfers tell ────────────────────────────────────────────────────────────────────────────

  withdrawn(transfer: StreamTransfer): void {
    if (take(this.#waiting, transfer)) return
    for (const session of this.#sessions) {
      if (session.withdraw(transfer)) return
      if (!take(session.queue, transfer)) continue
      session.joinable = false
      if (session.queue.length === 0) session.retire()
      return
    }
  }

  speakHttp1(transfer: StreamTransfer): boolean {
    if (this.server.protocol !== 'auto') return false
    transfer.delegate(this.#settings.http1)
    return true
  }

  // ── what sessions tell ─────────────────────────────────────────────────────────────────────────────

  roomy(session: ServerSession): void {
    while (this.#waiting.length > 0 && session.room > 0)
      session.carry(this.#waiting.shift() as StreamTransfer)
  }

  idle(session: ServerSession): void {
    if (session.room === 0) return
    if (this.#closed) {
      session.retire()
      return
    }
    const { clock, idleMs } = this.#settings
    session.idleSince = clock.now()
    if (idleMs !== Number.POSITIVE_INFINITY) this.#timer ??= clock.setTimeout(() => this.#sweep(), idleMs)
  }

  retired(session: ServerSession): void {
    take(this.#sessions, session)
    if (this.#sessions.length === 0) {
      this.#timer?.cancel()
      this.#timer = undefined
    }
    // There is room for another session now.
    for (const transfer of this.#waiting.splice(0)) this.place(transfer)
    if (this.#sessions.length === 0) this.#settings.emptied(this)
  }

  choseHttp1(session: ServerSession): void {
    const { http1 } = this.#settings
    this.#settings.choseHttp1(this.server)
    const all = [...session.queue.splice(0), ...this.#waiting.splice(0)]
    this.retired(session)
    for (const transfer of all) transfer.delegate(http1)
  }

  withoutTunnel(transfer: StreamTransfer): void {
    if (transfer.over) return
    if (this.server.protocol === 'auto') transfer.delegate(this.#settings.http1)
    else transfer.withoutTunnel()
  }

  #sweep(): void {
    const { clock, idleMs } = this.#settings
    this.#timer = undefined
    const oldest = clock.now() - idleMs
    let next = Number.POSITIVE_INFINITY
    for (const session of [...this.#sessions]) {
      if (session.connecting || session.open > 0) continue
      if (session.idleSince <= oldest) session.retire()
      else next = Math.min(next, session.idleSince - oldest)
    }
    if (next !== Number.POSITIVE_INFINITY) {
      this.#timer = clock.setTimeout(() => this.#sweep(), Math.max(1, Math.ceil(next)))
    }
  }
}

function take<T>(list: T[], item: T): boolean {
  const at = list.indexOf(item)
  if (at === -1) return false
  list.splice(at, 1)
  return true
}
