/**
 * An answer before the request's body has been read: a refusal (413, 401), or a server that does not care.
 */
import type { Behaviour } from '../fake-server/behaviour.ts'
import { knownOptions, oneOf } from '../options.ts'
import { type AnswerOptions, writeAnswer } from './answer.ts'

/** What {@link answerEarly} says, and what becomes of the body. */
export interface AnswerEarlyOptions extends Omit<AnswerOptions, 'delayUntil' | 'sendContinue'> {
  /**
   * `read` the body after the answer and keep the connection (default); send a FIN and `ignore` the body, never
   * reading it; `close` at once, which the kernel makes a reset if bytes are unread; or `reset`.
   */
  readonly afterwards?: 'read' | 'ignore' | 'close' | 'reset'
}

/**
 * Answers (413 by default) as soon as the head of the request is there. A client that waits for `100 Continue` gets none,
 * and its connection is closed, as it may or may not send the body.
 * @throws {TestingError} `EVENER_INVALID_OPTION`
 */
export function answerEarly(options: AnswerEarlyOptions = {}): Behaviour {
  const { afterwards = 'read', ...rest } = options
  oneOf('answerEarly()', 'afterwards', afterwards, ['read', 'ignore', 'close', 'reset'])
  knownOptions('answerEarly()', rest, [
    ...[
      'status',
      'reason',
      'headers',
      'body',
      'framing',
      'chunked',
      'trailers',
      'informational',
      'keepAlive',
    ],
  ])
  return async (request, connection) => {
    const keep = afterwards === 'read' && !request.waitsForContinue
    const ends = afterwards === 'read' || afterwards === 'ignore'
    const said = keep ? rest : { ...rest, keepAlive: false }
    await writeAnswer({ status: 413, ...said }, request, connection, ends)
    if (afterwards === 'ignore') await connection.untilGone()
    if (ends) return
    await connection.flush()
    if (afterwards === 'close') connection.destroy()
    else connection.reset()
  }
}
