/**
 * The health checks of a backend's servers: joins the monitor, which knows targets, to servers; and what traffic shows,
 * where it is observed, to the monitor.
 *
 * Servers with the same address are checked each for itself: each has an id, and with it a state, of its own.
 */
import {
  type CheckOptions,
  type CheckResult,
  ErrorLimit,
  type HealthLevel,
  HealthMonitor,
  type HealthMonitorOptions,
  type HealthStatus,
  type ObserveOptions,
  type Random,
  type Target,
} from '@evener/health'
import type { Clock } from '../base/clock.ts'
import { invalid } from '../base/options.ts'
import type { Address } from './address.ts'
import { fromHealth } from './from-health.ts'
import type { Outcome } from './outcome.ts'
import { type Farm, FarmView } from './seen.ts'
import type { Server } from './server.ts'
import { describeError } from './traffic.ts'

/** How the servers of a backend are checked. */
export interface ChecksOptions extends CheckOptions, ObserveOptions {
  /** Over how much of the interval the first checks are spread: 0 to 1 (default). */
  readonly startSpread?: number | undefined
  /** Where chance comes from, for `spread`. */
  readonly random?: Random | undefined
}

export class HealthChecks {
  readonly #monitor: HealthMonitor
  readonly #servers = new Map<string, Server>()
  readonly #view: FarmView
  readonly #observe: ObserveOptions
  readonly #field: string

  /**
   * @param checked told of every check, after it was counted and acted upon
   * @throws {EvenerError} `EVENER_INVALID_OPTION`; the monitor's own error is its cause
   */
  constructor(
    options: ChecksOptions,
    field: string,
    clock: Clock,
    farm: Farm,
    checked: (server: Server, result: CheckResult) => void,
  ) {
    if (typeof options !== 'object' || options === null || typeof options.checker?.check !== 'function') {
      throw invalid(field, options, 'an object with a checker, such as { checker: httpCheck() }')
    }
    const [observe, rest] = apart(options)
    this.#observe = observe
    this.#field = field
    this.#view = new FarmView(farm)
    fromHealth(field, () => new ErrorLimit(observe))
    this.#monitor = fromHealth(field, () => new HealthMonitor({ ...rest, clock } as HealthMonitorOptions))
    this.#monitor.on('result', (target, result) => {
      const server = this.#servers.get(target.id)
      if (server === undefined) return
      server.checkDone(result)
      // Who is down does not come up by being on its way out, and is not stopping either.
      const stopping = result.code === 'L7OKC' && server.checkedHealth === 'up'
      if (result.ok) server.setStopping(stopping, { cause: 'check', result })
      checked(server, result)
    })
    this.#monitor.on('change', (target, { state, result, cause }) => {
      this.#servers.get(target.id)?.setHealth(state, { cause: causes[cause], result })
    })
    this.#monitor.start()
  }

  /** Check this server from now on. @throws {EvenerError} `EVENER_INVALID_OPTION` for what its own options say */
  watch(server: Server): void {
    if (!server.checked) return
    const [own, overrides] = apart(server.checkOptions ?? {})
    const field = `${this.#field} of server(${server.id})`
    const observe = { ...this.#observe, ...defined(own) }
    const limit = fromHealth(field, () => new ErrorLimit(observe))
    fromHealth(field, () => this.#monitor.add(this.#targetOf(server), overrides))
    this.#servers.set(server.id, server)
    if (observe.observe !== undefined) {
      const traffic = server.observing()
      traffic.limit = limit
      traffic.limitReached = (reached, outcome) => this.#limitReached(server, reached, outcome)
    }
    const state = this.#monitor.state(server.id)
    if (state !== undefined) server.assumeHealth(state)
  }

  #targetOf(server: Server): Target {
    const seen = () => this.#view.of(server, this.#monitor.status(server.id))
    return { ...targetOf(server, server.checkAddress), seen }
  }

  /** So many errors of real requests came in a row. */
  #limitReached(server: Server, { action, limit }: ErrorLimit, outcome: Outcome): void {
    const message = `Detected ${limit} consecutive errors, last one was: ${describeError(outcome)}`
    server.counters.errorLimits++
    this.#monitor.punish(server.id, action, { ok: false, code: 'HANA', message, durationMs: 0 })
  }

  /** How its checks stand; undefined where it is not checked. */
  status(server: Server): HealthStatus | undefined {
    return this.#servers.get(server.id) === server ? this.#monitor.status(server.id) : undefined
  }

  /** Have its checks begin again from this level. HAProxy's `set server … health`. @returns whether it is checked */
  force(server: Server, level: HealthLevel): boolean {
    return this.status(server) !== undefined && this.#monitor.force(server.id, level)
  }

  /** Check it for now no longer, or again; its health stays as it was found. @returns whether it has checks */
  pause(server: Server, paused: boolean): boolean {
    if (this.status(server) === undefined) return false
    return paused ? this.#monitor.pause(server.id) : this.#monitor.resume(server.id)
  }

  /** Its address is another one from now on. */
  moved(server: Server): void {
    const status = this.status(server)
    if (status !== undefined) this.#monitor.retarget(this.#targetOf(server))
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

/** Whose word it is that the monitor goes by. */
const causes = { check: 'check', report: 'traffic', force: 'operator' } as const

/** What is observed in traffic, and what the monitor is told. */
function apart<O extends ObserveOptions>(options: O): [ObserveOptions, Omit<O, keyof ObserveOptions>] {
  const { observe, errorLimit, onError, ...rest } = options
  return [{ observe, errorLimit, onError }, rest]
}

/** Without what is undefined, so that it can be laid over other options. */
function defined(options: ObserveOptions): ObserveOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

/** Where a server is checked. */
export function targetOf(server: Server, { host, port, path }: Address): Target {
  return { id: server.id, host, port, path, tls: server.tls, preamble: server.checkPreamble }
}
