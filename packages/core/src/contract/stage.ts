/**
 * The world of one contract test: fake servers, a backend of them, and the subject's door in front.
 *
 * It is taken down when the test has finished, and judged then, whatever the test was about: every request has
 * ended, and the counters of the backend and of each server add up.
 */

import type { RawClient } from '@evener/testing'
import {
  CountingClock,
  type FakeServer,
  type FakeServerOptions,
  fakeServer,
  rawClient,
} from '@evener/testing'
import { expect, onTestFinished } from 'vitest'
import { type Backend, type BackendOptions, createBackend } from '../balance/backend.ts'
import type { TrafficCounters } from '../balance/counters.ts'
import type { Clock } from '../base/clock.ts'
import type { ClientRequest } from '../http/request.ts'
import type { ContractSubject, Served, SubjectOptions } from './subject.ts'

/** What a test may say of its world. */
export interface WorldOptions {
  /** One server by default; a number of them, or one for each entry. */
  readonly servers?: number | readonly FakeServerOptions[]
  readonly backend?: Partial<BackendOptions>
  readonly door?: SubjectOptions
  /** Where requests go: to the backend of this world, to another one, or nowhere. All to the backend by default. */
  readonly route?: (request: ClientRequest) => Backend | 'backend' | undefined
  /** A clock whose timers are counted, by default. */
  readonly clock?: Clock
}

/** A door with servers behind it. */
export interface World {
  readonly port: number
  readonly served: Served
  readonly backend: Backend
  readonly clock: Clock
  readonly servers: readonly FakeServer[]
  /** The first server, for tests with one. */
  readonly server: FakeServer
  /** Connect to the door. */
  client(options?: { readonly halfOpen?: boolean; readonly timeoutMs?: number }): Promise<RawClient>
  /** All that a test does after its work is done; done by itself when the test has finished. */
  close(): Promise<void>
}

/** Make a world. */
export async function world(subject: ContractSubject, options: WorldOptions = {}): Promise<World> {
  const count = options.servers ?? 1
  const kinds: readonly FakeServerOptions[] = typeof count === 'number' ? Array(count).fill({}) : count
  const servers = await Promise.all(
    kinds.map((kind, index) => fakeServer({ name: `s${index + 1}`, ...kind })),
  )
  const clock = options.clock ?? new CountingClock()
  const backend = createBackend({
    name: 'contract',
    servers: servers.map(server => ({ id: server.name, address: server.address })),
    clock,
    retryDelayMs: 0,
    ...options.backend,
  })
  const { route } = options
  const routed = (request: ClientRequest) => {
    const to = route?.(request)
    return to === 'backend' ? backend : to
  }
  const served = await subject.serve(route === undefined ? backend : routed, options.door)
  const clients: RawClient[] = []
  let closed: Promise<void> | undefined
  const takeDown = async () => {
    for (const client of clients) client.destroy()
    await served.close()
    backend.close()
    expectSums(backend)
    for (const server of servers) await server.close()
  }
  const made: World = {
    port: served.port,
    served,
    backend,
    clock,
    servers,
    server: servers[0] as FakeServer,
    async client(how = {}) {
      const client = await rawClient({ port: served.port, ...how })
      clients.push(client)
      return client
    },
    close() {
      closed ??= takeDown()
      return closed
    },
  }
  onTestFinished(() => made.close())
  return made
}

/** Counters add up, and nothing is under way. */
export function expectSums(backend: Backend): void {
  expect(sumOf(backend.counters, backend.counters.rejected), 'the backend').toEqual(settled(backend.counters))
  for (const server of backend.servers) {
    expect(sumOf(server.counters, 0), `server ${server.id}`).toEqual(settled(server.counters))
  }
}

function settled(counters: TrafficCounters) {
  return { requests: counters.requests, requestsNow: 0, queueNow: 0 }
}

function sumOf(counters: TrafficCounters, rejected: number) {
  const { requestsNow, queueNow, completed, failed, aborted } = counters
  return { requests: requestsNow + completed + failed + aborted + rejected, requestsNow, queueNow }
}

/** A promise, and the function that fulfils it. */
export function signal(): { readonly promise: Promise<void>; give(): void } {
  let give = () => {}
  const promise = new Promise<void>(resolve => {
    give = resolve
  })
  return { promise, give }
}
