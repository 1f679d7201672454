/**
 * The engine for servers that are spoken to in HTTP/2: many requests at once on few connections.
 *
 * What is spoken is the server's own setting, `protocol`: `h2`, by ALPN where it has TLS and with prior knowledge (h2c)
 * where not; `auto`, what it chooses by ALPN. Those that choose HTTP/1.1, and those whose setting it is, are left to
 * an HTTP/1.1 engine: this one serves any server.
 *
 * A request that the server has not looked at, and says so (GOAWAY, REFUSED_STREAM), is sent again whatever its method,
 * as long as its body is still at hand (RFC 9113 section 8.7).
 *
 * Not for: large bodies to one server that is close by; there HTTP/1.1 costs less, because bytes are forwarded as they
 * are.
 */
import type { Server } from '../../balance/server.ts'
import { type Clock, monotonic } from '../../base/clock.ts'
import { duration, integer, knownOptions, withMethods } from '../../base/options.ts'
import type { Attempt, Engine, Transfer } from '../../http/engine.ts'
import { http1Engine } from '../http1/http1-engine.ts'
import { type PoolSettings, SessionPool } from './session-pool.ts'
import { StreamTransfer } from './stream-transfer.ts'

/** The options of {@link http2Engine}. */
export interface Http2EngineOptions {
  /** Connections to each server: 1 to 1024; 16 by default. Another is made when the streams of all are taken. */
  readonly maxSessions?: number | undefined
  /**
   * Requests at once on a connection: 1 to 100,000; 100 by default, and never more than the server allows. HAProxy's
   * `tune.h2.be.max-concurrent-streams`.
   */
  readonly maxStreams?: number | undefined
  /** How long a connection without requests is kept, in milliseconds; 30 s by default. */
  readonly idleMs?: number | undefined
  /**
   * How often a connection has to answer a ping, in milliseconds, used or not; `Infinity`, never, by default: gRPC's
   * servers close connections on which they come more often than every five minutes. Whatever it says, a connection is
   * pinged, and closed without an answer after 5 s, when a request on it was given up on and nothing came.
   */
  readonly pingMs?: number | undefined
  /**
   * What of one response may be under way, in bytes: 16,384 to 16 MiB; 262,144 by default. It bounds the memory that a
   * client takes who does not read, and with the round trip the speed of one response. HAProxy's
   * `tune.h2.be.initial-window-size`.
   */
  readonly windowBytes?: number | undefined
  /** The largest head of a response, as HTTP/2 counts it: 1024 to 1 MiB; 65,536 by default. */
  readonly maxHeaderBytes?: number | undefined
  /** The most fields in a head: 16 to 10,000; 256 by default. */
  readonly maxHeaders?: number | undefined
  /** For servers that speak HTTP/1.1; one of its own by default, which it closes. */
  readonly http1?: Engine | undefined
  /** Where time comes from; the process's monotonic clock by default. */
  readonly clock?: Clock | undefined
}

const optionNames: readonly (keyof Http2EngineOptions)[] = [
  'maxSessions',
  'maxStreams',
  'idleMs',
  'pingMs',
  'windowBytes',
  'maxHeaderBytes',
  'maxHeaders',
  'http1',
  'clock',
]

/** For how long a server that chose HTTP/1.1 is not asked again. */
const rememberMs = 300_000

/**
 * Make the engine.
 * @throws {EvenerError} `EVENER_INVALID_OPTION`, `EVENER_UNKNOWN_OPTION`
 */
export function http2Engine(options: Http2EngineOptions = {}): Engine {
  return new Http2Engine(options)
}

class Http2Engine implements Engine, PoolSettings {
  readonly name = 'http2'
  readonly lendsBuffers: boolean
  readonly takesWire: boolean
  readonly clock: Clock
  readonly http1: Engine
  readonly maxSessions: number
  readonly maxStreams: number
  readonly idleMs: number
  readonly pingMs: number
  readonly windowBytes: number
  readonly maxHeaderBytes: number
  readonly maxHeaders: number
  readonly #ownsHttp1: boolean
  readonly #pools = new Map<Server, SessionPool>()
  /** Until when a server is taken to speak HTTP/1.1. */
  readonly #http1Until = new WeakMap<Server, number>()
  #closed = false

  constructor(options: Http2EngineOptions) {
    const field = 'http2Engine'
    knownOptions(field, options, optionNames)
    this.maxSessions = integer(`${field}.maxSessions`, options.maxSessions, 16, 1, 1024)
    this.maxStreams = integer(`${field}.maxStreams`, options.maxStreams, 100, 1, 100_000)
    this.idleMs = duration(`${field}.idleMs`, options.idleMs, 30_000)
    this.pingMs = duration(`${field}.pingMs`, options.pingMs, Number.POSITIVE_INFINITY)
    this.windowBytes = integer(`${field}.windowBytes`, options.windowBytes, 262_144, 16_384, 16_777_216)
    this.maxHeaderBytes = integer(`${field}.maxHeaderBytes`, options.maxHeaderBytes, 65_536, 1024, 1_048_576)
    this.maxHeaders = integer(`${field}.maxHeaders`, options.maxHeaders, 256, 16, 10_000)
    this.clock = withMethods(
      `${field}.clock`,
      options.clock ?? monotonic,
      ['now', 'setTimeout'],
      'new VirtualClock()',
    )
    this.#ownsHttp1 = options.http1 === undefined
    const http1 = options.http1 ?? http1Engine({ clock: this.clock })
    this.http1 = withMethods(`${field}.http1`, http1, ['attempt', 'close'], 'http1Engine()')
    this.lendsBuffers = http1.lendsBuffers === true
    this.takesWire = http1.takesWire === true
  }

  attempt(attempt: Attempt): Transfer {
    const { server } = attempt
    if (server.protocol === 'http1' || this.#speaksHttp1(server)) return this.http1.attempt(attempt)
    let pool = this.#pools.get(server)
    if (pool?.address !== server.address) {
      // What is under way there ends there.
      pool?.close()
      pool = new SessionPool(server, this)
      this.#pools.set(server, pool)
      if (this.#closed) pool.close()
    }
    const transfer = new StreamTransfer(attempt, pool)
    pool.place(transfer)
    return transfer
  }

  #speaksHttp1(server: Server): boolean {
    if (server.protocol !== 'auto') return false
    const until = this.#http1Until.get(server)
    return until !== undefined && this.clock.now() < until
  }

  choseHttp1(server: Server): void {
    this.#http1Until.set(server, this.clock.now() + rememberMs)
  }

  /** A server that was removed leaves nothing behind. */
  emptied(pool: SessionPool): void {
    if (this.#pools.get(pool.server) === pool) this.#pools.delete(pool.server)
  }

  close(): void {
    this.#closed = true
    for (const pool of [...this.#pools.values()]) pool.close()
    if (this.#ownsHttp1) this.http1.close()
  }
}
