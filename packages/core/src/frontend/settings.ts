/** What all connections of a frontend share: its options, compiled, and whom they tell of their ends. */
import type { Limits, RequestHead } from '@evener/http1'
import type { Backend } from '../balance/backend.ts'
import type { CapturedError } from '../base/capture.ts'
import type { Clock } from '../base/clock.ts'
import type { Tracking } from '../base/tracking.ts'
import type { Answer, AnswerStatus } from '../http/answer.ts'
import type { ExchangeSettings } from '../http/exchange-settings.ts'
import type { ClientRequest } from '../http/request.ts'
import type { DoorLog } from '../log/door-log.ts'
import type { Admitting } from '../rules/admission.ts'
import type { FrontConnection } from './front-connection.ts'

/** Where a request goes: to a backend, or back with an answer. */
export type Destination = Backend | AnswerStatus | Answer

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
  /** What is tracked in stick tables. */
  readonly tracking: Tracking | undefined
  /** Its log; undefined where nothing is logged. */
  readonly log: DoorLog | undefined
  /** The same for rules: where requests go once those are through with them. */
  readonly admitting: Admitting<AnswerStatus | Answer>
  /** Never throws. */
  route(request: ClientRequest): Destination
  /** Something that the host has plugged in threw. */
  failed(error: unknown): void
  /** The protocol that this request may change to. */
  upgradeOf(head: RequestHead): string | undefined
  /** The head of a request could not be read. */
  unreadable(error: CapturedError): void
  /** A request was answered without becoming an exchange. */
  refused(status: number): void
  /** A connection is over. */
  closed(connection: FrontConnection): void
}
