/** Changes of servers in the log: HAProxy's `Server app/s1 is DOWN, …`. */
import type { Backend } from '../balance/backend.ts'
import type { ServerTransition } from '../balance/transition.ts'
import { withMethods } from '../base/options.ts'
import type { LogTarget } from './door-log.ts'

/**
 * Write each change of a backend's servers as a line: at `alert` where one is lost, at `notice` otherwise, as HAProxy does.
 * @param to a sink of `@evener/log`, or several
 * @returns how to end it
 * @throws {EvenerError} `EVENER_INVALID_OPTION` for what is no sink
 */
export function logHealth(backend: Backend, to: LogTarget | readonly LogTarget[]): () => void {
  const targets = [to].flat() as LogTarget[]
  for (const target of targets) withMethods('logHealth', target, ['write'], 'standardOutput()')
  const tell = (change: ServerTransition): void => {
    const level =
      change.kind === 'down' || change.kind === 'ejected' || change.kind === 'circuit-open'
        ? 'alert'
        : 'notice'
    const line = `${change}`
    for (const target of targets) target.write(level, line)
  }
  backend.on('transition', tell)
  return () => {
    backend.off('transition', tell)
  }
}
