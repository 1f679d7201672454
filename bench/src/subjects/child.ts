/** The process of a subject that runs in Node. Ends with its parent; collects its garbage when asked to. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { NodeSubject } from './node-subject.ts'
import type { Place } from './subject.ts'

process.on('disconnect', () => process.exit())
process.on('message', () => {
  // Not given at the start: the flag would make this another Node than the one that users run.
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as (how: object) => void
  // Of the memory that is free after that, too, for what was left of opening connections would be most of it.
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  process.send?.('collected')
})

const [name, place] = process.argv.slice(2) as [string, string]
const { subject } = (await import(`./${name}.ts`)) as { subject: NodeSubject }
await subject.start(JSON.parse(place) as Place)
