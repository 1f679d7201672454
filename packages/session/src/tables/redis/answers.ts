/** What Redis answers, put into the table's rows: its numbers, and on top of them what it has not heard of yet. */
import { CHECKED_AT } from '../data-types.ts'
import { addToRate, setRate } from '../freq-ctr.ts'
import type { StickTable } from '../stick-table.ts'
import type { Pending } from './pending.ts'
import type { Fields } from './script.ts'

/** Whether this is the answer for one entry of the table: a server or nil, then whole numbers. */
export function isAnswer(answer: unknown, { numbers }: Fields): answer is (string | null | number)[] {
  if (!Array.isArray(answer) || (answer[0] !== null && typeof answer[0] !== 'string')) return false
  if (answer.length !== 1 + numbers) return false
  for (let at = 1; at < answer.length; at++)
    if (!Number.isSafeInteger(answer[at]) || answer[at] < 0) return false
  return true
}

/** @param later what has happened to the entry since the batch was sent */
export function takeAnswer(
  table: StickTable,
  fields: Fields,
  key: string,
  answer: readonly (string | null | number)[],
  later: Pending | undefined,
): void {
  const now = table.now()
  const row = table.rows.find(key, now)
  if (row === -1 || later?.more?.deleted === true) return
  const { layout, rows } = table
  const { cells, wide } = rows
  const base = row * layout.stride
  let at = 1
  const next = () => answer[at++] as number
  for (const { index, count, wide: isWide } of layout.events) {
    if (count === -1) continue
    const total = Math.max(0, next() + (later?.numbers[fields.countAt[index]!] ?? 0))
    if (isWide) wide[(base + count) / 2] = total
    else cells[base + count] = total
  }
  for (const { index, rate, periodMs } of layout.events) {
    if (rate === -1) continue
    setRate(cells, base + rate, now, periodMs, { ageMs: next(), current: next(), previous: next() })
    const more = later?.numbers[fields.rateAt[index]!] ?? 0
    if (more > 0) addToRate(cells, base + rate, now, periodMs, more)
  }
  for (let tag = 0; tag < layout.tagCount; tag++) {
    const value = next()
    if (later?.more?.tags?.[tag] === undefined) cells[base + layout.tags + tag] = value
  }
  if (later?.more?.server === undefined) heard(table, key, answer[0] as string | null)
}

/** Redis has said where a key belongs. */
export function heard(table: StickTable, key: string, serverId: string | null): void {
  if (serverId === null) return
  const row = table.setServer(key, serverId)
  // 0 stands for never.
  if (row !== -1) table.rows.cells[row * table.layout.stride + CHECKED_AT] = Math.max(1, table.now())
}
