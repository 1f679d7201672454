/** Doors, backends and servers as rules see them: HAProxy's `fe_`, `be_`, `srv_`, `nbsrv`, `queue`. */
import type { BackendView, FrontendView, ServerView } from '@evener/rules'
import type { Backend } from '../balance/backend.ts'
import type { Server } from '../balance/server.ts'
import type { Clock } from '../base/clock.ts'
import type { RateCounter } from '../base/rate-counter.ts'
import type { DoorCounters } from '../http/door-counters.ts'
import type { TcpProxy } from '../tcp/tcp-proxy.ts'

/** A door, as far as it is shown. */
interface Door {
  readonly name: string
  readonly clock: Clock
  readonly counters: DoorCounters & {
    readonly connectionsNow?: number
    readonly connectionRate?: RateCounter
  }
}

export class FrontendSight implements FrontendView {
  readonly #door: Door

  constructor(door: Door) {
    this.#door = door
  }

  get name(): string {
    return this.#door.name
  }

  get connectionsNow(): number {
    return this.#door.counters.connectionsNow ?? 0
  }

  /** Of connections; of requests at a door that knows no connections. */
  get sessionRate(): number {
    const { counters, clock } = this.#door
    return (counters.connectionRate ?? counters.rate).perSecond(clock.now())
  }

  get requestRate(): number {
    return this.#door.counters.rate.perSecond(this.#door.clock.now())
  }
}

/** A TCP proxy: its connections are its requests. */
export class TcpProxySight implements FrontendView {
  readonly #proxy: TcpProxy

  constructor(proxy: TcpProxy) {
    this.#proxy = proxy
  }

  get name(): string {
    return this.#proxy.name
  }

  get connectionsNow(): number {
    return this.#proxy.counters.connectionsNow
  }

  get sessionRate(): number {
    return this.#proxy.counters.connectionRate.perSecond(this.#proxy.clock.now())
  }

  get requestRate(): number {
    return 0
  }
}

export class BackendSight implements BackendView {
  readonly #backend: Backend

  constructor(backend: Backend) {
    this.#backend = backend
  }

  get name(): string {
    return this.#backend.name
  }

  get requestsNow(): number {
    return this.#backend.counters.requestsNow
  }

  get queueNow(): number {
    return this.#backend.counters.queueNow
  }

  get sessionRate(): number {
    return this.#backend.counters.rate.perSecond(this.#backend.clock.now())
  }

  get usableServers(): number {
    return this.#backend.pool.length
  }

  /** Of the servers that may be chosen; undefined where one of them has no limit. */
  get freeConnections(): number | undefined {
    let free = 0
    for (const server of this.#backend.pool) {
      const ofServer = freeOf(server)
      if (ofServer === undefined) return undefined
      free += ofServer
    }
    return free
  }

  server(name: string): ServerView | undefined {
    const server = this.#backend.server(name)
    return server === undefined ? undefined : new ServerSight(server, this.#backend.clock)
  }
}

export class ServerSight implements ServerView {
  readonly #server: Server
  readonly #clock: Clock

  constructor(server: Server, clock: Clock) {
    this.#server = server
    this.#clock = clock
  }

  get name(): string {
    return this.#server.id
  }

  get up(): boolean {
    return this.#server.health === 'up'
  }

  get weight(): number {
    return this.#server.weight
  }

  get requestsNow(): number {
    return this.#server.counters.requestsNow
  }

  get queueNow(): number {
    return this.#server.counters.queueNow
  }

  get sessionRate(): number {
    return this.#server.counters.rate.perSecond(this.#clock.now())
  }

  get freeConnections(): number | undefined {
    return freeOf(this.#server)
  }
}

/** Below a limit that was lowered a moment ago there are none. */
function freeOf({ effectiveMaxConnections, counters }: Server): number | undefined {
  return effectiveMaxConnections === 0
    ? undefined
    : Math.max(0, effectiveMaxConnections - counters.requestsNow)
}

const sights = new WeakMap<Backend, BackendSight>()

/** The same for all requests. */
export function backendSight(backend: Backend): BackendSight {
  let sight = sights.get(backend)
  if (sight === undefined) {
    sight = new BackendSight(backend)
    sights.set(backend, sight)
  }
  return sight
}
