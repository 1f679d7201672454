/**
 * The HTTP door into a server that the host already has: `node:http`, `node:https`, Express, Fastify, Connect.
 *
 * A handler is a function `(req, res, next?)`, with `upgrade` for WebSockets, `attach` to hook both into a server at
 * once, and `close` to end gracefully.
 */
import { type IncomingMessage, type Server as NodeServer, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { Backend } from '../balance/backend.ts'
import { type Clock, monotonic } from '../base/clock.ts'
import { EvenerError } from '../base/errors.ts'
import { duration, flag, integer, knownOptions, name, withMethods } from '../base/options.ts'
import { countRefused, type Tracker, Tracking, type Tracks, trackedConnection } from '../base/tracking.ts'
import { defaultEngine } from '../engines/default-engine.ts'
import { doorLog, type LogOptions } from '../log/door-log.ts'
import { NodeLog } from '../log/node-log.ts'
import { Admission, type Admitting } from '../rules/admission.ts'
import { ClientSession } from '../rules/client-session.ts'
import { seesAll, surroundings } from '../rules/door-rules.ts'
import { type HttpRules, httpLists, readRules } from '../rules/rule-lists.ts'
import { FrontendSight } from '../rules/sights.ts'
import { Transaction } from '../rules/transaction.ts'
import { readUniqueId, type UniqueIdOptions } from '../rules/unique-id.ts'
import { type Answer, type AnswerStatus, Answers, type ErrorPages, lengthOf } from './answer.ts'
import { type Attached, attachTo } from './attachment.ts'
import { ConnectionDeadline } from './connection-deadline.ts'
import { type CloseOptions, type DoorTimeouts, type Route, type RouteAnswer, routeOf } from './door.ts'
import { DoorCounters } from './door-counters.ts'
import type { Engine } from './engine.ts'
import { Exchange } from './exchange.ts'
import type { ExchangeSettings } from './exchange-settings.ts'
import { type ForwardedOptions, Forwarding } from './forwarded.ts'
import { NodeClient } from './node-client.ts'
import { framingOf, NodeRequest, type Refusal, readRequest } from './node-request.ts'
import { bodyAgain, bodyWasRead } from './parsed-body.ts'
import type { ClientRequest } from './request.ts'
import { RequestBody } from './request-body.ts'
import { TunnelsLast } from './tunnels-last.ts'
import { answering, inTurn, isBehind } from './turn.ts'
import { UpgradeConnection } from './upgrade-connection.ts'
import { upgradeNames } from './upgrades.ts'

/** The options of {@link httpHandler}. */
export interface HttpHandlerOptions {
  /** What carries requests to servers; one of its own by default. */
  readonly engine?: Engine | undefined
  /** What servers are told of clients, and whose word is believed. */
  readonly forwarded?: ForwardedOptions | undefined
  readonly timeouts?: DoorTimeouts | undefined
  /** Pages for the statuses with which Evener answers by itself. */
  readonly errorPages?: ErrorPages | undefined
  /** How much of a request's body is kept for a retry: 0 to 16 MiB; 64 KiB by default. */
  readonly replayBytes?: number | undefined
  /** The largest request body; more is refused with 413. No limit by default. */
  readonly maxBodyBytes?: number | undefined
  /**
   * What to do when a body parser has read the body already. False, the default: an error that says so. True: the
   * parsed body is written out again, as JSON or form fields; other types are an error all the same.
   */
  readonly reserializeBody?: boolean | undefined
  /** Send the target as it was before the application stripped the prefix it mounted this handler on. False by default. */
  readonly originalUrl?: boolean | undefined
  /**
   * Protocols that clients may change to; `['websocket']` by default. A request for another one is served without
   * the change. Danger: `h2c` would let clients speak to servers past all rules.
   */
  readonly upgrades?: readonly string[] | undefined
  /** What is tracked in stick tables, and so counted: the first is `sc0`. Nothing by default. HAProxy's `track-sc`. */
  readonly track?: readonly Tracker[] | undefined
  /**
   * Rules: for requests before the route, for responses, and for all that goes to clients from here. What the application
   * behind this handler answers by itself is not seen. None by default. HAProxy's `http-request`, `http-response`,
   * `http-after-response`.
   */
  readonly rules?: HttpRules | undefined
  /** A name of its own for each request, for rules, servers and the log. None by default. HAProxy's `unique-id-format`. */
  readonly uniqueId?: UniqueIdOptions | undefined
  /**
   * What is written down of requests, and where to. Nothing by default. HAProxy's `log`, `log-format`. Node does not say
   * when a request began: `%TR` is 0 here, `%Th` too. What the application answers by itself is not logged.
   */
  readonly log?: LogOptions | undefined
  /** Its name, for rules and logs: 1 to 128 visible ASCII characters; `http` by default. */
  readonly name?: string | undefined
}

const optionNames: readonly (keyof HttpHandlerOptions)[] = [
  'engine',
  'forwarded',
  'timeouts',
  'errorPages',
  'replayBytes',
  'maxBodyBytes',
  'reserializeBody',
  'originalUrl',
  'upgrades',
  'track',
  'rules',
  'uniqueId',
  'log',
  'name',
]

/** A request handler with what belongs to it. */
export interface HttpHandler {
  /** Serve a request. Without a backend for it: `next()` where there is one, else 404. Never throws. */
  (req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void): void
  /**
   * Serve a request to change protocols, from a server's `upgrade` event.
   * @returns false where no backend serves it: the connection was not touched
   */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): boolean
  /**
   * Hook this handler into a server: upgrades, and, unless the server has a `request` listener already, requests.
   * Sets the server's header and keep-alive timeouts to `httpRequestMs` and `httpKeepAliveMs`, and takes away its
   * limit on the whole request, which would cut long uploads (`clientMs` guards them). Node looks for heads that are
   * overdue every `connectionsCheckingInterval`, an option of `createServer`, 30 s by default: lower it with them.
   * What Node cannot read as HTTP is answered with a page of this handler's, unless the server has a `clientError`
   * listener of the host's own.
   * @returns a function that undoes the hooking
   */
  attach(server: NodeServer): () => void
  /**
   * End gracefully: new requests get 503 and `Connection: close`, those under way may finish until the deadline, then
   * tunnels are closed that have been silent for a second, and idle connections to servers. A WebSocket is told 1001,
   * "going away", unless it is in the middle of a frame. Does not close the host's server, nor the backends.
   */
  close(options?: CloseOptions): Promise<void>
  /** Requests and tunnels under way. */
  readonly active: number
  /** What it counts of its requests, as a frontend does. */
  readonly counters: DoorCounters
}

/**
 * Make a handler that passes requests on to the servers of a backend.
 * @param backendOrRoute the backend for all requests, or a function that names one for each
 * @throws {EvenerError} `EVENER_INVALID_OPTION`, `EVENER_UNKNOWN_OPTION`
 */
export function httpHandler(backendOrRoute: Backend | Route, options: HttpHandlerOptions = {}): HttpHandler {
  const door = new HttpDoor(backendOrRoute, options)
  const handler = (req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void) =>
    door.handle(req, res, next)
  return Object.defineProperty(
    Object.assign(handler, {
      counters: door.counters,
      upgrade: (req: IncomingMessage, socket: Duplex, head: Buffer) => door.upgrade(req, socket, head),
      attach: (server: NodeServer) => door.attach(server, handler),
      close: (closeOptions?: CloseOptions) => door.close(closeOptions),
    }),
    'active',
    { get: () => door.active },
  ) as HttpHandler
}

class HttpDoor implements Attached {
  readonly counters = new DoorCounters()
  readonly name: string
  readonly clock: Clock = monotonic
  readonly upgrades: ReadonlySet<string>
  readonly httpRequestMs: number
  readonly httpKeepAliveMs: number
  readonly #route: Route
  readonly #settings: ExchangeSettings
  readonly #tracking: Tracking | undefined
  /** What connections track. */
  readonly #tracks = new WeakMap<Duplex, Tracks>()
  readonly #ownsEngine: boolean
  readonly #limits: { readonly replayBytes: number; readonly maxBodyBytes: number }
  readonly #reserializeBody: boolean
  readonly #originalUrl: boolean
  /** The exchanges under way, each with its connection. */
  readonly #active = new Map<Exchange, ConnectionDeadline | undefined>()
  readonly #deadlines = new WeakMap<Duplex, ConnectionDeadline>()
  readonly #tunnels = new TunnelsLast()
  /** The exchanges whose request has a body. */
  readonly #bodies = new WeakMap<IncomingMessage, Exchange | Admission<Elsewhere>>()
  /** Connections as rules see them. */
  readonly #sessions = new WeakMap<Duplex, ClientSession>()
  readonly #admitting: Admitting<Elsewhere>
  readonly #log: NodeLog | undefined
  #closing = false
  readonly #idle = new Set<() => void>()

  constructor(backendOrRoute: Backend | Route, options: HttpHandlerOptions) {
    knownOptions('httpHandler', options, optionNames)
    this.name = name('httpHandler.name', options.name ?? 'http')
    this.#route = routeOf('httpHandler', backendOrRoute)
    const timeouts = options.timeouts ?? {}
    knownOptions('httpHandler.timeouts', timeouts, ['clientMs', 'httpRequestMs', 'httpKeepAliveMs'])
    this.httpRequestMs = duration('httpHandler.timeouts.httpRequestMs', timeouts.httpRequestMs, 10_000)
    this.httpKeepAliveMs = duration('httpHandler.timeouts.httpKeepAliveMs', timeouts.httpKeepAliveMs, 10_000)
    const maxBytes = Number.MAX_SAFE_INTEGER
    this.#limits = {
      replayBytes: integer('httpHandler.replayBytes', options.replayBytes, 65_536, 0, 16_777_216),
      maxBodyBytes: integer('httpHandler.maxBodyBytes', options.maxBodyBytes, maxBytes, 0, maxBytes),
    }
    this.#reserializeBody = flag('httpHandler.reserializeBody', options.reserializeBody, false)
    this.#originalUrl = flag('httpHandler.originalUrl', options.originalUrl, false)
    this.upgrades = upgradeNames('httpHandler.upgrades', options.upgrades)
    // A key that throws tracks nothing; the request goes on, and there is nobody here to be told.
    this.#tracking = Tracking.of('httpHandler.track', options.track, 'request', () => undefined)
    this.#ownsEngine = options.engine === undefined
    const engine = options.engine ?? defaultEngine()
    const around = surroundings(new FrontendSight(this))
    this.#settings = {
      engine: withMethods('httpHandler.engine', engine, ['attempt', 'close'], 'http1Engine()'),
      forwarding: new Forwarding(options.forwarded, 'httpHandler.forwarded'),
      answers: new Answers(options.errorPages, 'httpHandler.errorPages'),
      counters: this.counters,
      rules: {
        lists: readRules('httpHandler.rules', options.rules, httpLists),
        uniqueId: readUniqueId('httpHandler.uniqueId', options.uniqueId),
        around,
        counters: this.counters,
        requests: 0,
        failed: () => undefined,
      },
      clientMs: duration('httpHandler.timeouts.clientMs', timeouts.clientMs, 60_000),
      ended: exchange => this.#ended(exchange),
      tunnelling: exchange => this.#tunnels.add(exchange, this.#active.size),
    }
    const log = doorLog(
      'httpHandler.log',
      options.log,
      {
        name: this.name,
        clock: this.clock,
        around,
        connectionsNow: () => this.#active.size,
        failed: () => undefined,
      },
      'httplog',
    )
    this.#log = log === undefined ? undefined : new NodeLog(log)
    this.#admitting = {
      answers: this.#settings.answers,
      clock: this.clock,
      route: request => {
        try {
          return this.#route(request)
        } catch (error) {
          return new RouteFailure(error)
        }
      },
    }
  }

  get active(): number {
    return this.#active.size
  }

  handle(req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void): void {
    this.#handle({ req, res, next, connection: undefined })
  }

  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const request = this.#read(req, this.upgrades)
    if (seesAll(this.#settings.rules) && request instanceof NodeRequest) {
      return this.#upgradeByRules(req, socket, head, request)
    }
    const routed = request instanceof NodeRequest ? this.#routed(request, req.socket) : undefined
    if (routed?.destination === undefined && routed?.failed === false) {
      routed.tracks?.end()
      return false
    }
    if (answering(req.socket) !== undefined) {
      // Node has let go of the connection in the middle of another response: nothing can follow it any more.
      socket.destroy()
      return true
    }
    // What answers an upgrade that is not granted is an ordinary response on the same connection.
    const connection = new UpgradeConnection(req, socket, head)
    const { response: res } = connection
    // Node has given up parsing, and with it the body; see attach. Served without, the request would be another one.
    const call = { req, res, next: undefined, connection }
    if (framingOf(req) !== 'none') this.#answer(call, 501)
    else this.#handle(call, routed)
    return true
  }

  attach(server: NodeServer, handler: (req: IncomingMessage, res: ServerResponse) => void): () => void {
    return attachTo(server, this, handler)
  }

  async close(options: CloseOptions = {}): Promise<void> {
    knownOptions('close', options, ['drainMs'])
    const drainMs = integer('close.drainMs', options.drainMs, 30_000, 0, 2_147_483_647)
    this.#closing = true
    this.#tunnels.close(this.#active.size)
    if (this.#active.size > 0 && drainMs > 0) {
      await new Promise<void>(resolve => {
        const done = () => {
          clearTimeout(deadline)
          this.#idle.delete(done)
          resolve()
        }
        const deadline = setTimeout(done, drainMs)
        this.#idle.add(done)
      })
    }
    for (const exchange of [...this.#active.keys()]) exchange.shutdown()
    if (this.#ownsEngine) this.#settings.engine.close()
  }

  /** See {@link Attached}. */
  refusal(status: AnswerStatus): Answer {
    this.#refused(status)
    return this.#settings.answers.make(status)
  }

  /** See {@link Attached}. */
  unread(socket: Duplex, status: AnswerStatus, bytes: number): void {
    this.#log?.unread(socket as Socket, status, bytes)
  }

  /** See {@link Attached}. */
  refuseBody(req: IncomingMessage, res: ServerResponse, status: AnswerStatus): boolean {
    const exchange = this.#bodies.get(req)
    if (
      exchange === undefined ||
      (exchange instanceof Admission ? exchange.over : !this.#active.has(exchange))
    )
      return false
    res.shouldKeepAlive = false
    exchange.refuse(status)
    return true
  }

  #refused(status: AnswerStatus): void {
    this.counters.refuse(status, monotonic.now())
  }

  #read(req: IncomingMessage, upgrades: ReadonlySet<string>): NodeRequest | Refusal {
    const { originalUrl } = req as { originalUrl?: string }
    const target = this.#originalUrl ? (originalUrl ?? req.url) : req.url
    return readRequest(req, target ?? '', this.#settings.forwarding, upgrades)
  }

  /** Where a request goes. Asked once for each: a route may count. */
  #routed(request: NodeRequest, ends: { once(event: 'close', listener: () => void): unknown }): Routed {
    const tracks = this.#track(request, ends)
    try {
      return { tracks, destination: this.#route(request), failed: false, error: undefined }
    } catch (error) {
      return { tracks, destination: undefined, failed: true, error }
    }
  }

  /** @param ends whose close ends what the request tracks, whoever answers it */
  #track(
    request: NodeRequest,
    ends: { once(event: 'close', listener: () => void): unknown },
  ): Tracks | undefined {
    const tracking = this.#tracking
    if (tracking === undefined) return undefined
    const { socket } = request
    let connection = this.#tracks.get(socket)
    if (connection === undefined) {
      connection = tracking.connection(trackedConnection(request.connection))
      if (connection !== undefined) {
        this.#tracks.set(socket, connection)
        socket.once('close', () => connection?.end())
      }
    }
    const tracks = tracking.request(request, connection)
    request.tracked = tracks.tracked
    ends.once('close', () => tracks.end())
    return tracks
  }

  #handle(call: Call, already?: Routed | undefined): void {
    const { req, res, next } = call
    // Without the connection, which only the `upgrade` event gives, there can be no change of protocol.
    const request = this.#read(req, call.connection === undefined ? noUpgrades : this.upgrades)
    if (!(request instanceof NodeRequest)) {
      // A message that is not what it should be: whatever follows it on this connection is not to be trusted.
      res.shouldKeepAlive = false
      this.#answer(call, request.status, undefined, request.message || undefined)
      return
    }
    if (this.#refusesNow(call, request)) return
    if (seesAll(this.#settings.rules)) {
      if (!isBehind(req, res)) this.#admit(call, request, this.#track(request, res))
      else inTurn(req, res, () => this.#admitLater(call, request))
      return
    }
    const { tracks, destination, failed, error } = already ?? this.#routed(request, res)
    if (already !== undefined) request.tracked = tracks?.tracked
    if (failed) this.#failed(call, request, error)
    else if (destination === undefined) {
      if (next === undefined) this.#answer(call, 404, request)
      else next()
    } else if (!(destination instanceof Backend)) this.#answerRoute(call, destination, request)
    else if (!isBehind(req, res)) this.#exchange(call, request, destination, tracks)
    else inTurn(req, res, () => this.#exchangeLater(call, request, destination, tracks))
  }

  /** Whether the handler is being closed: then it has been answered. */
  #refusesNow(call: Call, request: ClientRequest): boolean {
    if (!this.#closing) return false
    call.res.shouldKeepAlive = false
    this.#answer(call, 503, request)
    return true
  }

  #exchangeLater(call: Call, request: NodeRequest, backend: Backend, tracks: Tracks | undefined): void {
    // While it waited for its turn, the host may have answered it by itself: one that took too long, say.
    if (call.res.headersSent || this.#refusesNow(call, request)) return
    this.#exchange(call, request, backend, tracks)
  }

  #exchange(call: Call, request: NodeRequest, backend: Backend, tracks: Tracks | undefined): void {
    if (backend.rules !== undefined) {
      this.#admit(call, request, tracks, backend)
      return
    }
    const taken = this.#take(call, request, backend.clock)
    if (taken === undefined) return
    if (request.contentLength > this.#limits.maxBodyBytes) this.#answer(call, 413, request)
    else this.#begin(call, taken.request, backend, tracks, taken.client)
  }

  /** The client's side of a request, and the request as it goes on; undefined where its body is gone. */
  #take(
    call: Call,
    request: NodeRequest,
    clock: Clock,
  ): { readonly client: NodeClient; readonly request: ClientRequest } | undefined {
    const { req, res, connection } = call
    const { framing } = request
    const read = framing !== 'none' && bodyWasRead(req)
    const again = read && this.#reserializeBody ? bodyAgain(req, request) : undefined
    if (read && again === undefined) {
      this.#failed(call, request, bodyConsumed(this.#reserializeBody))
      return undefined
    }
    const lent = this.#settings.engine.lendsBuffers === true
    const asSent = again === undefined ? framing : 'length'
    const client = new NodeClient(req, res, asSent, this.#limits, clock, lent, connection)
    if (again !== undefined) {
      client.body.push(again.bytes)
      client.body.finish([])
    }
    return { client, request: again?.request ?? request }
  }

  #begin(
    call: Call,
    request: ClientRequest,
    backend: Backend,
    tracks: Tracks | undefined,
    client: NodeClient,
    transaction?: Transaction,
  ): void {
    const { req, res, next } = call
    const own = call.connection === undefined ? this.#deadlineOf(req.socket, backend) : undefined
    const exchange = new Exchange(
      this.#settings,
      backend,
      request,
      client.body,
      client,
      own?.deadline,
      tracks,
      transaction,
      this.#log?.of(req, request),
    )
    if (own !== undefined) own.exchange = exchange
    this.#active.set(exchange, own)
    if (client.body.framing !== 'none') this.#bodies.set(req, exchange)
    client.serve(exchange)
    // Middleware may have taken its time, and the client have gone away meanwhile: nothing will tell of that again.
    if (res.destroyed || req.socket.destroyed) {
      exchange.clientGone()
      return
    }
    try {
      exchange.start()
    } catch (error) {
      // A balancer, an affinity or an engine of the host's own that breaks its word.
      if (next === undefined) exchange.fail(error)
      else {
        exchange.giveUp(error)
        next(error)
      }
    }
  }

  // ── rules ──────────────────────────────────────────────────────────────────────────────────────────

  /** Run the rules: the handler's, or where it has none the backend's. */
  #admit(call: Call, request: NodeRequest, tracks: Tracks | undefined, backend?: Backend): void {
    const { req, res } = call
    const taken = this.#take(call, request, this.clock)
    if (taken === undefined) return
    const { client } = taken
    const { body } = client
    const transaction = new Transaction(
      this.#settings.rules,
      this.#sessionOf(request),
      taken.request,
      body,
      tracks,
      this.#log?.of(req, request),
    )
    const admitted = () => this.#admitted(call, client, admission)
    const admission = new Admission(transaction, body, client, this.#admitting, admitted)
    if (body.framing !== 'none') this.#bodies.set(req, admission)
    client.serve(admission)
    if (res.destroyed || req.socket.destroyed) {
      admission.clientGone()
      return
    }
    if (request.contentLength > this.#limits.maxBodyBytes) admission.refuse(413)
    if (admission.over || admission.start(backend)) admitted()
  }

  #admitLater(call: Call, request: NodeRequest): void {
    if (call.res.headersSent || this.#refusesNow(call, request)) return
    this.#admit(call, request, this.#track(request, call.res))
  }

  /** The rules are through with a request. */
  #admitted(call: Call, client: NodeClient, { transaction, settled, backend }: Admission<Elsewhere>): void {
    const { next } = call
    const { edited, tracks } = transaction
    if (settled?.kind === 'drop') {
      client.abort()
      transaction.record?.refused(settled.state, 0, backend)
      return
    }
    const destination = settled?.kind === 'go' ? settled.destination : undefined
    if (destination instanceof Backend) {
      if (!this.#refusesNow(call, edited)) this.#begin(call, edited, destination, tracks, client, transaction)
    } else if (destination instanceof RouteFailure) this.#failed(call, edited, destination.error)
    else if (settled?.kind === 'go' && destination === undefined && next !== undefined) next()
    else {
      const { answers } = this.#settings
      const given = typeof destination === 'number' ? { status: destination } : destination
      const made = settled?.kind === 'answer' ? settled.answer : answers.of(given ?? { status: 404 }, edited)
      client.body.discard()
      const state = settled?.kind === 'answer' ? settled.state : 'LR'
      this.#send(call, transaction.answered(made, backend), edited, state, backend)
    }
  }

  /** A request to change protocols. Its connection is left alone where the rules lead it nowhere. */
  #upgradeByRules(req: IncomingMessage, socket: Duplex, head: Buffer, request: NodeRequest): boolean {
    if (answering(req.socket) !== undefined) {
      socket.destroy()
      return true
    }
    const tracks = this.#track(request, req.socket)
    const transaction = new Transaction(
      this.#settings.rules,
      this.#sessionOf(request),
      request,
      undefined,
      tracks,
      this.#log?.of(req, request),
    )
    let admitted = (): void => undefined
    const body = new RequestBody('none', nowhere, 0)
    const admission = new Admission(transaction, body, nowhere, this.#admitting, () => admitted())
    const settled = admission.start()
    if (admission.settled?.kind === 'go' && admission.settled.destination === undefined) {
      tracks?.end()
      return false
    }
    const connection = new UpgradeConnection(req, socket, head)
    const { response: res } = connection
    const call = { req, res, next: undefined, connection }
    const lent = this.#settings.engine.lendsBuffers === true
    const client = new NodeClient(req, res, 'none', this.#limits, this.clock, lent, connection)
    client.serve(admission)
    admitted = () => this.#admitted(call, client, admission)
    if (framingOf(req) !== 'none') {
      admission.clientGone()
      this.#answer(call, 501)
    } else if (settled) admitted()
    return true
  }

  #sessionOf(request: NodeRequest): ClientSession {
    const { socket } = request
    let session = this.#sessions.get(socket)
    if (session === undefined) {
      session = new ClientSession(request.connection, this.#settings.rules.around, this.#tracks.get(socket))
      this.#sessions.set(socket, session)
    }
    return session
  }

  /** The connection's deadline, where the backend keeps time by the same clock and no other exchange uses it. */
  #deadlineOf(socket: Duplex, backend: Backend): ConnectionDeadline | undefined {
    let connection = this.#deadlines.get(socket)
    if (connection === undefined) {
      connection = new ConnectionDeadline(socket, backend.clock)
      this.#deadlines.set(socket, connection)
    }
    return connection.exchange === undefined && connection.clock === backend.clock ? connection : undefined
  }

  #ended(exchange: Exchange): void {
    const connection = this.#active.get(exchange)
    if (connection !== undefined) connection.ended()
    this.#active.delete(exchange)
    this.#tunnels.ended(exchange, this.#active.size)
    if (this.#active.size === 0 && this.#idle.size > 0) for (const done of [...this.#idle]) done()
  }

  #failed(call: Call, request: ClientRequest, error: unknown): void {
    if (call.next === undefined)
      this.#answer(call, 500, request, error instanceof EvenerError ? error.message : undefined)
    else call.next(error)
  }

  #answer(call: Call, status: AnswerStatus, request?: ClientRequest, message?: string): void {
    const state = status === 404 ? 'LR' : status === 503 ? 'KR' : status === 500 ? 'IR' : 'PR'
    this.#send(call, this.#settings.answers.make(status, request, message), request, state)
  }

  #answerRoute(call: Call, destination: AnswerStatus | RouteAnswer, request: ClientRequest): void {
    const { req, res } = call
    const given = typeof destination === 'number' ? { status: destination } : destination
    const answer = this.#settings.answers.of(given, request)
    if (isBehind(req, res)) inTurn(req, res, () => this.#send(call, answer, request, 'LR'))
    else this.#send(call, answer, request, 'LR')
  }

  /** @param state for the log, in two letters */
  #send(
    { req, res }: Call,
    answer: Answer,
    request: ClientRequest | undefined,
    state: string,
    backend?: Backend | undefined,
  ): void {
    if (res.headersSent) {
      res.destroy()
      return
    }
    this.#refused(answer.status as AnswerStatus)
    countRefused(request?.tracked, answer.status)
    const record = this.#log?.of(req, request)
    req.resume()
    const headers = [...answer.headers, ...lengthOf(answer)]
    res.writeHead(answer.status, answer.reason ?? STATUS_CODES[answer.status] ?? '', headers)
    res.end(answer.body)
    record?.refused(state, answer.status, backend)
  }
}

/** One request as the host has handed it over. */
interface Call {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  /** Whom it goes to where this handler has no answer. */
  readonly next: ((error?: unknown) => void) | undefined
  /** Its connection, where it came by the `upgrade` event. */
  readonly connection: UpgradeConnection | undefined
}

/** Where a route leads, other than to a backend. */
type Elsewhere = Exclude<ReturnType<Route>, Backend> | RouteFailure

class RouteFailure {
  readonly error: unknown

  constructor(error: unknown) {
    this.error = error
  }
}

/** What has no body, and nobody who would be told of anything yet. */
const nowhere = {
  resume: () => undefined,
  pause: () => undefined,
  informational: () => undefined,
  abort: () => undefined,
}

/** What a route has said. */
interface Routed {
  readonly tracks: Tracks | undefined
  readonly destination: ReturnType<Route>
  readonly failed: boolean
  readonly error: unknown
}

const noUpgrades: ReadonlySet<string> = new Set()

function bodyConsumed(reserialize: boolean): EvenerError {
  return new EvenerError(
    'EVENER_BODY_CONSUMED',
    reserialize
      ? 'the request body was read before httpHandler, and is neither JSON nor form fields that could be written out again'
      : 'the request body was read before httpHandler: mount it before body parsers, or set reserializeBody: true',
  )
}
