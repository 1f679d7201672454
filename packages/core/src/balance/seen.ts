/**
 * How a backend sees its servers, in the words of HAProxy's `http-check send-state`: for checks that tell their server.
 *
 * Cost: nothing until a check asks; then O(1), but for the first after the pool changed, which adds up its weights.
 * Source: HAProxy manual, `http-check send-state`, `external-check command`.
 */
import { hostname } from 'node:os'
import type { HealthStatus, ServerState } from '@evener/health'
import type { BackendCounters } from './counters.ts'
import type { Server } from './server.ts'

/** What is told of a server's backend: a part of it. */
export interface Farm {
  readonly name: string
  readonly pool: readonly Server[]
  readonly counters: BackendCounters
}

/** What of a check's standing is told. */
type Standing = Pick<HealthStatus, 'health' | 'rise' | 'fall'>

export class FarmView {
  readonly #farm: Farm
  #pool: readonly Server[] | undefined
  #totalWeight = 0

  constructor(farm: Farm) {
    this.#farm = farm
  }

  /** @param standing where its checks are on the way up or down; undefined where there are none (any more) */
  of(server: Server, standing: Standing | undefined): ServerState {
    const { name, counters } = this.#farm
    const { address, id, maxConnections, throttlePercent } = server
    return {
      ...standingOf(server, standing),
      ...(address.path === undefined
        ? { address: address.host, port: address.port }
        : { address: 'unix', port: 'unix' }),
      name: `${name}/${id}`,
      backend: name,
      node: hostname(),
      weight: [Math.ceil(server.weight), this.#weightOfAll()],
      connections: [server.counters.requestsNow, counters.requestsNow - counters.queueNow],
      maxConnections,
      queued: server.waiting.size,
      throttlePercent,
    }
  }

  /** The backend makes a new pool with every change of a weight. */
  #weightOfAll(): number {
    const { pool } = this.#farm
    if (pool !== this.#pool) {
      this.#pool = pool
      this.#totalWeight = Math.ceil(pool.reduce((sum, { weight }) => sum + weight, 0))
    }
    return this.#totalWeight
  }
}

/** As HAProxy counts: findings still to come before it is out, or those in a row that may bring it back. */
function standingOf(server: Server, standing: Standing | undefined): Pick<ServerState, 'state' | 'progress'> {
  if (standing === undefined) return { state: 'no check' }
  const { health, rise, fall } = standing
  if (server.health === 'down') {
    return { state: 'DOWN', progress: health > 0 && health < rise ? [health, rise] : undefined }
  }
  const state = server.stopping ? 'NOLB' : 'UP'
  return { state, progress: health < rise + fall - 1 ? [health - rise + 1, fall] : undefined }
}
