/** The command line. */
import { parseArgs } from 'node:util'
import { type Contender, contenders } from './algorithms/contenders.ts'
import { type CheckSubject, checkSubjects } from './checks/run.ts'
import type { Row } from './row.ts'
import { rows as allRows } from './rows.ts'
import { allSubjects } from './subjects/all.ts'
import type { Subject } from './subjects/subject.ts'

export interface BenchOptions {
  readonly rows: readonly Row[]
  readonly subjects: readonly Subject[]
  /** The algorithms to measure: none, unless `algorithms` is asked for, or everything is. */
  readonly algorithms: readonly Contender[]
  /** The kinds of checks to measure: none, unless `checks` is asked for, or everything is. */
  readonly checks: readonly CheckSubject[]
  /** Measure stick tables. */
  readonly tables: boolean
  /** Measure what it costs to watch the statistics page. */
  readonly page: boolean
  readonly repeats: number
  readonly seconds: number
  readonly quick: boolean
  readonly json: boolean
  readonly write: boolean
  readonly help: boolean
}

/** What `--quick` measures when not told otherwise. */
const quickSubjects: ReadonlySet<string> = new Set(['haproxy', 'http-proxy-3', 'evener-handler'])

/** Not a row of loads, but asked for like one: it has subjects of its own, and no servers. */
const algorithmsRow = { name: 'algorithms' }
/** The same, with one server for all its targets. */
const checksRow = { name: 'checks' }
/** Nor is this: stick tables, in memory and by Redis. */
const tablesRow = { name: 'tables' }
/** Nor this: traffic while browsers watch the statistics page. */
const pageRow = { name: 'page' }
const ownRows = [algorithmsRow, checksRow, tablesRow, pageRow]

export const usage = `Usage: npx pnpm@12 bench [row …] [options]

  --quick            a look in under a minute: few rows and subjects, short loads, one repeat
  --repeats N        repeats of each subject, interleaved; 5 by default
  --seconds N        length of each load; 2 by default, fractions allowed
  --subjects A,B     only these
  --json             results as JSON on the standard output
  --write            put the rows measured into bench/RESULTS.md, results.json and results.svg

Rows: ${[...allRows, ...ownRows].map(({ name }) => name).join(', ')}
Subjects: ${allSubjects.map(({ name }) => name).join(', ')}
Subjects of ${algorithmsRow.name}: ${contenders.map(({ name }) => name).join(', ')}
Subjects of ${checksRow.name}: ${checkSubjects.map(({ name }) => name).join(', ')}
`

/** @throws an Error that names what is wrong and what is allowed */
export function parseOptions(args: readonly string[]): BenchOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      repeats: { type: 'string' },
      seconds: { type: 'string' },
      subjects: { type: 'string' },
      json: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const { quick, json, write, help } = values
  if (quick && write) throw new Error('--write wants measurements, and --quick is a look: use one of them')
  const repeats = numberOf('--repeats', values.repeats, quick ? 1 : 5, 1)
  if (!Number.isInteger(repeats)) throw new Error(`--repeats: ${repeats} is not a whole number`)
  const names = values.subjects?.split(',').filter(name => name !== '')
  const all = positionals.length === 0
  const asked = pickNamed('row', [...allRows, ...ownRows], positionals)
  const named = pickNamed('subject', [...allSubjects, ...contenders, ...checkSubjects], names ?? [])
  const wantsAlgorithms = all ? !quick : asked.includes(algorithmsRow)
  const wantsChecks = all ? !quick : asked.includes(checksRow)
  return {
    rows: allRows.filter(row => (all ? !quick || row.quick : asked.includes(row))),
    subjects: allSubjects.filter(subject =>
      names === undefined
        ? !quick || subject.rows !== undefined || quickSubjects.has(subject.name)
        : named.includes(subject),
    ),
    algorithms: contenders.filter(one => wantsAlgorithms && (names === undefined || named.includes(one))),
    checks: checkSubjects.filter(one => wantsChecks && (names === undefined || named.includes(one))),
    tables: all ? !quick : asked.includes(tablesRow),
    page: all ? !quick : asked.includes(pageRow),
    repeats,
    seconds: numberOf('--seconds', values.seconds, quick ? 0.6 : 2, 0.2),
    quick,
    json,
    write,
    help,
  }
}

function numberOf(name: string, text: string | undefined, byDefault: number, least: number): number {
  if (text === undefined) return byDefault
  const value = Number(text)
  if (!(value >= least) || value > 3_600)
    throw new Error(`${name}: ${text} is not a number from ${least} to 3600`)
  return value
}

/** Those with these names, in their own order. */
function pickNamed<T extends { readonly name: string }>(
  what: string,
  all: readonly T[],
  names: readonly string[],
): T[] {
  const known = all.map(({ name }) => name)
  for (const name of names) {
    if (!known.includes(name)) throw new Error(`there is no ${what} "${name}": there are ${known.join(', ')}`)
  }
  return all.filter(({ name }) => names.includes(name))
}
