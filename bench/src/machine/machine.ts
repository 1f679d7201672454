/** What the machine is, for a reader who compares results. */
import { readFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import type { Cores } from './cores.ts'

export interface Machine {
  readonly processor: string
  readonly cores: number
  readonly memoryGiB: number
  readonly kernel: string
  readonly node: string
  /** How cores were parted. */
  readonly pinning: string
  /** The most open files of a process. */
  readonly openFiles: number
}

export function describeMachine(cores: Cores, allowed: readonly number[]): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: allowed.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: `Linux ${release().replace(/-.*/, '')}`,
    node: process.versions.node,
    pinning:
      cores.proxy === undefined
        ? 'not pinned: proxy, load and servers share what there is'
        : `proxy on core ${cores.proxy}, load and servers on ${cores.others}`,
    openFiles: openFilesLimit(),
  }
}

/** How many files this process, and with it each that it starts, may open. */
export function openFilesLimit(): number {
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
  return soft === undefined || soft === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(soft)
}
