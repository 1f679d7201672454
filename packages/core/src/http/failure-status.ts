/** What a client is told of a failure before any response. */
import type { Failed } from '../balance/outcome.ts'
import { TimeoutError } from '../base/timeout-error.ts'
import type { AnswerStatus } from './answer.ts'

export function statusOf({ cause, reason }: Failed): AnswerStatus {
  if (cause instanceof TimeoutError || reason === 'response-timeout') return 504
  if (reason === 'bad-request') return 400
  return 502
}
