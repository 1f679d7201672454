/**
 * All lines of the statistics as they are now, taken in slices: between two of them, whatever else the process has to do
 * goes on. With thousands of servers the lines are therefore some milliseconds apart.
 */
import type { Backend } from '@evener/core'
import type { StatRow } from './columns.ts'
import { type Latencies, latenciesOf, serverLatenciesOf } from './latencies.ts'
import { type ProcessInfo, processInfo } from './process-info.ts'
import { backendRow, type Door, doorRow, ServerTotals, serverRow } from './rows.ts'
import { Slices } from './slices.ts'

/** What was counted, of a process or of all workers. */
export interface Snapshot {
  readonly rows: readonly StatRow[]
  /** The histograms of each line, empty where it has none, or where they were not asked for. */
  readonly latencies: readonly Latencies[]
  readonly info: ProcessInfo
}

/** What the statistics are of. */
export interface Sources {
  readonly doors: ReadonlyMap<string, Door>
  readonly backends: readonly Backend[]
}

/** How much is wanted: doors and backends; their servers as well; and the histograms of all, which cost more than the lines. */
export type Detail = 'proxies' | 'servers' | 'latencies'

/** Who is shown each line as soon as it is made. */
export type Visit = (row: StatRow, latencies: Latencies | undefined) => void

/**
 * Show all lines, one after the other, and keep none: of thousands of servers they would be megabytes that outlive the
 * moment.
 */
export async function visitRows(
  { doors, backends }: Sources,
  detail: Detail,
  visit: Visit,
): Promise<ProcessInfo> {
  const [withServers, withLatencies] = [detail !== 'proxies', detail === 'latencies']
  const slices = new Slices()
  let iid = 0
  for (const [name, door] of doors) visit(doorRow(name, door, ++iid), withLatencies ? {} : undefined)
  for (const backend of backends) {
    iid++
    let sid = 0
    const totals = new ServerTotals()
    for (const server of backend.servers) {
      totals.add(server)
      sid++
      if (withServers) {
        const times = withLatencies ? serverLatenciesOf(server.counters.times) : undefined
        visit(serverRow(backend, server, iid, sid), times)
      }
      if (slices.over) await slices.next()
    }
    const times = withLatencies ? latenciesOf(backend.counters.times) : undefined
    visit(backendRow(backend, iid, totals), times)
  }
  return processInfo(doors.values())
}

/** See {@link Snapshot}. */
export async function takeSnapshot(sources: Sources, detail: Detail): Promise<Snapshot> {
  const rows: StatRow[] = []
  const latencies: Latencies[] = []
  const info = await visitRows(sources, detail, (row, times) => {
    rows.push(row)
    if (times !== undefined) latencies.push(times)
  })
  return { rows, latencies, info }
}
