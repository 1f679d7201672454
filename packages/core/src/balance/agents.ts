/**
 * The agents of a backend's servers: asked again and again how their server does, and taken at their word.
 *
 * An agent that cannot be reached, or says nothing that can be read, changes nothing: whether the server can be reached is
 * for its checks to find out.
 * Source: HAProxy manual, `agent-check`, `agent-inter`.
 */
import {
  type CheckOptions,
  type CheckResult,
  HealthMonitor,
  type HealthMonitorOptions,
  type HealthStatus,
} from '@evener/health'
import type { Clock } from '../base/clock.ts'
import { invalid } from '../base/options.ts'
import type { Address } from './address.ts'
import { fromHealth } from './from-health.ts'
import type { Server } from './server.ts'

/** How the agents of a backend's servers are asked. */
export interface AgentOptions {
  /** Who asks: a checker whose result has an `agent`, such as `agentCheck()`. */
  readonly checker: CheckOptions['checker']
  /** From the end of one question to the next, in milliseconds: 2000 by default. HAProxy's `agent-inter`. */
  readonly intervalMs?: number | undefined
  /** The longest it may take; `intervalMs` by default. */
  readonly timeoutMs?: number | undefined
  /** Random variation of every delay, as a fraction of it: 0 to 0.5, 0 by default. */
  readonly spread?: number | undefined
}

export class AgentChecks {
  readonly #monitor: HealthMonitor
  readonly #servers = new Map<string, Server>()

  /**
   * @param asked told of every answer, after the server was
   * @throws {EvenerError} `EVENER_INVALID_OPTION`
   */
  constructor(
    options: AgentOptions,
    field: string,
    clock: Clock,
    asked: (server: Server, result: CheckResult) => void,
  ) {
    if (typeof options !== 'object' || options === null || typeof options.checker?.check !== 'function') {
      throw invalid(field, options, 'an object with a checker, such as { checker: agentCheck() }')
    }
    const { checker, intervalMs, timeoutMs, spread, ...unknown } = options
    const settings: HealthMonitorOptions = {
      checker,
      intervalMs,
      timeoutMs,
      spread,
      ...unknown,
      clock,
      rise: 1,
      fall: 1,
    }
    this.#monitor = fromHealth(field, () => new HealthMonitor(settings))
    this.#monitor.on('result', (target, result) => {
      const server = this.#servers.get(target.id)
      if (server === undefined) return
      if (result.agent !== undefined) server.agentSaid(result.agent, result)
      asked(server, result)
    })
    this.#monitor.start()
  }

  /** Ask this server's agent from now on, if it has one. */
  watch(server: Server): void {
    if (server.agentAddress === undefined) return
    this.#servers.set(server.id, server)
    this.#monitor.add(agentOf(server, server.agentAddress))
  }

  /** How it stands with asking; undefined where it has no agent. */
  status(server: Server): HealthStatus | undefined {
    return this.#servers.get(server.id) === server ? this.#monitor.status(server.id) : undefined
  }

  /** Ask for now no longer, or again; what was said last stays. @returns whether it has an agent */
  pause(server: Server, paused: boolean): boolean {
    if (this.status(server) === undefined) return false
    return paused ? this.#monitor.pause(server.id) : this.#monitor.resume(server.id)
  }

  /** Ask no longer; what was said last stays. */
  forget(server: Server): void {
    if (this.#servers.get(server.id) !== server) return
    this.#servers.delete(server.id)
    this.#monitor.remove(server.id)
  }

  close(): void {
    this.#monitor.stop()
    this.#servers.clear()
  }
}

const agentOf = ({ id }: Server, { host, port, path }: Address) => ({ id, host, port, path })
