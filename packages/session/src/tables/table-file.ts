/**
 * Tables across a restart: saved to a file, and loaded from it. The format is in TABLE-FILE.md.
 *
 * A file is written under another name and renamed when it is whole, so that there is the old one or the new one, never a
 * half. It is read twice: once to see that all of it is right, and then into the table. What is wrong with it is an error
 * that names the line, and leaves the table as it was.
 *
 * Cost: about 100 bytes and a few microseconds an entry, in pieces between which other work goes on. An entry that changes
 * meanwhile is saved before or after the change.
 */
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { SessionFileError } from '../errors.ts'
import { type EventColumns, USED_AT } from './data-types.ts'
import { rateState, setRate } from './freq-ctr.ts'
import type { StickTable } from './stick-table.ts'

const FORMAT = 'evener-stick-table'
const VERSION = 1
/** Entries that are written in one go. */
const BATCH = 512
const longestLine = 1_048_576

/** Where the time of day comes from, which goes on while no process runs. Default `Date.now`. */
export interface TableFileOptions {
  readonly now?: (() => number) | undefined
}

type Line = [key: string, idleMs: number, serverId: string | null, data: Record<string, number | number[]>]

/**
 * Save a table. What is tracked now is saved without its connections.
 * @returns the number of entries
 * @throws the system's error where the file cannot be written; then the old one is still there
 */
export async function saveTable(
  table: StickTable,
  file: string,
  options: TableFileOptions = {},
): Promise<number> {
  const temporary = `${file}.${process.pid}.new`
  const handle = await open(temporary, 'w', 0o600)
  try {
    const entries = await writeTo(handle, table, (options.now ?? Date.now)())
    // What is renamed must be on the disk: after a crash there would be a name without contents.
    await handle.sync()
    await handle.close()
    await rename(temporary, file)
    return entries
  } catch (error) {
    await handle.close().catch(() => undefined)
    await rm(temporary, { force: true })
    throw error
  }
}

async function writeTo(handle: FileHandle, table: StickTable, savedAt: number): Promise<number> {
  const { name, type, length } = table
  const { store } = table.layout
  await handle.write(
    `${JSON.stringify({ format: FORMAT, version: VERSION, name, type, length, store, savedAt })}\n`,
  )
  // The least recent first, so that they are again when they are loaded in this order.
  const keys = table.rows.keys().reverse()
  let entries = 0
  for (let first = 0; first < keys.length; first += BATCH) {
    let text = ''
    for (const key of keys.slice(first, first + BATCH)) {
      const line = lineOf(table, key)
      if (line === undefined) continue
      text += `${JSON.stringify(line)}\n`
      entries++
    }
    await handle.write(text)
  }
  await handle.write(`${JSON.stringify({ entries })}\n`)
  return entries
}

function lineOf(table: StickTable, key: string): Line | undefined {
  const now = table.now()
  const row = table.rows.find(key, now)
  if (row === -1) return undefined
  const { layout, rows } = table
  const base = row * layout.stride
  const data: Line[3] = {}
  for (const { name, count, wide, rate } of layout.events) {
    if (count !== -1) {
      const value = wide ? rows.wide[(base + count) / 2]! : rows.cells[base + count]!
      if (value !== 0) data[`${name}_cnt`] = value
    }
    if (rate === -1) continue
    const { ageMs, current, previous } = rateState(rows.cells, base + rate, now)
    if (current + previous > 0) data[`${name}_rate`] = [ageMs, current, previous]
  }
  for (let at = 0; at < layout.tagCount; at++) {
    const value = rows.cells[base + layout.tags + at]!
    if (value !== 0) data[`gpt.${at}`] = value
  }
  return [key, Math.max(0, Math.round(rows.idleMs(row, now))), table.serverOf(row) ?? null, data]
}

/**
 * Load a table from a file that {@link saveTable} wrote. The time since then counts: what has expired meanwhile is left
 * out, and rates have gone down. An entry that the table has already is replaced. Numbers that this table does not keep,
 * and rates over another period, are left out; where there is less room, the least recent are.
 *
 * @returns the number of entries loaded
 * @throws {SessionFileError} `EVENER_INVALID_TABLE_FILE` for a file of another format, version or type of key, one that
 *   is not whole, or that anything is wrong with. The system's error where it cannot be read
 */
export async function loadTable(
  table: StickTable,
  file: string,
  options: TableFileOptions = {},
): Promise<number> {
  const handle = await open(file, 'r')
  try {
    let awayMs = 0
    let periods: Record<string, unknown> = {}
    await eachLine(handle, file, table, header => {
      awayMs = Math.max(0, (options.now ?? Date.now)() - header.savedAt)
      periods = header.store
    })
    let loaded = 0
    await eachLine(handle, file, table, undefined, line => {
      if (put(table, line, awayMs, periods)) loaded++
    })
    return loaded
  } finally {
    await handle.close()
  }
}

interface Header {
  readonly savedAt: number
  readonly store: Record<string, unknown>
}

/** Read and check every line. */
async function eachLine(
  handle: FileHandle,
  file: string,
  table: StickTable,
  onHeader?: (header: Header) => void,
  onLine?: (line: Line) => void,
): Promise<void> {
  let number = 0
  let entries = 0
  let ended = false
  const wrong = (what: string): never => {
    throw new SessionFileError(file, number, what)
  }
  const take = (text: string): void => {
    number++
    if (ended) wrong('there is more after the end')
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {
      wrong(number === 1 ? 'this is no saved table' : 'this is not JSON')
    }
    if (number === 1) {
      const why = headerFault(value, table)
      if (why !== undefined) wrong(why)
      onHeader?.(value as Header)
    } else if (Array.isArray(value)) {
      if (!isLine(value)) wrong('this is no entry: [key, idle time, server or null, numbers]')
      if (table.keyOf((value as Line)[0]) !== (value as Line)[0])
        wrong(`the key is none of type ${table.type}`)
      entries++
      onLine?.(value as Line)
    } else {
      ended = (value as { entries?: unknown } | null)?.entries === entries
      if (!ended) wrong(`this is no end of a file with ${entries} entries`)
    }
  }
  let rest = ''
  const buffer = Buffer.allocUnsafe(65_536)
  // In UTF-8 no character but the end of a line has its byte, so pieces are cut there, as bytes.
  let held = Buffer.alloc(0)
  for (let at = 0; ; ) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, at)
    if (bytesRead === 0) break
    at += bytesRead
    held = Buffer.concat([held, buffer.subarray(0, bytesRead)])
    const end = held.lastIndexOf(0x0a)
    if (end === -1 && held.length > longestLine) {
      number++
      wrong(`this line is longer than ${longestLine} bytes`)
    }
    const lines = held.toString('utf8', 0, end + 1).split('\n')
    rest = lines.pop()!
    for (const text of lines) take(text)
    held = held.subarray(end + 1)
  }
  number++
  if (rest !== '' || held.length > 0 || !ended) wrong('the file is cut off here')
}

function headerFault(value: unknown, table: StickTable): string | undefined {
  if (typeof value !== 'object' || value === null) return 'this is no saved table'
  const { format, version, type, length, savedAt, store } = value as Record<string, unknown>
  if (format !== FORMAT) return 'this is no saved table'
  if (version !== VERSION)
    return `version ${String(version)} is not known here; this reads version ${VERSION}`
  if (type !== table.type)
    return `its keys are of type ${String(type)}, those of the table of type ${table.type}`
  if (length !== table.length)
    return `its keys have length ${String(length)}, those of the table ${table.length}`
  if (!isTime(savedAt)) return 'savedAt is no time'
  if (typeof store !== 'object' || store === null) return 'store is no object'
  return undefined
}

const isTime = (value: unknown): value is number => Number.isFinite(value) && (value as number) >= 0
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0

function isLine(value: readonly unknown[]): boolean {
  const [key, idleMs, serverId, data] = value
  if (value.length !== 4 || typeof key !== 'string' || !isTime(idleMs)) return false
  if (serverId !== null && (typeof serverId !== 'string' || serverId === '' || serverId.length > 256))
    return false
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return false
  return Object.values(data).every(number =>
    Array.isArray(number) ? number.length === 3 && number.every(isCount) : isCount(number),
  )
}

/** @returns whether there was room, and time, for it */
function put(
  table: StickTable,
  [key, idle, serverId, data]: Line,
  awayMs: number,
  from: Header['store'],
): boolean {
  const { layout, rows } = table
  const idleMs = idle + awayMs
  if (idleMs >= table.expireMs) return false
  const row = table.setServer(key, serverId ?? undefined)
  if (row === -1) return false
  const now = table.now()
  const base = row * layout.stride
  for (const event of layout.events) {
    const { name, count, wide, rate, periodMs } = event
    const counted = data[`${name}_cnt`]
    if (count !== -1 && typeof counted === 'number') {
      if (wide) rows.wide[(base + count) / 2] = counted
      else rows.cells[base + count] = counted
    }
    const rated = data[`${name}_rate`]
    if (rate === -1 || !Array.isArray(rated) || savedPeriod(from, event) !== periodMs) continue
    const [ageMs, current, previous] = rated as [number, number, number]
    setRate(rows.cells, base + rate, now, periodMs, { ageMs: ageMs + awayMs, current, previous })
  }
  for (let at = 0; at < layout.tagCount; at++) {
    const value = data[`gpt.${at}`]
    if (typeof value === 'number') rows.cells[base + layout.tags + at] = value
  }
  rows.wide[base / 2 + USED_AT] = now - idleMs
  return true
}

function savedPeriod(from: Header['store'], { name }: EventColumns): unknown {
  const rate = from[name.startsWith('gpc') ? 'gpc_rate' : `${name}_rate`]
  return (rate as { periodMs?: unknown } | undefined)?.periodMs
}
