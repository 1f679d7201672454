/**
 * A request and its response as rules see them, and what rules say of both: HAProxy's transaction. One for each request,
 * where the door or its backend has rules.
 *
 * ```text
 *  door's request rules ─► route ─► backend's request rules ─► server
 *  door's response rules ◄─ backend's response rules ◄────────────┘
 *   └► affinity's cookie ─► after-response rules, the backend's, then the door's ─► client
 * ```
 * Evener's own answers, those of rules included, pass the after-response rules alone.
 */
import type {
  LogLevel,
  Paused,
  RequestCarrier,
  ResponseScope,
  RuleList,
  Sample,
  ServerConnectionView,
  ServerView,
  Surroundings,
  TimeoutName,
  TrackedView,
  Verdict,
} from '@evener/rules'
import type { Backend } from '../balance/backend.ts'
import type { Server } from '../balance/server.ts'
import type { Timeouts } from '../balance/timeouts.ts'
import type { Tracks } from '../base/tracking.ts'
import type { Answer, Answers } from '../http/answer.ts'
import type { ResponseHead } from '../http/engine.ts'
import type { ClientRequest } from '../http/request.ts'
import type { RequestBody } from '../http/request-body.ts'
import type { RequestRecord } from '../log/request-record.ts'
import { answerOf } from './answer-of.ts'
import { type ClientSession, SeenEnds } from './client-session.ts'
import { type DoorRules, seesAll } from './door-rules.ts'
import { EditedRequest, SeenRequest } from './edited-request.ts'
import { EditedResponse } from './edited-response.ts'
import { ScopedVariables } from './scoped-variables.ts'
import { type BackendSight, backendSight, ServerSight } from './sights.ts'

/** What ends a list, other than its end. */
export type Ended = Exclude<Verdict, { readonly kind: 'wait' }>

export class Transaction implements RequestCarrier {
  readonly door: DoorRules
  readonly session: ClientSession
  readonly connection: SeenEnds
  readonly variables: ScopedVariables
  readonly around: Surroundings
  readonly tracks: Tracks | undefined
  /** The request as it goes on. */
  readonly edited: EditedRequest
  readonly request: SeenRequest
  /** What is written down for the log. */
  readonly record: RequestRecord | undefined
  /** How many began before it. */
  readonly requestNumber: number
  #uniqueId: string | undefined
  backend: BackendSight | undefined
  response: EditedResponse | undefined
  server: ServerView | undefined
  #head: ResponseHead | undefined
  /** HAProxy's `set-log-level`. */
  logLevel: LogLevel | undefined
  /** By slot. HAProxy's captures. */
  readonly captures: { readonly request: string[]; readonly response: string[] } = {
    request: [],
    response: [],
  }
  /** For this request alone: the client's silence, and how long things may take at the backend. */
  clientMs: number | undefined
  #timeouts: Partial<Record<keyof Timeouts, number>> | undefined
  #hints: string[] | undefined

  constructor(
    door: DoorRules,
    session: ClientSession,
    request: ClientRequest,
    body: RequestBody | undefined,
    tracks: Tracks | undefined,
    record: RequestRecord | undefined,
  ) {
    const { connection, variables, around } = session
    this.record = record
    // What is written down of it goes by what rules say.
    if (record !== undefined) record.transaction = this
    this.requestNumber = record?.requestNumber ?? door.requests++
    this.door = door
    this.session = session
    const vouchedFor = request.sourceAddress === request.peerAddress ? undefined : request.sourceAddress
    this.connection = new SeenEnds(
      request.connection ?? session.facts,
      connection.acceptedAt,
      connection,
      vouchedFor,
      request.versionMajor ?? 1,
    )
    this.variables = new ScopedVariables(variables)
    this.around = around
    this.tracks = tracks
    this.edited = new EditedRequest(request, this.connection)
    const unpreceded = session.requests++ === 0
    // Where a backend alone has rules, nobody knows what came before on this connection.
    const isFirst = seesAll(door) ? unpreceded : undefined
    this.request = new SeenRequest(this.edited, body, around.now(), isFirst)
    this.logLevel = session.logLevel
  }

  get carrier(): RequestCarrier {
    return this
  }

  get tracked(): readonly (TrackedView | undefined)[] | undefined {
    return (this.tracks ?? this.session.tracks)?.tracked as readonly (TrackedView | undefined)[] | undefined
  }

  /** The connection that the response came by. */
  get serverConnection(): ServerConnectionView | undefined {
    return this.#head?.connection
  }

  /** Its own name, where the door gives it one. A format that asks for itself has none yet. */
  get uniqueId(): string | undefined {
    const { uniqueId } = this.door
    if (uniqueId !== undefined && this.#uniqueId === undefined) {
      this.#uniqueId = ''
      this.#uniqueId = uniqueId.of(this, this.door.failed)
    }
    return this.#uniqueId || undefined
  }

  /** It goes to this backend. */
  routed(backend: Backend): void {
    this.backend = backendSight(backend)
  }

  /** All rules have let it pass: it goes to a server. */
  passed(): void {
    this.door.uniqueId?.told?.run(this)
  }

  // ── responses ──────────────────────────────────────────────────────────────────────────────────────

  /** Whether any rules look at what a server of this backend answers. */
  seeResponses({ rules }: Backend): boolean {
    const { lists } = this.door
    return (
      lists?.response !== undefined ||
      lists?.afterResponse !== undefined ||
      rules?.response !== undefined ||
      rules?.afterResponse !== undefined
    )
  }

  /**
   * A server has answered: its backend's rules, then the door's.
   * @returns what is to be done in its place; undefined where it goes on
   */
  responded(head: ResponseHead, server: Server, backend: Backend): Ended | undefined {
    this.server = new ServerSight(server, backend.clock)
    this.response = new EditedResponse(head)
    this.#head = head
    try {
      return this.#response(backend.rules?.response) ?? this.#response(this.door.lists?.response)
    } catch (error) {
      this.door.failed(error)
      return { kind: 'answer', answer: { status: 500, headers: [], body: undefined } }
    }
  }

  /** @returns whether that is a denial, which then is counted */
  countDenied(verdict: Ended, server: Server, backend: Backend): boolean {
    if (verdict.kind === 'answer' && verdict.denied !== true) return false
    server.counters.responsesDenied++
    backend.counters.responsesDenied++
    this.door.counters.responsesDenied++
    return true
  }

  /** What is answered in place of a response; undefined where the connection is closed without. */
  answerOf(verdict: Ended, answers: Answers): Answer | undefined {
    return verdict.kind === 'answer' ? answerOf(verdict.answer, answers, this.edited) : undefined
  }

  #response(list: RuleList<ResponseScope> | undefined): Ended | undefined {
    const verdict = list === undefined ? undefined : runThrough(list, this as ResponseScope)
    return verdict === undefined || verdict.kind === 'allow' || verdict.kind === 'backend'
      ? undefined
      : verdict
  }

  /** The after-response rules on the response that goes to the client. */
  afterwards(backend: Backend | undefined): void {
    const ofBackend = backend?.rules?.afterResponse
    const ofDoor = this.door.lists?.afterResponse
    try {
      if (ofBackend !== undefined) runThrough(ofBackend, this as ResponseScope)
      if (ofDoor !== undefined) runThrough(ofDoor, this as ResponseScope)
    } catch (error) {
      this.door.failed(error)
    }
  }

  /** An answer of Evener's own, as it goes out. */
  answered(answer: Answer, backend: Backend | undefined): Answer {
    if (this.door.lists?.afterResponse === undefined && backend?.rules?.afterResponse === undefined)
      return answer
    const response = new EditedResponse(answer)
    this.response = response
    this.server = undefined
    this.#head = undefined
    this.afterwards(backend)
    return response.answer(answer)
  }

  // ── what rules say ─────────────────────────────────────────────────────────────────────────────────

  setLogLevel(level: LogLevel): void {
    this.logLevel = level
  }

  setAddress(end: 'source' | 'destination', address: string | undefined, port: number | undefined): void {
    this.connection.set(end, address, port)
  }

  track(tracker: number, table: string | undefined, key: Sample): void {
    this.tracks?.track(tracker, table, String(key), 'http_req')
  }

  capture(side: 'request' | 'response', slot: number, text: string): void {
    this.captures[side][slot] = text
  }

  setTimeout(which: TimeoutName, ms: number): void {
    if (which === 'client') this.clientMs = ms
    else if (which === 'queue') this.edited.queueMs = ms
    else {
      this.#timeouts ??= {}
      this.#timeouts[`${which}Ms`] = ms
      // HAProxy has one timeout for the server's silence.
      if (which === 'server') this.#timeouts.responseMs = ms
    }
  }

  useServer(name: string): void {
    this.edited.wantedServer = name
  }

  earlyHint(name: string, value: string): void {
    if (!token.test(name) || !fieldValue.test(value)) return
    this.#hints ??= []
    this.#hints.push(name, value)
  }

  /** Those that have not been sent yet. */
  takeHints(): string[] | undefined {
    const hints = this.#hints
    this.#hints = undefined
    return hints
  }

  /** How long things may take, where rules have a say in it. */
  timeouts(ofBackend: Timeouts): Timeouts {
    return this.#timeouts === undefined ? ofBackend : { ...ofBackend, ...this.#timeouts }
  }
}

/** A response is under way and does not wait: a rule that asks for it is passed over. */
function runThrough(list: RuleList<ResponseScope>, scope: ResponseScope): Ended | undefined {
  let verdict = list.run(scope)
  while (verdict?.kind === 'wait')
    verdict = verdict.verdict === undefined ? list.run(scope, verdict.next) : ended(verdict)
  return verdict
}

function ended({ verdict }: Paused): Ended | undefined {
  return verdict?.kind === 'wait' ? undefined : verdict
}

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/
