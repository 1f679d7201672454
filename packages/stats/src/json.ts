/** The statistics as HAProxy's typed JSON (`show stat json`): a list of fields for each line, and what kind of value each is. */
import { columns, ownColumns, type StatRow, tagsOf } from './columns.ts'

const positions = [...columns, ...ownColumns].map((name, pos) => ({ name, pos, tags: tagsOf(name) }))
const objectTypes = ['Frontend', 'Backend', 'Server']

function fieldsOf(row: StatRow): object[] {
  const fields: object[] = []
  for (const { name, pos, tags } of positions) {
    const value = row[name]
    if (value === undefined) continue
    const type =
      typeof value === 'string' ? 'str' : value < 0 ? 's32' : tags.nature === 'Counter' ? 'u64' : 'u32'
    const objType = objectTypes[Number(row.type)]
    const id = { objType, proxyId: row.iid, id: row.sid }
    fields.push({ ...id, field: { pos, name }, processNum: 1, tags, value: { type, value } })
  }
  return fields
}

/** All lines. */
export function jsonText(rows: readonly StatRow[]): string {
  return `${JSON.stringify(rows.map(fieldsOf))}\n`
}
