/**
 * All lines of the statistics as they are now, taken in slices: between two of them, whatever else the process has to do
 * goes on. With thousands of servers the lines are therefore some milliseconds apart.
 */
import type { Backend } from '@evener/core'
import type { StatRow } from './columns.ts'
import { type Latencies, latenciesOf, serverLatenciesOf } from './latencies.ts'
import { type ProcessInfo, processInfo } from './process-info.ts'
import { backendRow, type Door, doorRow, serverRow } from './rows.ts'
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

/** See {@link Snapshot}. */
export async function takeSnapshot({ doors, backends }: Sources, detail: Detail): Promise<Snapshot> {
  const withLatencies = detail === 'latencies'
  const slices = new Slices()
  const rows: StatRow[] = []
  const latencies: Latencies[] = []
  let iid = 0
  for (const [name, door] of doors) {
    rows.push(doorRow(name, door, ++iid))
    if (withLatencies) latencies.push({})
  }
  for (const backend of backends) {
    iid++
    let sid = 0
    for (const server of detail === 'proxies' ? [] : backend.servers) {
      rows.push(serverRow(backend, server, iid, ++sid))
      if (withLatencies) latencies.push(serverLatenciesOf(server.counters.times))
      if (slices.over) await slices.next()
    }
    rows.push(backendRow(backend, iid))
    if (withLatencies) latencies.push(latenciesOf(backend.counters.times))
  }
  return { rows, latencies, info: processInfo(doors.values()) }
}
