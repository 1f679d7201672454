/**
 * Memory for each idle connection: resident memory with all of them open, less that with the first hundred, divided
 * by how many came between.
 *
 * Each connection has had one answer. A proxy in Node is asked to collect its garbage before either look, since what
 * was left of opening ten thousand connections would otherwise outweigh what they keep.
 */
import { openFilesLimit } from '../machine/machine.ts'
import { ask, startNode } from '../machine/node-child.ts'
import { residentBytes } from '../machine/process-figures.ts'
import type { Load, Target } from '../row.ts'
import type { Held } from './idle-client.ts'

export interface IdleOptions {
  readonly connections: number
  readonly quickConnections: number
}

/** Files that a process has open beside these connections. */
const otherFiles = 200
const first = 100

export function idleConnections({ connections, quickConnections }: IdleOptions): Load {
  return async (target, { keeper, cores, quick }) => {
    const wanted = quick ? quickConnections : connections
    const count = Math.min(wanted, openFilesLimit() - otherFiles)
    const file = new URL('./idle-client.ts', import.meta.url)
    const client = startNode(keeper, file, [String(target.port), target.mode], cores)
    try {
      expectHeld(await ask<Held>(client, first), first)
      const before = await settled(target, quick)
      expectHeld(await ask<Held>(client, count), count)
      const after = await settled(target, quick)
      // Asked again, it counts what is still open.
      expectHeld(await ask<Held>(client, count), count)
      const { peak } = residentBytes(target.process.pid)
      return { each: (after - before) / (count - first), held: count, memory: after, peak }
    } finally {
      await keeper.stop(client)
    }
  }
}

async function settled({ process }: Target, quick: boolean): Promise<number> {
  await new Promise(resolve => setTimeout(resolve, quick ? 300 : 1_500))
  if (process.child.connected) await ask(process, 'collect')
  return residentBytes(process.pid).now
}

function expectHeld({ open, failure }: Held, count: number): void {
  if (open !== count) throw new Error(`${open} of ${count} connections stayed open: ${failure ?? 'no error'}`)
}
