/**
 * All who watch the servers of a backend: health checks, agents, the outlier detector, circuit breakers. The backend adds
 * and takes away servers; what is found goes to the servers, which tell the backend.
 */
import {
  type CheckResult,
  CircuitBreaker,
  type CircuitBreakerOptions,
  type CircuitBreakerSettings,
  type HealthLevel,
  type HealthStatus,
  OutlierDetector,
  type OutlierOptions,
  readCircuitBreakerOptions,
} from '@evener/health'
import type { Clock } from '../base/clock.ts'
import { invalid } from '../base/options.ts'
import { AgentChecks, type AgentOptions } from './agents.ts'
import { type ChecksOptions, HealthChecks } from './checks.ts'
import { fromHealth } from './from-health.ts'
import type { Farm } from './seen.ts'
import type { Server } from './server.ts'

/** How the servers of a backend are watched; a part of its options. */
export interface WatchingOptions {
  /** How servers are checked; not at all by default, and all are up. */
  readonly checks?: ChecksOptions | undefined
  /** How the agents of those servers are asked that have an `agentAddress`. HAProxy's `agent-check`. */
  readonly agent?: AgentOptions | undefined
  /** Take servers that do worse than the others out for a while, by the requests they serve; none by default. */
  readonly outliers?: OutlierOptions | undefined
  /** Give each server a circuit breaker, which the requests it serves open and close; none by default. */
  readonly circuitBreaker?: CircuitBreakerOptions | undefined
}

/** Who is told of what was asked. */
export interface WatchingListener {
  checked(server: Server, result: CheckResult): void
  agentAsked(server: Server, result: CheckResult): void
}

export class Watching {
  readonly #checks: HealthChecks | undefined
  readonly #agents: AgentChecks | undefined
  readonly #detector: OutlierDetector | undefined
  readonly #breakers: CircuitBreakerSettings | undefined

  /** @throws {EvenerError} `EVENER_INVALID_OPTION` */
  constructor(options: WatchingOptions, field: string, clock: Clock, farm: Farm, listener: WatchingListener) {
    const { checks, agent, outliers, circuitBreaker } = options
    if (outliers !== undefined) {
      this.#detector = fromHealth(`${field}.outliers`, () => new OutlierDetector({ clock, ...outliers }))
    }
    if (circuitBreaker !== undefined) {
      this.#breakers = fromHealth(`${field}.circuitBreaker`, () =>
        readCircuitBreakerOptions({ clock, ...circuitBreaker }),
      )
    }
    if (agent !== undefined) {
      this.#agents = new AgentChecks(agent, `${field}.agent`, clock, (server, result) =>
        listener.agentAsked(server, result),
      )
    }
    if (checks !== undefined) {
      this.#checks = new HealthChecks(checks, `${field}.checks`, clock, farm, (server, result) =>
        listener.checked(server, result),
      )
    }
  }

  /** @throws {EvenerError} `EVENER_INVALID_OPTION` for what its own options say */
  watch(server: Server, field: string): void {
    if (server.agentAddress !== undefined && this.#agents === undefined) {
      throw invalid(
        `${field}.agentAddress`,
        server.agentAddress.text,
        'none where the backend has no `agent`',
      )
    }
    this.#checks?.watch(server)
    this.#agents?.watch(server)
    if (this.#breakers !== undefined) {
      server.observing().breaker = new CircuitBreaker(this.#breakers, (state, detail) =>
        server.setCircuit(state, detail),
      )
    }
    if (this.#detector !== undefined) {
      const traffic = server.observing()
      traffic.detector = this.#detector
      traffic.record = this.#detector.watch({
        ejected: (reason, detail, durationMs) =>
          server.setEjected(true, `${reason}: ${detail}; out for ${durationMs} ms`),
        returned: () => server.setEjected(false, 'its time is over'),
      })
    }
  }

  /** How the checks of this server stand; undefined where it has none. */
  checkStatus(server: Server): HealthStatus | undefined {
    return this.#checks?.status(server)
  }

  /** The same of what its agent is asked. */
  agentStatus(server: Server): HealthStatus | undefined {
    return this.#agents?.status(server)
  }

  /**
   * Have its checks go on from this level. HAProxy's `set server … health`; as there, a server without checks, or whose
   * checks are paused, stays so.
   * @returns whether it has checks
   */
  forceHealth(server: Server, level: HealthLevel): boolean {
    return this.#checks?.force(server, level) === true
  }

  /** Check it for now no longer (true), or again. HAProxy's `disable health`. @returns whether it has checks */
  pauseChecks(server: Server, paused: boolean): boolean {
    return this.#checks?.pause(server, paused) === true
  }

  /** Ask its agent for now no longer (true), or again. HAProxy's `disable agent`. @returns whether it has an agent */
  pauseAgent(server: Server, paused: boolean): boolean {
    return this.#agents?.pause(server, paused) === true
  }

  /** Its address is another one. @internal */
  moved(server: Server): void {
    this.#checks?.moved(server)
  }

  forget(server: Server): void {
    this.#checks?.forget(server)
    this.#agents?.forget(server)
  }

  close(): void {
    this.#checks?.close()
    this.#agents?.close()
    this.#detector?.close()
  }
}
