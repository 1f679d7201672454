/**
 * What is written down of one connection at layer 4, and becomes its line of the log: HAProxy's timers, its termination
 * state, its counters (manual sections 8.2.2, 8.4, 8.5).
 *
 * ```text
 *  accepted           place on a server      connection            closed
 *     |───────── Tw ──────────|──────── Tc ───────|                   |
 *     |────────────────────────────── Tt ────────────────────────────|
 * ```
 * Invariant: one line for each connection that was accepted and not turned away for being one too many, once it is closed.
 * Bytes are those that passed; what was asked of the client and thrown away is not among them.
 */
import type { Carrier, LogRecord, LogScope, Surroundings, TrackedView, Variables } from '@evener/rules'
import type { NoServerReason } from '../balance/counters.ts'
import type { Dispatch } from '../balance/dispatch.ts'
import type { Outcome } from '../balance/outcome.ts'
import type { ConnectionFacts } from '../base/connection-facts.ts'
import { processConnections } from '../base/process-connections.ts'
import type { Tracks } from '../base/tracking.ts'
import { type ClientSession, SeenEnds } from '../rules/client-session.ts'
import { ScopedVariables } from '../rules/scoped-variables.ts'
import type { DoorLog } from './door-log.ts'
import { terminationOf, terminationWithout } from './termination.ts'

export class TcpRecord implements LogRecord {
  readonly mode = 'tcp'
  readonly partial = false
  readonly handshakeMs = 0
  readonly idleMs = 0
  readonly requestMs = 0
  readonly responseMs = -1
  readonly status = -1
  readonly sourceAddress = undefined
  readonly sourcePort = undefined
  readonly requestCookie = undefined
  readonly responseCookie = undefined
  readonly requestLine = undefined
  readonly requestNumber: number
  queueMs = -1
  connectMs = -1
  activeMs = 0
  bytesRead = 0
  bytesUploaded = 0
  readonly #log: DoorLog
  readonly #acceptedAt: number
  readonly #acceptedDate: number
  #facts: ConnectionFacts
  #dispatch: Dispatch | undefined
  #session: ClientSession | undefined
  #state = ''

  /** To be made when the connection is accepted. */
  constructor(log: DoorLog, facts: ConnectionFacts) {
    this.#log = log
    this.#facts = facts
    this.#acceptedAt = log.door.clock.now()
    this.#acceptedDate = log.door.around.now()
    this.requestNumber = log.requests++
  }

  /** It goes to a backend. */
  routed(dispatch: Dispatch, facts: ConnectionFacts): void {
    this.#dispatch = dispatch
    this.#facts = facts
  }

  relayed(direction: 'in' | 'out', bytes: number): void {
    if (direction === 'in') this.bytesUploaded += bytes
    else this.bytesRead += bytes
  }

  /** It was refused before it came to a backend. */
  refused(): void {
    this.#state ||= 'PR'
  }

  /** How it ended, or why it got no server. The first counts. */
  ended(outcome: Outcome | NoServerReason): void {
    if (this.#state !== '') return
    const state = typeof outcome === 'string' ? terminationWithout(outcome) : terminationOf(outcome)
    // Without a backend it waited for nothing yet.
    this.#state = this.#dispatch === undefined ? `${state[0]}R` : state
  }

  /** It is closed: this is its line. */
  closed(session: ClientSession | undefined, tracks: Tracks | undefined): void {
    const { clock } = this.#log.door
    const now = clock.now()
    this.#session = session
    this.activeMs = Math.floor(now - this.#acceptedAt)
    const dispatch = this.#dispatch
    const lease = dispatch?.lease
    if (lease !== undefined && dispatch !== undefined) {
      const { backend } = dispatch
      const shift = backend.clock === clock ? 0 : now - backend.now()
      this.queueMs = Math.max(0, Math.floor(lease.startedAt + shift - this.#acceptedAt))
      if (lease.connectedAt >= 0) this.connectMs = Math.floor(lease.connectedAt - lease.startedAt)
    } else if (this.#state[1] === 'Q') this.queueMs = this.activeMs
    this.#log.write(new TcpLogScope(this, this.#ends, tracks, this.#log.door.around), session?.logLevel)
  }

  get #ends(): SeenEnds {
    return new SeenEnds(this.#facts, this.#acceptedDate, this.#session?.connection)
  }

  get session(): ClientSession | undefined {
    return this.#session
  }

  // ── the record ─────────────────────────────────────────────────────────────────────────────────────

  get termination(): string {
    return `${this.#state || '--'}--`
  }

  get frontend(): string {
    return this.#log.door.name
  }

  get secure(): boolean {
    return this.#facts.tls !== undefined
  }

  get backend(): string {
    return this.#dispatch?.backend.name ?? this.#log.door.name
  }

  get server(): string | undefined {
    return this.#dispatch?.server?.id
  }

  get serverAddress(): string | undefined {
    return this.#dispatch?.server?.host
  }

  get serverPort(): number | undefined {
    return this.#dispatch?.server?.port
  }

  get processConnections(): number {
    return processConnections.now
  }

  get frontendConnections(): number {
    return this.#log.door.connectionsNow()
  }

  get backendConnections(): number {
    return this.#dispatch?.backend.counters.requestsNow ?? 0
  }

  get serverConnections(): number {
    return this.#dispatch?.server?.counters.requestsNow ?? 0
  }

  get uniqueId(): string | undefined {
    return this.#session?.uniqueId
  }

  get retries(): number {
    return this.#dispatch?.retries ?? 0
  }

  get redispatched(): boolean {
    return (this.#dispatch?.redispatches ?? 0) > 0
  }

  get serverQueue(): number {
    return this.#dispatch?.serverQueue ?? 0
  }

  get backendQueue(): number {
    return this.#dispatch?.backendQueue ?? 0
  }

  get requestCaptures(): readonly (string | undefined)[] | undefined {
    const captures = this.#session?.captures
    return captures === undefined || captures.length === 0 ? undefined : Array.from(captures)
  }

  get responseCaptures(): undefined {
    return undefined
  }

  get logNumber(): number {
    return this.#log.lines
  }
}

/** The same as the formats of its line ask about it. */
class TcpLogScope implements LogScope {
  readonly record: TcpRecord
  readonly connection: SeenEnds
  readonly around: Surroundings
  readonly #tracks: Tracks | undefined

  constructor(record: TcpRecord, connection: SeenEnds, tracks: Tracks | undefined, around: Surroundings) {
    this.record = record
    this.connection = connection
    this.around = around
    this.#tracks = tracks
  }

  /** A line changes nothing. */
  get carrier(): Carrier {
    return this.record.session as unknown as Carrier
  }

  get variables(): Variables {
    return this.record.session?.variables ?? new ScopedVariables()
  }

  get tracked(): readonly (TrackedView | undefined)[] | undefined {
    return this.#tracks?.tracked as readonly (TrackedView | undefined)[] | undefined
  }
}
