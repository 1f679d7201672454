/** A request that is over, as the formats of its line ask about it. What is not asked for is not made. */
import type {
  CapturesView,
  LogRecord,
  LogScope,
  RequestCarrier,
  RequestView,
  ResponseView,
  ServerConnectionView,
  ServerView,
  Surroundings,
  TrackedView,
  Variables,
} from '@evener/rules'
import { SeenEnds } from '../rules/client-session.ts'
import { EditedRequest, SeenRequest } from '../rules/edited-request.ts'
import { EditedResponse } from '../rules/edited-response.ts'
import { ScopedVariables } from '../rules/scoped-variables.ts'
import { type BackendSight, backendSight, ServerSight } from '../rules/sights.ts'
import type { RequestRecord } from './request-record.ts'

export class RequestLogScope implements LogScope {
  readonly record: LogRecord
  readonly connection: SeenEnds
  readonly around: Surroundings
  readonly #record: RequestRecord

  constructor(record: RequestRecord) {
    const { came, request, transaction, log } = record
    this.#record = record
    this.record = record
    this.around = log.door.around
    // What a trusted proxy vouches for, or a rule has said.
    const source = request === undefined || transaction !== undefined ? undefined : request.sourceAddress
    this.connection = new SeenEnds(came.facts, came.acceptedAt, transaction?.connection, source)
  }

  /** A line changes nothing. */
  get carrier(): RequestCarrier {
    return this.#record.transaction as unknown as RequestCarrier
  }

  get variables(): Variables {
    return this.#record.transaction?.variables ?? new ScopedVariables()
  }

  get tracked(): readonly (TrackedView | undefined)[] | undefined {
    return this.#record.request?.tracked as readonly (TrackedView | undefined)[] | undefined
  }

  get captures(): CapturesView | undefined {
    return this.#record.transaction?.captures
  }

  get uniqueId(): string | undefined {
    return this.#record.uniqueId
  }

  get request(): RequestView | undefined {
    const { transaction, request } = this.#record
    if (transaction !== undefined) return transaction.request
    return request === undefined
      ? undefined
      : new SeenRequest(new EditedRequest(request, this.connection), undefined, this.around.now(), undefined)
  }

  get response(): ResponseView | undefined {
    const { transaction, head } = this.#record
    return transaction?.response ?? (head === undefined ? undefined : new EditedResponse(head))
  }

  get serverConnection(): ServerConnectionView | undefined {
    return this.#record.head?.connection
  }

  get backend(): BackendSight | undefined {
    const { destination } = this.#record
    return destination === undefined ? undefined : backendSight(destination)
  }

  get server(): ServerView | undefined {
    const { dispatch } = this.#record
    const server = dispatch?.server
    return server === undefined
      ? undefined
      : new ServerSight(server, (dispatch as NonNullable<typeof dispatch>).backend.clock)
  }
}
