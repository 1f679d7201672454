/** HAProxy's `set-status`. */
import { Rule } from '../action.ts'
import { constantValue } from '../heads/field-text.ts'
import { integerOption } from '../options.ts'
import type { ResponseScope } from '../scope.ts'
import { quoted } from '../text.ts'
import { reasonOf } from './reasons.ts'

/**
 * Replace the status of a response.
 * @param status 200 to 599. HAProxy takes 100 to 999; what is below 200 is no end of an answer, and above 599 there is
 *   nothing (RFC 9110 section 15)
 * @param reason HTTP/1 alone has one. Default: that of the status
 * @throws {RuleError} `EVENER_INVALID_OPTION`
 */
export function setStatus(status: number, reason?: string): Rule<ResponseScope> {
  integerOption('setStatus status', status, 200, 599)
  const words = reason === undefined ? reasonOf(status) : constantValue('setStatus reason', reason)
  return new Rule<ResponseScope>(
    `set-status ${status}${reason === undefined ? '' : ` reason ${quoted(reason)}`}`,
    'response',
    ({ response }) => {
      response.status = status
      response.reason = words
      return undefined
    },
    ['response', 'afterResponse'],
  )
}
