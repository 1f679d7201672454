/**
 * The metrics of HAProxy's Prometheus exporter, by its names: which column each is, and in what unit. A metric ends in what
 * Prometheus wants of it, `_total` or `_seconds`; HAProxy's columns have milliseconds.
 */
import type { Column } from './columns.ts'

/** One metric of a kind of lines. */
export interface Metric {
  readonly name: string
  readonly kind: 'counter' | 'gauge'
  readonly help: string
  readonly column: Column
  /** What its value is divided by. */
  readonly per: number
}

type Entry = readonly [name: string, column: Column, help: string, per?: number]

const metric = ([name, column, help, per = 1]: Entry): Metric => ({
  name,
  column,
  help,
  per,
  kind: name.endsWith('_total') ? 'counter' : 'gauge',
})

const milli = 1_000

const sessions: readonly Entry[] = [
  ['current_sessions', 'scur', 'Sessions there are now.'],
  ['max_sessions', 'smax', 'The most sessions there ever were at once.'],
  ['limit_sessions', 'slim', 'How many sessions there may be at once.'],
  ['sessions_total', 'stot', 'Sessions since the start.'],
  ['max_session_rate', 'rate_max', 'The most sessions that began in one second.'],
  ['bytes_in_total', 'bin', 'Bytes of requests, without their heads.'],
  ['bytes_out_total', 'bout', 'Bytes of responses, without their heads.'],
  ['responses_denied_total', 'dresp', 'Responses that were denied.'],
  ['failed_header_rewriting_total', 'wrew', 'Edits of a head that could not be made.'],
  ['internal_errors_total', 'eint', 'Requests that failed by an error inside.'],
]

const compression: readonly Entry[] = [
  ['http_comp_bytes_in_total', 'comp_in', 'Bytes that went into compression.'],
  ['http_comp_bytes_out_total', 'comp_out', 'Bytes that came out of compression.'],
  ['http_comp_bytes_bypassed_total', 'comp_byp', 'Bytes that passed by compression.'],
  ['http_comp_responses_total', 'comp_rsp', 'Responses that were compressed.'],
  ['http_cache_lookups_total', 'cache_lookups', 'Requests looked up in a cache.'],
  ['http_cache_hits_total', 'cache_hits', 'Requests answered out of a cache.'],
]

const traffic: readonly Entry[] = [
  ['current_queue', 'qcur', 'Requests that wait now.'],
  ['max_queue', 'qmax', 'The most requests that ever waited at once.'],
  ['connection_errors_total', 'econ', 'Attempts that ended without a connection.'],
  ['response_errors_total', 'eresp', 'Attempts that ended with a missing or broken response.'],
  ['retry_warnings_total', 'wretr', 'Attempts that followed a failed one on the same server.'],
  ['redispatch_warnings_total', 'wredis', 'Attempts that were moved to another server.'],
  ['weight', 'weight', 'Weight in force.'],
  ['uweight', 'uweight', 'Weight as it was configured.'],
  ['check_up_down_total', 'chkdown', 'How often it went from up to down.'],
  ['check_last_change_seconds', 'lastchg', 'Since when it is up, or down.'],
  ['downtime_seconds_total', 'downtime', 'How long it was down, altogether.'],
  ['loadbalanced_total', 'lbtot', 'Requests for which the algorithm chose the server.'],
  ['client_aborts_total', 'cli_abrt', 'Responses that the client broke off.'],
  ['server_aborts_total', 'srv_abrt', 'Responses that the server broke off.'],
  ['last_session_seconds', 'lastsess', 'Since when the last session began.'],
  ['queue_time_average_seconds', 'qtime', 'Time in the queue, on average of the last 1024 requests.', milli],
  [
    'connect_time_average_seconds',
    'ctime',
    'Time to a connection, on average of the last 1024 requests.',
    milli,
  ],
  [
    'response_time_average_seconds',
    'rtime',
    'Time to a response, on average of the last 1024 requests.',
    milli,
  ],
  ['total_time_average_seconds', 'ttime', 'Time altogether, on average of the last 1024 requests.', milli],
  ['max_queue_time_seconds', 'qtime_max', 'The longest time in the queue.', milli],
  ['max_connect_time_seconds', 'ctime_max', 'The longest time to a connection.', milli],
  ['max_response_time_seconds', 'rtime_max', 'The longest time to a response.', milli],
  ['max_total_time_seconds', 'ttime_max', 'The longest time altogether.', milli],
  ['connection_attempts_total', 'connect', 'Connections begun.'],
  ['connection_reuses_total', 'reuse', 'Requests that went on a connection that was kept.'],
]

/** Of frontends. */
export const frontendMetrics: readonly Metric[] = [
  ...sessions,
  ['requests_denied_total', 'dreq', 'Requests that were denied.'] as const,
  ['request_errors_total', 'ereq', 'Requests that were not valid.'] as const,
  ['limit_session_rate', 'rate_lim', 'How many sessions may begin in one second.'] as const,
  ['http_requests_rate_max', 'req_rate_max', 'The most requests that came in one second.'] as const,
  ['http_requests_total', 'req_tot', 'Requests of HTTP.'] as const,
  ['connections_rate_max', 'conn_rate_max', 'The most connections that came in one second.'] as const,
  ['connections_total', 'conn_tot', 'Connections accepted.'] as const,
  ['intercepted_requests_total', 'intercepted', 'Requests that were answered without a backend.'] as const,
  ['denied_connections_total', 'dcon', 'Connections that a rule denied.'] as const,
  ['denied_sessions_total', 'dses', 'Sessions that a rule denied.'] as const,
  ...compression,
].map(metric)

/** Of backends. */
export const backendMetrics: readonly Metric[] = [
  ...sessions,
  ['requests_denied_total', 'dreq', 'Requests that were denied.'] as const,
  ...traffic,
  ['active_servers', 'act', 'Servers that take part.'] as const,
  ['backup_servers', 'bck', 'Backup servers that could take part.'] as const,
  ['http_requests_total', 'req_tot', 'Requests of HTTP.'] as const,
  ...compression,
].map(metric)

/** Of servers. */
export const serverMetrics: readonly Metric[] = [
  ...sessions,
  ...traffic,
  ['check_failures_total', 'chkfail', 'Health checks that failed.'] as const,
  ['queue_limit', 'qlimit', 'How many requests may wait for it.'] as const,
  ['current_throttle', 'throttle', 'How far it is in its slow start, in percent.'] as const,
  ['check_code', 'check_code', 'The status that the last health check got.'] as const,
  ['check_duration_seconds', 'check_duration', 'How long the last health check took.', milli] as const,
  ['idle_connections_current', 'srv_icur', 'Connections that are kept.'] as const,
  ['idle_connections_limit', 'src_ilim', 'How many connections may be kept.'] as const,
  ['unsafe_idle_connections_current', 'idle_conn_cur', 'Connections that are kept and served once.'] as const,
  ['safe_idle_connections_current', 'safe_conn_cur', 'Connections that are kept and proven.'] as const,
  ['used_connections_current', 'used_conn_cur', 'Connections in use.'] as const,
  ['need_connections_current', 'need_conn_est', 'Connections that seem to be needed.'] as const,
].map(metric)
