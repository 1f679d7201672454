/**
 * One server of a backend: where it is, how much it may take, and the state it is in.
 *
 * Two things decide whether it gets traffic. What its *operator* wants: `ready`, `drain` (no new clients,
 * its sticky ones stay) or `maintenance` (nobody). And what its *checks* found: up or down. They are kept
 * apart, so that a server that comes back from maintenance is as healthy as it was found to be.
 *
 * Identity is the id: changing the weight, the limits or the state never resets what was counted.
 */
import type { InspectOptions, inspect } from 'node:util'
import {
  type CheckResult,
  readTargetTls,
  type TargetTls,
  tlsConnectOptions,
  tlsOptionNames,
} from '@evener/health'
import type { Clock } from '../base/clock.ts'
import { EvenerError } from '../base/errors.ts'
import { counted, inspected, shown } from '../base/inspect.ts'
import { duration, flag, integer, invalid, knownOptions, name, oneOf } from '../base/options.ts'
import {
  localProxyHeader,
  type ProxyHeaderMaker,
  type SendProxy,
  sendProxyOptions,
} from '../base/send-proxy.ts'
import { type Address, parseAddress } from './address.ts'
import { ServerCounters } from './counters.ts'
import type { Waiter } from './queue.ts'
import { SlowStart } from './slow-start.ts'

/** What the operator wants of a server. */
export type AdminState = 'ready' | 'drain' | 'maintenance'

const adminStates: readonly AdminState[] = ['ready', 'drain', 'maintenance']

/** What its checks found. */
export type HealthState = 'up' | 'down'

/**
 * What HTTP is spoken to a server in: `http1`; `h2`, by ALPN where TLS is spoken, else with prior knowledge (h2c); or
 * what the server chooses by ALPN, `auto`.
 */
export type HttpProtocol = 'http1' | 'h2' | 'auto'

const protocols: readonly HttpProtocol[] = ['http1', 'h2', 'auto']

/** The options of a server. */
export interface ServerOptions {
  /** Unique in its backend: 1 to 128 visible ASCII characters. It may appear in a cookie or a header. */
  readonly id: string
  /** `host:port`, `[ipv6]:port`, `http://…`, `https://…` (TLS towards the server) or `unix:/path`. */
  readonly address: string
  /** The share of traffic relative to the others: 0 to 256, 1 by default. With 0, only sticky clients come. */
  readonly weight?: number | undefined
  /** Requests served at once; more wait in the queue. 0, the default, means no limit. HAProxy's `maxconn`. */
  readonly maxConnections?: number | undefined
  /** Requests that may wait for this very server; more go to another one. 0, the default: no limit. HAProxy's `maxqueue`. */
  readonly maxQueue?: number | undefined
  /** Used only when no primary server is left. False by default. */
  readonly backup?: boolean | undefined
  /** How TLS is spoken to an `https:` address, or to a unix socket; verified by default. */
  readonly tls?: TargetTls | undefined
  /**
   * What HTTP is spoken in: `http1`, the default; `h2`, without TLS with prior knowledge (h2c); `auto`, for servers with
   * TLS: HTTP/2 if it agrees, else HTTP/1.1. HAProxy's `proto h2` and `alpn h2,http/1.1`.
   */
  readonly protocol?: HttpProtocol | undefined
  /**
   * Begin each connection with a PROXY header that says who the client is; none by default. The server has to expect one.
   * A connection is then used only for requests of the client that it speaks for. Not with HTTP/2 towards the server,
   * which carries many clients on one connection, and not by the engine `http-proxy-3`. HAProxy's `send-proxy`,
   * `send-proxy-v2` and `proxy-v2-options`.
   */
  readonly sendProxy?: SendProxy | undefined
  /** After coming up, the time in milliseconds over which the weight grows to its full value. None by default. */
  readonly slowStartMs?: number | undefined
  /** The state to begin with; `ready` by default. */
  readonly state?: AdminState | undefined
  /** Where checks connect, if not to the address itself. */
  readonly checkAddress?: string | undefined
  /** False leaves this server unchecked, and so always up. True by default. */
  readonly check?: boolean | undefined
  /**
   * Begin checks with a PROXY header too, one that speaks for nobody (`LOCAL`). True by default where `sendProxy` is
   * given, unless checks connect elsewhere. HAProxy's `check-send-proxy`.
   */
  readonly checkSendProxy?: boolean | undefined
}

const optionNames: readonly (keyof ServerOptions)[] = [
  'id',
  'address',
  'weight',
  'maxConnections',
  'maxQueue',
  'backup',
  'tls',
  'protocol',
  'sendProxy',
  'slowStartMs',
  'state',
  'checkAddress',
  'check',
  'checkSendProxy',
]

/** What of a server can change. `assumed` is a state of health that no check has found yet. */
export type ServerChange = 'weight' | 'limits' | 'admin' | 'health' | 'assumed'

/** Whom a server tells that it has changed: its backend. */
export interface ServerOwner {
  /** Its weight or state changed: who may be picked must be decided anew. */
  serverChanged(server: Server, what: ServerChange, previous: unknown): void
}

export class Server {
  readonly id: string
  readonly address: Address
  readonly tls: TargetTls | undefined
  readonly protocol: HttpProtocol
  /** Makes what each connection begins with, where `sendProxy` asks for it. @internal */
  readonly proxyHeader: ProxyHeaderMaker | undefined
  readonly backup: boolean
  readonly checkAddress: Address
  readonly checked: boolean
  /** What checks begin with. @internal */
  readonly checkPreamble: Buffer | undefined
  readonly counters = new ServerCounters()
  /** Requests waiting for this very server, in order of arrival. @internal */
  readonly waiting = new Set<Waiter>()
  readonly #owner: ServerOwner
  readonly #clock: Clock
  readonly #slowStart: SlowStart
  #configuredWeight: number
  #effectiveWeight: number
  #maxConnections: number
  #maxQueue: number
  #admin: AdminState
  #health: HealthState = 'up'
  #changedAt: number
  #downMs = 0
  #lastCheck: CheckResult | undefined

  /**
   * Made by a backend; see `Backend.addServer`.
   * @throws {EvenerError} `EVENER_INVALID_OPTION`, `EVENER_UNKNOWN_OPTION`, `EVENER_INVALID_ADDRESS`
   */
  constructor(options: ServerOptions, owner: ServerOwner, clock: Clock, field = 'server') {
    knownOptions(field, options, optionNames)
    this.id = name(`${field}.id`, options.id)
    const label = `${field}(${this.id})`
    this.address = parseAddress(`${label}.address`, options.address)
    this.checkAddress =
      options.checkAddress === undefined
        ? this.address
        : parseAddress(`${label}.checkAddress`, options.checkAddress)
    if (options.tls !== undefined) {
      checkTls(`${label}.tls`, options.tls, this.address.host)
      if (!this.address.secure && this.address.path === undefined) {
        throw invalid(
          `${label}.tls`,
          options.tls,
          'none for an address without TLS; https://host:port asks for it',
        )
      }
    }
    this.tls = options.tls ?? (this.address.secure ? {} : undefined)
    this.protocol = oneOf(`${label}.protocol`, options.protocol, 'http1', protocols)
    if (this.protocol === 'auto' && this.tls === undefined) {
      throw invalid(
        `${label}.protocol`,
        'auto',
        'http1 or h2 for an address without TLS: nothing there asks the server',
      )
    }
    this.proxyHeader = sendProxyOptions(`${label}.sendProxy`, options.sendProxy)
    if (this.proxyHeader !== undefined && this.protocol !== 'http1') {
      throw invalid(
        `${label}.sendProxy`,
        options.sendProxy,
        `none with protocol ${this.protocol}, where many clients share a connection`,
      )
    }
    const checkHeader = flag(
      `${label}.checkSendProxy`,
      options.checkSendProxy,
      this.proxyHeader !== undefined && options.checkAddress === undefined,
    )
    if (checkHeader && options.sendProxy === undefined) {
      throw invalid(`${label}.checkSendProxy`, true, 'false without sendProxy, which has the version')
    }
    this.checkPreamble = checkHeader ? localProxyHeader(options.sendProxy as SendProxy) : undefined
    this.backup = flag(`${label}.backup`, options.backup, false)
    this.checked = flag(`${label}.check`, options.check, true)
    this.#configuredWeight = weightOf(label, options.weight)
    this.#effectiveWeight = this.#configuredWeight
    this.#maxConnections = integer(`${label}.maxConnections`, options.maxConnections, 0, 0, 1_000_000)
    this.#maxQueue = integer(`${label}.maxQueue`, options.maxQueue, 0, 0, 1_000_000)
    this.#admin = oneOf(`${label}.state`, options.state, 'ready', adminStates)
    this.#owner = owner
    this.#clock = clock
    this.#changedAt = clock.now()
    const slowStartMs =
      options.slowStartMs === undefined ? 0 : duration(`${label}.slowStartMs`, options.slowStartMs, 0)
    this.#slowStart = new SlowStart(slowStartMs, clock, share => this.#ramp(share))
  }

  // ── what a balancer sees ───────────────────────────────────────────────────────────────────────────

  /** The weight in force: the configured one, less while the server starts slowly. In steps of 1/16. */
  get weight(): number {
    return this.#effectiveWeight
  }

  /** False while its checks find it down. */
  get up(): boolean {
    return this.#health === 'up'
  }

  /** Requests it serves or that wait for it. */
  get load(): number {
    return this.counters.requestsNow + this.waiting.size
  }

  /** True while it serves as many requests as it may. */
  get saturated(): boolean {
    return this.#maxConnections !== 0 && this.counters.requestsNow >= this.#maxConnections
  }

  /** Its address, for algorithms that go by it; a host name is none. Empty for a unix socket. */
  get host(): string {
    return this.address.host
  }

  /** Its port; 0 for a unix socket. */
  get port(): number {
    return this.address.port
  }

  // ── state ──────────────────────────────────────────────────────────────────────────────────────────

  get configuredWeight(): number {
    return this.#configuredWeight
  }

  get maxConnections(): number {
    return this.#maxConnections
  }

  /** True while no more requests may wait for this very server. */
  get queueFull(): boolean {
    return this.#maxQueue !== 0 && this.waiting.size >= this.#maxQueue
  }

  get admin(): AdminState {
    return this.#admin
  }

  get health(): HealthState {
    return this.#health
  }

  /** What the last check found. */
  get lastCheck(): CheckResult | undefined {
    return this.#lastCheck
  }

  /** True where new clients may be sent to it. */
  get eligible(): boolean {
    return this.#admin === 'ready' && this.#health === 'up'
  }

  /** True where clients that belong to it may still be sent to it. */
  get usable(): boolean {
    return this.#admin !== 'maintenance' && this.#health === 'up'
  }

  /** Milliseconds since its health last changed. */
  get sinceChangeMs(): number {
    return this.#clock.now() - this.#changedAt
  }

  /** Milliseconds it has spent down, altogether. */
  get downtimeMs(): number {
    return this.#downMs + (this.#health === 'down' ? this.sinceChangeMs : 0)
  }

  /**
   * Change its share of traffic.
   * @param weight 0 to 256
   * @throws {EvenerError} `EVENER_INVALID_OPTION`
   */
  setWeight(weight: number): void {
    const previous = this.#configuredWeight
    this.#configuredWeight = weightOf(`server(${this.id})`, weight)
    this.#effectiveWeight = effective(this.#configuredWeight, this.#slowStart.share)
    this.#owner.serverChanged(this, 'weight', previous)
  }

  /**
   * Change how many requests it serves at once; 0 for no limit.
   * @throws {EvenerError} `EVENER_INVALID_OPTION`
   */
  setMaxConnections(maxConnections: number): void {
    const previous = this.#maxConnections
    this.#maxConnections = integer(`server(${this.id}).maxConnections`, maxConnections, 0, 0, 1_000_000)
    this.#owner.serverChanged(this, 'limits', previous)
  }

  /** Take no new clients; those that belong to it stay, and requests under way finish. */
  drain(): void {
    this.#setAdmin('drain')
  }

  /** Take nobody; requests under way finish. */
  maintenance(): void {
    this.#setAdmin('maintenance')
  }

  /** Take traffic again, if its checks find it up. */
  ready(): void {
    this.#setAdmin('ready')
  }

  /** Begin in this state, without it having been a change. @internal */
  assumeHealth(health: HealthState): void {
    if (health === this.#health) return
    this.#health = health
    this.#owner.serverChanged(this, 'assumed', undefined)
  }

  /** Tell what checks, or another observer, found. @internal the backend's health monitor calls it */
  setHealth(health: HealthState): void {
    if (health === this.#health) return
    const previous = this.#health
    const now = this.#clock.now()
    if (previous === 'down') this.#downMs += now - this.#changedAt
    else this.counters.downTransitions++
    this.#health = health
    this.#changedAt = now
    if (health === 'up') this.#slowStart.begin()
    else this.#slowStart.end()
    this.#owner.serverChanged(this, 'health', previous)
  }

  /** Count a check. @internal */
  checkDone(result: CheckResult): void {
    this.counters.checks++
    if (!result.ok) this.counters.checksFailed++
    this.#lastCheck = result
  }

  /** Stop its timers. @internal */
  dispose(): void {
    this.#slowStart.end()
  }

  /** What `console.log` shows. */
  [inspected](depth: number, options: InspectOptions, print: typeof inspect): string {
    const { address, admin, health, weight, backup, waiting, counters } = this
    const fields = {
      address: `${address.secure ? 'https://' : ''}${address.text}`,
      state: `${admin}, ${health}`,
      weight,
      ...(backup && { backup }),
      ...(waiting.size > 0 && { waiting: waiting.size }),
      counters: counted(counters),
    }
    return shown(`Server ${this.id}`, fields, depth, options, print)
  }

  #setAdmin(admin: AdminState): void {
    if (admin === this.#admin) return
    const previous = this.#admin
    this.#admin = admin
    // From maintenance it comes back cold, like a server that was down; from drain it never cooled.
    if (previous === 'maintenance' && this.#health === 'up') this.#slowStart.begin()
    this.#owner.serverChanged(this, 'admin', previous)
  }

  #ramp(share: number): void {
    const previous = this.#effectiveWeight
    this.#effectiveWeight = effective(this.#configuredWeight, share)
    if (previous !== this.#effectiveWeight) this.#owner.serverChanged(this, 'weight', previous)
  }
}

/** Names, types, and whether certificates and keys can be read: found here, and not when the first client comes. */
function checkTls(field: string, tls: TargetTls, host: string): void {
  knownOptions(field, tls, tlsOptionNames)
  try {
    tlsConnectOptions(readTargetTls(field, tls), host)
  } catch (cause) {
    const { code, message } = cause as Error & { code?: string }
    const text = code === 'EVENER_INVALID_OPTION' ? message : `${field}: cannot be read: ${message}`
    throw new EvenerError('EVENER_INVALID_OPTION', text, { cause })
  }
}

function weightOf(field: string, weight: unknown): number {
  return integer(`${field}.weight`, weight, 1, 0, 256)
}

/** A share of a weight, in steps of 1/16, and never nothing unless the whole is nothing. */
function effective(weight: number, share: number): number {
  return share >= 1 ? weight : Math.ceil(weight * 16 * share - 1e-9) / 16
}
