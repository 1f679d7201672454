/**
 * The two servers behind every proxy: nginx where it is installed, else Node.
 *
 * `GET /small`, `/64k`, `/1m`, `/chunked` answer their bodies (see `bodies.ts`), `POST /upload` answers when the whole
 * body has come, `/check` is for health checks, `/echo` tells what arrived.
 */
import type { Cores } from '../machine/cores.ts'
import type { Keeper } from '../machine/keeper.ts'
import { freePort } from '../machine/ports.ts'
import { findProgram, programVersion } from '../machine/programs.ts'
import { startNginxOrigin } from './nginx-origin.ts'
import { startNodeOrigin } from './node-origin.ts'

export interface Origin {
  /** The program and its version. */
  readonly about: string
  /** The two servers' ports on 127.0.0.1. */
  readonly ports: readonly [number, number]
  close(): void
}

export async function startOrigin(keeper: Keeper, cores: Cores): Promise<Origin> {
  const ports: [number, number] = [await freePort(), await freePort()]
  const nginx = findProgram('nginx')
  if (nginx === undefined) {
    await startNodeOrigin(keeper, cores, ports)
    return { about: `Node ${process.versions.node}, for want of nginx`, ports, close: () => undefined }
  }
  const close = await startNginxOrigin(nginx, keeper, cores, ports)
  return { about: `nginx ${programVersion('nginx', '-v')}, one worker`, ports, close }
}
