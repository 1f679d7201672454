/** Rules that answer in place of a server: HAProxy's `deny`, `return`, `tarpit`. */
import { Rule, type Verdict } from '../action.ts'
import { integerOption } from '../options.ts'
import type { RequestScope } from '../scope.ts'
import { type AnswerOptions, compileAnswer } from './answer.ts'
import { responding } from './which-head.ts'

/**
 * Answer that this is not to be had: 403 to a request, 502 in place of a response, with the door's page for that status
 * where no body is given. The list ends. HAProxy's `deny`.
 * @throws {RuleError} `EVENER_INVALID_OPTION`
 */
export function deny<S = unknown>(options: AnswerOptions<S> = {}): Rule<RequestScope & S> {
  const request = compileAnswer('deny', options, 403, 'page', true)
  const response =
    options.status === undefined && options.errorFile === undefined
      ? compileAnswer('deny', options, 502, 'page', true)
      : request
  return new Rule<RequestScope & S>(
    options.status === undefined && Object.keys(options).length === 0 ? 'deny' : `deny ${request.words}`,
    request.needs,
    scope => (responding(scope) ? response : request).verdict(scope),
    ['request', 'response'],
  )
}

/**
 * Answer with 200, or another status, and with an empty body where none is given. The list ends. HAProxy's `return`, which
 * is no name for a function.
 * @throws {RuleError} `EVENER_INVALID_OPTION`
 */
export function respond<S = unknown>(options: AnswerOptions<S> = {}): Rule<RequestScope & S> {
  const compiled = compileAnswer('respond', options, 200, 'empty')
  return new Rule<RequestScope & S>(`return ${compiled.words}`, compiled.needs, compiled.verdict, [
    'request',
    'response',
  ])
}

/** The options of {@link tarpit}. */
export interface TarpitOptions<S = unknown> extends AnswerOptions<S> {
  /** How long the client is kept waiting. 1 ms to an hour; default 10 s. HAProxy's `timeout tarpit`. */
  readonly delayMs?: number | undefined
}

/**
 * Keep the client waiting, then answer, with 500 by default, so that it does not know. The list ends. HAProxy's `tarpit`. Each
 * such client holds a connection meanwhile.
 * @throws {RuleError} `EVENER_INVALID_OPTION`
 */
export function tarpit<S = unknown>(options: TarpitOptions<S> = {}): Rule<RequestScope & S> {
  const { delayMs: given = 10_000, ...rest } = options
  const delayMs = integerOption('delayMs', given, 1, 3_600_000)
  const compiled = compileAnswer('tarpit', rest, 500, 'page', true)
  return new Rule<RequestScope & S>(
    `tarpit ${compiled.words}`,
    compiled.needs,
    (scope): Verdict => ({ kind: 'wait', delayMs, verdict: compiled.verdict(scope) }),
    ['request'],
  )
}
