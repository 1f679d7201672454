/** The command line. */
import { parseArgs } from 'node:util'
import type { Row } from './row.ts'
import { rows as allRows } from './rows.ts'
import { allSubjects } from './subjects/all.ts'
import type { Subject } from './subjects/subject.ts'

export interface BenchOptions {
  readonly rows: readonly Row[]
  readonly subjects: readonly Subject[]
  readonly repeats: number
  readonly seconds: number
  readonly quick: boolean
  readonly json: boolean
  readonly write: boolean
  readonly help: boolean
}

/** What `--quick` measures when not told otherwise. */
const quickSubjects: ReadonlySet<string> = new Set(['haproxy', 'http-proxy-3', 'evener-handler'])

export const usage = `Usage: npx pnpm@12 bench [row …] [options]

  --quick            a look in under a minute: few rows and subjects, short loads, one repeat
  --repeats N        repeats of each subject, interleaved; 5 by default
  --seconds N        length of each load; 2 by default, fractions allowed
  --subjects A,B     only these
  --json             results as JSON on the standard output
  --write            put the rows measured into bench/RESULTS.md, results.json and results.svg

Rows: ${allRows.map(({ name }) => name).join(', ')}
Subjects: ${allSubjects.map(({ name }) => name).join(', ')}
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
  return {
    rows:
      positionals.length > 0
        ? pickNamed('row', allRows, positionals)
        : allRows.filter(row => !quick || row.quick),
    subjects:
      names !== undefined
        ? pickNamed('subject', allSubjects, names)
        : allSubjects.filter(({ name, rows }) => !quick || rows !== undefined || quickSubjects.has(name)),
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
