/**
 * Rules on stick tables: HAProxy's `track-sc0`, `sc-inc-gpc`, `sc-add-gpc`, `sc-set-gpt`, and a limit of rates, which
 * HAProxy spells `deny deny_status 429 if { sc_http_req_rate(0) gt 100 }`.
 */
import { Rule, type Verdict } from '../action.ts'
import { integerOption, refuse } from '../options.ts'
import type { Sample } from '../sample.ts'
import type { ConnectionScope, RequestScope, TrackedView } from '../scope.ts'
import { isValue, quoted } from '../text.ts'
import type { Value } from '../value.ts'
import { type Numeric, readNumber } from './number.ts'
import { reasonOf } from './reasons.ts'

const mostTrackers = 12

/**
 * Count what happens from now on for this key, in a table of the carrier. A tracker that tracks already goes on with what it
 * has. HAProxy's `track-sc0`, …
 * @param tracker 0 to 11
 * @param table the table's name; the tracker's own where it is left out
 * @throws {RuleError} `EVENER_INVALID_OPTION`
 */
export function trackSc<S>(
  tracker: number,
  key: Value<Sample, S>,
  table?: string,
): Rule<ConnectionScope & S> {
  integerOption('tracker', tracker, 0, mostTrackers - 1)
  if (!isValue(key)) refuse('key', key, 'a value, such as src()')
  if (table !== undefined && typeof table !== 'string') refuse('table', table, 'the name of a table')
  const { read } = key
  return new Rule<ConnectionScope & S>(
    `track-sc${tracker} ${key.text}${table === undefined ? '' : ` table ${quoted(table)}`}`,
    key.needs,
    scope => {
      const sample = read(scope)
      if (sample !== undefined) scope.carrier.track(tracker, table, sample)
      return undefined
    },
    ['connection', 'content', 'request', 'response'],
  )
}

/** Add 1 to a general purpose counter of what is tracked. HAProxy's `sc-inc-gpc`. @throws {RuleError} */
export function scIncGpc(index: number, tracker: number): Rule<ConnectionScope> {
  return onTracked(`sc-inc-gpc(${index},${tracker})`, index, tracker, tracked => tracked.increment(index))
}

/** Add a number to a general purpose counter of what is tracked. HAProxy's `sc-add-gpc`. @throws {RuleError} */
export function scAddGpc<S = unknown>(
  index: number,
  tracker: number,
  by: Numeric<S>,
): Rule<ConnectionScope & S> {
  const number = readNumber<S>('by', by, 0, 2 ** 32 - 1)
  return onTracked<S>(
    `sc-add-gpc(${index},${tracker}) ${number.text}`,
    index,
    tracker,
    (tracked, scope) => {
      const read = number.read(scope)
      if (read !== undefined) tracked.increment(index, read)
    },
    number.needs,
  )
}

/** Set a general purpose tag of what is tracked. HAProxy's `sc-set-gpt`. @throws {RuleError} */
export function scSetGpt<S = unknown>(
  index: number,
  tracker: number,
  value: Numeric<S>,
): Rule<ConnectionScope & S> {
  const number = readNumber<S>('value', value, 0, 2 ** 32 - 1)
  return onTracked<S>(
    `sc-set-gpt(${index},${tracker}) ${number.text}`,
    index,
    tracker,
    (tracked, scope) => {
      const read = number.read(scope)
      if (read !== undefined) tracked.tag(index, read)
    },
    number.needs,
  )
}

function onTracked<S = unknown>(
  text: string,
  index: number,
  tracker: number,
  act: (tracked: TrackedView, scope: ConnectionScope & S) => unknown,
  needs: Rule['needs'] = 'connection',
): Rule<ConnectionScope & S> {
  integerOption('index', index, 0, 99)
  integerOption('tracker', tracker, 0, mostTrackers - 1)
  return new Rule<ConnectionScope & S>(text, needs, scope => {
    const tracked = scope.tracked?.[tracker]
    if (tracked !== undefined) act(tracked, scope)
    return undefined
  })
}

/** A request as guards of `@evener/session` see one. */
export interface GuardedRequest {
  readonly sourceAddress: string
  readonly secure: boolean
  readonly uri: string
  readonly method: string
  readonly tracked: readonly (TrackedView | undefined)[] | undefined
  header(lowerName: string): string | undefined
}

/** What a guard answers a request with that is one too many. */
export interface TooMany {
  readonly status: number
  /** Names and values in turn. */
  readonly headers: readonly string[]
}

/**
 * Answer those that ask too often: `denyByRate(rateLimit({ table, limit: 100 }))`, with `rateLimit` of `@evener/session`,
 * whose 429 says when to come again.
 * @throws {RuleError} `EVENER_INVALID_OPTION`
 */
export function denyByRate<R = GuardedRequest>(
  guard: (request: R) => TooMany | undefined,
): Rule<RequestScope> {
  if (typeof guard !== 'function') refuse('denyByRate', guard, 'a function, such as rateLimit() gives')
  return new Rule<RequestScope>(
    'deny deny_status 429',
    'request',
    (scope): Verdict | undefined => {
      const tooMany = guard(guarded(scope) as R)
      if (tooMany === undefined) return undefined
      const { status, headers } = tooMany
      return { kind: 'answer', answer: { status, reason: reasonOf(status), headers, body: undefined } }
    },
    ['request'],
  )
}

function guarded({ connection, request, tracked }: RequestScope): GuardedRequest {
  return {
    sourceAddress: connection.peerAddress,
    secure: request.secure,
    uri: request.uri,
    method: request.method,
    tracked,
    header: name => {
      const values = request.head.all(name)
      return values.length === 0 ? undefined : values.join(name === 'cookie' ? '; ' : ', ')
    },
  }
}
