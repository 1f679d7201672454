/**
 * A backend: servers, the algorithm that chooses among them, and everything that decides whether a request
 * gets one: state, checks, stickiness, limits, the queue, retries.
 *
 * It knows nothing of sockets. Doors ask it for a {@link Dispatch} for each request; each lease that comes of it
 * is one place on one server, released exactly once.
 *
 * Servers may be added, removed, drained and reweighted at any time, under load. The balancer is told of the
 * new membership between two picks, never during one; a request that holds a lease keeps it to its end.
 */
import type { InspectOptions, inspect } from 'node:util'
import type { Balancer, Member } from '@evener/algorithms'
import { roundRobin } from '@evener/algorithms'
import { type HealthStatus, Quorum } from '@evener/health'
import type { Affinity } from '@evener/session'
import { EventEmitter } from 'eventemitter3'
import { type Clock, monotonic } from '../base/clock.ts'
import { EvenerError } from '../base/errors.ts'
import { counted, inspected, shown } from '../base/inspect.ts'
import { flag, integer, invalid, knownOptions, name, oneOf, show, withMethods } from '../base/options.ts'
import { type HttpRules, httpLists, type RuleLists, readRules } from '../rules/rule-lists.ts'
import type { Address } from './address.ts'
import { BackendCounters } from './counters.ts'
import { type BackendRequest, Dispatch, type Staying } from './dispatch.ts'
import type { BackendEvents } from './events.ts'
import { fromHealth } from './from-health.ts'
import { type Acquired, Lease, type LeaseHolder, type NoServer } from './lease.ts'
import type { LoadProbe } from './load-probe.ts'
import { type Failed, type Outcome, serverIsFine } from './outcome.ts'
import { choosePool, type PoolRules, withDown } from './pool.ts'
import { older, Waiter } from './queue.ts'
import { RetryBudget, type RetryOptions, RetryPolicy } from './retry.ts'
import { type ChangeReason, Server, type ServerChange, type ServerOwner } from './server.ts'
import type { ServerOptions } from './server-options.ts'
import type { AdminState } from './server-state.ts'
import { type BackendTimeouts, readTimeouts, type Timeouts } from './timeouts.ts'
import { ServerTransition, type TransitionKind } from './transition.ts'
import { Watching, type WatchingOptions } from './watching.ts'

/** The options of a backend. */
export interface BackendOptions extends RetryOptions, WatchingOptions {
  /** Its name in events, logs and statistics: 1 to 128 visible ASCII characters. */
  readonly name: string
  /** Its servers, at least one unless `allowEmpty`. Their order is the order of the algorithms. */
  readonly servers: readonly ServerOptions[]
  /** How a server is chosen; `roundRobin()` by default. One balancer serves one backend. */
  readonly balancer?: Balancer<BackendRequest> | undefined
  /** How clients find back to their server; not at all by default. */
  readonly affinity?: Affinity | undefined
  /**
   * Send clients to their server even if it is down or in maintenance; another takes them when a retry goes elsewhere
   * (`redispatch`). False by default: they go elsewhere at once. HAProxy's `option persist`.
   */
  readonly persist?: boolean | undefined
  /**
   * Requests that go to their client's server though it is down or in maintenance, and to no other if it fails them: to
   * try a server before it is given to everybody. None by default. HAProxy's `force-persist`; it is asked before
   * `ignorePersist`.
   */
  forcePersist?(request: BackendRequest): boolean
  /**
   * Requests that are balanced wherever their client belongs, and after which it belongs where it did: static files, or
   * robots. None by default. HAProxy's `ignore-persist`.
   */
  ignorePersist?(request: BackendRequest): boolean
  /**
   * How servers are asked for their load, for balancers that go by it, such as `prequal()`: `httpLoadProbe()`. Not at all
   * by default. One probe serves one backend.
   */
  readonly loadProbe?: LoadProbe | undefined
  /**
   * The weight of primary servers that has to be up, or the sorry servers serve instead: 1 to 1,000,000; none by default.
   * Keepalived's `quorum`.
   */
  readonly quorum?: number | undefined
  /**
   * How far above the quorum the weight has to be for it to be reached again, and below it to be lost: 0, the default, to
   * `quorum - 1`. Keepalived's `hysteresis`.
   */
  readonly quorumHysteresis?: number | undefined
  /** How long things may take. */
  readonly timeouts?: BackendTimeouts | undefined
  /**
   * Rules for the requests that come to it by HTTP, and for their responses: its request rules run after the door's and
   * the route, its response rules before the door's. None by default. HAProxy's `http-request`, `http-response`.
   */
  readonly rules?: HttpRules | undefined
  /** When no primary server is left: the first backup takes all (false, the default), or all backups share. */
  readonly allBackups?: boolean | undefined
  /** Requests that may wait for any server: 0 to 1,000,000; 1024 by default. More get 503 at once. */
  readonly maxQueue?: number | undefined
  /** When no server is up: `reject` with 503 at once (default), or `queue` until one is or the queue timeout ends. */
  readonly whenDown?: 'reject' | 'queue' | undefined
  /** Permit an empty list of servers, for those that are added later. False by default. */
  readonly allowEmpty?: boolean | undefined
  /** Where time comes from; the process's monotonic clock by default. */
  readonly clock?: Clock | undefined
}

const optionNames: readonly (keyof BackendOptions)[] = [
  'name',
  'servers',
  'balancer',
  'affinity',
  'persist',
  'forcePersist',
  'ignorePersist',
  'checks',
  'loadProbe',
  'agent',
  'outliers',
  'circuitBreaker',
  'quorum',
  'quorumHysteresis',
  'timeouts',
  'rules',
  'allBackups',
  'maxQueue',
  'whenDown',
  'allowEmpty',
  'clock',
  'retries',
  'redispatch',
  'retryOn',
  'retryDelayMs',
  'retryBudget',
]

/**
 * Make a backend.
 * @throws {EvenerError} `EVENER_INVALID_OPTION`, `EVENER_UNKNOWN_OPTION`, `EVENER_INVALID_ADDRESS`,
 *   `EVENER_DUPLICATE_ID`, `EVENER_EMPTY_POOL`; the message names the field, the value and what is allowed
 */
export function createBackend(options: BackendOptions): Backend {
  return new Backend(options)
}

export class Backend extends EventEmitter<BackendEvents> implements ServerOwner, LeaseHolder {
  readonly name: string
  readonly counters = new BackendCounters()
  readonly affinity: Affinity | undefined
  readonly balancer: Balancer<BackendRequest>
  readonly timeouts: Timeouts
  /** Its rules; undefined where it has none. */
  readonly rules: RuleLists | undefined
  readonly policy: RetryPolicy
  readonly retryBudget: RetryBudget
  readonly clock: Clock
  readonly #servers = new Map<string, Server>()
  /** The slots of servers that were removed; all others up to the number of servers are taken. */
  readonly #freeSlots: number[] = []
  readonly #waiting = new Set<Waiter>()
  readonly #removals = new Map<Server, () => void>()
  readonly #watching: Watching
  readonly #loadProbe: LoadProbe | undefined
  readonly #staying: Staying
  readonly #forcePersist: PersistCondition | undefined
  readonly #ignorePersist: PersistCondition | undefined
  readonly #isUsable = (id: string) => this.#servers.get(id)?.usable === true
  readonly #isKnown = (id: string) => this.#servers.has(id)
  readonly #rules: PoolRules
  readonly #maxQueue: number
  readonly #queueWhenDown: boolean
  /** Those that the balancer chooses from now. */
  #pool: readonly Server[] = []
  /** Since when it has had a server to choose, or none; and how long it had none before. */
  #turnedAt: number
  #downMs = 0
  #closed = false

  /** See {@link createBackend}. */
  constructor(options: BackendOptions) {
    super()
    knownOptions('backend', options, optionNames)
    this.name = name('backend.name', options.name)
    const field = `backend(${this.name})`
    this.clock = withMethods(
      `${field}.clock`,
      options.clock ?? monotonic,
      ['now', 'setTimeout'],
      'new VirtualClock()',
    )
    this.#turnedAt = this.clock.now()
    const balancer = options.balancer ?? roundRobin()
    this.balancer = withMethods(`${field}.balancer`, balancer, ['rebuild', 'pick'], 'roundRobin()')
    if (inUse.has(balancer)) {
      throw invalid(`${field}.balancer`, balancer, 'a balancer of its own: this one serves another backend')
    }
    inUse.add(balancer)
    this.affinity =
      options.affinity === undefined
        ? undefined
        : withMethods(
            `${field}.affinity`,
            options.affinity,
            ['find', 'bind'],
            "insertCookie({ name: 'SERVERID' })",
          )
    if (this.affinity?.rebuild !== undefined) {
      if (inUse.has(this.affinity)) {
        throw invalid(
          `${field}.affinity`,
          this.affinity,
          'an affinity of its own: this one serves another backend',
        )
      }
      inUse.add(this.affinity)
    }
    this.#staying = flag(`${field}.persist`, options.persist, false) ? 'down-too' : 'while-usable'
    this.#forcePersist = condition(`${field}.forcePersist`, options.forcePersist)
    this.#ignorePersist = condition(`${field}.ignorePersist`, options.ignorePersist)
    this.timeouts = readTimeouts(`${field}.timeouts`, options.timeouts)
    this.rules = readRules(`${field}.rules`, options.rules, httpLists)
    this.policy = new RetryPolicy(options, field)
    this.retryBudget = new RetryBudget(options.retryBudget ?? {}, this.clock, `${field}.retryBudget`)
    const { quorum, quorumHysteresis } = options
    if (quorum === undefined && quorumHysteresis !== undefined) {
      throw invalid(`${field}.quorumHysteresis`, quorumHysteresis, 'left out without a quorum')
    }
    this.#rules = {
      allBackups: flag(`${field}.allBackups`, options.allBackups, false),
      quorum:
        quorum === undefined ? undefined : fromHealth(field, () => new Quorum(quorum, quorumHysteresis)),
    }
    this.#maxQueue = integer(`${field}.maxQueue`, options.maxQueue, 1024, 0, 1_000_000)
    this.#queueWhenDown =
      oneOf(`${field}.whenDown`, options.whenDown, 'reject', ['reject', 'queue']) === 'queue'
    if (!Array.isArray(options.servers))
      throw invalid(`${field}.servers`, options.servers, 'an array of servers')
    if (options.servers.length === 0 && !flag(`${field}.allowEmpty`, options.allowEmpty, false)) {
      throw new EvenerError(
        'EVENER_EMPTY_POOL',
        `${field}.servers: an empty array is not allowed; expected at least one server, or allowEmpty: true`,
      )
    }
    this.#watching = new Watching(options, field, this.clock, this, {
      checked: (server, result) => this.emit('check', server, result),
      agentAsked: (server, result) => this.emit('agent', server, result),
    })
    this.#loadProbe = this.#readLoadProbe(`${field}.loadProbe`, options.loadProbe)
    for (const [index, server] of options.servers.entries())
      this.#insert(server, `${field}.servers[${index}]`)
    for (const [index, { id, track }] of options.servers.entries())
      this.#track(id, track, `${field}.servers[${index}]`)
    this.#rebuild()
    this.affinity?.rebuild?.(this.servers)
    for (const server of this.#servers.values()) this.#watching.watch(server, `${field}.server(${server.id})`)
  }

  // ── servers ────────────────────────────────────────────────────────────────────────────────────────

  /** All its servers, in their order. */
  get servers(): readonly Server[] {
    return [...this.#servers.values()]
  }

  /** The server of that id, or undefined. */
  server(id: string): Server | undefined {
    return this.#servers.get(id)
  }

  /** The servers that new clients are sent to now. */
  get pool(): readonly Server[] {
    return this.#pool
  }

  /** Requests that wait for any server now. */
  get queueLength(): number {
    return this.#waiting.size
  }

  /** Milliseconds since it last lost its last server, or got one again; since it was made, before that. */
  get sinceChangeMs(): number {
    return this.clock.now() - this.#turnedAt
  }

  /** Milliseconds without a server, altogether. */
  get downtimeMs(): number {
    return this.#downMs + (this.#pool.length === 0 ? this.sinceChangeMs : 0)
  }

  /** The checks and agents of its servers: what an operator may have them do. */
  get watching(): Watching {
    return this.#watching
  }

  /** How the health checks of this server stand; undefined where it is not checked. */
  checkStatus(server: Server): HealthStatus | undefined {
    return this.#watching.checkStatus(server)
  }

  /** How its agent's answers stand; undefined where it has no agent. */
  agentStatus(server: Server): HealthStatus | undefined {
    return this.#watching.agentStatus(server)
  }

  /**
   * Add a server; it takes traffic at once, or when its checks find it up.
   * @throws {EvenerError} as {@link createBackend}; `EVENER_CLOSED` after `close`
   */
  addServer(options: ServerOptions): Server {
    if (this.#closed)
      throw new EvenerError('EVENER_CLOSED', `backend(${this.name}): closed; no server can be added`)
    const server = this.#insert(options, `backend(${this.name}).server`)
    this.#track(server.id, options.track, `backend(${this.name}).server`)
    this.#watching.watch(server, `backend(${this.name}).server(${server.id})`)
    this.affinity?.rebuild?.(this.servers)
    this.#membershipChanged()
    this.emit('added', server)
    return server
  }

  /**
   * Take a server out. No new request reaches it from now on; those under way go on.
   * @returns a promise that resolves when the last of them has ended
   * @throws {EvenerError} `EVENER_UNKNOWN_SERVER`
   */
  removeServer(id: string): Promise<void> {
    const server = this.#servers.get(id)
    if (server === undefined) {
      const known = [...this.#servers.keys()].slice(0, 20).join(', ')
      throw new EvenerError(
        'EVENER_UNKNOWN_SERVER',
        `backend(${this.name}): no server ${show(id)}; there are ${known || 'none'}`,
      )
    }
    this.#servers.delete(id)
    this.#freeSlots.push(server.slot)
    this.#watching.forget(server)
    server.dispose()
    this.affinity?.rebuild?.(this.servers)
    this.#membershipChanged()
    this.#moveWaiters(server)
    this.emit('removed', server)
    if (server.counters.requestsNow === 0) return Promise.resolve()
    return new Promise(resolve => this.#removals.set(server, resolve))
  }

  // ── requests ───────────────────────────────────────────────────────────────────────────────────────

  /** Begin a request. It is counted from here on, and must be ended. */
  dispatch(request: BackendRequest): Dispatch {
    const now = this.clock.now()
    this.counters.begin(now)
    this.retryBudget.deposit()
    return new Dispatch(this, request, now)
  }

  /**
   * Take a place on a server. Doors go by way of {@link dispatch}, which calls this.
   * @param tried servers to avoid
   * @param preferred the server to use if it can be used at all
   * @param sticky whether it is preferred because the client belongs to it
   * @param staying whether it is used although it is down
   */
  acquire(
    request: BackendRequest,
    tried?: ReadonlySet<Server>,
    preferred?: Server,
    sticky = false,
    staying: Staying = 'while-usable',
  ): Acquired {
    if (this.#closed) return none.closed
    if (
      preferred !== undefined &&
      (preferred.usable || staying !== 'while-usable') &&
      this.#servers.get(preferred.id) === preferred
    ) {
      if (!preferred.saturated) return this.#lease(preferred, sticky)
      if (!preferred.queueFull) return this.#enqueue(request, preferred.waiting, preferred, staying)
      if (staying === 'forced') return none['queue-full']
    }
    // Those who wait for any server were there before; there is no room, or they would not wait.
    if (this.#waiting.size > 0 && this.balancer.keyed !== true)
      return this.#enqueue(request, this.#waiting, undefined)
    const chosen = this.balancer.pick(request, tried as ReadonlySet<Member> | undefined) as Server | undefined
    if (this.#loadProbe !== undefined) this.#askForLoad(this.#loadProbe)
    if (chosen === undefined)
      return this.#queueWhenDown ? this.#enqueue(request, this.#waiting, undefined) : none['no-server']
    if (!chosen.saturated) return this.#balanced(chosen)
    // A choice made by the request's key waits for that server; any other waits for whichever is free first.
    if (this.balancer.keyed === true && !chosen.queueFull)
      return this.#enqueue(request, chosen.waiting, chosen)
    return this.#enqueue(request, this.#waiting, undefined)
  }

  /** Whether this request's client stays with a server that is down. @internal */
  stayingOf(request: BackendRequest): Staying {
    return this.#forcePersist?.(request) === true ? 'forced' : this.#staying
  }

  /** Whether this request is balanced wherever its client belongs. @internal */
  ignores(request: BackendRequest): boolean {
    return this.#ignorePersist?.(request) === true
  }

  /** Which servers an affinity may answer with: by their ids. @internal */
  reachable(staying: Staying): (id: string) => boolean {
    return staying === 'while-usable' ? this.#isUsable : this.#isKnown
  }

  /** Whether the pool has a server that is not among these. */
  hasAnother(tried: ReadonlySet<Server>): boolean {
    for (const server of this.#pool) if (!tried.has(server) && server.weight > 0) return true
    return false
  }

  /** Count and announce a retry on the same server. @internal */
  retried(server: Server, outcome: Failed): void {
    server.counters.retries++
    this.counters.retries++
    this.emit('retry', server, outcome)
  }

  /** Count and announce a move to another server. @internal */
  redispatched(server: Server, outcome: Failed): void {
    server.counters.redispatches++
    this.counters.redispatches++
    this.emit('redispatch', server, outcome)
  }

  // ── end ────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Stop checking and give no more leases. Requests under way go on; those that wait are refused.
   * Safe to call again.
   */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    inUse.delete(this.balancer)
    if (this.affinity !== undefined) inUse.delete(this.affinity)
    this.#watching.close()
    this.#loadProbe?.close?.()
    for (const server of this.#servers.values()) {
      server.dispose()
      for (const waiter of [...server.waiting]) waiter.settle(none.closed)
    }
    for (const waiter of [...this.#waiting]) waiter.settle(none.closed)
  }

  // ── what servers and leases tell ───────────────────────────────────────────────────────────────────

  /** The time by its clock, for latencies. @internal */
  now(): number {
    return this.clock.now()
  }

  /** @internal */
  released(lease: Lease, outcome: Outcome, latencyMs: number): void {
    const { server } = lease
    server.leases.remove(lease)
    server.counters.end(outcome)
    server.counters.error(outcome)
    this.counters.error(outcome)
    try {
      this.balancer.ended?.(server, { ok: serverIsFine(outcome), latencyMs })
    } catch (error) {
      this.emit('fault', error)
    }
    server.traffic?.ended(outcome, latencyMs)
    this.#serveWaiting(server)
    if (server.counters.requestsNow > 0) return
    if (server.adminInForce !== 'ready') this.emit('drained', server)
    const removal = this.#removals.get(server)
    if (removal !== undefined) {
      this.#removals.delete(server)
      removal()
    }
  }

  /** @internal */
  serverChanged(server: Server, what: ServerChange, previous: unknown, reason: ChangeReason): void {
    if (this.#servers.get(server.id) !== server) return
    this.#membershipChanged()
    if (what === 'address') {
      this.#watching.moved(server)
      this.affinity?.rebuild?.(this.servers)
      this.emit('address', server, previous as Address)
    } else if (what === 'health') {
      this.emit(server.health, server)
    } else if (what === 'admin') {
      this.emit('admin', server, previous as AdminState)
    } else if (what === 'weight') {
      this.emit('weight', server, previous as number)
    }
    const leaves = what === 'admin' || what === 'agent' || what === 'inherited'
    if (leaves && server.adminInForce !== 'ready' && server.counters.requestsNow === 0)
      this.emit('drained', server)
    const requeued = server.usable ? 0 : this.#moveWaiters(server)
    const kind = kindOf(server, what)
    if (kind !== undefined) this.#announce(server, kind, reason, requeued)
    if (what === 'health') this.#shutSessions(server)
  }

  #announce(server: Server, kind: TransitionKind, reason: ChangeReason, requeued: number): void {
    let active = 0
    let backup = 0
    for (const one of this.#servers.values()) {
      if (!one.eligible || one.weight === 0 || one.sorry) continue
      if (one.backup) backup++
      else active++
    }
    const figures = { active, backup, requeued, queued: this.counters.queueNow }
    this.emit('transition', new ServerTransition(server, kind, reason, figures))
  }

  /** `on-marked-down`, `on-marked-up`. */
  #shutSessions(server: Server): void {
    if (server.health === 'down' && server.onMarkedDown !== undefined) server.shutdownSessions()
    if (server.health === 'down' || server.onMarkedUp === undefined || server.backup || server.weight === 0)
      return
    for (const other of this.#servers.values()) if (other.backup) other.shutdownSessions()
  }

  /** What `console.log` shows. */
  [inspected](depth: number, options: InspectOptions, print: typeof inspect): string {
    const fields = {
      balancer: this.balancer.name,
      pool: this.#pool.map(server => server.id),
      servers: this.servers,
      counters: counted(this.counters),
    }
    return shown(`Backend ${this.name}`, fields, depth, options, print)
  }

  // ── inside ─────────────────────────────────────────────────────────────────────────────────────────

  #insert(options: ServerOptions, field: string): Server {
    const server = new Server(options, this, this.clock, field)
    if (this.#servers.has(server.id)) {
      throw new EvenerError(
        'EVENER_DUPLICATE_ID',
        `${field}.id: ${show(server.id)} is taken; expected an id of its own for each server of a backend`,
      )
    }
    server.slot = this.#freeSlots.pop() ?? this.#servers.size
    this.#servers.set(server.id, server)
    return server
  }

  #lease(server: Server, sticky: boolean): Lease {
    const lease = new Lease(this, server, sticky)
    server.counters.begin(lease.startedAt)
    if (sticky) this.counters.sticky++
    this.balancer.began?.(server)
    server.leases.add(lease)
    return lease
  }

  #balanced(server: Server): Lease {
    server.counters.balanced++
    this.counters.balanced++
    return this.#lease(server, false)
  }

  #enqueue(
    request: BackendRequest,
    list: Set<Waiter>,
    server: Server | undefined,
    staying: Staying = 'while-usable',
  ): Acquired {
    if (this.counters.queueNow >= this.#maxQueue) {
      this.emit('queue-full', this.#maxQueue)
      return none['queue-full']
    }
    this.counters.enqueue()
    server?.counters.enqueue()
    const waiter = new Waiter(list, server, staying !== 'while-usable', () => {
      this.counters.queueNow--
      if (waiter.server !== undefined) waiter.server.counters.queueNow--
    })
    const { queueMs = this.timeouts.queueMs } = request
    waiter.expireAfter(queueMs, this.clock, () => waiter.settle(none['queue-timeout']))
    return waiter
  }

  /** A server has room: give it to those who wait, the oldest first. */
  #serveWaiting(server: Server): void {
    while (!server.saturated && this.#servers.get(server.id) === server) {
      // While it is down, those who wait for it are those who stay.
      const any = server.eligible && this.#pool.includes(server) ? this.#waiting : nobody
      const waiter = older(server.waiting, any)
      if (waiter === undefined) return
      waiter.settle(this.#balanced(server))
    }
  }

  /** A server can no longer be used, or is there no longer: those who do not stay wait for any, or are refused. How many there were. */
  #moveWaiters(server: Server): number {
    const isThere = this.#servers.get(server.id) === server
    let moved = 0
    for (const waiter of [...server.waiting]) {
      if (waiter.stays && isThere) continue
      server.counters.queueNow--
      waiter.moveTo(this.#waiting, undefined)
      moved++
    }
    for (const other of this.#pool) this.#serveWaiting(other)
    if (this.#pool.length === 0 && !this.#queueWhenDown) {
      for (const waiter of [...this.#waiting]) waiter.settle(none['no-server'])
    }
    return moved
  }

  #readLoadProbe(field: string, probe: LoadProbe | undefined): LoadProbe | undefined {
    if (probe === undefined) return undefined
    withMethods(field, probe, ['probe'], 'httpLoadProbe()')
    if (this.balancer.nextProbe === undefined) {
      throw invalid(
        field,
        probe,
        `none with a balancer that asks for none (${this.balancer.name}); prequal() does`,
      )
    }
    if (inUse.has(probe)) throw invalid(field, probe, 'a probe of its own: this one serves another backend')
    inUse.add(probe)
    return probe
  }

  /** Ask the servers that the balancer wants to hear of. Nobody waits for their answers. */
  #askForLoad(probe: LoadProbe): void {
    const { balancer } = this
    for (let member = balancer.nextProbe?.(); member !== undefined; member = balancer.nextProbe?.()) {
      const server = member as Server
      probe.probe(server, report => balancer.probed?.(server, report))
    }
  }

  #membershipChanged(): void {
    if (this.#closed) return
    this.#rebuild()
    if (this.counters.queueNow > 0) for (const server of this.#pool) this.#serveWaiting(server)
  }

  /** Decide who may be picked, and tell the balancer. */
  #rebuild(): void {
    const { quorum } = this.#rules
    const before = quorum?.reached
    const had = this.#pool.length > 0
    this.#pool = choosePool(this.servers, this.#rules)
    if (had !== this.#pool.length > 0) this.#turned(had)
    this.balancer.rebuild(this.balancer.seesDown === true ? withDown(this.servers, this.#pool) : this.#pool)
    const after = quorum?.reached
    if (before !== undefined && after !== undefined && before !== after) this.emit('quorum', after)
  }

  /** Its last server is gone, or one is there again. */
  #turned(down: boolean): void {
    const now = this.clock.now()
    if (down) this.counters.downTransitions++
    else this.#downMs += now - this.#turnedAt
    this.#turnedAt = now
  }

  /** @throws {EvenerError} `EVENER_INVALID_OPTION` where there is no such server, or they track one another */
  #track(id: string, track: Server | string | undefined, field: string): void {
    if (track === undefined) return
    const tracked = typeof track === 'string' ? this.#servers.get(track) : track
    if (!(tracked instanceof Server)) {
      throw invalid(`${field}.track`, track, 'the id of a server of this backend, or a server of another one')
    }
    this.#servers.get(id)?.follow(tracked)
  }
}

/** The word for what a server is now; undefined for changes that are none of its state. */
function kindOf(server: Server, what: ServerChange): TransitionKind | undefined {
  if (what === 'health') return server.health
  if (what === 'stopping') return server.stopping ? 'stopping' : 'up'
  if (what === 'ejected') return server.ejected ? 'ejected' : 'returned'
  if (what === 'circuit') return `circuit-${server.circuit}`
  return what === 'admin' || what === 'agent' || what === 'inherited' ? server.adminInForce : undefined
}

/** Requests of a kind, told by what the host knows. */
type PersistCondition = (request: BackendRequest) => boolean

function condition(field: string, value: unknown): PersistCondition | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'function')
    throw invalid(field, value, 'a function of a request that answers true or false')
  return value as PersistCondition
}

/**
 * Balancers and affinities that hold the membership of one backend: in two, each would undo what the other told
 * them.
 */
const inUse = new WeakSet<object>()

const nobody: ReadonlySet<Waiter> = new Set()

/** The refusals, one object each. */
const none: Readonly<Record<NoServer['reason'], NoServer>> = {
  'no-server': { kind: 'none', reason: 'no-server' },
  'queue-full': { kind: 'none', reason: 'queue-full' },
  'queue-timeout': { kind: 'none', reason: 'queue-timeout' },
  closed: { kind: 'none', reason: 'closed' },
}
