/** HAProxy's `table_cnt`. */
import { refuse } from '../options.ts'
import type { TableView } from '../tables.ts'
import { fetch, type Value } from '../value.ts'

/** How many entries a stick table has. */
export function tableUsed(table: TableView): Value<number, unknown> {
  if (typeof table?.used !== 'number') refuse('table_cnt', table, 'a stick table')
  return fetch('table_cnt', 'int', 'connection', () => table.used)
}
