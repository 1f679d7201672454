/** A stick table as values look into it: what `stickTable()` of `@evener/session` makes fits. */
export interface TableView {
  /** Whether there is an entry. */
  has(key: string | number): boolean
  /** One of its numbers, 0 where there is no entry; undefined where the table does not keep it. */
  get(key: string | number, type: string, index?: number): number | undefined
  trackers(key: string | number): number
  /** For how long it was not used; undefined without an entry. */
  idleMs(key: string | number): number | undefined
  /** The id of the server that it belongs to. */
  server(key: string | number): string | undefined
  /** Entries now. */
  readonly used: number
}

/** Numbers that entries have, by HAProxy's words for them, and what a table calls them. */
export const tableNumbers = {
  bytes_in_rate: 'bytes_in_rate',
  bytes_out_rate: 'bytes_out_rate',
  conn_cnt: 'conn_cnt',
  conn_cur: 'conn_cur',
  conn_rate: 'conn_rate',
  http_err_cnt: 'http_err_cnt',
  http_err_rate: 'http_err_rate',
  http_fail_cnt: 'http_fail_cnt',
  http_fail_rate: 'http_fail_rate',
  http_req_cnt: 'http_req_cnt',
  http_req_rate: 'http_req_rate',
  kbytes_in: 'bytes_in_cnt',
  kbytes_out: 'bytes_out_cnt',
  sess_cnt: 'sess_cnt',
  sess_rate: 'sess_rate',
} as const

/** HAProxy's word for a number of an entry: what is behind `sc_`, `src_` or `table_`. */
export type TableNumber = keyof typeof tableNumbers

/** General purpose counters and tags, of which an entry has several. */
export type IndexedNumber = 'gpc' | 'gpc_rate' | 'gpt'

/** Bytes are counted whole, and HAProxy's words for them say kilobytes. */
export function inUnit(word: string, number: number | undefined): number | undefined {
  return number === undefined || !word.startsWith('kbytes') ? number : Math.floor(number / 1024)
}
