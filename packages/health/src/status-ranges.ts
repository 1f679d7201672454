/** Which HTTP statuses are expected: `'200-399'`, `204`, `['200-299', 404, [500, 503]]`. */
import { refuse } from './options.ts'

/** One status, a text of ranges (`'200-299,404'`), or a list of statuses, texts and pairs (both included). */
export type StatusRanges = number | string | readonly (number | string | readonly [number, number])[]

const ALLOWED = 'statuses from 100 to 999, as 204, "200-399", "200-299,404" or [200, "300-399", [500, 503]]'

/**
 * Compile to a test of a status.
 * @throws {HealthError} `EVENER_INVALID_OPTION` for what is no status, or a range that is empty
 */
export function parseStatusRanges(field: string, ranges: StatusRanges): (status: number) => boolean {
  const list = Array.isArray(ranges) ? ranges : [ranges]
  const pairs = list.flatMap(entry => readEntry(field, entry))
  if (pairs.length === 0) refuse(field, ranges, ALLOWED)
  return status => pairs.some(([from, to]) => status >= from && status <= to)
}

function readEntry(field: string, entry: unknown): (readonly [number, number])[] {
  if (typeof entry === 'string') return entry.split(',').map(part => readText(field, entry, part))
  if (Array.isArray(entry) && entry.length === 2) return [readPair(field, entry, entry[0], entry[1])]
  return [readPair(field, entry, entry, entry)]
}

function readText(field: string, whole: string, part: string): readonly [number, number] {
  const match = /^\s*(\d{3})(?:\s*-\s*(\d{3}))?\s*$/.exec(part)
  const from = Number(match?.[1])
  return readPair(field, whole, from, match?.[2] === undefined ? from : Number(match[2]))
}

function readPair(field: string, shown: unknown, from: unknown, to: unknown): readonly [number, number] {
  if (!isStatus(from) || !isStatus(to) || from > to) refuse(field, shown, ALLOWED)
  return [from, to]
}

function isStatus(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 100 && (value as number) <= 999
}
