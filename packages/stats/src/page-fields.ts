/** Which columns the page shows, by position in what is sent to it: a name costs more than its value. */
import type { Column, StatRow } from './columns.ts'

/** What never changes of a line comes first. */
export const pageFields = [
  ...['pxname', 'svname', 'type', 'mode', 'addr', 'bck', 'cookie', 'algo', 'tracked'],
  ...[
    'status',
    'qcur',
    'qmax',
    'qlimit',
    'rate',
    'rate_max',
    'scur',
    'smax',
    'slim',
    'stot',
    'lbtot',
    'lastsess',
  ],
  ...['bin', 'bout', 'dreq', 'dresp', 'ereq', 'econ', 'eresp', 'wretr', 'wredis', 'cli_abrt', 'srv_abrt'],
  ...['weight', 'uweight', 'act', 'chkfail', 'chkdown', 'lastchg', 'downtime', 'throttle'],
  ...['check_status', 'check_code', 'check_duration', 'last_chk', 'check_desc', 'agent_status', 'last_agt'],
  ...['hrsp_1xx', 'hrsp_2xx', 'hrsp_3xx', 'hrsp_4xx', 'hrsp_5xx', 'req_rate', 'req_rate_max', 'req_tot'],
  ...['qtime', 'ctime', 'rtime', 'ttime', 'connect', 'reuse', 'conn_rate', 'conn_tot', 'intercepted'],
  ...['ses_connect', 'ses_wait', 'ses_pass'],
] as readonly Column[]

/** The values of a line, in that order; null for those it has not. */
export function pageValues(row: StatRow): (string | number | null)[] {
  return pageFields.map(field => row[field] ?? null)
}

/**
 * What grows by itself while nothing happens: told once a while, so that a server that is idle costs nothing. The page counts
 * on by itself.
 */
export const ageFields: ReadonlySet<number> = new Set(
  (['lastchg', 'lastsess', 'downtime'] as const).map(field => pageFields.indexOf(field)),
)
