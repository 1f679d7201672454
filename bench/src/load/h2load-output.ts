/** Reads what h2load of nghttp2 prints. */

export interface H2loadResult {
  readonly requests: number
  readonly requestsPerSecond: number
  /** What went wrong, in words; empty where all was well. */
  readonly errors: readonly string[]
}

/** @throws an Error where it is not h2load's output */
export function parseH2load(output: string): H2loadResult {
  const find = (pattern: RegExp): RegExpExecArray => {
    const found = pattern.exec(output)
    if (found === null) throw new Error(`h2load's output has nothing like ${pattern.source}:\n${output}`)
    return found
  }
  const errors: string[] = []
  const [, total, done, succeeded] = find(
    /^requests: (\d+) total, \d+ started, (\d+) done, (\d+) succeeded, .*$/m,
  )
  const [requests] = find(/^requests: .*$/m)
  if (succeeded !== total || done !== total) errors.push(requests)
  const [statuses, good] = find(/^status codes: (\d+) 2xx, .*$/m)
  if (good !== total) errors.push(statuses)
  // It says so once the first connection stands; without one there are failed requests enough.
  const protocol = /^Application protocol: (\S+)$/m.exec(output)?.[1]
  if (protocol !== 'h2') errors.push(`spoken was ${protocol ?? 'nothing'} instead of h2`)
  return {
    requests: Number(total),
    requestsPerSecond: Number(find(/^finished in [^,]+, ([\d.]+) req\/s/m)[1]),
    errors,
  }
}
