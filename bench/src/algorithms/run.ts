/**
 * The run: each algorithm in a process of its own, one after the other, again and again (A B C A B C …), so that
 * multiples are taken of what was measured close together.
 */
import type { Cores } from '../machine/cores.ts'
import type { Keeper } from '../machine/keeper.ts'
import { ask, startNode } from '../machine/node-child.ts'
import type { Contender } from './contenders.ts'
import type { Figures } from './measure.ts'

/** How many servers there are. */
export const sizes = [3, 100, 1_000, 10_000, 100_000] as const
const quickSizes: readonly number[] = [3, 1_000, 10_000]

/** One repeat of one algorithm: its figures by the number of servers. */
export type AlgorithmSample = Readonly<Record<number, Figures>>

export interface AlgorithmResult {
  readonly name: string
  readonly naive?: string | undefined
  readonly atMostNs?: number | undefined
  readonly rebuildAtMostMs?: number | undefined
  readonly samples: readonly AlgorithmSample[]
}

export interface AlgorithmRunOptions {
  readonly repeats: number
  readonly seconds: number
  readonly quick: boolean
  readonly keeper: Keeper
  readonly cores: Cores
  /** Told what is going on, a line at a time. */
  readonly say: (line: string) => void
}

async function sampleOf(
  { name, most = sizes[4] }: Contender,
  options: AlgorithmRunOptions,
): Promise<AlgorithmSample> {
  const { keeper, cores, quick, seconds } = options
  // A tenth of the time that a load has, for each size: algorithms differ less from moment to moment than proxies.
  const durationMs = String(seconds * 100)
  const child = startNode(keeper, new URL('./child.ts', import.meta.url), [name, durationMs], cores.proxy)
  try {
    const sample: Record<number, Figures> = {}
    for (const size of quick ? quickSizes : sizes) {
      if (size <= most) sample[size] = await ask<Figures>(child, size)
    }
    return sample
  } finally {
    await keeper.stop(child)
  }
}

/** Measure these algorithms. Rejects where one fails: they are our own, and none may. */
export async function runAlgorithms(
  contenders: readonly Contender[],
  options: AlgorithmRunOptions,
): Promise<AlgorithmResult[]> {
  const samples = new Map<Contender, AlgorithmSample[]>(contenders.map(one => [one, []]))
  for (let repeat = 1; repeat <= options.repeats; repeat++) {
    options.say(`algorithms: repeat ${repeat} of ${options.repeats}`)
    for (const [contender, taken] of samples) taken.push(await sampleOf(contender, options))
  }
  return contenders.map(one => {
    const { name, naive, atMostNs, rebuildAtMostMs } = one
    return { name, naive, atMostNs, rebuildAtMostMs, samples: samples.get(one) ?? [] }
  })
}
