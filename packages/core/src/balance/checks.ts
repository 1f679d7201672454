/**
 * The health checks of a backend's servers: joins the monitor, which knows targets, to servers.
 *
 * Servers with the same address are checked each for itself: each has an id, and with it a state, of its own.
 */
import {
  type CheckOptions,
  type CheckResult,
  HealthMonitor,
  type HealthMonitorOptions,
  type Random,
  type Target,
} from '@evener/health'
import type { Clock } from '../base/clock.ts'
import { EvenerError } from '../base/errors.ts'
import { invalid } from '../base/options.ts'
import type { Server } from './server.ts'

/** How the servers of a backend are checked. */
export interface ChecksOptions extends CheckOptions {
  /** Over how much of the interval the first checks are spread: 0 to 1 (default). */
  readonly startSpread?: number | undefined
  /** Where chance comes from, for `spread`. */
  readonly random?: Random | undefined
}

export class HealthChecks {
  readonly #monitor: HealthMonitor
  readonly #servers = new Map<string, Server>()

  /**
   * @param checked told of every check, after it was counted and acted upon
   * @throws {EvenerError} `EVENER_INVALID_OPTION`; the monitor's own error is its cause
   */
  constructor(
    options: ChecksOptions,
    field: string,
    clock: Clock,
    checked: (server: Server, result: CheckResult) => void,
  ) {
    if (typeof options !== 'object' || options === null || typeof options.checker?.check !== 'function') {
      throw invalid(field, options, 'an object with a checker, such as { checker: httpCheck() }')
    }
    try {
      this.#monitor = new HealthMonitor({ ...options, clock } as HealthMonitorOptions)
    } catch (error) {
      throw new EvenerError('EVENER_INVALID_OPTION', `${field}: ${(error as Error).message}`, {
        cause: error,
      })
    }
    this.#monitor.on('result', (target, result) => {
      const server = this.#servers.get(target.id)
      if (server === undefined) return
      server.checkDone(result)
      checked(server, result)
    })
    this.#monitor.on('change', (target, change) => this.#servers.get(target.id)?.setHealth(change.state))
    this.#monitor.start()
  }

  /** Check this server from now on. */
  watch(server: Server): void {
    if (!server.checked) return
    this.#servers.set(server.id, server)
    this.#monitor.add(targetOf(server))
    const state = this.#monitor.state(server.id)
    if (state !== undefined) server.assumeHealth(state)
  }

  /** Check this server no longer; its health stays as it was found. */
  forget(server: Server): void {
    if (this.#servers.get(server.id) !== server) return
    this.#servers.delete(server.id)
    this.#monitor.remove(server.id)
  }

  /** Stop all checks. */
  close(): void {
    this.#monitor.stop()
    this.#servers.clear()
  }
}

function targetOf(server: Server): Target {
  const { host, port, path } = server.checkAddress
  return { id: server.id, host, port, path, tls: server.tls, preamble: server.checkPreamble }
}
