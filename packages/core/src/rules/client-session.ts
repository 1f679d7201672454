/**
 * A client's connection as rules see and change it: HAProxy's session. One for each connection, where there are rules.
 *
 * What a rule of the connection says (`set-src`, a variable `sess.x`, a tracker) holds for all its requests.
 */
import type {
  Carrier,
  ConnectionScope,
  ConnectionView,
  LogLevel,
  ProxyHeaderView,
  Sample,
  Surroundings,
  TlsView,
  TrackedView,
} from '@evener/rules'
import type { ConnectionFacts } from '../base/connection-facts.ts'
import type { Tracks } from '../base/tracking.ts'
import { ScopedVariables } from './scoped-variables.ts'
import type { UniqueId } from './unique-id.ts'

/** The two ends of a connection, with what rules took them to be. */
export class SeenEnds implements ConnectionView {
  #facts: ConnectionFacts
  readonly acceptedAt: number
  #source: string | undefined
  #sourcePort: number | undefined
  #destination: string | undefined
  #destinationPort: number | undefined
  /** What rules of the connection made of it: HAProxy's `fc_src`, `fc_dst`, which rules of a request leave alone. */
  readonly socket: SeenEnds | undefined
  /** Known once a request has come. */
  readonly httpMajor: 1 | 2 | undefined

  /** @param before the same as rules of the connection left it, for those of a request */
  constructor(
    facts: ConnectionFacts,
    acceptedAt: number,
    before?: SeenEnds,
    vouchedFor?: string,
    httpMajor?: 1 | 2,
  ) {
    this.socket = before
    this.httpMajor = httpMajor
    this.#facts = facts
    this.acceptedAt = acceptedAt
    this.#source = before?.source ?? vouchedFor
    this.#sourcePort = before?.sourcePort
    this.#destination = before?.destination
    this.#destinationPort = before?.destinationPort
  }

  /** More is known of the connection: a proxy in front has spoken, or TLS has begun. */
  learn(facts: ConnectionFacts): void {
    this.#facts = facts
  }

  /** What a rule said, or undefined. */
  get source(): string | undefined {
    return this.#source
  }

  get sourcePort(): number | undefined {
    return this.#sourcePort
  }

  get destination(): string | undefined {
    return this.#destination
  }

  get destinationPort(): number | undefined {
    return this.#destinationPort
  }

  get peerAddress(): string {
    return this.#source ?? this.#facts.peerAddress
  }

  get peerPort(): number {
    return this.#sourcePort ?? this.#facts.peerPort
  }

  get localAddress(): string {
    return this.#destination ?? this.#facts.localAddress
  }

  get localPort(): number {
    return this.#destinationPort ?? this.#facts.localPort
  }

  get tls(): TlsView | undefined {
    return this.#facts.tls as TlsView | undefined
  }

  get proxyHeader(): ProxyHeaderView | undefined {
    const header = this.#facts.proxyHeader
    if (header === undefined) return undefined
    const { authority, uniqueId } = header.tlvs
    return { authority, uniqueId: uniqueId?.toString('latin1') }
  }

  /** HAProxy's `set-src`, `set-dst`, with `-port`. */
  set(end: 'source' | 'destination', address: string | undefined, port: number | undefined): void {
    if (end === 'source') {
      this.#source = address ?? this.#source
      this.#sourcePort = port ?? this.#sourcePort
    } else {
      this.#destination = address ?? this.#destination
      this.#destinationPort = port ?? this.#destinationPort
    }
  }
}

/** A door of layer 4, as far as it gives connections a name. */
interface Naming {
  readonly uniqueId: UniqueId<ConnectionScope> | undefined
  failed(error: unknown): void
}

export class ClientSession implements ConnectionScope, Carrier {
  readonly facts: ConnectionFacts
  readonly connection: SeenEnds
  readonly variables = new ScopedVariables()
  readonly around: Surroundings
  /** What the connection tracks; set by the door. */
  tracks: Tracks | undefined
  /** HAProxy's `set-log-level`. */
  logLevel: LogLevel | undefined
  readonly captures: string[] = []
  /** Requests that rules have seen. */
  requests = 0
  /** How many connections at layer 4 began before it. */
  requestNumber: number | undefined
  readonly #naming: Naming | undefined
  #uniqueId: string | undefined

  constructor(
    facts: ConnectionFacts,
    around: Surroundings,
    tracks: Tracks | undefined,
    naming?: Naming | undefined,
  ) {
    this.#naming = naming
    this.facts = facts
    this.connection = new SeenEnds(facts, around.now())
    this.around = around
    this.tracks = tracks
  }

  get carrier(): Carrier {
    return this
  }

  /** Its own name, at doors of layer 4 that give it one. A format that asks for itself has none yet. */
  get uniqueId(): string | undefined {
    const naming = this.#naming
    if (naming?.uniqueId !== undefined && this.#uniqueId === undefined) {
      this.#uniqueId = ''
      this.#uniqueId = naming.uniqueId.of(this, naming.failed)
    }
    return this.#uniqueId || undefined
  }

  get tracked(): readonly (TrackedView | undefined)[] | undefined {
    return this.tracks?.tracked as readonly (TrackedView | undefined)[] | undefined
  }

  setLogLevel(level: LogLevel): void {
    this.logLevel = level
  }

  setAddress(end: 'source' | 'destination', address: string | undefined, port: number | undefined): void {
    this.connection.set(end, address, port)
  }

  track(tracker: number, table: string | undefined, key: Sample): void {
    this.tracks?.track(tracker, table, String(key))
  }

  capture(_side: 'request' | 'response', slot: number, text: string): void {
    this.captures[slot] = text
  }
}
