/**
 * A check by a function of the host's own: the query that matters, the queue that must not be full, the driver that knows.
 *
 * `L7OK` it says true; `L7STS` false, or a text that says what is wrong; `L7RSP` it throws; `L7TOUT` it has not ended in
 * time. What comes of it after that is dropped. Not for: a check that knows layers; implement `Checker` for that.
 */
import type { Checker, Target } from './contract.ts'
import { readOptions, refuse } from './options.ts'
import {
  oneLine,
  PROBE_OPTION_NAMES,
  type Probe,
  type ProbeOptions,
  probing,
  readProbeSettings,
} from './probe.ts'

/** What a function finds: well or not, and in words. */
export interface Finding {
  readonly ok: boolean
  readonly message?: string | undefined
  /** A number that goes with it, for logs. */
  readonly status?: number | undefined
}

/**
 * Finds out how a target is. True is well, false or a text is not; so is what it throws. The signal aborts when nobody
 * waits for it any more: pass it on to what takes one.
 */
export type CheckFunction = (
  target: Target,
  signal: AbortSignal,
) => boolean | string | Finding | Promise<boolean | string | Finding>

/** Options of {@link functionCheck}. */
export interface FunctionCheckOptions extends ProbeOptions {
  /** What the check is called in logs: `function` by default. */
  readonly name?: string | undefined
}

/**
 * A check by a function.
 * @throws {HealthError} `EVENER_INVALID_OPTION`
 */
export function functionCheck(find: CheckFunction, options: FunctionCheckOptions = {}): Checker {
  if (typeof find !== 'function') refuse('find', find, 'a function')
  readOptions('options', options, [...PROBE_OPTION_NAMES, 'name'])
  const { name = 'function' } = options
  if (typeof name !== 'string' || name === '') refuse('options.name', name, 'a text that is not empty')
  const settings = readProbeSettings(options, probe => {
    probe.enter('L7', 'waiting for the function')
    const controller = new AbortController()
    probe.hold({ destroy: () => controller.abort() })
    // In a function that is async, so that what is thrown at once is a rejection as well.
    const finding = (async () => find(probe.target, controller.signal))()
    finding.then(
      found => judge(probe, found),
      error => probe.fail(error),
    )
  })
  return probing(name, settings)
}

function judge(probe: Probe, found: unknown): void {
  if (typeof found === 'boolean')
    probe.end(found ? 'L7OK' : 'L7STS', found ? 'as expected' : 'not as expected')
  else if (typeof found === 'string') probe.end('L7STS', oneLine(found))
  else if (typeof found !== 'object' || found === null || typeof (found as Finding).ok !== 'boolean') {
    probe.end('SOCKERR', 'the function gave neither a boolean nor a text nor a finding')
  } else {
    const { ok, message = ok ? 'as expected' : 'not as expected', status } = found as Finding
    probe.end(ok ? 'L7OK' : 'L7STS', oneLine(String(message)), { status })
  }
}
