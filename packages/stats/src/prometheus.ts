/**
 * The statistics as text for Prometheus: the metrics of HAProxy's exporter, and beside them histograms of latency, under
 * `evener_…`. Format: Prometheus, "Text-based format", version 0.0.4.
 *
 * All lines of a metric have to stand together, so it goes over the lines again for each metric; in pieces, since with
 * thousands of servers there are some hundred thousand lines.
 */
import { latencyBounds } from '@evener/core'
import { checkCodes } from './check-status.ts'
import type { StatRow } from './columns.ts'
import type { Histogram, Latencies } from './latencies.ts'
import { backendMetrics, frontendMetrics, type Metric, serverMetrics } from './metrics.ts'
import type { ProcessInfo } from './process-info.ts'
import { rowTypes } from './rows.ts'
import type { Snapshot } from './snapshot.ts'

export const prometheusType = 'text/plain; version=0.0.4; charset=utf-8'

/** Which lines are wanted, in the words of the exporter's `scope` parameter. */
export const scopes = ['global', 'frontend', 'backend', 'server'] as const
export type Scope = (typeof scopes)[number]

/** A piece is handed on once it is this long. */
const pieceLength = 32_768

const escaped = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')

const head = (name: string, kind: string, help: string): string =>
  `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n`

/** A line, and what names it in a sample. */
interface Labelled {
  readonly row: StatRow
  readonly latencies: Latencies
  readonly labels: string
}

/** All metrics, in pieces of some ten thousand characters. */
export function* prometheusText(snapshot: Snapshot, wanted: ReadonlySet<Scope>): Generator<string, void> {
  let piece = ''
  for (const text of samples(snapshot, wanted)) {
    piece += text
    if (piece.length < pieceLength) continue
    yield piece
    piece = ''
  }
  if (piece !== '') yield piece
}

function* samples({ rows, latencies, info }: Snapshot, wanted: ReadonlySet<Scope>): Generator<string, void> {
  if (wanted.has('global')) yield processText(info)
  const of = (type: number): Labelled[] =>
    rows.flatMap((row, index) =>
      row.type === type ? [{ row, latencies: latencies[index] ?? {}, labels: labelsOf(row) }] : [],
    )
  const [frontends, backends, servers] = [of(rowTypes.frontend), of(rowTypes.backend), of(rowTypes.server)]
  if (wanted.has('frontend')) {
    yield* family('haproxy_frontend', frontends, frontendMetrics)
    yield* states('haproxy_frontend_status', frontends, ['DOWN', 'UP'])
  }
  if (wanted.has('backend')) {
    yield* family('haproxy_backend', backends, backendMetrics)
    yield* states('haproxy_backend_status', backends, ['DOWN', 'UP'])
    yield* aggregate(backends, servers)
    for (const phase of ['queue', 'connect', 'response', 'total'] as const)
      yield* histograms(`evener_backend_${phase}_time_seconds`, helps[phase], backends, phase)
  }
  if (wanted.has('server')) {
    yield* family('haproxy_server', servers, serverMetrics)
    yield* states('haproxy_server_status', servers, serverStates)
    yield* checkStates(servers)
    yield* histograms('evener_server_response_time_seconds', helps.response, servers, 'response')
  }
}

const labelsOf = ({ pxname, svname, type }: StatRow): string =>
  type === rowTypes.server
    ? `proxy="${escaped(pxname)}",server="${escaped(svname)}"`
    : `proxy="${escaped(pxname)}"`

function* family(
  prefix: string,
  all: readonly Labelled[],
  metrics: readonly Metric[],
): Generator<string, void> {
  for (const { name, kind, help, column, per } of metrics) {
    const full = `${prefix}_${name}`
    let first = true
    for (const { row, labels } of all) {
      const value = row[column]
      if (typeof value !== 'number') continue
      if (first) yield head(full, kind, help)
      first = false
      yield `${full}{${labels}} ${value / per}\n`
    }
  }
  yield* responses(`${prefix}_http_responses_total`, all)
}

const classes = ['1xx', '2xx', '3xx', '4xx', '5xx', 'other'] as const

function* responses(name: string, all: readonly Labelled[]): Generator<string, void> {
  const counting = all.filter(({ row }) => row.hrsp_2xx !== undefined)
  if (counting.length > 0)
    yield head(name, 'counter', 'Responses of HTTP, by the first digit of their status.')
  for (const { row, labels } of counting)
    for (const code of classes) yield `${name}{${labels},code="${code}"} ${row[`hrsp_${code}`] ?? 0}\n`
}

const serverStates = ['DOWN', 'UP', 'MAINT', 'DRAIN', 'NOLB']

/** The word of a state that a metric knows. */
function wordOf({ status = '' }: StatRow): string {
  const [word = ''] = String(status).split(' ')
  return word === 'no' || word === 'OPEN' ? 'UP' : word
}

function* states(name: string, all: readonly Labelled[], words: readonly string[]): Generator<string, void> {
  if (all.length > 0) yield head(name, 'gauge', 'The state it is in: 1 for that, 0 for the others.')
  for (const { row, labels } of all) {
    const current = wordOf(row)
    for (const word of words) yield `${name}{${labels},state="${word}"} ${word === current ? 1 : 0}\n`
  }
}

function* checkStates(all: readonly Labelled[]): Generator<string, void> {
  const name = 'haproxy_server_check_status'
  const checked = all.filter(({ row }) => row.check_status !== undefined)
  if (checked.length > 0)
    yield head(name, 'gauge', 'What the last health check found: 1 for that, 0 for the others.')
  for (const { row, labels } of checked)
    for (const code of checkCodes)
      yield `${name}{${labels},state="${code}"} ${row.check_status === code ? 1 : 0}\n`
}

/** How many servers of each backend are in each state. */
function* aggregate(backends: readonly Labelled[], servers: readonly Labelled[]): Generator<string, void> {
  if (backends.length === 0) return
  const counts = new Map<string, Map<string, number>>()
  for (const { row } of servers) {
    const ofBackend = counts.get(row.pxname) ?? new Map<string, number>()
    counts.set(row.pxname, ofBackend)
    ofBackend.set(wordOf(row), (ofBackend.get(wordOf(row)) ?? 0) + 1)
  }
  const name = 'haproxy_backend_agg_server_status'
  yield head(name, 'gauge', 'How many of its servers are in each state.')
  for (const { row, labels } of backends)
    for (const word of serverStates)
      yield `${name}{${labels},state="${word}"} ${counts.get(row.pxname)?.get(word) ?? 0}\n`
}

const helps = {
  queue: 'Time from the arrival of a request to the place on the server that answered it.',
  connect: 'Time to a connection to the server; 0 on one that was kept.',
  response: 'Time from there to the head of the response.',
  total: 'Time from the arrival of a request to the end of its response.',
}

const bounds = [...latencyBounds.map(ms => String(ms / 1000)), '+Inf']

function* histograms(
  name: string,
  help: string,
  all: readonly Labelled[],
  phase: keyof Latencies,
): Generator<string, void> {
  const having = all.filter(({ latencies }) => latencies[phase] !== undefined)
  if (having.length > 0) yield head(name, 'histogram', help)
  for (const { latencies, labels } of having) yield histogramText(name, labels, latencies[phase] as Histogram)
}

function histogramText(name: string, labels: string, { buckets, sumMs, count }: Histogram): string {
  let text = ''
  let below = 0
  for (const [index, bound] of bounds.entries()) {
    below += buckets[index] ?? 0
    text += `${name}_bucket{${labels},le="${bound}"} ${below}\n`
  }
  return `${text}${name}_sum{${labels}} ${sumMs / 1000}\n${name}_count{${labels}} ${count}\n`
}

function processText(info: ProcessInfo): string {
  const all: readonly (readonly [string, string, number])[] = [
    ['nbproc', 'Processes that these numbers are of.', info.Nbproc],
    ['uptime_seconds', 'How long it has been running.', info.Uptime_sec],
    ['start_time_seconds', 'When it started.', info.Start_time_sec],
    ['max_connections', 'How many connections there may be at once.', info.Maxconn],
    ['current_connections', 'Connections there are now.', info.CurrConns],
    ['connections_total', 'Connections since the start.', info.CumConns],
    ['requests_total', 'Requests since the start.', info.CumReq],
    ['current_connection_rate', 'Connections in the last second.', info.ConnRate],
    ['max_connection_rate', 'The most connections in one second.', info.MaxConnRate],
    ['bytes_out_total', 'Bytes sent to clients, without the heads of responses.', info.TotalBytesOut],
    ['idle_time_percent', 'How much of its time the event loop waits.', info.Idle_pct],
  ]
  const lines = all.map(([name, help, value]) => {
    const full = `haproxy_process_${name}`
    return `${head(full, full.endsWith('_total') ? 'counter' : 'gauge', help)}${full} ${value}\n`
  })
  const memory = 'evener_process_resident_memory_bytes'
  return `${lines.join('')}${head(memory, 'gauge', 'Memory that is in use.')}${memory} ${info.Memory_bytes}\n`
}
