/**
 * The columns of HAProxy's statistics, in the order of its CSV (management guide, section 9.1, as of 2.6), each with what the
 * typed formats say of it: where the value comes from, what kind of value it is, and what it holds for.
 *
 * Tools go by the position of a column as well as by its name: none may be put between these, or left out.
 */

/** Origin, nature and scope of each column (management guide, section 9.2). */
const tags = {
  pxname: 'Key Name Service',
  svname: 'Key Name Service',
  qcur: 'Metric Gauge Process',
  qmax: 'Metric Max Process',
  scur: 'Metric Gauge Process',
  smax: 'Metric Max Process',
  slim: 'Config Limit Process',
  stot: 'Metric Counter Process',
  bin: 'Metric Counter Process',
  bout: 'Metric Counter Process',
  dreq: 'Metric Counter Process',
  dresp: 'Metric Counter Process',
  ereq: 'Metric Counter Process',
  econ: 'Metric Counter Process',
  eresp: 'Metric Counter Process',
  wretr: 'Metric Counter Process',
  wredis: 'Metric Counter Process',
  status: 'Status Gauge Process',
  weight: 'Metric Avg Process',
  act: 'Status Gauge Process',
  bck: 'Status Gauge Process',
  chkfail: 'Metric Counter Process',
  chkdown: 'Metric Counter Process',
  lastchg: 'Metric Age Process',
  downtime: 'Metric Counter Process',
  qlimit: 'Config Gauge Service',
  pid: 'Key Gauge Process',
  iid: 'Key Gauge Service',
  sid: 'Key Gauge Service',
  throttle: 'Status Avg Process',
  lbtot: 'Metric Counter Process',
  tracked: 'Config Name Service',
  type: 'Config Gauge Service',
  rate: 'Metric Rate Process',
  rate_lim: 'Config Limit Process',
  rate_max: 'Metric Max Process',
  check_status: 'Metric Output Process',
  check_code: 'Metric Output Process',
  check_duration: 'Metric Duration Process',
  hrsp_1xx: 'Metric Counter Process',
  hrsp_2xx: 'Metric Counter Process',
  hrsp_3xx: 'Metric Counter Process',
  hrsp_4xx: 'Metric Counter Process',
  hrsp_5xx: 'Metric Counter Process',
  hrsp_other: 'Metric Counter Process',
  hanafail: 'Metric Counter Service',
  req_rate: 'Metric Rate Process',
  req_rate_max: 'Metric Max Process',
  req_tot: 'Metric Counter Process',
  cli_abrt: 'Metric Counter Process',
  srv_abrt: 'Metric Counter Process',
  comp_in: 'Metric Counter Process',
  comp_out: 'Metric Counter Process',
  comp_byp: 'Metric Counter Process',
  comp_rsp: 'Metric Counter Process',
  lastsess: 'Metric Age Process',
  last_chk: 'Metric Output Process',
  last_agt: 'Metric Output Process',
  qtime: 'Metric Avg Process',
  ctime: 'Metric Avg Process',
  rtime: 'Metric Avg Process',
  ttime: 'Metric Avg Process',
  agent_status: 'Metric Output Process',
  agent_code: 'Metric Output Process',
  agent_duration: 'Metric Duration Process',
  check_desc: 'Metric Output Process',
  agent_desc: 'Metric Output Process',
  check_rise: 'Config Gauge Service',
  check_fall: 'Config Gauge Service',
  check_health: 'Config Gauge Service',
  agent_rise: 'Config Gauge Service',
  agent_fall: 'Config Gauge Service',
  agent_health: 'Config Gauge Service',
  addr: 'Config Name Service',
  cookie: 'Config Name Service',
  mode: 'Config Gauge Service',
  algo: 'Config Name Service',
  conn_rate: 'Metric Rate Process',
  conn_rate_max: 'Metric Max Process',
  conn_tot: 'Metric Counter Process',
  intercepted: 'Metric Counter Process',
  dcon: 'Metric Counter Process',
  dses: 'Metric Counter Process',
  wrew: 'Metric Counter Process',
  connect: 'Metric Counter Process',
  reuse: 'Metric Counter Process',
  cache_lookups: 'Metric Counter Process',
  cache_hits: 'Metric Counter Process',
  srv_icur: 'Metric Gauge Process',
  src_ilim: 'Config Limit Process',
  qtime_max: 'Metric Max Process',
  ctime_max: 'Metric Max Process',
  rtime_max: 'Metric Max Process',
  ttime_max: 'Metric Max Process',
  eint: 'Metric Counter Process',
  idle_conn_cur: 'Metric Gauge Process',
  safe_conn_cur: 'Metric Gauge Process',
  used_conn_cur: 'Metric Gauge Process',
  need_conn_est: 'Metric Gauge Process',
  uweight: 'Metric Avg Process',
  agg_server_status: 'Metric Gauge Process',
  agg_server_check_status: 'Metric Gauge Process',
  agg_check_status: 'Metric Gauge Process',
} as const

/** Columns of Evener's own, behind all of HAProxy's: sessions of a server by how far they are. */
const own = {
  ses_connect: 'Metric Gauge Process',
  ses_wait: 'Metric Gauge Process',
  ses_pass: 'Metric Gauge Process',
} as const

/** A column. */
export type Column = keyof typeof tags | keyof typeof own

/** HAProxy's columns, in their order. */
export const columns = Object.keys(tags) as readonly Column[]

/** Those of Evener's own, in theirs. */
export const ownColumns = Object.keys(own) as readonly Column[]

const allTags = { ...tags, ...own }

/** The words of the typed formats for a column. */
export function tagsOf(column: Column): {
  readonly origin: string
  readonly nature: string
  readonly scope: string
} {
  const [origin = '', nature = '', scope = ''] = allTags[column].split(' ')
  return { origin, nature, scope }
}

/** One line of the statistics: a frontend, a server or a backend. What does not apply is left out. */
export type StatRow = { readonly pxname: string; readonly svname: string } & {
  [C in Column]?: string | number | undefined
}
