/** `bench page`: the p99 of traffic while nobody watches the statistics page, and while 20 browsers do, in turns. */
import type { ConstantRateOrder, ConstantRateResult } from '../load/constant-rate-client.ts'
import type { Cores } from '../machine/cores.ts'
import type { Keeper } from '../machine/keeper.ts'
import { ask, startNode } from '../machine/node-child.ts'
import { startOrigin } from '../origin/origin.ts'

interface Told {
  readonly port: number
  readonly page: number
  readonly watching: number
  readonly cpu: { readonly user: number; readonly system: number }
  /** p99 of how long the event loop was away, timers of 1 ms included. */
  readonly delayMs: number
}

const servers = 5_000
const browsers = 20
const requestsPerSecond = 1_000

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] as number
const spread = (numbers: readonly number[], digits = 2): string =>
  `${median(numbers).toFixed(digits)} [${Math.min(...numbers).toFixed(digits)} to ${Math.max(...numbers).toFixed(digits)}]`

/** Measure, and tell in a table of Markdown. */
export async function benchPage(
  keeper: Keeper,
  cores: Cores,
  repeats: number,
  quick: boolean,
): Promise<string> {
  const origin = await startOrigin(keeper, cores)
  const proxy = startNode(
    keeper,
    new URL('./watched-child.ts', import.meta.url),
    [origin.ports.join(','), String(servers)],
    cores.proxy,
  )
  const { port, page } = await ask<Told>(proxy, 'ready?')
  const watchers = startNode(
    keeper,
    new URL('./watchers-child.ts', import.meta.url),
    [String(page)],
    cores.others,
  )
  const client = new URL('../load/constant-rate-client.ts', import.meta.url)
  const durationMs = quick ? 3_000 : 10_000
  const order: ConstantRateOrder = {
    port,
    path: '/small',
    connections: 64,
    requestsPerSecond,
    warmUpMs: 1_500,
    durationMs,
  }
  const seen = {
    alone: [] as number[],
    watched: [] as number[],
    ratio: [] as number[],
    cpu: [] as number[],
    delayAlone: [] as number[],
    delayWatched: [] as number[],
    bytes: [] as number[],
  }
  const turn = async (count: number) => {
    await ask(watchers, count)
    const before = await ask<Told>(proxy, 'cpu?')
    // It takes one order.
    const loading = startNode(keeper, client, [], cores.others)
    const result = await ask<ConstantRateResult>(loading, order)
    loading.child.disconnect()
    if (result.failure !== undefined) throw new Error(`page: ${result.failure}`)
    const after = await ask<Told>(proxy, 'cpu?')
    if (after.watching !== count) throw new Error(`page: ${after.watching} watch, and not ${count}`)
    const cpu = (after.cpu.user + after.cpu.system - before.cpu.user - before.cpu.system) / 10_000
    return {
      p99: result.p99Ms,
      delayMs: after.delayMs,
      cpuPercent: cpu / ((durationMs + 1_500) / 1_000),
      bytes: await ask<number>(watchers, count),
    }
  }
  for (let i = 0; i < repeats; i++) {
    const alone = await turn(0)
    const watched = await turn(browsers)
    seen.alone.push(alone.p99)
    seen.watched.push(watched.p99)
    seen.ratio.push(watched.p99 / alone.p99)
    seen.cpu.push(watched.cpuPercent - alone.cpuPercent)
    seen.delayAlone.push(alone.delayMs)
    seen.delayWatched.push(watched.delayMs)
    seen.bytes.push(watched.bytes / 1e6)
  }
  origin.close()
  return `
## page: ${servers.toLocaleString('en-US')} servers, ${browsers} browsers, ${requestsPerSecond.toLocaleString('en-US')} requests a second

| what | measured: median [least to most] | bar |
| --- | --- | --- |
| p99 of traffic while nobody watches | ${spread(seen.alone)} ms | |
| p99 while ${browsers} watch | ${spread(seen.watched)} ms | |
| the one to the other | ${spread(seen.ratio)} | 1.5 |
| p99 of the event loop's absence, alone | ${spread(seen.delayAlone)} ms | |
| the same while ${browsers} watch | ${spread(seen.delayWatched)} ms | |
| a core more while they watch | ${spread(seen.cpu, 1)} % | |
| sent to all of them in ${(durationMs + 1_500) / 1000} s | ${spread(seen.bytes, 1)} MB | |
`
}
