import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SessionFileError } from '../errors.ts'
import { type StickTableOptions, stickTable } from './stick-table.ts'
import { loadTable, saveTable } from './table-file.ts'
import { handClock } from './test-support.ts'

const options: StickTableOptions = {
  name: 'clients',
  type: 'string',
  expireMs: 60_000,
  store: {
    ...{
      conn_cnt: true,
      conn_cur: true,
      http_req_cnt: true,
      http_req_rate: { periodMs: 10_000 },
      bytes_in_cnt: true,
    },
    ...{ gpc: 1, gpc_rate: { count: 1, periodMs: 10_000 }, gpt: 2 },
  },
}

let folder: string
const file = (name: string) => join(folder, name)
const write = (name: string, ...lines: unknown[]) => {
  writeFileSync(
    file(name),
    lines.map(line => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''),
  )
  return file(name)
}
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'evener-tables-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('a table', () => {
  test('is the same after a restart, on another clock, as much later as it is', async () => {
    const before = stickTable({ ...options, clock: handClock(1_000_000) })
    const client = before.track('ann')!
    client.count('http_req', 8)
    client.count('bytes_in', 5_000_000_000)
    client.increment(0, 4)
    client.tag(1, 77)
    before.bind('ann', 'app1')
    before.bind('bob \ud83d\ude00 "\n', 'app2')
    expect(await saveTable(before, file('a'), { now: () => 5_000_000 })).toBe(2)

    const after = stickTable({ ...options, clock: handClock(70_000) })
    expect(await loadTable(after, file('a'), { now: () => 5_012_500 })).toBe(2)
    const entry = [...after.entries()].find(({ key }) => key === 'ann')
    expect(entry).toEqual({
      key: 'ann',
      serverId: 'app1',
      idleMs: 12_500,
      trackers: 0,
      data: {
        // Three quarters of 8 and of 4: a period and a quarter has passed.
        ...{ conn_cnt: 1, conn_cur: 0, http_req_cnt: 8, http_req_rate: 6, bytes_in_cnt: 5_000_000_000 },
        ...{ 'gpc.0': 4, 'gpc_rate.0': 3, 'gpt.0': 0, 'gpt.1': 77 },
      },
    })
    expect(after.server('bob \ud83d\ude00 "\n')).toBe('app2')
  })

  test('of thousands goes through whole, and the least recent still make room first', async () => {
    const clock = handClock()
    const before = stickTable({ type: 'integer', size: 5_000, clock })
    for (let key = 0; key < 5_000; key++) {
      clock.time++
      before.bind(key, `app${key % 7}`)
    }
    expect(await saveTable(before, file('many'))).toBe(5_000)
    const after = stickTable({ type: 'integer', size: 1_000 })
    expect(await loadTable(after, file('many'))).toBe(5_000)
    expect([after.used, after.server(4_999), after.has(100)]).toEqual([1_000, 'app1', false])
  })

  test('leaves out what has expired, what it does not keep, and rates over another period', async () => {
    const clock = handClock(1_000_000)
    const before = stickTable({ ...options, clock })
    before.track('old')!.end()
    clock.time += 30_000
    const client = before.track('young')!
    client.count('http_req', 8)
    client.increment(0)
    await saveTable(before, file('b'), { now: () => 1_000 })
    const after = stickTable({
      ...options,
      store: { http_req_rate: { periodMs: 5_000 }, conn_cnt: true, gpt: 1 },
    })
    expect(await loadTable(after, file('b'), { now: () => 31_000 })).toBe(1)
    expect([...after.entries()].map(({ key, data }) => [key, data])).toEqual([
      ['young', { conn_cnt: 1, http_req_rate: 0, 'gpt.0': 0 }],
    ])
  })

  test('is saved whole or not at all, for its owner alone, and leaves nothing else behind', async () => {
    const table = stickTable(options)
    table.bind('ann', 'app1')
    await saveTable(table, file('c'))
    const whole = readFileSync(file('c'), 'utf8')
    expect(statSync(file('c')).mode & 0o777).toBe(0o600)
    // What goes wrong in the middle leaves the file as it was.
    const broken = { ...options, clock: handClock() }
    const other = stickTable(broken)
    other.bind('bob', 'app1')
    broken.clock.now = () => {
      throw new Error('gone')
    }
    await expect(saveTable(other, file('c'))).rejects.toThrow('gone')
    expect(readFileSync(file('c'), 'utf8')).toBe(whole)
    expect(readdirSync(folder).filter(name => name.startsWith('c.'))).toEqual([])
    await expect(saveTable(table, join(folder, 'none', 'c'))).rejects.toThrow('ENOENT')
  })

  test('that is full with nopurge, or has expired entries, loads and saves what there is room for', async () => {
    const clock = handClock()
    const before = stickTable({ type: 'integer', clock, expireMs: 10_000 })
    before.bind(1, 's')
    clock.time = 9_000
    for (let key = 2; key < 6; key++) before.bind(key, 's')
    clock.time = 10_500
    expect(await saveTable(before, file('d'), { now: () => 0 })).toBe(4)
    const after = stickTable({ type: 'integer', size: 2, nopurge: true })
    expect(await loadTable(after, file('d'), { now: () => 0 })).toBe(2)
  })
})

describe('a file that is none', () => {
  const header = {
    format: 'evener-stick-table',
    version: 1,
    name: 'clients',
    type: 'string',
    length: 32,
    store: {},
    savedAt: 1,
  }
  const entry = ['ann', 5, 'app1', { conn_cnt: 3 }]
  const end = { entries: 1 }

  test.each([
    ['nothing', [], 1, 'the file is cut off here'],
    ['a picture', ['\x89PNG\r\n\0\0'], 1, 'this is no saved table'],
    ['another JSON', [[1, 2]], 1, 'this is no saved table'],
    ['null', [null], 1, 'this is no saved table'],
    ['a later version', [{ ...header, version: 2 }], 1, 'version 2 is not known here; this reads version 1'],
    [
      'other keys',
      [{ ...header, type: 'ip' }],
      1,
      'its keys are of type ip, those of the table of type string',
    ],
    ['longer keys', [{ ...header, length: 64 }], 1, 'its keys have length 64, those of the table 32'],
    ['no time', [{ ...header, savedAt: 'x' }], 1, 'savedAt is no time'],
    ['no store', [{ ...header, store: null }], 1, 'store is no object'],
    ['a half', [header, entry], 3, 'the file is cut off here'],
    ['half a line', [header, entry, end, '["an'], 4, 'there is more after the end'],
    ['an entry too few', [header, end], 2, 'this is no end of a file with 0 entries'],
    ['something after the end', [header, entry, end, entry], 4, 'there is more after the end'],
    ['no JSON inside', [header, 'ann'], 2, 'this is not JSON'],
    ['a key that is none', [header, ['x'.repeat(33), 5, null, {}]], 2, 'the key is none of type string'],
    ['a negative time', [header, ['ann', -5, null, {}]], 2, 'this is no entry'],
    ['a server that is none', [header, ['ann', 5, 7, {}]], 2, 'this is no entry'],
    ['a server without a name', [header, ['ann', 5, '', {}]], 2, 'this is no entry'],
    ['numbers that are none', [header, ['ann', 5, null, { conn_cnt: 'x' }]], 2, 'this is no entry'],
    ['a rate that is none', [header, ['ann', 5, null, { conn_rate: [1, 2] }]], 2, 'this is no entry'],
    ['a list of numbers', [header, ['ann', 5, null, []]], 2, 'this is no entry'],
    ['a short entry', [header, ['ann', 5, null]], 2, 'this is no entry'],
    ['a line without end', [header, 'x'.repeat(1_200_000)], 2, 'this line is longer than 1048576 bytes'],
  ])('%s is refused, and changes nothing', async (name, lines, line, what) => {
    const table = stickTable(options)
    const failure = await loadTable(table, write(name, ...lines)).catch(error => error)
    expect(failure).toBeInstanceOf(SessionFileError)
    expect(failure).toMatchObject({ code: 'EVENER_INVALID_TABLE_FILE', line, file: file(name) })
    expect(failure.message).toContain(what)
    expect(table.used).toBe(0)
  })

  test('without an end to its last line is refused as well', async () => {
    writeFileSync(file('cut'), `${JSON.stringify(header)}\n${JSON.stringify(end)}`)
    await expect(loadTable(stickTable(options), file('cut'))).rejects.toThrow('cut off')
  })

  test('or that is not there, is the error of the system', async () => {
    await expect(loadTable(stickTable(options), file('nowhere'))).rejects.toThrow('ENOENT')
  })
})
