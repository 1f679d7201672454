/**
 * Which entries of stick tables a connection or a request tracks, and what is told to them: HAProxy's `track-sc0` to
 * `track-scN`. All doors count with this, so that a number means the same whatever a client came by.
 *
 * ```text
 *  connection   sess, and conn by being tracked      from accept to close
 *   └ request   http_req, and conn                   from its head to its end; 4xx and 5xx, bytes
 * ```
 * A request counts in its own entries and, for trackers of the connection, in the connection's.
 *
 * Invariant: what is tracked is ended once. A table that is full, or a key that fails, tracks nothing and stops nobody.
 * Cost: an object for each connection or request and one for each entry it tracks; nothing without the option.
 */
import {
  type AffinityRequest,
  type EventName,
  type StickKey,
  StickTable,
  type Tracked,
} from '@evener/session'
import type { Outcome } from '../balance/outcome.ts'
import type { ConnectionFacts } from './connection-facts.ts'
import { invalid, knownOptions, oneOf } from './options.ts'

/** What a tracker's key may know: a request; or, `per: 'connection'`, the connection alone, without any header. */
export interface TrackedClient extends AffinityRequest {
  readonly connection?: ConnectionFacts | undefined
}

/** One tracker. Its place in the list is its number: the first is `sc0`. */
export interface Tracker<R = TrackedClient> {
  /** The table that counts. */
  readonly table: StickTable
  /** What is tracked in it: the client's address by default. Undefined tracks nothing. */
  readonly key?: StickKey<R> | undefined
  /**
   * From when on: `request` (default for HTTP), each request by itself, HAProxy's `http-request track-sc`; or
   * `connection`, once for all its requests, `tcp-request connection track-sc`. A connection has no headers.
   */
  readonly per?: 'connection' | 'request' | undefined
}

/** As many as `sc` can name. */
const mostTrackers = 12

interface Compiled<R> {
  readonly table: StickTable
  readonly key: StickKey<R>
}

type Slots<R> = readonly (Compiled<R> | undefined)[]

/** A connection of HTTP before its first request. */
export function trackedConnection(connection: ConnectionFacts): TrackedClient {
  const { peerAddress: sourceAddress, tls } = connection
  return { sourceAddress, secure: tls !== undefined, connection, header: () => undefined }
}

/** The trackers of a door. */
export class Tracking<R = TrackedClient> {
  readonly #connection: Slots<R>
  readonly #request: Slots<R>
  readonly #failed: (error: unknown) => void
  /** By the number of the tracker. */
  readonly #tables: readonly StickTable[]

  private constructor(
    connection: Slots<R>,
    request: Slots<R>,
    tables: readonly StickTable[],
    failed: (error: unknown) => void,
  ) {
    this.#tables = tables
    this.#connection = connection
    this.#request = request
    this.#failed = failed
  }

  /**
   * @param failed told when a key throws
   * @returns undefined where nothing is tracked
   * @throws {EvenerError} `EVENER_INVALID_OPTION`, `EVENER_UNKNOWN_OPTION`
   */
  static of<R extends { readonly sourceAddress?: string | undefined }>(
    field: string,
    trackers: readonly Tracker<R>[] | undefined,
    byDefault: 'connection' | 'request',
    failed: (error: unknown) => void,
  ): Tracking<R> | undefined {
    if (trackers === undefined) return undefined
    if (!Array.isArray(trackers) || trackers.length > mostTrackers)
      throw invalid(field, trackers, `an array of at most ${mostTrackers} trackers`)
    const connection: (Compiled<R> | undefined)[] = []
    const request: (Compiled<R> | undefined)[] = []
    for (const [at, tracker] of trackers.entries()) {
      knownOptions(`${field}[${at}]`, tracker, ['table', 'key', 'per'])
      const { table, key = ({ sourceAddress }: R) => sourceAddress } = tracker as Tracker<R>
      if (!(table instanceof StickTable)) throw invalid(`${field}[${at}].table`, table, 'a stickTable()')
      if (typeof key !== 'function') throw invalid(`${field}[${at}].key`, key, 'a function')
      const words = byDefault === 'connection' ? [byDefault] : (['connection', 'request'] as const)
      const per = oneOf(`${field}[${at}].per`, tracker.per, byDefault, words)
      const list = per === 'connection' ? connection : request
      list[at] = { table, key }
    }
    const tables = trackers.map(({ table }: Tracker<R>) => table)
    return trackers.length === 0 ? undefined : new Tracking(connection, request, tables, failed)
  }

  /** A connection was accepted. */
  connection(client: R): Tracks | undefined {
    if (this.#connection.length === 0) return undefined
    const tracks = new Tracks(this.#track(this.#connection, client), undefined, this.#tables)
    tracks.count('sess')
    return tracks
  }

  /** The head of a request came. @param connection what its connection tracks */
  request(request: R, connection: Tracks | undefined): Tracks {
    const tracks = new Tracks(this.#track(this.#request, request), connection, this.#tables)
    tracks.count('http_req')
    return tracks
  }

  #track(slots: Slots<R>, client: R): (Tracked | undefined)[] {
    return Array.from(slots, slot => {
      try {
        return slot?.table.track(slot.key(client))
      } catch (error) {
        this.#failed(error)
        return undefined
      }
    })
  }
}

/** A request was refused before it had a backend. 5xx is nobody's failure: no server was asked. */
export function countRefused(tracked: readonly (Tracked | undefined)[] | undefined, status: number): void {
  if (tracked === undefined || status < 400 || status > 499) return
  for (const one of tracked) one?.count('http_err')
}

/** What one connection, or one request, tracks. */
export class Tracks {
  /** By the number of the tracker; of a request with those of its connection. */
  readonly tracked: (Tracked | undefined)[]
  readonly #own: (Tracked | undefined)[]
  readonly #tables: readonly StickTable[]

  constructor(own: (Tracked | undefined)[], connection: Tracks | undefined, tables: readonly StickTable[]) {
    this.#own = own
    this.#tables = tables
    this.tracked =
      connection === undefined
        ? own
        : Array.from(
            { length: Math.max(own.length, connection.tracked.length) },
            (_, at) => own[at] ?? connection.tracked[at],
          )
  }

  /**
   * What a rule tracks: HAProxy's `track-sc0`. A tracker that tracks already keeps what it has; one that there is not, and
   * a table of another name among the door's, is passed over.
   * @param first counted at once
   */
  track(tracker: number, table: string | undefined, key: string, first?: EventName): void {
    const own = this.#tables[tracker]
    if (own === undefined || this.tracked[tracker] !== undefined) return
    const named = table === undefined ? own : this.#tables.find(({ name }) => name === table)
    const tracked = named?.track(key)
    if (tracked === undefined) return
    this.#own[tracker] = tracked
    this.tracked[tracker] = tracked
    if (first !== undefined) tracked.count(first)
  }

  count(event: EventName, by = 1): void {
    for (const tracked of this.tracked) tracked?.count(event, by)
  }

  /** A server has answered. */
  responded(status: number): void {
    if (status >= 400 && status < 500) this.count('http_err')
    else if (status >= 500 && status < 600 && status !== 501 && status !== 505) this.count('http_fail')
  }

  /** A request of a connection could not be read. */
  malformed(status: number): void {
    this.count('http_req')
    countRefused(this.tracked, status)
  }

  /** How it went. As in HAProxy, a server that cannot be reached is no failure of its responses. */
  outcome(outcome: Outcome): void {
    if (outcome.kind !== 'failed') return
    const { side, phase, reason } = outcome
    if (side === 'server' && phase !== 'connect' && reason !== 'retry-status') this.count('http_fail')
    else if (reason === 'client-timeout' || reason === 'bad-request') this.count('http_err')
  }

  /** What is its own is tracked no more. */
  end(): void {
    for (const tracked of this.#own) tracked?.end()
  }
}
