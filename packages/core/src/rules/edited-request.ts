/**
 * A request with what rules made of it: the form in which routes, balancers, affinities, engines and later rules see it.
 *
 * What came is never changed: the head that goes to a server is written from it, with the edits on top. A change that
 * would make another message of it is not made: a target or a host that is not valid, another method where HEAD (which has
 * no response body), CONNECT or a change of protocol is on either side. So how both messages are delimited stays what the
 * door and the engine found them to be.
 */
import type { RequestHead } from '@evener/http1'
import { EditedHead, type Field, type FieldEdits, PairFields, type RequestView } from '@evener/rules'
import type { Tracked } from '@evener/session'
import type { ConnectionFacts } from '../base/connection-facts.ts'
import type { ClientRequest } from '../http/request.ts'
import type { RequestBody } from '../http/request-body.ts'
import { validAuthority } from '../http/target.ts'
import type { SeenEnds } from './client-session.ts'

export class EditedRequest implements ClientRequest {
  /** As it came. */
  readonly came: ClientRequest
  readonly head: EditedHead
  readonly connection: ConnectionFacts | undefined
  readonly upgrade: string | undefined
  /** False once rules that wait for the body have sent it. */
  expectContinue: boolean | undefined
  body?: NonNullable<ClientRequest['body']>
  tracked: readonly (Tracked | undefined)[] | undefined
  /** The server that a rule names. HAProxy's `use-server`. */
  wantedServer: string | undefined
  /** For this request alone, in milliseconds. HAProxy's `set-timeout queue`. */
  queueMs: number | undefined
  readonly #ends: SeenEnds
  #method: string
  #uri: string

  /** @param ends of the connection, as the rules of this request see them */
  constructor(came: ClientRequest, ends: SeenEnds) {
    this.came = came
    this.head = new RequestFields(came.parsed?.lines ?? new PairFields(came.rawHeaders))
    this.connection = came.connection
    this.upgrade = came.upgrade
    this.expectContinue = came.expectContinue
    this.tracked = came.tracked
    this.#ends = ends
    this.#method = came.method
    this.#uri = came.uri
  }

  get method(): string {
    return this.#method
  }

  set method(method: string) {
    const fixed = fixedMethods.has(this.#method) || fixedMethods.has(method) || this.upgrade !== undefined
    if (!fixed && token.test(method) && (this.#uri !== '*' || method === 'OPTIONS')) this.#method = method
  }

  get uri(): string {
    return this.#uri
  }

  set uri(uri: string) {
    if (originForm.test(uri) || (uri === '*' && this.#method === 'OPTIONS')) this.#uri = uri
  }

  get authority(): string {
    return this.head.edited ? (this.head.last('host') ?? this.came.authority) : this.came.authority
  }

  get versionMajor(): 1 | 2 | undefined {
    return this.came.versionMajor
  }

  get versionMinor(): 0 | 1 {
    return this.came.versionMinor
  }

  get peerAddress(): string {
    return this.came.peerAddress
  }

  /** What a rule took it to be (`set-src`); else what came. */
  get sourceAddress(): string {
    return this.#ends.source ?? this.came.sourceAddress
  }

  get secure(): boolean {
    return this.came.secure
  }

  get edited(): boolean {
    return this.head.edited
  }

  wrote(lowerName: string): boolean {
    return this.head.adds(lowerName)
  }

  /** What rules changed in the head; undefined where nothing. */
  get edits(): FieldEdits | undefined {
    return this.head.edits()
  }

  /** As it was read, where it still is the whole truth. */
  get parsed(): RequestHead | undefined {
    return this.head.edited ? undefined : this.came.parsed
  }

  get rawHeaders(): readonly string[] {
    return this.head.edited ? this.head.pairs() : this.came.rawHeaders
  }

  header(name: string): string | undefined {
    const { head } = this
    if (!head.edited) return this.came.header(name)
    const values = head.all(name)
    if (values.length < 2) return values[0]
    return values.join(name === 'cookie' ? '; ' : ', ')
  }
}

/** The same as its rules see it. */
export class SeenRequest implements RequestView {
  readonly #request: EditedRequest
  readonly #body: RequestBody | undefined
  /** Set once rules have waited for its body. */
  bodyAwaited = false
  readonly arrivedAt: number
  readonly isFirst: boolean | undefined

  constructor(
    request: EditedRequest,
    body: RequestBody | undefined,
    arrivedAt: number,
    isFirst: boolean | undefined,
  ) {
    this.#request = request
    this.#body = body
    this.arrivedAt = arrivedAt
    this.isFirst = isFirst
  }

  get method(): string {
    return this.#request.method
  }

  set method(method: string) {
    this.#request.method = method
  }

  get uri(): string {
    return this.#request.uri
  }

  set uri(uri: string) {
    this.#request.uri = uri
  }

  get head(): EditedHead {
    return this.#request.head
  }

  get target(): string {
    const { came, authority } = this.#request
    if (came.versionMajor !== 2) return came.parsed?.target ?? came.uri
    return `${came.connection?.tls === undefined ? 'http' : 'https'}://${authority}${came.uri}`
  }

  get version(): string {
    const { versionMajor, versionMinor } = this.#request
    return versionMajor === 2 ? '2.0' : `1.${versionMinor}`
  }

  get secure(): boolean {
    return this.#request.secure
  }

  get body(): Buffer | undefined {
    return this.bodyAwaited ? this.#body?.held : undefined
  }

  get bodySize(): number | undefined {
    const length = this.#request.came.header('content-length')
    return length === undefined ? undefined : Number(length)
  }
}

/** There is one host, and it is a host (RFC 9112 section 3.2). What is none is left out. */
class RequestFields extends EditedHead {
  override write(field: Field, replacing: boolean): void {
    if (field.lowerName !== 'host') super.write(field, replacing)
    else if (validAuthority(field.value)) super.write(field, true)
  }
}

/** Whoever asked with these reads the response in another way; or it is no request of a path at all. */
const fixedMethods: ReadonlySet<string> = new Set(['HEAD', 'CONNECT'])
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/
// As `http/target.ts` has it: a control byte or a blank would end the request line.
const originForm = /^\/[\x21\x22\x24-\x7e\x80-\xff]*$/
