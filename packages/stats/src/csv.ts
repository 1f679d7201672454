/** The statistics as HAProxy's CSV: every column in its place, texts quoted where they need it (management guide, section 9.1). */
import { type Column, columns, ownColumns, type StatRow } from './columns.ts'

/** What is behind `-` may be in any order, and there may be more of it tomorrow. */
const header = `# ${[...columns, '-', ...ownColumns].join(',')},\n`

/** A field that a spreadsheet does not read as several, nor as a formula. */
function field(value: string | number | undefined): string {
  if (typeof value === 'number') return String(value)
  if (value === undefined || value === '') return ''
  // A server's text may hold anything; one that begins like a formula must not become one.
  const harmless = /^[=+@\t\r]/.test(value) || /^-(?!\d+$)/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(harmless)
    ? `"${harmless.replaceAll('"', '""').replaceAll(/[\r\n]+/g, ' ')}"`
    : harmless
}

/** One line. */
export function csvLine(row: StatRow): string {
  const values = (some: readonly Column[]) => some.map(column => `${field(row[column])},`).join('')
  return `${values(columns)}-,${values(ownColumns)}\n`
}

/** All of them, under their titles. */
export function csvText(rows: readonly StatRow[]): string {
  return header + rows.map(csvLine).join('')
}
