/**
 * The process in which one algorithm is measured, and no other: what V8 learned of one would slow the next.
 * It is asked for a size at a time, and answers with its {@link Figures}.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { contenders } from './contenders.ts'
import { type Figures, measure } from './measure.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const [name, durationMs] = process.argv.slice(2) as [string, string]
const contender = contenders.find(one => one.name === name)
if (contender === undefined) throw new Error(`there is no algorithm "${name}"`)
const { make, heaviest = 1 } = contender

// The same module once more: in one loop that had seen two balancers, V8 would make neither as fast as it can.
const bare: typeof import('./measure.ts') = await import(`${new URL('./measure.ts', import.meta.url)}?bare`)

process.on('disconnect', () => process.exit())
process.on('message', given => {
  const size = given as number
  const figures = measure({ make, heaviest, size, durationMs: Number(durationMs), collect })
  process.send?.({ ...figures, loopNs: bare.loopNs(size, Number(durationMs) / 2) } satisfies Figures)
})
