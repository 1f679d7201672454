/**
 * What is written down of one request while it is served, and becomes its line of the log: HAProxy's timers, its
 * termination state, its counters (manual sections 8.2.3, 8.4, 8.5).
 *
 * ```text
 *  accepted   first byte    head whole     place on a server    connection    answer's head    answer's end
 *     |─ Th ─ Ti ─|───── TR ─────|──────── Tw ────────|────── Tc ──────|───── Tr ──────|───── Td ─────|
 *                 |──────────────────────────────────── Ta ─────────────────────────────────────────────|
 * ```
 * Times are cut to whole milliseconds; -1 stands where it never came to that.
 *
 * Invariant: one line for each request, once its answer is handed to the system or its client has gone.
 * Cost: this object and a few readings of the clock; what a format does not ask for is never made.
 */
import type { LogRecord } from '@evener/rules'
import type { AffinityResponse, HeaderEdits } from '@evener/session'
import type { Backend } from '../balance/backend.ts'
import type { NoServerReason } from '../balance/counters.ts'
import type { Dispatch } from '../balance/dispatch.ts'
import type { Outcome } from '../balance/outcome.ts'
import type { ConnectionFacts } from '../base/connection-facts.ts'
import { processConnections } from '../base/process-connections.ts'
import type { ResponseHead } from '../http/engine.ts'
import { SeenResponse } from '../http/incoming-head.ts'
import type { ClientRequest } from '../http/request.ts'
import type { Transaction } from '../rules/transaction.ts'
import { capturedCookie } from './cookie-capture.ts'
import { requestCookieState, responseCookieState } from './cookie-state.ts'
import type { DoorLog } from './door-log.ts'
import { RequestLogScope } from './request-log-scope.ts'
import { terminationOf, terminationWithout } from './termination.ts'

/** What a door knows of a request when it has come. */
export interface Came {
  readonly facts: ConnectionFacts
  /** Milliseconds since 1970: when the connection was accepted, or the response before was over. */
  readonly acceptedAt: number
  readonly handshakeMs: number
  /** -1 where nothing came. */
  readonly idleMs: number
  /** By the door's clock: its first byte, and the end of its head; the latter -1 where that never came. */
  readonly beganAt: number
  readonly headAt: number
  /** Bytes of its head, where the door has counted them: else they are as many as it would have in HTTP/1.1. */
  readonly headBytes: number | undefined
}

/** Whom it asks how many bytes have gone to the client for it, its head included. */
export interface SentBytes {
  readonly sentBytes: number
  /** More have, through a tunnel; of those who see only what responses they write. */
  tunnelled?(bytes: number): void
}

export class RequestRecord implements LogRecord {
  readonly requestNumber: number
  readonly requestMs: number
  queueMs = -1
  connectMs = -1
  responseMs = -1
  activeMs = 0
  status = -1
  bytesRead = -1
  termination = '----'
  readonly log: DoorLog
  readonly came: Came
  /** As it came; undefined where its head could not be read. */
  readonly request: ClientRequest | undefined
  transaction: Transaction | undefined
  destination: Backend | undefined
  dispatch: Dispatch | undefined
  /** The head of the server's response. */
  head: ResponseHead | undefined
  readonly #sent: SentBytes
  #responseCookie = '-'
  #bodyBytes = 0
  /** By the door's clock; -1 until then. */
  #answeredAt = -1
  #over = false

  constructor(log: DoorLog, came: Came, request: ClientRequest | undefined, sent: SentBytes) {
    this.log = log
    this.came = came
    this.request = request
    this.#sent = sent
    this.requestNumber = log.requests++
    this.requestMs = came.headAt < 0 ? -1 : Math.floor(came.headAt - came.beganAt)
  }

  // ── what is told of it ─────────────────────────────────────────────────────────────────────────────

  /** The affinity has said what its response is to tell the client. */
  bound(dispatch: Dispatch, response: AffinityResponse, edits: HeaderEdits | undefined): void {
    this.#responseCookie = responseCookieState(dispatch, response, edits)
  }

  /** All of its answer is handed to the system: what follows on the connection is not its own. */
  answered(now: number): void {
    if (this.#answeredAt >= 0) return
    this.#answeredAt = now
    this.bytesRead = this.#sent.sentBytes
  }

  /** By the door's clock, or when it was answered. */
  get #now(): number {
    return this.#answeredAt >= 0 ? this.#answeredAt : this.log.door.clock.now()
  }

  /** Bytes have passed through its tunnel. */
  tunnelled(direction: 'in' | 'out', bytes: number): void {
    if (direction === 'in') this.#bodyBytes += bytes
    else this.#sent.tunnelled?.(bytes)
  }

  /**
   * It is over, and a backend had it.
   * @param outcome how it ended, or why it got no server
   * @param bodyBytes of its body, as they came
   * @param answeredHere whether rules answered in place of the server's response
   */
  ended(
    dispatch: Dispatch,
    outcome: Outcome | NoServerReason,
    status: number,
    bodyBytes: number,
    answeredHere: boolean,
  ): void {
    const { lease, backend } = dispatch
    const { clock } = this.log.door
    const now = this.#now
    this.dispatch = dispatch
    this.destination = backend
    const state = typeof outcome === 'string' ? terminationWithout(outcome) : terminationOf(outcome)
    if (lease !== undefined) {
      // A backend may keep time by a clock of its own.
      const shift = backend.clock === clock ? 0 : now - backend.now()
      this.queueMs = Math.max(0, Math.floor(lease.startedAt + shift - this.came.headAt))
      if (lease.connectedAt >= 0) {
        this.connectMs = Math.floor(lease.connectedAt - lease.startedAt)
        if (lease.answeredAt >= 0) this.responseMs = Math.floor(lease.answeredAt - lease.connectedAt)
      }
    } else if (state[1] === 'Q') this.queueMs = Math.floor(now - this.came.headAt)
    this.#bodyBytes += bodyBytes
    this.#end(
      now,
      status,
      `${answeredHere && state === '--' ? 'LH' : state}${requestCookieState(dispatch)}${this.#responseCookie}`,
    )
  }

  /**
   * It is over, and no server was looked for.
   * @param state how it ended, in two letters
   * @param status of the answer; 0 without one
   * @param backend whose rules ended it
   */
  refused(state: string, status: number, backend?: Backend | undefined): void {
    const now = this.#now
    this.destination = backend
    // What a tarpit took counts as time in a queue (manual section 8.5, `PT`).
    if (state[1] === 'T') this.queueMs = Math.floor(now - this.came.headAt)
    this.#end(now, status, `${state}--`)
  }

  #end(now: number, status: number, termination: string): void {
    if (this.#over) return
    this.#over = true
    if (status > 0) this.status = status
    this.termination = termination
    this.activeMs = Math.floor(now - this.came.beganAt)
    this.answered(now)
    this.log.write(new RequestLogScope(this), this.transaction?.logLevel)
  }

  // ── the record ─────────────────────────────────────────────────────────────────────────────────────

  get mode(): 'http' {
    return 'http'
  }

  get partial(): boolean {
    return false
  }

  get requestCookie(): string | undefined {
    const { cookie } = this.log
    const request = this.transaction?.edited ?? this.request
    if (cookie === undefined || request === undefined) return undefined
    return capturedCookie(request.header('cookie')?.split(';') ?? [], cookie)
  }

  get responseCookie(): string | undefined {
    const { cookie } = this.log
    if (cookie === undefined || this.head === undefined) return undefined
    const { setCookies } = new SeenResponse(this.head)
    return capturedCookie(
      setCookies.map(line => line.split(';', 1)[0] as string),
      cookie,
    )
  }

  get frontend(): string {
    return this.log.door.name
  }

  get secure(): boolean {
    return this.came.facts.tls !== undefined
  }

  get backend(): string {
    return this.destination?.name ?? this.log.door.name
  }

  get server(): string | undefined {
    return this.dispatch?.server?.id
  }

  get serverAddress(): string | undefined {
    return this.dispatch?.server?.host
  }

  get serverPort(): number | undefined {
    return this.dispatch?.server?.port
  }

  get bytesUploaded(): number {
    const { came, request } = this
    return (came.headBytes ?? (request === undefined ? 0 : headBytes(request))) + this.#bodyBytes
  }

  /** Known once the server has answered. */
  get sourceAddress(): string | undefined {
    return this.head?.connection?.localAddress
  }

  get sourcePort(): number | undefined {
    return this.head?.connection?.localPort
  }

  get handshakeMs(): number {
    return this.came.handshakeMs
  }

  get idleMs(): number {
    return this.came.idleMs
  }

  get processConnections(): number {
    return processConnections.now
  }

  get frontendConnections(): number {
    return this.log.door.connectionsNow()
  }

  get backendConnections(): number {
    return this.destination?.counters.requestsNow ?? 0
  }

  get serverConnections(): number {
    return this.dispatch?.server?.counters.requestsNow ?? 0
  }

  get retries(): number {
    return this.dispatch?.retries ?? 0
  }

  get redispatched(): boolean {
    return (this.dispatch?.redispatches ?? 0) > 0
  }

  get serverQueue(): number {
    return this.dispatch?.serverQueue ?? 0
  }

  get backendQueue(): number {
    return this.dispatch?.backendQueue ?? 0
  }

  get requestCaptures(): readonly (string | undefined)[] | undefined {
    return captured(this.transaction?.captures.request)
  }

  get responseCaptures(): readonly (string | undefined)[] | undefined {
    return captured(this.transaction?.captures.response)
  }

  get requestLine(): string | undefined {
    const { request } = this
    if (request === undefined) return undefined
    const { method, versionMajor, versionMinor } = request
    if (versionMajor !== 2) return `${method} ${request.parsed?.target ?? request.uri} HTTP/1.${versionMinor}`
    // As HAProxy puts a request of HTTP/2 in one line.
    const scheme = this.secure ? 'https' : 'http'
    return `${method} ${scheme}://${request.authority}${request.uri} HTTP/2.0`
  }

  get uniqueId(): string | undefined {
    return this.transaction?.uniqueId
  }

  get logNumber(): number {
    return this.log.lines
  }
}

/** As it would be in HTTP/1.1, with one space after each colon. */
function headBytes({ method, uri, rawHeaders }: ClientRequest): number {
  let bytes = method.length + uri.length + ' HTTP/1.1'.length + 5
  for (let i = 0; i < rawHeaders.length; i += 2) {
    bytes += (rawHeaders[i] as string).length + (rawHeaders[i + 1] as string).length + 4
  }
  return bytes
}

/** Slots that nothing was put into are holes: a list without any is undefined. */
function captured(slots: readonly string[] | undefined): readonly (string | undefined)[] | undefined {
  return slots === undefined || slots.length === 0 ? undefined : Array.from(slots)
}
