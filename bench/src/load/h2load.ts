/**
 * Load over HTTP/2 by h2load (nghttp2), one thread: a number of requests on few connections with many streams each.
 *
 * The number is found by a short load before: a load by time would end with hundreds of requests under way, which have
 * cost the proxy something and would not be counted.
 */
import { findProgram } from '../machine/programs.ts'
import type { BodyPath } from '../origin/bodies.ts'
import type { Load, LoadSettings, Target } from '../row.ts'
import { type H2loadResult, parseH2load } from './h2load-output.ts'
import { measured } from './measured.ts'

export interface H2loadOptions {
  readonly path: BodyPath
  readonly connections: number
  /** Requests under way on each connection. */
  readonly streams: number
}

/** Without a byte for that long, a connection counts as failed. */
const timeoutSeconds = 10

export function h2load(options: H2loadOptions): Load {
  return async (target, settings) => {
    const atOnce = options.connections * options.streams
    const { requestsPerSecond } = await run(target, options, atOnce * 4, settings)
    const count = Math.max(atOnce * 4, Math.round((requestsPerSecond * settings.durationMs) / 1_000))
    return await measured(target.process.pid, async () => {
      const { requests, requestsPerSecond: rate } = await run(target, options, count, settings)
      return { requests, sample: { rate } }
    })
  }
}

/** One run. @throws an Error where requests failed */
async function run(
  { port }: Target,
  { path, connections, streams }: H2loadOptions,
  count: number,
  { keeper, cores }: LoadSettings,
): Promise<H2loadResult> {
  const command = findProgram('h2load') ?? 'h2load'
  const args = ['-t1', `-c${connections}`, `-m${streams}`, `-n${count}`, `-N${timeoutSeconds}`]
  const kept = keeper.start({ command, args: [...args, `https://127.0.0.1:${port}${path}`] }, cores)
  const how = await kept.ended
  if (how !== 'exit code 0') throw new Error(`h2load ended with ${how}: ${kept.complaints()}`)
  const result = parseH2load(kept.output())
  if (result.errors.length > 0) throw new Error(result.errors.join(', '))
  return result
}
