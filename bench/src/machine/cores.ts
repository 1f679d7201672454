/**
 * Which cores do what: one for the proxy alone, the others for the load and the servers.
 *
 * The proxy gets the *last* core it may use: interrupts tend to be served on the first.
 */
import { readFileSync } from 'node:fs'

/** Lists as `taskset --cpu-list` reads them; undefined where there is nothing to part. */
export interface Cores {
  readonly proxy: string | undefined
  readonly others: string | undefined
}

/** The numbers in a list of the kernel's, as in `0-2,5`. */
export function parseCoreList(list: string): number[] {
  return list
    .trim()
    .split(',')
    .filter(part => part !== '')
    .flatMap(part => {
      const [from = 0, to = from] = part.split('-').map(Number)
      return Array.from({ length: to - from + 1 }, (_, i) => from + i)
    })
}

/** Part these cores. With one there is nothing to part, and results say so. */
export function partCores(allowed: readonly number[]): Cores {
  if (allowed.length < 2) return { proxy: undefined, others: undefined }
  return { proxy: String(allowed.at(-1)), others: allowed.slice(0, -1).join(',') }
}

/** The cores that this process may run on. */
export function allowedCores(): number[] {
  const status = readFileSync('/proc/self/status', 'utf8')
  return parseCoreList(/^Cpus_allowed_list:\s*(.+)$/m.exec(status)?.[1] ?? '0')
}
