/** What a client is told of a failure before any response. */
import type { Failed } from '../balance/outcome.ts'
import type { AnswerStatus } from './answer.ts'

/** The cause of a failure by time. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError'
}

export function statusOf({ cause, reason }: Failed): AnswerStatus {
  if (cause instanceof TimeoutError || reason === 'response-timeout') return 504
  if (reason === 'bad-request') return 400
  return 502
}
