/**
 * Looked up in a stick table: HAProxy's `in_table` and `table_…`. What comes is the key; a number that the table does not
 * keep is nothing, and one of a key without an entry is 0.
 */
import { integerOption, refuse } from '../options.ts'
import type { Sample } from '../sample.ts'
import { type IndexedNumber, inUnit, type TableNumber, type TableView, tableNumbers } from '../tables.ts'
import { type Converter, converter } from '../value.ts'

/** Whether there is an entry. */
export function inTable(table: TableView): Converter<Sample, boolean> {
  checkTable('in_table', table)
  return converter('in_table', 'any', 'bool', key => table.has(keyOf(key)))
}

/** One of an entry's numbers: `tableNumber(table, 'http_req_rate')` is `table_http_req_rate(table)`. */
export function tableNumber(table: TableView, word: TableNumber): Converter<Sample, number> {
  checkTable(`table_${word}`, table)
  const type = tableNumbers[word] as string | undefined
  if (type === undefined) refuse('table number', word, Object.keys(tableNumbers).join(', '))
  return converter(`table_${word}`, 'any', 'int', key => inUnit(word, table.get(keyOf(key), type)))
}

/** One of an entry's general purpose counters, their rates, or tags: `table_gpc(1)`. */
export function tableIndexed(table: TableView, word: IndexedNumber, index = 0): Converter<Sample, number> {
  checkTable(`table_${word}`, table)
  integerOption(`table_${word} index`, index, 0, 99)
  return converter(`table_${word}(${index})`, 'any', 'int', key => table.get(keyOf(key), word, index))
}

/** How many connections and requests track the entry now. */
export function tableTrackers(table: TableView): Converter<Sample, number> {
  checkTable('table_trackers', table)
  return converter('table_trackers', 'any', 'int', key => table.trackers(keyOf(key)))
}

/** For how long the entry was not used, in milliseconds. @param byDefault where there is none */
export function tableIdle(table: TableView, byDefault?: number): Converter<Sample, number> {
  checkTable('table_idle', table)
  return converter('table_idle', 'any', 'int', key => table.idleMs(keyOf(key)) ?? byDefault)
}

/** The id of the server that the entry belongs to. */
export function tableServerId(table: TableView): Converter<Sample, string> {
  checkTable('table_server_id', table)
  return converter('table_server_id', 'any', 'str', key => table.server(keyOf(key)))
}

function keyOf(key: Sample): string | number {
  return typeof key === 'boolean' ? Number(key) : key
}

function checkTable(keyword: string, table: unknown): void {
  if (typeof table !== 'object' || table === null || !('trackers' in table))
    refuse(keyword, table, 'a stick table')
}
