/** `bench tables`: what stick tables cost, in this process's memory and shared by Redis, beside the bars for it. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Keeper } from '../machine/keeper.ts'
import { freePort } from '../machine/ports.ts'
import { findProgram, missingProgram } from '../machine/programs.ts'

interface InMemory {
  readonly bytes: number
  readonly all: readonly number[]
  readonly few: readonly number[]
}

interface Shared {
  readonly rates: readonly number[]
  readonly p50: number
  readonly p99: number
  readonly lookups: number
  readonly lost: number
}

function child<Result>(file: URL, flags: readonly string[], args: readonly number[]): Result {
  const path = fileURLToPath(file)
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--conditions=@evener/source', ...flags, path, ...args.map(String)],
    { encoding: 'utf8', timeout: 600_000 },
  )
  if (status !== 0) throw new Error(`${path} ended with ${status}: ${stderr.slice(-2_000)}`)
  return JSON.parse(stdout) as Result
}

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] as number
const spread = (numbers: readonly number[]): string =>
  `${Math.round(median(numbers)).toLocaleString('en-US')} [${Math.round(Math.min(...numbers)).toLocaleString('en-US')} to ${Math.round(Math.max(...numbers)).toLocaleString('en-US')}]`

/** Measure, and tell in a table of Markdown. */
export async function benchTables(keeper: Keeper, quick: boolean): Promise<string> {
  const entries = quick ? 100_000 : 1_000_000
  const repeats = quick ? 3 : 7
  const one = child<InMemory>(
    new URL('./memory-child.ts', import.meta.url),
    ['--expose-gc', '--max-old-space-size=4096'],
    [entries, repeats],
  )
  const rows = [
    `| memory of an entry with four counters, its key included | ${one.bytes.toFixed(0)} bytes | 200 |`,
    `| an update of four counters, any of the entries | ${spread(one.all)} ns of CPU | 1,000 |`,
    `| the same, of a thousand that are asked for again and again | ${spread(one.few)} ns of CPU | 1,000 |`,
  ]
  const missing = missingProgram('redis-server')
  if (missing === undefined) {
    const port = await freePort()
    const where = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', keeper.directory()]
    keeper.start({ command: findProgram('redis-server') as string, args: where })
    await new Promise(resolve => setTimeout(resolve, 1_000))
    const shared = child<Shared>(
      new URL('./redis-child.ts', import.meta.url),
      [],
      [port, quick ? 1 : 5, quick ? 1_000 : 5_000],
    )
    rows.push(
      `| updates by Redis, one process, a key of its own for each | ${spread(shared.rates)} a second | 20,000 |`,
      `| a look-up in Redis beside 20,000 updates a second: median, p99 of ${shared.lookups} | ${shared.p50.toFixed(2)}, ${shared.p99.toFixed(2)} ms | 2 |`,
      `| updates and look-ups lost meanwhile | ${shared.lost} | 0 |`,
    )
  } else rows.push(`| by Redis | ${missing} | |`)
  return `\n## tables: ${entries.toLocaleString('en-US')} entries\n\n| what | measured: median [least to most] | bar |\n| --- | --- | --- |\n${rows.join('\n')}\n`
}
