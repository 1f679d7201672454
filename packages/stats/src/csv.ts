/** The statistics as HAProxy's CSV: every column in its place, texts quoted where they need it (management guide, section 9.1). */
import { type Column, columns, ownColumns, type StatRow } from './columns.ts'

/** What is behind `-` may be in any order, and there may be more of it tomorrow. */
const header = `# ${[...columns, '-', ...ownColumns].join(',')},\n`

/** What servers, checks and agents have said, and nobody has chosen. */
const foreign: ReadonlySet<Column> = new Set(['last_chk', 'last_agt'])

function field(column: Column, value: string | number | undefined): string {
  if (typeof value === 'number') return String(value)
  if (value === undefined || value === '') return ''
  // To a spreadsheet, a text that begins like this is a formula.
  const harmless = foreign.has(column) && /^[=+@\t\r-]/.test(value) ? `'${value}` : value
  if (!/[",\r\n]/.test(harmless)) return harmless
  return `"${harmless.replaceAll('"', '""').replaceAll(/[\r\n]+/g, ' ')}"`
}

/** One line. */
export function csvLine(row: StatRow): string {
  const values = (some: readonly Column[]) => some.map(column => `${field(column, row[column])},`).join('')
  return `${values(columns)}-,${values(ownColumns)}\n`
}

/** All of them, under their titles. */
export function csvText(rows: readonly StatRow[]): string {
  return header + rows.map(csvLine).join('')
}
