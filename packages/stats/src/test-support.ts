/** What the tests of this package share: backends without sockets behind them, and a page that is asked over a real one. */
import { type Backend, type BackendOptions, createBackend } from '@evener/core'
import { VirtualClock } from '@evener/testing'
import { onTestFinished } from 'vitest'
import { type ListenStatsOptions, listenStats } from './listen-stats.ts'

/** A backend on a virtual clock, with servers s1 and s2 unless others are given. */
export function backendOf(options: Partial<BackendOptions> = {}): { backend: Backend; clock: VirtualClock } {
  const clock = new VirtualClock()
  const servers = ['s1', 's2'].map((id, index) => ({ id, address: `127.0.0.1:${index + 9_001}` }))
  const backend = createBackend({ name: 'app', servers, clock, ...options })
  onTestFinished(() => backend.close())
  return { backend, clock }
}

/** Have this many requests answered, each after so long. */
export function serve(backend: Backend, clock: VirtualClock, count: number, ms: number, status = 200): void {
  for (let i = 0; i < count; i++) {
    const dispatch = backend.dispatch({ sourceAddress: '192.0.2.1', uri: '/', header: () => undefined })
    const lease = dispatch.next()
    if (lease.kind !== 'lease') throw new Error('no server')
    dispatch.leased(lease)
    lease.connected()
    clock.advance(ms)
    lease.answered()
    lease.server.counters.response(status)
    backend.counters.response(status)
    const outcome = { kind: 'completed', phase: 'receive', status } as const
    lease.release(outcome)
    dispatch.end(outcome)
  }
}

/** A page on a port, and how to ask it. */
export async function pageOf(options: ListenStatsOptions) {
  const listener = await listenStats(options)
  onTestFinished(() => listener.close())
  const ask = (path: string, init: RequestInit = {}) => fetch(listener.url + path, init)
  return { ...listener, ask }
}

/** The header of a user. */
export const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
