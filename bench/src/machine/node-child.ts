/** A Node process of the bench's own that answers messages: the clients, and the proxies that run in Node. */
import { fileURLToPath } from 'node:url'
import type { Keeper, Kept, Launch } from './keeper.ts'

/** How to start one of the bench's files in a process of its own. The condition leads to Evener's sources. */
export function nodeLaunch(file: URL, args: readonly string[]): Launch {
  return {
    command: process.execPath,
    args: ['--conditions=@evener/source', fileURLToPath(file), ...args],
    // As in production: Express, among others, does more elsewhere.
    env: { NODE_ENV: 'production' },
    ipc: true,
  }
}

export function startNode(keeper: Keeper, file: URL, args: readonly string[], cores?: string): Kept {
  return keeper.start(nodeLaunch(file, args), cores)
}

/** Send a message and wait for the next one that comes. Rejects where the process ends instead. */
export async function ask<Answer>({ child, ended, complaints }: Kept, message: unknown): Promise<Answer> {
  const answer = new Promise<Answer>(resolve => child.once('message', resolve as (message: unknown) => void))
  child.send(message as never, () => undefined)
  return await Promise.race([
    answer,
    ended.then((how): never => {
      throw new Error(`the process ended with ${how}: ${complaints()}`)
    }),
  ])
}
