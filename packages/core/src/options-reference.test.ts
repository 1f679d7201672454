/**
 * Does OPTIONS.md say what the source says? The page's tables are read, and so are the interfaces, classes and lists of
 * names in the source, as text: both must name the same things, with the same defaults and ranges.
 *
 * A section belongs to the types that its heading names in code: `### `BackendOptions`: …`. The first column of its
 * table holds a member of theirs each.
 */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as algorithms from '@evener/algorithms'
import * as health from '@evener/health'
import * as rules from '@evener/rules'
import * as session from '@evener/session'
import { describe, expect, test } from 'vitest'
import * as core from './index.ts'

const here = import.meta.dirname
const packages = join(here, '..', '..')
const page = readFileSync(join(here, '..', 'OPTIONS.md'), 'utf8')

function sourcesOf(name: string): string[] {
  return globSync('**/*.ts', { cwd: join(packages, name, 'src') })
    .filter(file => !/\.test\.ts$|test-support|(^|[\\/])(contract|testing)[\\/]/.test(file))
    .map(file => readFileSync(join(packages, name, 'src', file), 'utf8'))
}

const ours = sourcesOf('core').join('\n')
// In the order of whose type counts where two packages have one of the same name.
const everything = [ours, ...['health', 'tls', 'http1', 'algorithms', 'session'].flatMap(sourcesOf)].join(
  '\n',
)

/** The names of what a type has: of an interface or class its members, of a union its words. */
function membersOf(type: string): string[] {
  const body = new RegExp(`export (?:interface|class) ${type}\\b[^{]*\\{\\n([^]*?)\\n\\}`).exec(
    everything,
  )?.[1]
  if (body !== undefined) {
    const members = body.matchAll(
      /^ {2}(?:readonly )?'?([\w-]+)'?\??(?:: |\()(?!.*\{$)|^ {2}(?:readonly )?(\w+)(?:: .+)? = /gm,
    )
    return [...members].map(match => (match[1] ?? match[2]) as string)
  }
  const union = new RegExp(`export type ${type} =([^]*?)\\n\\n`).exec(everything)?.[1] ?? ''
  return [...union.replaceAll(/\/\*\*.*\*\//g, '').matchAll(/'([\w-]+)'/g)].map(match => match[1] as string)
}

interface Section {
  readonly title: string
  readonly types: readonly string[]
  readonly rows: readonly (readonly string[])[]
  readonly names: readonly string[]
}

const codeIn = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(match => match[1] as string)

function readSection(text: string): Section {
  const title = text.slice(0, text.indexOf('\n'))
  const rows = [...text.matchAll(/^\| (.*) \|$/gm)]
    .map(match => (match[1] as string).split('|').map(cell => cell.trim()))
    .filter(([first = '']) => first.startsWith('`'))
  const types = codeIn(title.split(': ')[0] as string)
  return { title, types, rows, names: rows.map(([first = '']) => codeIn(first)[0] as string) }
}

const [moving = '', reference = ''] = page.split(/^## Backends$/m)
const sections = reference
  .split(/^### /m)
  .slice(1)
  .map(text => readSection(text.split('\n## ')[0] as string))
const migration = moving.split(/^### /m).slice(1).map(readSection)
const rowsNamed = (name: string) =>
  sections.flatMap(({ rows, names }) => rows.filter((_, index) => names[index] === name))

/** As the page writes numbers. */
const written = (digits: string): string => {
  const value = Number(digits.replaceAll('_', ''))
  return value < 1000 ? String(value) : value.toLocaleString('en-US')
}

describe('the reference of options', () => {
  test.each(sections)('$title has a row for each member, and no other', ({ types, names }) => {
    const members = new Set(types.flatMap(membersOf))
    expect(members.size).toBeGreaterThan(0)
    expect([...names].sort()).toEqual([...members].sort())
  })

  test('has a section for each type of options, timeouts, counters and events that the package exports', () => {
    const index = readFileSync(join(here, 'index.ts'), 'utf8')
    const exported = index.matchAll(
      /\b([A-Z]\w*(?:Options|Timeouts|Counters|Events|Facts|Reason|Refusal)|HttpProxy3Options)\b/g,
    )
    const described = new Set(sections.flatMap(({ types }) => types))
    const wanted = new Set([...exported].map(match => match[1] as string))
    expect(wanted.size).toBeGreaterThan(25)
    expect([...wanted].filter(type => !described.has(type))).toEqual([])
    for (const type of [
      'ClientRequest',
      'Completed',
      'Failed',
      'Phase',
      'TcpConnection',
      'UdpClient',
      'ErrorCode',
    ]) {
      expect(described).toContain(type)
    }
  })

  test('has every name that is asked for where options are checked', () => {
    const lists = [
      ...ours.matchAll(/knownOptions\([^[\]]*?, \[([^\]]*)\]\)|readonly \(keyof \w+\)\[\] = \[([^\]]*)\]/g),
    ]
    const names = lists.flatMap(match => [...((match[1] ?? match[2]) as string).matchAll(/'(\w+)'/g)])
    expect(names.length).toBeGreaterThan(100)
    expect(names.map(match => match[1] as string).filter(name => rowsNamed(name).length === 0)).toEqual([])
  })

  test('has the defaults and ranges of all numbers', () => {
    const number = String.raw`(-?[\d_.]+)`
    const checks = [
      ...ours.matchAll(
        new RegExp(
          String.raw`\b(?:integer|decimal)\(\s*[^\s,]+\.(\w+)[${'`'}'],\s*[^,]+,\s*${number},\s*${number},\s*${number},?\s*\)`,
          'g',
        ),
      ),
    ]
    expect(checks.length).toBeGreaterThan(30)
    const wrong = checks.filter(([, name = '', byDefault = '', least = '', most = '']) => {
      const range = `${written(least)} to ${written(most)}`
      // Where the code falls back to nothing in particular, the page may say what that means in words.
      const inWords = (cell: string) => Number(byDefault) <= 0 && !/\d/.test(cell)
      return !rowsNamed(name).some(
        ([, , , cell = '', allowed = '']) =>
          (cell.split(':')[0] === written(byDefault) || inWords(cell)) && allowed.includes(range),
      )
    })
    expect(wrong.map(([text]) => text)).toEqual([])
  })

  test('has the defaults of all durations', () => {
    const checks = [...ours.matchAll(/\bduration\(\s*[^\s,]+\.(\w+)[`'],\s*[^,]+,\s*([\d_]+),?\s*\)/g)]
    expect(checks.length).toBeGreaterThan(12)
    const wrong = checks.filter(
      ([, name = '', byDefault = '']) =>
        !rowsNamed(name).some(
          row => row[4] === 'a duration' && (byDefault === '0' || row[3] === written(byDefault)),
        ),
    )
    expect(wrong.map(([text]) => text)).toEqual([])
  })

  test('links to headings that there are', () => {
    const headings = [...page.matchAll(/^#+ (.*)$/gm)].map(match =>
      (match[1] as string)
        .toLowerCase()
        .replaceAll(/[^\w\s-]/g, '')
        .replaceAll(' ', '-'),
    )
    const links = [...page.matchAll(/\]\(#([^)]*)\)/g)].map(match => match[1] as string)
    expect(links.length).toBeGreaterThan(20)
    expect(links.filter(link => !headings.includes(link))).toEqual([])
  })
})

describe('the way from haproxy.cfg', () => {
  const known = new Set([
    ...sections.flatMap(({ names }) => names),
    ...[core, algorithms, health, rules, session].flatMap(one => Object.keys(one)),
    ...[core.Server, core.Backend].flatMap(one => Object.getOwnPropertyNames(one.prototype)),
    ...[
      'HashingOptions',
      'UrlParameterOptions',
      'HttpCheckOptions',
      'InsertCookieOptions',
      'CookieNaming',
      'CookieLimits',
      'StickOptions',
      'HttpExpect',
      'CookieAttributes',
    ].flatMap(membersOf),
    // Written as such.
    ...['http', 'https', 'listen', 'close', 'common', 'true', 'false', 'undefined', 'counters'],
  ])

  test.each(migration)('by $title leads to names that there are', ({ rows }) => {
    const unknown = rows.flatMap(([keyword = '', target = '']) => {
      // What follows "missing" up to the next semicolon may be HAProxy's own words.
      const code = codeIn(
        target.replaceAll(/[^;]*\*\*missing\*\*[^;]*/g, text => text.split(':').slice(1).join(':')),
      )
      const words = code
        .filter(each => !each.startsWith('@'))
        .flatMap(each => each.replaceAll(/'[^']*'/g, '').match(/[A-Za-z]\w*/g) ?? [])
      return words.filter(word => !known.has(word)).map(word => `${keyword}: ${word}`)
    })
    expect(rows.length).toBeGreaterThan(10)
    expect(unknown).toEqual([])
  })
})
