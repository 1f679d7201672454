/** What the tests of this folder share: requests without sockets, and backends in one line. */
import type { Checker, CheckResult } from '@evener/health'
import { VirtualClock } from '@evener/testing'
import { type Backend, type BackendOptions, createBackend } from './backend.ts'
import type { BackendRequest, Dispatch } from './dispatch.ts'
import type { Lease } from './lease.ts'
import { type Failed, failed } from './outcome.ts'
import type { ServerOptions } from './server-options.ts'

/** A request that says nothing of itself but its headers. */
export function requestWith(headers: Record<string, string> = {}): BackendRequest {
  return { sourceAddress: '192.0.2.1', uri: '/', header: name => headers[name] }
}

/** Servers named s1, s2, …, each with these options. */
export function servers(count: number, options: Partial<ServerOptions> = {}): ServerOptions[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `s${i + 1}`,
    address: `127.0.0.1:${i + 1001}`,
    ...options,
  }))
}

/** A backend on a virtual clock. */
export function world(options: Partial<BackendOptions> & Pick<BackendOptions, 'servers'>): {
  backend: Backend
  clock: VirtualClock
} {
  const clock = new VirtualClock()
  return { backend: createBackend({ name: 'test', clock, ...options }), clock }
}

/** A checker that finds what it is told to, per target. */
export class ScriptedChecker implements Checker {
  readonly name = 'scripted'
  readonly down = new Set<string>()

  check(target: { id: string }): Promise<CheckResult> {
    const ok = !this.down.has(target.id)
    return Promise.resolve({ ok, code: ok ? 'L4OK' : 'L4CON', message: '', durationMs: 1 })
  }
}

/** The lease that the next attempt of this request gets at once. */
export function leaseOf(dispatch: Dispatch): Lease {
  const acquired = dispatch.next()
  if (acquired.kind !== 'lease') throw new Error(`no lease at once, but ${acquired.kind}`)
  dispatch.leased(acquired)
  return acquired
}

export const completed = { kind: 'completed', phase: 'receive', status: 200 } as const
export const refused: Failed = failed('connect', 'server', 'conn-failure')
export const reset: Failed = failed('wait', 'server', 'empty-response')
export const anyRetry = { idempotent: true, replayable: true }
