/**
 * A subject in a process of its own, so that its memory can be measured without that of the test's clients and
 * servers.
 *
 * A fixture is a module that calls {@link runIsolated} with a subject; {@link isolate} starts it. They speak over
 * Node's channel between parent and child; the child ends with its parent.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createBackend } from '../balance/backend.ts'
import type { ContractSubject, Isolated, Memory } from './subject.ts'

/** Start the fixture at this URL, with one backend of servers at these addresses. */
export async function isolate(fixture: URL, addresses: readonly string[]): Promise<Isolated> {
  const child = fork(fileURLToPath(fixture), [...addresses], {
    // The options of the test runner's own process are not for the child.
    execArgv: ['--conditions=@evener/source', '--expose-gc'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  let told: ((message: unknown) => void) | undefined
  let failed: ((error: Error) => void) | undefined
  child.on('message', message => told?.(message))
  child.on('exit', code => failed?.(new Error(`the subject's process ended with ${code}`)))
  const reply = <T>() =>
    new Promise<T>((resolve, reject) => {
      told = resolve as typeof told
      failed = reject
    })
  const { port } = await reply<{ port: number }>()
  return {
    port,
    async memory() {
      const memory = reply<Memory>()
      child.send('memory')
      return memory
    },
    async close() {
      failed = undefined
      const exited = once(child, 'exit')
      child.kill()
      await exited
    },
  }
}

/** Be the fixture: serve the addresses given as arguments until the parent is gone. */
export async function runIsolated(subject: ContractSubject): Promise<void> {
  const servers = process.argv.slice(2).map((address, index) => ({ id: `s${index + 1}`, address }))
  const served = await subject.serve(createBackend({ name: 'isolated', servers }))
  process.on('disconnect', () => process.exit())
  process.on('message', async () => process.send?.(await memoryNow()))
  process.send?.({ port: served.port })
}

/** What is in use, garbage collected: what is left is held by somebody. */
async function memoryNow(): Promise<Memory> {
  globalThis.gc?.()
  // Buffers are let go beside the main thread, a moment after the collection that found them unused.
  await new Promise(resolve => setImmediate(resolve))
  globalThis.gc?.()
  const { rss, heapUsed, external } = process.memoryUsage()
  return { rssBytes: rss, liveBytes: heapUsed + external }
}
