/**
 * The statistics of several workers as one: each line with what all of them have counted.
 *
 * | what | becomes |
 * | --- | --- |
 * | counters, what is now, rates, limits | the sum: each worker has a limit of its own |
 * | the most that ever was | the sum, which is at least what there ever was at once |
 * | averages of times | by how many requests they are of |
 * | states | the worst that a worker finds, with what its check said |
 * | downtime, transitions | the most: all workers see the same server go |
 * | configuration | as the first has it |
 */
import { type Column, columns, ownColumns, type StatRow, tagsOf } from './columns.ts'
import { addLatencies } from './latencies.ts'
import type { ProcessInfo } from './process-info.ts'
import type { Snapshot } from './snapshot.ts'

const averages: ReadonlySet<Column> = new Set(['qtime', 'ctime', 'rtime', 'ttime'])
const most: ReadonlySet<Column> = new Set(['chkdown', 'downtime', 'lastsess'])
const least: ReadonlySet<Column> = new Set(['act', 'bck', 'lastchg'])
const kept: ReadonlySet<Column> = new Set(['pid', 'iid', 'sid', 'type', 'qlimit'])

type How = 'sum' | 'average' | 'most' | 'least' | 'first'

function howOf(column: Column): How {
  if (averages.has(column)) return 'average'
  if (most.has(column)) return 'most'
  if (least.has(column)) return 'least'
  const { origin, nature } = tagsOf(column)
  if (kept.has(column) || (origin === 'Config' && nature !== 'Limit')) return 'first'
  return ['Counter', 'Gauge', 'Max', 'Rate', 'Limit'].includes(nature) ? 'sum' : 'first'
}

const hows = [...columns, ...ownColumns].map(column => [column, howOf(column)] as const)

/** The worse, the later. */
const states = ['OPEN', 'UP', 'no check', 'NOLB', 'DRAIN', 'MAINT', 'DOWN']

/** What goes with the state: that of the worker which finds it worse. */
const findings = [
  'status',
  'check_status',
  'check_code',
  'check_duration',
  'last_chk',
  'check_desc',
  'check_health',
] as const

function badness({ status = '' }: StatRow): number {
  const word = String(status)
  const index = states.findLastIndex(state => word.startsWith(state))
  // On its way down is worse than up.
  return index * 2 + (/^UP \d/.test(word) ? 1 : 0)
}

/** Both lines as one. */
export function addRows(one: StatRow, other: StatRow): StatRow {
  const row: Record<string, string | number | undefined> = { ...one }
  const [ofOne, ofOther] = [Number(one.req_tot ?? 0), Number(other.req_tot ?? 0)]
  for (const [column, how] of hows) {
    const [a, b] = [one[column], other[column]]
    if (typeof a !== 'number' || typeof b !== 'number') {
      row[column] = a ?? b
      continue
    }
    if (how === 'sum') row[column] = a + b
    else if (how === 'most') row[column] = Math.max(a, b)
    else if (how === 'least') row[column] = Math.min(a, b)
    else if (how === 'average' && ofOne + ofOther > 0)
      row[column] = Math.round((a * ofOne + b * ofOther) / (ofOne + ofOther))
  }
  if (badness(other) > badness(one)) for (const column of findings) row[column] = other[column]
  return row as StatRow
}

function addInfo(one: ProcessInfo, other: ProcessInfo): ProcessInfo {
  return {
    ...one,
    Nbproc: one.Nbproc + other.Nbproc,
    CurrConns: one.CurrConns + other.CurrConns,
    CumConns: one.CumConns + other.CumConns,
    CumReq: one.CumReq + other.CumReq,
    Maxconn: one.Maxconn + other.Maxconn,
    ConnRate: one.ConnRate + other.ConnRate,
    MaxConnRate: one.MaxConnRate + other.MaxConnRate,
    TotalBytesOut: one.TotalBytesOut + other.TotalBytesOut,
    Idle_pct: Math.round(
      (one.Idle_pct * one.Nbproc + other.Idle_pct * other.Nbproc) / (one.Nbproc + other.Nbproc),
    ),
    Memory_bytes: one.Memory_bytes + other.Memory_bytes,
  }
}

const keyOf = ({ pxname, svname, type }: StatRow): string => `${type} ${pxname}/${svname}`

/** Both snapshots as one: the lines of the first in its order, then those that only the other has. */
export function addSnapshots(one: Snapshot, other: Snapshot): Snapshot {
  const theirs = new Map(other.rows.map((row, index) => [keyOf(row), index]))
  const rows: StatRow[] = []
  const latencies = []
  for (const [index, row] of one.rows.entries()) {
    const at = theirs.get(keyOf(row))
    theirs.delete(keyOf(row))
    rows.push(at === undefined ? row : addRows(row, other.rows[at] as StatRow))
    latencies.push(
      addLatencies(one.latencies[index] ?? {}, (at === undefined ? undefined : other.latencies[at]) ?? {}),
    )
  }
  for (const index of theirs.values()) {
    rows.push(other.rows[index] as StatRow)
    latencies.push(other.latencies[index] ?? {})
  }
  return { rows, latencies, info: addInfo(one.info, other.info) }
}
