/**
 * Evener's own engine: HTTP/1.1 on pooled sockets, read by `@evener/http1`.
 *
 * Connections are kept for each server and used last in, first out. Which requests may use a kept one is the question
 * of `reuse`: the server may be closing it at this very moment, and a request that cannot be repeated would be lost.
 */
import { type LimitOptions, type Limits, resolveLimits } from '@evener/http1'
import type { Server } from '../../balance/server.ts'
import { type Clock, monotonic } from '../../base/clock.ts'
import { duration, integer, knownOptions, oneOf } from '../../base/options.ts'
import type { Attempt, Engine, Transfer } from '../../http/engine.ts'
import { isIdempotent } from '../../http/request.ts'
import { Unable } from '../unable.ts'
import { Pool } from './pool.ts'
import { headerFor } from './proxy-header.ts'
import { type ConnectionOwner, ServerConnection } from './server-connection.ts'

/**
 * Which requests may go on a kept connection, in HAProxy's words (manual, `http-reuse`):
 *
 * - `never`: none; each has a connection of its own;
 * - `safe`: those that can be repeated unnoticed if the connection turns out to be closed;
 * - `aggressive`: others too, on a connection that has been used more than once;
 * - `always`: all.
 *
 * HAProxy's `safe` goes by whether the client would repeat the request; here it is Evener that repeats, so it goes by
 * whether the method is idempotent.
 */
export type Reuse = 'never' | 'safe' | 'aggressive' | 'always'

/** The options of {@link http1Engine}. */
export interface Http1EngineOptions {
  /** Which requests may go on a kept connection; `safe` by default. */
  readonly reuse?: Reuse | undefined
  /** Idle connections kept to each server: 0 to 65535; 256 by default. HAProxy's `pool-max-conn`. */
  readonly maxIdle?: number | undefined
  /** How long an idle connection is kept, in milliseconds; 4000 by default, shorter than most servers keep theirs. HAProxy's `pool-purge-delay`. */
  readonly idleMs?: number | undefined
  /** What a server's response may hold at most. */
  readonly limits?: LimitOptions | undefined
  /** Where time comes from; the process's monotonic clock by default. */
  readonly clock?: Clock | undefined
}

/**
 * Make the engine.
 * @throws {EvenerError} `EVENER_INVALID_OPTION`, `EVENER_UNKNOWN_OPTION`
 */
export function http1Engine(options: Http1EngineOptions = {}): Engine {
  return new Http1Engine(options)
}

class Http1Engine implements Engine, ConnectionOwner {
  readonly name = 'http1'
  readonly lendsBuffers = true
  readonly takesWire = true
  readonly limits: Limits
  readonly #reuse: Reuse
  readonly #maxIdle: number
  readonly #idleMs: number
  readonly #clock: Clock
  readonly #pools = new Map<Server, Pool>()
  #closed = false

  constructor(options: Http1EngineOptions) {
    knownOptions('http1Engine', options, ['reuse', 'maxIdle', 'idleMs', 'limits', 'clock'])
    this.#reuse = oneOf('http1Engine.reuse', options.reuse, 'safe', ['never', 'safe', 'aggressive', 'always'])
    this.#maxIdle =
      this.#reuse === 'never' ? 0 : integer('http1Engine.maxIdle', options.maxIdle, 256, 0, 65_535)
    this.#idleMs = duration('http1Engine.idleMs', options.idleMs, 4_000)
    this.#clock = options.clock ?? monotonic
    this.limits = resolveLimits(options.limits)
  }

  attempt(attempt: Attempt): Transfer {
    const { server } = attempt
    let header = ''
    if (server.proxyHeader !== undefined) {
      try {
        header = headerFor(server.proxyHeader, attempt.request)
      } catch (error) {
        return new Unable(attempt, error as Error)
      }
    }
    const kept = this.#mayReuse(attempt, header) ? this.#take(server, header) : undefined
    if (kept === undefined) {
      return new ServerConnection(server, this, attempt, attempt.upgrade !== undefined, header)
    }
    server.counters.reuses++
    kept.carry(attempt)
    return kept
  }

  /** A kept connection to where the server is now. */
  #take(server: Server, header: string): ServerConnection | undefined {
    const pool = this.#pools.get(server)
    const kept = pool?.take(header)
    if (kept === undefined || kept.address === server.address) return kept
    // The server was moved since, and so all that are kept are of the old address.
    kept.close()
    pool?.clear()
    return undefined
  }

  #mayReuse(attempt: Attempt, header: string): boolean {
    if (attempt.fresh || attempt.upgrade !== undefined || this.#reuse === 'never') return false
    if (this.#reuse === 'always' || isIdempotent(attempt.request.method)) return true
    return this.#reuse === 'aggressive' && this.#pools.get(attempt.server)?.nextIsProven(header) === true
  }

  idle(connection: ServerConnection): void {
    if (this.#closed || this.#maxIdle === 0 || connection.address !== connection.server.address) {
      connection.close()
      return
    }
    const { server } = connection
    let pool = this.#pools.get(server)
    if (pool === undefined) {
      pool = new Pool(this.#maxIdle, this.#idleMs, this.#clock)
      this.#pools.set(server, pool)
    }
    pool.give(connection)
  }

  gone(connection: ServerConnection): void {
    const pool = this.#pools.get(connection.server)
    if (pool === undefined) return
    pool.drop(connection)
    // A server that was removed leaves nothing behind.
    if (pool.size === 0) {
      pool.clear()
      this.#pools.delete(connection.server)
    }
  }

  close(): void {
    this.#closed = true
    for (const pool of this.#pools.values()) pool.clear()
    this.#pools.clear()
  }
}
