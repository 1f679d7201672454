/** What all connections of a frontend share: its options, compiled, and whom they tell of their ends. */
import type { Limits, RequestHead } from '@evener/http1'
import type { Backend } from '../balance/backend.ts'
import type { Clock } from '../base/clock.ts'
import type { AnswerStatus } from '../http/answer.ts'
import type { ExchangeSettings } from '../http/exchange.ts'
import type { ClientRequest } from '../http/request.ts'
import type { ClientConnection } from './client-connection.ts'

export interface FrontendSettings {
  readonly exchange: ExchangeSettings
  readonly limits: Limits
  readonly clock: Clock
  readonly httpRequestMs: number
  readonly httpKeepAliveMs: number
  readonly maxRequests: number
  readonly maxBodyBytes: number
  readonly replayBytes: number
  /** True while the frontend ends: what is under way is the last on its connection. */
  readonly closing: boolean
  /** The backend for a request, or the status that refuses it. Never throws. */
  route(request: ClientRequest): Backend | AnswerStatus
  /** Something that the host has plugged in threw. */
  failed(error: unknown): void
  /** The protocol that this request may change to. */
  upgradeOf(head: RequestHead): string | undefined
  /** A request was answered without becoming an exchange. */
  refused(status: AnswerStatus): void
  /** A connection is over. */
  closed(connection: ClientConnection): void
}
