/**
 * Does HAPROXY.md lead somewhere? Its table of cookies has every keyword of HAProxy's manual, each leads to names that
 * there are, or says why not; and HAProxy itself knows the keywords.
 */
import { spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import * as session from './index.ts'

const here = import.meta.dirname
const page = readFileSync(join(here, '..', 'HAPROXY.md'), 'utf8')

/** The rows below a heading, cell by cell. */
function rowsOf(heading: string): string[][] {
  const section = page.split(/^## /m).find(text => text.startsWith(`${heading}\n`)) ?? ''
  const rows = [...section.matchAll(/^\| (`.*) \|$/gm)]
  return rows.map(row => (row[1] as string).split(' | ').map(cell => cell.replace(/ ?\|$/, '').trim()))
}

const codeIn = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(match => match[1] as string)

/** The cookie line's own keywords, as the manual lists them (2.6 to 3.3: the same). */
const ofCookie = {
  insert: 'insert',
  rewrite: 'rewrite',
  prefix: 'prefix',
  indirect: 'insert indirect',
  nocache: 'insert nocache',
  postonly: 'insert postonly',
  preserve: 'insert preserve',
  httponly: 'insert httponly',
  secure: 'insert secure',
  domain: 'insert domain .example.com domain www.example.org',
  maxidle: 'insert maxidle 30m',
  maxlife: 'insert maxlife 8h',
  dynamic: 'insert dynamic',
  attr: 'insert attr SameSite=Lax attr Partitioned',
}

/** The other keywords of the manual that are about cookies and persistence. */
const others = [
  'cookie NAME',
  'dynamic-cookie-key',
  'server … cookie VALUE',
  'option persist',
  'force-persist',
  'ignore-persist',
  'option redispatch',
  'use-server',
  'persist rdp-cookie',
  'appsession',
  'capture cookie',
  'option checkcache',
  'enable dynamic-cookie backend',
  'disable dynamic-cookie backend',
  'set dynamic-cookie-key backend',
]

describe('the table of cookies and persistence', () => {
  const rows = rowsOf('Cookies and persistence')

  test('has every keyword of the manual, and no other', () => {
    const keywords = rows.flatMap(([keyword = '']) => codeIn(keyword))
    expect(keywords.sort()).toEqual([...Object.keys(ofCookie), ...others].sort())
  })

  // Options are members of interfaces, here and of core's backend: found in the source as text.
  const sources = globSync(['**/*.ts', '../../core/src/balance/{backend,retry}.ts'], { cwd: here })
    .filter(file => !file.endsWith('.test.ts'))
    .map(file => readFileSync(join(here, file), 'utf8'))
    .join('\n')
  const members = new Set(
    [...sources.matchAll(/^ {2}(?:readonly )?(\w+)\??[:(]/gm)].map(match => match[1] as string),
  )

  test.each(rows)('leads from %s to %s', (_, target = '') => {
    if (target.startsWith('not offered')) {
      expect(target).toMatch(/^not offered, (because .{20}|for the same reason)/)
      return
    }
    const words = codeIn(target).flatMap(code => code.match(/[A-Za-z]\w*/g) ?? [])
    expect(words.length).toBeGreaterThan(0)
    const unknown = words.filter(word => !(word in session) && !members.has(word) && word !== 'key')
    expect(unknown).toEqual([])
  })

  const installed = spawnSync('haproxy', ['-v']).status === 0
  test.skipIf(!installed)(
    `${installed ? '' : 'haproxy is not installed: '}has keywords that HAProxy knows`,
    () => {
      expect(alertsOf(Object.values(ofCookie))).toEqual([])
      expect(alertsOf(['insert nosuchkeyword'])).not.toEqual([])
    },
  )
})

/** What HAProxy has to say against a backend for each of these cookie lines; not what it merely warns of. */
function alertsOf(cookieLines: readonly string[]): string[] {
  const backends = cookieLines.flatMap((line, at) => [
    `backend b${at}`,
    `  cookie SRV ${line}`,
    '  dynamic-cookie-key secret',
    '  option persist',
    '  option redispatch',
    '  option checkcache',
    '  force-persist if { src 127.0.0.1 }',
    '  ignore-persist if { src 127.0.0.1 }',
    '  use-server s1 if { src 127.0.0.1 }',
    '  server s1 127.0.0.1:80 cookie one',
  ])
  const folder = mkdtempSync(join(tmpdir(), 'evener-session-'))
  const file = join(folder, 'haproxy.cfg')
  const timeouts = ['connect', 'client', 'server'].map(name => `  timeout ${name} 1s`)
  writeFileSync(file, ['defaults', '  mode http', ...timeouts, ...backends, ''].join('\n'))
  const { stderr } = spawnSync('haproxy', ['-c', '-f', file], { encoding: 'utf8' })
  rmSync(folder, { recursive: true })
  return stderr.match(/\[ALERT\].*/g) ?? []
}
