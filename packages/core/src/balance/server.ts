/**
 * One server of a backend: where it is, how much it may take, and the state it is in.
 *
 * What its operator wants, what its agent says, what checks found and what traffic shows are kept apart, in
 * {@link ServerState}: a server that comes back from maintenance is as healthy as it was found to be.
 *
 * Identity is the id: changing the weight, the limits or the state never resets what was counted.
 */
import type { InspectOptions, inspect } from 'node:util'
import type { AgentReport, CheckResult, CircuitState, TargetTls } from '@evener/health'
import type { CapturedError } from '../base/capture.ts'
import type { Clock } from '../base/clock.ts'
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
import { LeaseList, type SessionSteps } from './lease.ts'
import type { Waiter } from './queue.ts'
import {
  adminStates,
  checkTls,
  type HttpProtocol,
  protocols,
  type ServerCheckOptions,
  type ServerOptions,
  serverOptionNames,
  weightOf,
} from './server-options.ts'
import { type AdminState, type HealthState, ServerState } from './server-state.ts'
import { Share } from './share.ts'
import { SlowStart } from './slow-start.ts'
import { Traffic } from './traffic.ts'

/** What of a server can change. `assumed` is a state of health that no check has found yet. */
export type ServerChange =
  | 'weight'
  | 'limits'
  | 'address'
  | 'admin'
  | 'health'
  | 'assumed'
  | 'agent'
  | 'inherited'
  | 'stopping'
  | 'ejected'
  | 'circuit'

/** Whose word led to a change. */
export type ChangeCause = 'operator' | 'check' | 'traffic' | 'agent' | 'tracked' | 'outlier' | 'circuit'

/** Why a server changed. */
export interface ChangeReason {
  readonly cause: ChangeCause
  /** The check, or the finding in traffic, that decided it. */
  readonly result?: CheckResult | undefined
  /** In words, where there is no result. */
  readonly detail?: string | undefined
}

const operator: ChangeReason = { cause: 'operator' }

/** Whom a server tells that it has changed: its backend. */
export interface ServerOwner {
  readonly name: string
  /** Its weight or state changed: who may be picked must be decided anew. */
  serverChanged(server: Server, what: ServerChange, previous: unknown, reason: ChangeReason): void
}

export class Server {
  readonly id: string
  readonly tls: TargetTls | undefined
  readonly protocol: HttpProtocol
  /** Makes what each connection begins with, where `sendProxy` asks for it. @internal */
  readonly proxyHeader: ProxyHeaderMaker | undefined
  readonly backup: boolean
  readonly sorry: boolean
  /** Where its agent listens; undefined where it has none. */
  readonly agentAddress: Address | undefined
  readonly onMarkedDown: 'shutdown-sessions' | undefined
  readonly onMarkedUp: 'shutdown-backup-sessions' | undefined
  /** What is different in its checks. @internal */
  readonly checkOptions: ServerCheckOptions | undefined
  readonly checked: boolean
  /** What checks begin with. @internal */
  readonly checkPreamble: Buffer | undefined
  readonly counters = new ServerCounters()
  /** Requests waiting for this very server, in order of arrival. @internal */
  readonly waiting = new Set<Waiter>()
  /** The last response head of it that could not be read. HAProxy's `show errors`. */
  lastError: CapturedError | undefined = undefined
  /** Its requests and connections now. */
  readonly leases = new LeaseList()
  /** A small number that no other server of its backend has: balancers find by it what they know. @internal */
  slot = 0
  /** Who looks at its traffic; undefined where nobody does. @internal */
  traffic: Traffic | undefined = undefined
  #address: Address
  /** Undefined where its checks go where its traffic goes. */
  readonly #checkAddress: Address | undefined
  readonly #owner: ServerOwner
  readonly #clock: Clock
  readonly #slowStart: SlowStart
  readonly #share: Share
  #maxQueue: number
  readonly #state: ServerState
  #agentReport: AgentReport | undefined
  #tracked: Server | undefined
  readonly #followers = new Set<Server>()
  #changedAt: number
  #downMs = 0
  #lastCheck: CheckResult | undefined

  /**
   * Made by a backend; see `Backend.addServer`.
   * @throws {EvenerError} `EVENER_INVALID_OPTION`, `EVENER_UNKNOWN_OPTION`, `EVENER_INVALID_ADDRESS`
   */
  constructor(options: ServerOptions, owner: ServerOwner, clock: Clock, field = 'server') {
    knownOptions(field, options, serverOptionNames)
    this.id = name(`${field}.id`, options.id)
    const label = `${field}(${this.id})`
    this.#address = parseAddress(`${label}.address`, options.address)
    this.#checkAddress =
      options.checkAddress === undefined
        ? undefined
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
    this.sorry = flag(`${label}.sorry`, options.sorry, false)
    if (this.sorry && this.backup) throw invalid(`${label}.sorry`, true, 'false for a backup server')
    const own = typeof options.check === 'object' && options.check !== null ? options.check : undefined
    this.checkOptions = own
    this.checked =
      (own !== undefined || flag(`${label}.check`, options.check as boolean | undefined, true)) &&
      options.track === undefined
    if (options.track !== undefined && own !== undefined) {
      throw invalid(`${label}.check`, options.check, 'left out for a server that tracks another')
    }
    this.agentAddress =
      options.agentAddress === undefined
        ? undefined
        : parseAddress(`${label}.agentAddress`, options.agentAddress)
    this.onMarkedDown = optional(`${label}.onMarkedDown`, options.onMarkedDown, 'shutdown-sessions')
    this.onMarkedUp = optional(`${label}.onMarkedUp`, options.onMarkedUp, 'shutdown-backup-sessions')
    this.#share = new Share(
      weightOf(label, options.weight),
      integer(`${label}.maxConnections`, options.maxConnections, 0, 0, 1_000_000),
    )
    this.#maxQueue = integer(`${label}.maxQueue`, options.maxQueue, 0, 0, 1_000_000)
    this.#state = new ServerState(
      oneOf(`${label}.state`, options.state, 'ready', adminStates),
      flag(`${label}.inhibitOnFailure`, options.inhibitOnFailure, false),
    )
    this.#owner = owner
    this.#clock = clock
    this.#changedAt = clock.now()
    const slowStartMs =
      options.slowStartMs === undefined ? 0 : duration(`${label}.slowStartMs`, options.slowStartMs, 0)
    this.#slowStart = new SlowStart(slowStartMs, clock, () => this.#ramp())
  }

  // ── what a balancer sees ───────────────────────────────────────────────────────────────────────────

  /** The weight in force: the configured one, less while the server starts slowly. In steps of 1/16. */
  get weight(): number {
    return this.#share.weight
  }

  /** Requests it serves or that wait for it. */
  get load(): number {
    return this.counters.requestsNow + this.waiting.size
  }

  /** True while it serves as many requests as it may. */
  get saturated(): boolean {
    return this.#share.limit !== 0 && this.counters.requestsNow >= this.#share.limit
  }

  /** False while it is down, ejected, or its circuit open: for balancers that see such members. */
  get up(): boolean {
    return this.#state.health === 'up' && !this.#state.ejected && this.#state.circuit !== 'open'
  }

  /** Where it is. */
  get address(): Address {
    return this.#address
  }

  /** Where it is checked. */
  get checkAddress(): Address {
    return this.#checkAddress ?? this.#address
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
    return this.#share.configuredWeight
  }

  /** The limit that was configured; 0 for none. */
  get maxConnections(): number {
    return this.#share.maxConnections
  }

  /** The limit in force: that of its agent, if it gave one; less while it starts slowly or its circuit is half-open. */
  get effectiveMaxConnections(): number {
    return this.#share.limit
  }

  /** How many requests may wait for this very server; 0 for no limit. */
  get maxQueue(): number {
    return this.#maxQueue
  }

  /** True while no more requests may wait for this very server. */
  get queueFull(): boolean {
    return this.#maxQueue !== 0 && this.waiting.size >= this.#maxQueue
  }

  /** What its operator wants. */
  get admin(): AdminState {
    return this.#state.operator
  }

  /** The strictest of what its operator wants, its agent says, and the server that it tracks is in. */
  get adminInForce(): AdminState {
    return this.#state.admin
  }

  /** Up where its checks, or the server that it tracks, and its agent say so. */
  get health(): HealthState {
    return this.#state.health
  }

  /** What its checks found, whatever its agent says. */
  get checkedHealth(): HealthState {
    return this.#state.checks
  }

  /** What its agent last said; undefined before it said anything. */
  get agentReport(): AgentReport | undefined {
    return this.#agentReport
  }

  /** Checks find it up, but about to go: it takes no new clients (`L7OKC`). */
  get stopping(): boolean {
    return this.#state.stopping
  }

  /** Out for a while, as an outlier. */
  get ejected(): boolean {
    return this.#state.ejected
  }

  /** The state of its circuit breaker; `closed` where it has none. */
  get circuit(): CircuitState {
    return this.#state.circuit
  }

  /** The server that it tracks. */
  get tracked(): Server | undefined {
    return this.#tracked
  }

  /** The backend's name and its own. */
  get fullName(): string {
    return `${this.#owner.name}/${this.id}`
  }

  /** What the last check found. */
  get lastCheck(): CheckResult | undefined {
    return this.#lastCheck
  }

  /** True where new clients may be sent to it. */
  get eligible(): boolean {
    return this.#state.eligible
  }

  /** True where clients that belong to it may still be sent to it. */
  get usable(): boolean {
    return this.#state.usable
  }

  /** How far it is in its slow start, in percent; undefined where it is not in one. HAProxy's `throttle`. */
  get throttlePercent(): number | undefined {
    const { share } = this.#slowStart
    return share < 1 ? Math.round(share * 100) : undefined
  }

  /** How far the requests and connections are that it serves now. */
  get sessionSteps(): SessionSteps {
    return this.leases.steps()
  }

  /** Milliseconds since its health last changed. */
  get sinceChangeMs(): number {
    return this.#clock.now() - this.#changedAt
  }

  /** Milliseconds it has spent down, altogether. */
  get downtimeMs(): number {
    return this.#downMs + (this.#state.health === 'down' ? this.sinceChangeMs : 0)
  }

  /**
   * Change its share of traffic.
   * @param weight 0 to 256
   * @throws {EvenerError} `EVENER_INVALID_OPTION`
   */
  setWeight(weight: number): void {
    const previous = this.#share.configuredWeight
    this.#share.configuredWeight = weightOf(`server(${this.id})`, weight)
    this.#decideShare()
    this.#owner.serverChanged(this, 'weight', previous, operator)
  }

  /**
   * Change how many requests it serves at once; 0 for no limit.
   * @throws {EvenerError} `EVENER_INVALID_OPTION`
   */
  setMaxConnections(maxConnections: number): void {
    const previous = this.#share.maxConnections
    this.#share.maxConnections = integer(`server(${this.id}).maxConnections`, maxConnections, 0, 0, 1_000_000)
    this.#decideShare()
    this.#owner.serverChanged(this, 'limits', previous, operator)
  }

  /**
   * Move it: what comes from now on goes there, and its checks with it, unless they have an address of their own. What is
   * under way stays where it is; kept connections are closed. Its state and counters stay. HAProxy's `set server … addr`.
   * @param address as in its options, with or without TLS as it was
   * @throws {EvenerError} `EVENER_INVALID_ADDRESS`; `EVENER_INVALID_OPTION` where TLS would change
   */
  setAddress(address: string): void {
    const previous = this.#address
    const next = parseAddress(`server(${this.id}).address`, address)
    if (next.secure !== previous.secure)
      throw invalid(
        `server(${this.id}).address`,
        address,
        previous.secure ? 'one with https://' : 'one without https://',
      )
    if (next.text === previous.text) return
    this.#address = next
    this.#owner.serverChanged(this, 'address', previous, operator)
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

  /**
   * Break off all that it serves now: requests get 503, connections are closed. New ones are not kept away.
   * @returns how many there were
   */
  shutdownSessions(): number {
    return this.leases.shutdown()
  }

  /** From now on somebody looks at its traffic. @internal */
  observing(): Traffic {
    this.traffic ??= new Traffic()
    return this.traffic
  }

  /** Begin in this state, without it having been a change. @internal */
  assumeHealth(health: HealthState): void {
    if (health === this.#state.checks) return
    this.#state.checks = health
    this.#state.decide()
    this.#owner.serverChanged(this, 'assumed', undefined, { cause: 'check' })
    for (const follower of this.#followers) follower.#inherit()
  }

  /** Tell what checks, or another observer, found. @internal the backend's health monitor calls it */
  setHealth(health: HealthState, reason: ChangeReason = { cause: 'check' }): void {
    if (health === this.#state.checks) return
    this.#state.checks = health
    if (health === 'down') this.#state.stopping = false
    this.#settle('health', undefined, reason)
  }

  /** Checks find it on its way out, or no longer. @internal */
  setStopping(stopping: boolean, reason: ChangeReason): void {
    if (stopping === this.#state.stopping) return
    this.#state.stopping = stopping
    this.#settle('stopping', !stopping, reason)
  }

  /** It does worse than the others, or its time is over. @internal */
  setEjected(ejected: boolean, detail: string): void {
    if (ejected) this.counters.ejections++
    this.#state.ejected = ejected
    this.#settle('ejected', !ejected, { cause: 'outlier', detail })
  }

  /** Its circuit breaker changed. @internal */
  setCircuit(circuit: CircuitState, detail: string): void {
    const previous = this.#state.circuit
    if (circuit === previous) return
    if (circuit === 'open') this.counters.circuitOpenings++
    this.#state.circuit = circuit
    this.#decideShare()
    this.#settle('circuit', previous, { cause: 'circuit', detail })
  }

  /** Its agent said something. What the line did not speak of stays. @internal */
  agentSaid(report: AgentReport, result: CheckResult): void {
    const state = this.#state
    const reason: ChangeReason = { cause: 'agent', result, detail: report.description }
    this.#agentReport = report
    if (report.weight !== undefined || report.weightPercent !== undefined) {
      const previous = this.#share.weight
      this.#share.agentWeight = report.weight
      this.#share.agentPercent = report.weightPercent
      this.#decideShare()
      if (previous !== this.#share.weight) this.#owner.serverChanged(this, 'weight', previous, reason)
    }
    if (report.maxConnections !== undefined && report.maxConnections !== this.#share.agentMaxConnections) {
      const previous = this.#share.limit
      this.#share.agentMaxConnections = report.maxConnections
      this.#decideShare()
      this.#owner.serverChanged(this, 'limits', previous, reason)
    }
    if (report.admin !== undefined) {
      const admin = report.admin === 'maint' ? 'maintenance' : report.admin
      const previous = state.agentAdmin
      state.agentAdmin = admin
      if (admin !== previous) this.#settle('agent', previous, reason)
    }
    if (report.health !== undefined) {
      const health = report.health === 'up' ? 'up' : 'down'
      const previous = state.agent
      state.agent = health
      if (health !== previous) this.#settle('agent', undefined, reason)
    }
  }

  /**
   * Be as healthy as this server from now on. @internal
   * @throws {EvenerError} `EVENER_INVALID_OPTION` where it, or one that it tracks, tracks this one
   */
  follow(tracked: Server): void {
    for (let one: Server | undefined = tracked; one !== undefined; one = one.#tracked) {
      if (one === this) {
        throw invalid(
          `server(${this.id}).track`,
          tracked.fullName,
          'a server that does not track this one in turn',
        )
      }
    }
    this.#tracked = tracked
    tracked.#followers.add(this)
    this.#state.checks = tracked.health
    this.#state.inheritedAdmin = tracked.adminInForce
    this.#state.decide()
  }

  #inherit(): void {
    const { health, adminInForce } = this.#tracked as Server
    const state = this.#state
    if (state.inheritedAdmin !== adminInForce) {
      const previous = state.inheritedAdmin
      state.inheritedAdmin = adminInForce
      this.#settle('inherited', previous, { cause: 'tracked' })
    }
    this.setHealth(health, { cause: 'tracked' })
  }

  /** Decide anew after something changed, and tell of it: as a change of health where it is one. */
  #settle(what: ServerChange, previous: unknown, reason: ChangeReason): void {
    const state = this.#state
    const { health, admin } = state
    const returned = what === 'ejected' && !state.ejected
    state.decide()
    if (health !== state.health) this.#healthChanged(state.health)
    // From maintenance, or ejected, it comes back cold, like a server that was down; from drain it never cooled.
    else if ((admin === 'maintenance' && state.admin !== 'maintenance') || returned) {
      if (state.health === 'up') this.#slowStart.begin()
    }
    if (health !== state.health) this.#owner.serverChanged(this, 'health', health, reason)
    else if (what !== 'health') this.#owner.serverChanged(this, what, previous, reason)
    if (health !== state.health || admin !== state.admin) {
      for (const follower of this.#followers) follower.#inherit()
    }
  }

  #healthChanged(health: HealthState): void {
    const now = this.#clock.now()
    if (health === 'up') this.#downMs += now - this.#changedAt
    else this.counters.downTransitions++
    this.#changedAt = now
    if (health === 'up') {
      this.traffic?.breaker?.reset()
      this.#state.circuit = 'closed'
      this.#state.decide()
      this.#decideShare()
      this.#slowStart.begin()
    } else this.#slowStart.end()
  }

  /** Count a check. @internal */
  checkDone(result: CheckResult): void {
    this.#lastCheck = result
    // Told by traffic; nobody checked.
    if (result.code === 'HANA') return
    this.counters.checks++
    if (result.ok) this.traffic?.limit?.clear()
    else this.counters.checksFailed++
  }

  /** Stop its timers. @internal */
  dispose(): void {
    this.#slowStart.end()
    if (this.#tracked !== undefined) this.#tracked.#followers.delete(this)
    const { traffic } = this
    traffic?.breaker?.reset()
    if (traffic?.record !== undefined) traffic.detector?.forget(traffic.record)
  }

  /** What `console.log` shows. */
  [inspected](depth: number, options: InspectOptions, print: typeof inspect): string {
    const { address, adminInForce: admin, health, weight, backup, waiting, counters } = this
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
    const previous = this.#state.operator
    if (admin === previous) return
    this.#state.operator = admin
    this.#settle('admin', previous, operator)
  }

  #decideShare(): void {
    const trials = this.#state.circuit === 'half-open' ? this.traffic?.breaker?.trials : undefined
    this.#share.decide(this.#slowStart.share, trials)
  }

  #ramp(): void {
    const { weight, limit } = this.#share
    this.#decideShare()
    const slowly: ChangeReason = { cause: 'check' }
    if (weight !== this.#share.weight) this.#owner.serverChanged(this, 'weight', weight, slowly)
    else if (limit !== this.#share.limit) this.#owner.serverChanged(this, 'limits', limit, slowly)
  }
}

function optional<W extends string>(field: string, value: W | undefined, word: W): W | undefined {
  return value === undefined ? undefined : oneOf(field, value, word, [word])
}
