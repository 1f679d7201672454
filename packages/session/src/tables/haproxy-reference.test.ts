/**
 * Does HAPROXY.md lead somewhere for stick tables? It has every keyword of HAProxy's manual about them, each leads to names
 * that there are, or says why not; and HAProxy itself lists no other.
 */
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import * as session from '../index.ts'

const here = import.meta.dirname
const page = readFileSync(join(here, '..', '..', 'HAPROXY.md'), 'utf8')
const section = page.split(/^## /m).find(text => text.startsWith('Stick tables\n')) ?? ''
const rows = [...section.matchAll(/^\| (`.*) \|$/gm)].map(row =>
  (row[1] as string).split(' | ').map(cell => cell.replace(/ ?\|$/, '').trim()),
)
const codeIn = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(match => match[1] as string)

/** Of the manual (3.5), sections 4.2 "stick", 7.3.3 "sc_", 4.3 "track-sc" and 11.1; the `sc0_…` forms are the same again. */
const counted = ['conn', 'sess', 'http_req', 'http_err', 'http_fail', 'glitch']
const ofData = [
  ...counted.flatMap(name => [`${name}_cnt`, `${name}_rate`]),
  ...[
    'bytes_in_cnt',
    'bytes_in_rate',
    'bytes_out_cnt',
    'bytes_out_rate',
    'conn_cur',
    'server_id',
    'server_key',
  ],
  ...['gpc', 'gpc_rate', 'gpc0', 'gpc1', 'gpc0_rate', 'gpc1_rate', 'gpt', 'gpt0'],
]
const gpcs = ['gpc', 'gpc0', 'gpc1']
const ofSc = [
  ...counted.flatMap(name => [`${name}_cnt`, `${name}_rate`]),
  ...['conn_cur', 'kbytes_in', 'kbytes_out', 'bytes_in_rate', 'bytes_out_rate', 'get_gpt', 'get_gpt0'],
  ...gpcs.flatMap(name => [`get_${name}`, `inc_${name}`, `clr_${name}`, `${name}_rate`]),
  ...['key', 'tracked', 'trackers'],
].map(name => `sc_${name}`)
const keywords = [
  ...['ip', 'ipv4', 'ipv6', 'integer', 'string', 'binary'].map(type => `type ${type}`),
  ...[
    'stick-table',
    'len',
    'size',
    'expire',
    'nopurge',
    'recv-only',
    'write-to',
    'peers',
    'table',
    'srvkey',
    'store',
  ],
  ...[
    'brates-factor',
    'stick on',
    'stick match',
    'stick store-request',
    'stick store-response',
    'if',
    'unless',
  ],
  ...[
    'stick',
    'non-stick',
    'track-sc',
    'track-sc0',
    'track-sc1',
    'track-sc2',
    'tune.stick-counters',
    'in_table',
  ],
  ...['sc-inc-gpc', 'sc-inc-gpc0', 'sc-inc-gpc1', 'sc-add-gpc', 'sc-set-gpt', 'sc-set-gpt0'],
  ...['src_conn_cnt', 'src_…', 'table_conn_cnt', 'table_…', 'table_expire', 'table_avl', 'table_cnt'],
  ...['show table', 'clear table', 'set table', ...ofData, ...ofSc],
]

describe('the table of stick tables', () => {
  test('has every keyword of the manual, and no other', () => {
    expect(rows.flatMap(([keyword = '']) => codeIn(keyword)).sort()).toEqual(keywords.sort())
  })

  const sources = globSync(['**/*.ts', '../../../core/src/{balance,base,frontend,tcp,http2}/**/*.ts'], {
    cwd: here,
  })
    .filter(file => !file.endsWith('.test.ts'))
    .map(file => readFileSync(join(here, file), 'utf8'))
    .join('\n')
  const members = new Set(
    [...sources.matchAll(/^ {2}(?:readonly |get |\*)?(\w+)\??[:(]/gm)].map(match => match[1] as string),
  )

  test.each(rows)('leads from %s to %s', (_, target = '') => {
    if (target.startsWith('not offered')) {
      expect(target).toMatch(/^not offered, (because .{20}|for the same reason)/)
      return
    }
    const words = codeIn(target)
    expect(words.length).toBeGreaterThan(0)
    expect(words.filter(word => !(word in session) && !members.has(word))).toEqual([])
  })

  const list = spawnSync('haproxy', ['-dKsmp,cnv,cfg', '-q', '-c', '-f', '/dev/null'], { encoding: 'utf8' })
  const lists = list.stdout?.includes(' sc_conn_cnt(') === true
  test.skipIf(!lists)(`${lists ? '' : 'no haproxy that lists them: '}has what HAProxy lists`, () => {
    const listed = (pattern: RegExp): string[] =>
      [...list.stdout.matchAll(pattern)].map(match => match[1] ?? '')
    // Fetches of trackers, of the source's entry, and of any entry: each of the latter is one of the former.
    const fetches = listed(/\] sc\d?_(\w+)/g).map(name => `sc_${name}`)
    const actions = listed(/ ((?:sc-[a-z]+-\w+|track-sc))\*/g)
    expect([fetches.length > 100, actions.length > 20]).toEqual([true, true])
    expect([...fetches, ...actions].filter(name => !keywords.includes(name))).toEqual([])
    const ofAny = [...listed(/\] src_(\w+)\(table\)/g), ...listed(/^table_(\w+)\(/gm)]
    expect(ofAny.length).toBeGreaterThan(50)
    const known = (name: string): boolean =>
      [name, `sc_${name}`, `sc_get_${name}`, `table_${name}`].some(one => keywords.includes(one))
    // To count a connection by a fetch is `count`; how long ago an entry was used, `idleMs`.
    expect([...new Set(ofAny.filter(name => !known(name)))].sort()).toEqual(['idle', 'updt_conn_cnt'])
  })
})
