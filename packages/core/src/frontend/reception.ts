/**
 * What becomes of a request at Evener's own listener, by whichever version of HTTP it came. One for each connection.
 *
 * ```text
 *   receive ─► tracked ─┬─ rules of the door ─► Admission ─┬─► served: Exchange
 *                       └─ route ─► rules of the backend ──┤
 *                                └─────────────────────────┴─► answered here, or turned away
 * ```
 * Invariant: each request that is received is served, refused or turned away once, and so is its line of the log.
 */
import type { Tracked } from '@evener/session'
import { Backend } from '../balance/backend.ts'
import type { ConnectionFacts } from '../base/connection-facts.ts'
import type { Deadline } from '../base/deadline.ts'
import { countRefused, type Tracks, trackedConnection } from '../base/tracking.ts'
import type { Answer, AnswerStatus } from '../http/answer.ts'
import type { ClientSide } from '../http/client-side.ts'
import { Exchange } from '../http/exchange.ts'
import type { ClientRequest } from '../http/request.ts'
import type { RequestBody } from '../http/request-body.ts'
import type { Served } from '../http/served.ts'
import type { RequestRecord } from '../log/request-record.ts'
import { Admission } from '../rules/admission.ts'
import { ClientSession } from '../rules/client-session.ts'
import { seesAll } from '../rules/door-rules.ts'
import { Transaction } from '../rules/transaction.ts'
import type { FrontendSettings } from './settings.ts'

/** A request as a connection has read it. */
export interface ReceivedRequest extends ClientRequest {
  tracked: readonly (Tracked | undefined)[] | undefined
}

/** The client of one request. */
export interface Receiving extends ClientSide {
  /** What is written down of it, where the door has a log. */
  readonly record: RequestRecord | undefined
  /** Its body, which is asked for once. @param wire as it came, chunk framing included, where that can be had */
  bodyOf(wire: boolean): RequestBody
  /** Nobody wants its body. */
  skipBody(): void
  /** Who has it now. */
  serve(served: Served): void
  /** The connection's deadline, for an exchange of this backend; it rests where that needs one of its own, or none. */
  deadlineFor(backend: Backend | undefined): Deadline | undefined
  /** Break it off; silently, where the client is not even to be told. */
  turnAway(silently: boolean): void
}

/** What is known of a request that is answered without becoming an exchange. */
interface Refused {
  /** Undefined where it could not be read. */
  readonly request?: ClientRequest | undefined
  /** For the page that is made of a status. */
  readonly message?: string | undefined
  readonly tracks?: Tracks | undefined
  readonly transaction?: Transaction | undefined
  readonly backend?: Backend | undefined
  /** For the log, in two letters; `PR` by default. */
  readonly state?: string | undefined
}

export class Reception {
  /** What the connection tracks. */
  readonly tracks: Tracks | undefined
  readonly #settings: FrontendSettings
  readonly #facts: ConnectionFacts
  /** The connection as rules see it, once there are some for it. */
  #session: ClientSession | undefined

  /** @param session where rules have looked at the connection */
  constructor(settings: FrontendSettings, facts: ConnectionFacts, session: ClientSession | undefined) {
    this.#settings = settings
    this.#facts = facts
    this.#session = session
    this.tracks = session?.tracks ?? settings.tracking?.connection(trackedConnection(facts))
  }

  /** @param tooLarge it says that its body is larger than is allowed */
  receive(request: ReceivedRequest, client: Receiving, tooLarge: boolean): void {
    const settings = this.#settings
    const { engine, rules } = settings.exchange
    const tracks = settings.tracking?.request(request, this.tracks)
    request.tracked = tracks?.tracked
    if (seesAll(rules)) {
      this.#admit(request, client, tracks, tooLarge, undefined)
      return
    }
    const destination = tooLarge ? 413 : settings.route(request)
    if (typeof destination === 'number' || 'body' in destination) {
      // It is understood, and only not served: what follows it on its connection may be.
      client.skipBody()
      this.refuse(client, destination, { request, tracks, state: tooLarge ? 'PR' : 'LR' })
    } else if (destination.rules !== undefined) this.#admit(request, client, tracks, false, destination)
    else {
      // Who wants to see the content before a server is chosen has no use for chunk framing.
      const wire = engine.takesWire === true && destination.balancer.bodyWanted === undefined
      this.#serve(destination, request, client.bodyOf(wire), client, tracks)
    }
  }

  /** Run the rules: the door's, or where it has none the backend's. */
  #admit(
    request: ReceivedRequest,
    client: Receiving,
    tracks: Tracks | undefined,
    tooLarge: boolean,
    backend: Backend | undefined,
  ): void {
    const { exchange, admitting } = this.#settings
    const { rules } = exchange
    this.#session ??= new ClientSession(this.#facts, rules.around, this.tracks)
    const body = client.bodyOf(false)
    const transaction = new Transaction(rules, this.#session, request, body, tracks, client.record)
    const admission = new Admission(transaction, body, client, admitting, () =>
      this.#admitted(admission, client),
    )
    client.deadlineFor(undefined)
    client.serve(admission)
    if (tooLarge) admission.refuse(413)
    if (admission.over || admission.start(backend)) this.#admitted(admission, client)
  }

  /** The rules are through with a request. */
  #admitted(admission: Admission<AnswerStatus | Answer>, client: Receiving): void {
    const { transaction, body, backend, settled } = admission
    const { edited, tracks } = transaction
    if (settled?.kind === 'go' && settled.destination instanceof Backend) {
      this.#serve(settled.destination, edited, body, client, tracks, transaction)
    } else if (settled?.kind === 'drop') {
      client.turnAway(settled.silently)
      transaction.record?.refused(settled.state, 0, backend)
      tracks?.end()
    } else {
      const answer = settled?.kind === 'go' ? (settled.destination as AnswerStatus | Answer) : settled?.answer
      const state = settled?.kind === 'answer' ? settled.state : 'LR'
      this.refuse(client, answer ?? 500, { request: edited, tracks, transaction, backend, state })
    }
  }

  #serve(
    backend: Backend,
    request: ClientRequest,
    body: RequestBody,
    client: Receiving,
    tracks: Tracks | undefined,
    transaction?: Transaction,
  ): void {
    const settings = this.#settings
    const exchange = new Exchange(
      settings.exchange,
      backend,
      request,
      body,
      client,
      client.deadlineFor(backend),
      tracks,
      transaction,
      client.record,
    )
    client.serve(exchange)
    try {
      exchange.start()
    } catch (error) {
      // A balancer, an affinity or an engine of the host's own that breaks its word.
      settings.failed(error)
      exchange.fail(error)
    }
  }

  /** Answer something that never became an exchange. */
  refuse(client: Receiving, answer: AnswerStatus | Answer, refused: Refused = {}): void {
    const { request, message, tracks, transaction, backend, state = 'PR' } = refused
    const { exchange } = this.#settings
    const plain = typeof answer === 'number' ? exchange.answers.make(answer, request, message) : answer
    const made = transaction === undefined ? plain : transaction.answered(plain, backend)
    this.#settings.refused(made.status)
    if (request === undefined) this.tracks?.malformed(made.status)
    countRefused(tracks?.tracked, made.status)
    const { record } = client
    client.answer(made)
    record?.refused(state, made.status, backend)
    tracks?.end()
  }
}
