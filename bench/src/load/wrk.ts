/**
 * Load by wrk: as many requests as the proxy takes, one thread, one request at a time on each connection.
 *
 * Its latencies are those of a client that waits for each answer before it asks again: they say how long an answer
 * takes at full rate, and hide waiting that such a client does not see. For that there is the row `latency`.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram } from '../machine/programs.ts'
import { uploadBytes } from '../origin/bodies.ts'
import type { Load, LoadSettings, Row, Target } from '../row.ts'
import { measured } from './measured.ts'
import { parseWrk, type WrkResult } from './wrk-output.ts'

export interface WrkOptions {
  readonly path: Row['path']
  readonly connections: number
  readonly close: boolean
}

/** Slower answers than that are errors. */
const timeoutSeconds = 10

const uploadScript = `wrk.method = "POST"
wrk.headers["Content-Type"] = "application/octet-stream"
wrk.body = string.rep("x", ${uploadBytes})
`

export function wrkLoad(options: WrkOptions): Load {
  return (target, settings) =>
    measured(target.process.pid, async () => {
      const { requests, requestsPerSecond, p50Ms, p99Ms } = await runWrk(target, options, settings)
      return { requests, sample: { rate: requestsPerSecond, p50: p50Ms, p99: p99Ms } }
    })
}

/** One run. @throws an Error where requests failed */
export async function runWrk(
  { mode, port }: Target,
  { path, connections, close }: WrkOptions,
  { keeper, cores, durationMs }: LoadSettings,
): Promise<WrkResult> {
  const args = ['-t1', `-c${connections}`, '--latency', `--timeout=${timeoutSeconds}s`]
  // It takes whole seconds only, so it is told more than is meant and interrupted, at which it reports and ends.
  args.push(`-d${Math.ceil((durationMs + connections) / 1000) + 5}s`)
  if (close) args.push('-HConnection: close')
  if (path === '/upload') args.push(`-s${uploadScriptIn(keeper)}`)
  const command = findProgram('wrk') ?? 'wrk'
  const wrk = keeper.start(
    { command, args: [...args, `${mode === 'https' ? 'https' : 'http'}://127.0.0.1:${port}${path}`] },
    cores,
  )
  // It opens its connections first: a thousand of them take a while.
  const timer = setTimeout(() => wrk.child.kill('SIGINT'), durationMs + connections)
  const how = await wrk.ended
  clearTimeout(timer)
  if (how !== 'exit code 0') throw new Error(`wrk ended with ${how}: ${wrk.complaints()}`)
  const result = parseWrk(wrk.output())
  if (result.errors.length > 0) throw new Error(result.errors.join(', '))
  return result
}

const scripts = new WeakMap<object, string>()

function uploadScriptIn(keeper: LoadSettings['keeper']): string {
  let file = scripts.get(keeper)
  if (file === undefined) {
    file = join(keeper.directory(), 'upload.lua')
    writeFileSync(file, uploadScript)
    scripts.set(keeper, file)
  }
  return file
}
