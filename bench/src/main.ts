/** `npx pnpm@12 bench`: see README.md beside this folder, or `--help`. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { runAlgorithms } from './algorithms/run.ts'
import { algorithmTables } from './algorithms/tables.ts'
import { checksMissing, runChecks } from './checks/run.ts'
import { checksTable } from './checks/table.ts'
import { allowedCores, type Cores, partCores } from './machine/cores.ts'
import { Keeper } from './machine/keeper.ts'
import { describeMachine } from './machine/machine.ts'
import { findProgram, missingProgram, programVersion } from './machine/programs.ts'
import { type BenchOptions, parseOptions, usage } from './options.ts'
import { type Origin, startOrigin } from './origin/origin.ts'
import { benchPage } from './page/run.ts'
import { resultsPage } from './report/page.ts'
import { plot } from './report/plot.ts'
import {
  type AlgorithmsResult,
  type ChecksResult,
  mergeRows,
  type Results,
  type RowResult,
} from './report/results.ts'
import { rowTable } from './report/table.ts'
import type { Row } from './row.ts'
import { rows as allRows } from './rows.ts'
import { belongs, runRow } from './run.ts'
import { benchTables } from './tables/run.ts'

const say = (line: string): void => console.error(line)

/** The commit that is measured. */
function commit(): string {
  const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim()
  try {
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') === '' ? '' : '+')
  } catch {
    return 'unknown'
  }
}

/** Why a row cannot be measured, or undefined where it can. */
const missingOf = (needs: Row['needs'] = []): string | undefined =>
  needs.map(missingProgram).find(reason => reason !== undefined)

/** What loads in a row. */
function loadOf(needs: Row['needs'] = []): string {
  if (needs.includes('wrk')) return `wrk ${programVersion('wrk', '-v')}`
  if (needs.includes('h2load')) return `h2load ${programVersion('h2load', '--version')}`
  return 'a client of its own'
}

async function measureRows(
  options: BenchOptions,
  keeper: Keeper,
  allowed: readonly number[],
  cores: Cores,
): Promise<Results> {
  const missing = [
    ...['nginx', 'taskset', 'setpriv'].map(missingProgram).filter(reason => reason !== undefined),
    ...options.subjects.flatMap(subject => {
      const reason = subject.missing()
      return reason === undefined ? [] : [`${subject.name} is left out: ${reason}`]
    }),
    ...options.rows.flatMap(({ name, needs }) => {
      const reason = missingOf(needs)
      return reason === undefined ? [] : [`the row ${name} is left out: ${reason}`]
    }),
  ]
  for (const line of missing) say(line)

  const subjects = options.subjects.filter(subject => subject.missing() === undefined)
  const rows: RowResult[] = []
  let origin: Origin | undefined
  try {
    origin = await startOrigin(keeper, cores)
    const machine = describeMachine(cores, allowed)
    const { repeats, seconds, quick } = options
    const common = { commit: commit(), repeats, seconds, quick, machine, origin: origin.about }
    for (const row of options.rows) {
      const { name, title, compared, needs } = row
      const reason = missingOf(needs)
      const taking = subjects.filter(subject => belongs(subject, row))
      if (taking.length === 0 && reason === undefined) continue
      const found =
        reason === undefined ? await runRow(row, taking, { ...options, keeper, cores, origin, say }) : []
      const result: RowResult = {
        ...{ name, title, compared, ...common },
        date: new Date().toISOString(),
        load: loadOf(needs),
        subjects: found,
        ...(reason !== undefined && { skipped: reason }),
      }
      rows.push(result)
      if (!options.json && reason === undefined) console.log(`\n## ${name}: ${title}\n\n${rowTable(result)}`)
    }
  } finally {
    origin?.close()
  }
  return { rows, missing }
}

async function measureAlgorithms(
  options: BenchOptions,
  keeper: Keeper,
  allowed: readonly number[],
  cores: Cores,
): Promise<AlgorithmsResult> {
  const { repeats, seconds, quick, json } = options
  const results = await runAlgorithms(options.algorithms, { ...options, keeper, cores, say })
  if (!json) console.log(`\n## algorithms\n\n${algorithmTables(results)}`)
  const machine = describeMachine(cores, allowed)
  return { date: new Date().toISOString(), commit: commit(), repeats, seconds, quick, machine, results }
}

async function measureChecks(
  options: BenchOptions,
  keeper: Keeper,
  allowed: readonly number[],
  cores: Cores,
): Promise<ChecksResult> {
  const { repeats, seconds, quick, json } = options
  const results = await runChecks(options.checks, { ...options, keeper, cores, say })
  if (!json) console.log(`\n## checks\n\n${checksTable(results)}`)
  const machine = describeMachine(cores, allowed)
  return { date: new Date().toISOString(), commit: commit(), repeats, seconds, quick, machine, results }
}

async function measure(options: BenchOptions, keeper: Keeper): Promise<Results> {
  const allowed = allowedCores()
  const cores = partCores(findProgram('taskset') === undefined ? [] : allowed)
  const nothing: Results = { rows: [], missing: [] }
  const measured = options.rows.length > 0 ? await measureRows(options, keeper, allowed, cores) : nothing
  const reason = options.checks.length > 0 ? checksMissing() : undefined
  if (reason !== undefined) say(`the row checks is left out: ${reason}`)
  return {
    ...measured,
    ...(options.algorithms.length > 0 && {
      algorithms: await measureAlgorithms(options, keeper, allowed, cores),
    }),
    ...(options.checks.length > 0 &&
      reason === undefined && { checks: await measureChecks(options, keeper, allowed, cores) }),
  }
}

/** Into the files that are committed. What was not measured now stays as it was. */
function write({ rows, algorithms: fresh, checks: freshChecks }: Results): void {
  const file = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url))
  const data = file('results.json')
  const old = existsSync(data) ? (JSON.parse(readFileSync(data, 'utf8')) as Partial<Results>) : {}
  const names = allRows.map(({ name }) => name)
  const merged = mergeRows(old.rows ?? [], rows, names)
  const algorithms = fresh ?? old.algorithms
  const checks = freshChecks ?? old.checks
  writeFileSync(data, `${JSON.stringify({ rows: merged, algorithms, checks }, undefined, 2)}\n`)
  writeFileSync(file('results.svg'), plot(merged))
  writeFileSync(file('RESULTS.md'), resultsPage(merged, 'results.svg', algorithms, checks))
  say('written: bench/RESULTS.md, bench/results.json, bench/results.svg')
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2))
  if (options.help) return console.log(usage)
  if (process.platform !== 'linux') throw new Error('the bench reads /proc, and so runs on Linux only')
  const keeper = new Keeper()
  // `exit` is where the keeper kills whatever still runs.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130))
  try {
    if (options.tables) (options.json ? say : console.log)(await benchTables(keeper, options.quick))
    if (options.page) {
      const cores = partCores(allowedCores())
      ;(options.json ? say : console.log)(await benchPage(keeper, cores, options.repeats, options.quick))
    }
    const results = await measure(options, keeper)
    if (options.json) console.log(JSON.stringify(results, undefined, 2))
    if (options.write) write(results)
    const failed = results.rows.some(row => row.subjects.some(({ failure }) => failure !== undefined))
    if (failed) process.exitCode = 1
  } finally {
    keeper.close()
  }
}

try {
  await main()
} catch (error) {
  say((error as Error).message)
  // What the part that failed has left open would keep the process.
  process.exit(2)
}
