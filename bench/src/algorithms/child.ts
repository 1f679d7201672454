/**
 * The process in which one algorithm is measured, and no other: what V8 learned of one would slow the next.
 * It is asked for a size at a time, and answers with its {@link Figures}.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { contenders } from './contenders.ts'
import { measure } from './measure.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const [name, durationMs] = process.argv.slice(2) as [string, string]
const contender = contenders.find(one => one.name === name)
if (contender === undefined) throw new Error(`there is no algorithm "${name}"`)
const { make, heaviest = 1 } = contender

process.on('disconnect', () => process.exit())
process.on('message', size => {
  process.send?.(measure({ make, heaviest, size: size as number, durationMs: Number(durationMs), collect }))
})
