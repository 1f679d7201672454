/** What a rule answers, in the form in which doors send answers. */
import type { RuleAnswer } from '@evener/rules'
import { type Answer, type Answers, isBodyless } from '../http/answer.ts'
import type { ClientRequest } from '../http/request.ts'

/** The door's page where the rule gives no body. */
export function answerOf(given: RuleAnswer, answers: Answers, request: ClientRequest): Answer {
  const { status, reason, headers, body } = given
  if (isBodyless(status)) return { status, reason, headers, body: Buffer.alloc(0) }
  if (body !== undefined)
    return { status, reason, headers, body: typeof body === 'string' ? Buffer.from(body, 'latin1') : body }
  const page = answers.page(status, request)
  return { ...page, reason, headers: [...page.headers, ...headers] }
}
