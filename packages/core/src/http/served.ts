/**
 * The seam between a door and whoever has its request now: rules that are not through with it, then an exchange. The door
 * tells what its client does.
 */
import type { AnswerStatus } from './answer.ts'

export interface Served {
  /** The client can take more of the response. */
  clientReady(): void
  /** A piece of the request's body came. */
  clientProgress(): void
  /** The request's body is whole and handed on. */
  requestComplete(): void
  /** The client is gone. */
  clientGone(cause?: Error): void
  /** The request turned out to be wrong while it was under way: its body is too large, or is not valid. */
  refuse(status: AnswerStatus, message?: string): void
  /** Break it off: the deadline of a graceful close. */
  shutdown(): void
  /** The connection's deadline has run out. */
  overdue(): void
}
