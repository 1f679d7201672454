/** Rules that wait: HAProxy's `pause`, `wait-for-body`. */
import { Rule, type Verdict } from '../action.ts'
import { checkNames, integerOption } from '../options.ts'
import type { RequestScope } from '../scope.ts'
import { laterStage } from '../stage.ts'
import { type Numeric, readNumber } from './number.ts'

const aDay = 86_400_000

/** Wait before the next rule: 1 ms to a day. A value that is no such number does not wait. HAProxy's `pause`. */
export function pause<S = unknown>(delayMs: Numeric<S>): Rule<RequestScope & S> {
  const delay = readNumber<S>('pause', delayMs, 1, aDay)
  return new Rule<RequestScope & S>(
    `pause ${delay.text}`,
    laterStage('pause', 'request', delay.needs),
    scope => {
      const ms = delay.read(scope)
      return ms === undefined ? undefined : { kind: 'wait', delayMs: ms }
    },
    ['request', 'response'],
  )
}

/** The options of {@link waitForBody}. */
export interface WaitForBodyOptions {
  /** How long at most: 1 ms to an hour. Then the client is answered with 408. */
  readonly timeoutMs: number
  /** So many bytes are enough: 1 to 1,048,576. Default that much, or the whole body. HAProxy's `at-least`. */
  readonly bytes?: number | undefined
}

/** Wait for the body of the request, or for its beginning: then `req.body` can be asked for. HAProxy's `wait-for-body`. @throws {RuleError} */
export function waitForBody(options: WaitForBodyOptions): Rule<RequestScope> {
  checkNames('waitForBody', options, ['timeoutMs', 'bytes'])
  const timeoutMs = integerOption('timeoutMs', options.timeoutMs, 1, 3_600_000)
  const bytes = integerOption('bytes', options.bytes ?? 1_048_576, 1, 1_048_576)
  const verdict: Verdict = Object.freeze({ kind: 'wait', body: Object.freeze({ bytes, timeoutMs }) })
  return new Rule<RequestScope>(
    `wait-for-body time ${timeoutMs} at-least ${bytes}`,
    'request',
    () => verdict,
    ['request'],
  )
}
