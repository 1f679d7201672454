/**
 * What a table counts for each key, with HAProxy's names (configuration manual, section 11.1), and where in a row each
 * number lies.
 *
 * A row is one run of memory, 4 bytes to a cell: counting one request touches one or two cache lines, however many
 * counters it feeds. With a million rows that, and not the arithmetic, is what an update costs.
 *
 * ```text
 *   used at (8 bytes) │ trackers │ marks │ server │ checked at │ hash │ key │ byte counts, 8 bytes each │ counts, rates, tags
 * ```
 */
import { booleanOption, checkNames, integerOption, refuse } from '../options.ts'
import { rateCells } from './freq-ctr.ts'

/** A rate: over which period. */
export interface RatePeriod {
  /** The window, in milliseconds: 2 to 2^31 - 1. */
  readonly periodMs: number
}

/** Which numbers a table keeps for each key. Each is off unless it is named; a number that is off is not counted. */
export interface StickTableData {
  /** Connections, or requests, whose tracking began. */
  readonly conn_cnt?: boolean | undefined
  /** Those that are tracked now. */
  readonly conn_cur?: boolean | undefined
  readonly conn_rate?: RatePeriod | undefined
  /** Sessions: connections that were accepted. */
  readonly sess_cnt?: boolean | undefined
  readonly sess_rate?: RatePeriod | undefined
  /** HTTP requests, valid or not. */
  readonly http_req_cnt?: boolean | undefined
  readonly http_req_rate?: RatePeriod | undefined
  /** HTTP requests that were the client's mistake: malformed, refused, or answered with 4xx. */
  readonly http_err_cnt?: boolean | undefined
  readonly http_err_rate?: RatePeriod | undefined
  /** HTTP responses that were the server's failure: missing, broken, late, or 5xx but 501 and 505. */
  readonly http_fail_cnt?: boolean | undefined
  readonly http_fail_rate?: RatePeriod | undefined
  /** Bytes from clients. */
  readonly bytes_in_cnt?: boolean | undefined
  readonly bytes_in_rate?: RatePeriod | undefined
  /** Bytes to clients. */
  readonly bytes_out_cnt?: boolean | undefined
  readonly bytes_out_rate?: RatePeriod | undefined
  /** How many general purpose counters: 1 to 100. */
  readonly gpc?: number | undefined
  /** How many rates of general purpose counters, and their period. */
  readonly gpc_rate?: { readonly count: number; readonly periodMs: number } | undefined
  /** How many general purpose tags: 1 to 100. */
  readonly gpt?: number | undefined
}

/** The name of a number. `gpc`, `gpc_rate` and `gpt` have an index beside it. */
export type DataType = keyof StickTableData

/** What can happen to an entry, and so the number and the rate that it feeds. -1 stands for one that is not kept. */
export interface EventColumns {
  readonly name: string
  /** Its place among all events. */
  readonly index: number
  readonly count: number
  /** True where the count is 8 bytes wide: a byte count. */
  readonly wide: boolean
  readonly rate: number
  readonly periodMs: number
}

const PLAIN_EVENTS = ['conn', 'sess', 'http_req', 'http_err', 'http_fail'] as const
const BYTE_EVENTS = ['bytes_in', 'bytes_out'] as const
export type EventName = (typeof PLAIN_EVENTS)[number] | (typeof BYTE_EVENTS)[number]

/** The cells that each row begins with. `USED_AT` is an index of 8-byte cells. */
export const USED_AT = 0
export const TRACKERS = 2
export const MARKS = 3
export const SERVER = 4
export const CHECKED_AT = 5
export const HASH = 6
export const KEY = 7

/** Where everything lies. */
export interface Layout {
  /** Cells of a row; even, so that 8-byte cells are aligned in every row. */
  readonly stride: number
  /** Cells of the key, and the first one behind it. */
  readonly keyCells: number
  readonly first: number
  readonly events: readonly EventColumns[]
  readonly event: Readonly<Record<EventName, EventColumns>>
  readonly gpc: readonly EventColumns[]
  /** The cell of `conn_cur`, or -1. */
  readonly current: number
  /** The cell of the first tag, and how many there are. */
  readonly tags: number
  readonly tagCount: number
  /** The options, without what is off. */
  readonly store: StickTableData
}

const COUNTS: readonly string[] = [...PLAIN_EVENTS, ...BYTE_EVENTS].map(name => `${name}_cnt`)
const RATES: readonly string[] = [...PLAIN_EVENTS, ...BYTE_EVENTS].map(name => `${name}_rate`)
const NAMES: readonly string[] = [...COUNTS, ...RATES, 'conn_cur', 'gpc', 'gpc_rate', 'gpt']
export const longestPeriodMs = 2 ** 31 - 1

/** @throws {SessionOptionError} `EVENER_INVALID_OPTION` */
export function readStore(store: StickTableData): StickTableData {
  checkNames('store', store, NAMES)
  const kept: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(store)) {
    if (value === undefined || value === false) continue
    const field = `store.${name}`
    if (name === 'gpc' || name === 'gpt') kept[name] = integerOption(field, value, 1, 100)
    else if (name === 'gpc_rate') {
      checkNames(field, value, ['count', 'periodMs'])
      const { count, periodMs } = value as { count: unknown; periodMs: unknown }
      kept[name] = {
        count: integerOption(`${field}.count`, count, 1, 100),
        periodMs: integerOption(`${field}.periodMs`, periodMs, 2, longestPeriodMs),
      }
    } else if (RATES.includes(name)) {
      if (typeof value !== 'object') refuse(field, value, 'an object with periodMs')
      checkNames(field, value, ['periodMs'])
      const { periodMs } = value as RatePeriod
      kept[name] = { periodMs: integerOption(`${field}.periodMs`, periodMs, 2, longestPeriodMs) }
    } else kept[name] = booleanOption(field, value, true)
  }
  return kept as StickTableData
}

/** Lay out what {@link readStore} gave. @param keyCells how much room there is for keys */
export function layoutOf(store: StickTableData, keyCells: number): Layout {
  const has = store as Readonly<Record<string, unknown>>
  const first = KEY + keyCells + ((KEY + keyCells) & 1)
  let cell = first
  const take = (cells: number): number => {
    cell += cells
    return cell - cells
  }
  // The wide ones first, where the row is still aligned.
  const wide = new Map(BYTE_EVENTS.map(name => [name as string, has[`${name}_cnt`] === true ? take(2) : -1]))
  const events: EventColumns[] = []
  const add = (name: string, count: number, periodMs: number, isWide: boolean): EventColumns => {
    const rate = periodMs > 0 ? take(rateCells) : -1
    const columns = { name, index: events.length, count, wide: isWide, rate, periodMs }
    events.push(columns)
    return columns
  }
  const periodOf = (name: string): number => (has[`${name}_rate`] as RatePeriod | undefined)?.periodMs ?? 0
  const plain = PLAIN_EVENTS.map(name => {
    const count = has[`${name}_cnt`] === true ? take(1) : -1
    return [name, add(name, count, periodOf(name), false)] as const
  })
  const bytes = BYTE_EVENTS.map(name => [name, add(name, wide.get(name)!, periodOf(name), true)] as const)
  const gpcs = Math.max(store.gpc ?? 0, store.gpc_rate?.count ?? 0)
  const gpc = Array.from({ length: gpcs }, (_, at) => {
    const count = at < (store.gpc ?? 0) ? take(1) : -1
    const rated = at < (store.gpc_rate?.count ?? 0)
    return add(`gpc.${at}`, count, rated ? store.gpc_rate!.periodMs : 0, false)
  })
  const current = store.conn_cur === true ? take(1) : -1
  const tagCount = store.gpt ?? 0
  const tags = take(tagCount)
  const event = Object.fromEntries([...plain, ...bytes]) as Record<EventName, EventColumns>
  return { stride: cell + (cell & 1), keyCells, first, events, event, gpc, current, tags, tagCount, store }
}
