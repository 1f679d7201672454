/** Reads what wrk prints with `--latency` (its version 4). */

export interface WrkResult {
  readonly requests: number
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** What went wrong, in words; empty where all was well. */
  readonly errors: readonly string[]
}

const millisecondsIn: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
}

/** A duration as wrk prints it: `850.00us`, `1.20ms`, `2.00s`. */
export function parseDuration(text: string): number {
  const [, number, unit = ''] = /^([\d.]+)(us|ms|s|m|h)$/.exec(text) ?? []
  const factor = millisecondsIn[unit]
  if (number === undefined || factor === undefined) throw new Error(`not a duration of wrk's: ${text}`)
  return Number(number) * factor
}

/** @throws an Error where it is not wrk's output */
export function parseWrk(output: string): WrkResult {
  const find = (pattern: RegExp): string => {
    const found = pattern.exec(output)?.[1]
    if (found === undefined) throw new Error(`wrk's output has nothing like ${pattern.source}:\n${output}`)
    return found
  }
  const errors: string[] = []
  const socket = /^\s*Socket errors: (.+)$/m.exec(output)?.[1]
  if (socket !== undefined) errors.push(`socket errors: ${socket}`)
  const status = /^\s*Non-2xx or 3xx responses: (\d+)/m.exec(output)?.[1]
  if (status !== undefined) errors.push(`${status} answers were neither 2xx nor 3xx`)
  return {
    requests: Number(find(/^\s*(\d+) requests in /m)),
    requestsPerSecond: Number(find(/^Requests\/sec:\s+([\d.]+)/m)),
    p50Ms: parseDuration(find(/^\s+50%\s+(\S+)/m)),
    p99Ms: parseDuration(find(/^\s+99%\s+(\S+)/m)),
    errors,
  }
}
