/**
 * A limit on how often each client may ask, on top of a table: HAProxy's
 * `http-request deny deny_status 429 if { sc_http_req_rate(0) gt 100 }`, with the Retry-After that it leaves out.
 *
 * A request that is refused counts as well: a client that does not slow down stays out. Where the table is full, or the
 * client has no key, the request passes.
 *
 * Cost: that of one update of the table. Where processes share the table, what others counted is known a round trip later:
 * for that long a client can have a few more.
 */
import type { AffinityRequest } from '../affinity.ts'
import { checkNames, functionOption, integerOption, refuse } from '../options.ts'
import type { DataType } from './data-types.ts'
import { bySourceAddress, type StickKey } from './keys.ts'
import { mostTrackers, type Tracking } from './sc.ts'
import { StickTable } from './stick-table.ts'

/** The options of {@link rateLimit}. */
export interface RateLimitOptions<R = AffinityRequest & Tracking> {
  /** Requests that a client may make in the period of the table's `http_req_rate`: 1 to 2^31 - 1. */
  readonly limit: number
  /** Where they are counted, by this function: a table that keeps `http_req_rate`. Instead of `tracker`. */
  readonly table?: StickTable | undefined
  /** What a client is known by in `table`. Default {@link bySourceAddress}. */
  readonly key?: StickKey<R> | undefined
  /** Which tracker of the door counts them: its table keeps the `rate`. Instead of `table`. */
  readonly tracker?: number | undefined
  /** With `tracker`: the rate that is limited. Default `http_req_rate`. */
  readonly rate?: Extract<DataType, `${string}_rate`> | undefined
}

/** The answer to a client that asks too often; doors take it from a route. */
export interface TooManyRequests {
  readonly status: 429
  /** `Retry-After`, in whole seconds, at least 1 (RFC 9110 section 10.2.3). */
  readonly headers: readonly ['Retry-After', string]
}

/**
 * Make a guard for routes: `route: request => limit(request) ?? backend`.
 *
 * @returns a function that counts the request, and answers it where it is one too many
 * @throws {SessionOptionError} `EVENER_INVALID_OPTION`
 */
export function rateLimit<R extends AffinityRequest & Tracking = AffinityRequest & Tracking>(
  options: RateLimitOptions<R>,
): (request: R) => TooManyRequests | undefined {
  checkNames('rateLimit', options, ['limit', 'table', 'key', 'tracker', 'rate'])
  const { table, tracker, rate = 'http_req_rate' } = options
  const limit = integerOption('limit', options.limit, 1, 2 ** 31 - 1)
  if ((table === undefined) === (tracker === undefined))
    refuse('table', table, 'a stickTable(), or else the option tracker')
  if (tracker !== undefined) {
    if (options.key !== undefined) refuse('key', options.key, 'none beside tracker: the door knows the key')
    if (typeof rate !== 'string' || !rate.endsWith('_rate')) refuse('rate', rate, 'the name of a rate')
    integerOption('tracker', tracker, 0, mostTrackers - 1)
    return request => {
      const tracked = request.tracked?.[tracker]
      if (tracked === undefined || !(tracked.get(rate)! > limit)) return undefined
      // What is asked then has to fit in as well.
      return tooMany(tracked.msUntil(rate, limit - 1))
    }
  }
  if (!(table instanceof StickTable)) refuse('table', table, 'a stickTable()')
  if (options.rate !== undefined) refuse('rate', options.rate, 'none beside table: it is http_req_rate')
  if (table.layout.event.http_req.rate === -1) refuse('table', table.name, 'a table that keeps http_req_rate')
  const keyOf = functionOption('key', options.key, bySourceAddress() as StickKey<R>)
  return request => {
    const key = spelled(table, keyOf, request)
    const row = key === undefined ? -1 : table.rows.take(key, table.now())
    if (row === -1) return undefined
    table.happened(row, key!, table.layout.event.http_req, 1)
    if (table.read(row, 'http_req_rate')! <= limit) return undefined
    return tooMany(table.msUntil(row, 'http_req_rate', limit - 1))
  }
}

function spelled<R>(table: StickTable, keyOf: StickKey<R>, request: R): string | undefined {
  try {
    return table.keyOf(keyOf(request))
  } catch {
    // A key function that breaks its word: the request has no key.
    return undefined
  }
}

function tooMany(waitMs: number): TooManyRequests {
  return { status: 429, headers: ['Retry-After', String(Math.max(1, Math.ceil(waitMs / 1000)))] }
}
