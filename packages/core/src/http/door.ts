/** What the HTTP doors have in common in their options. */
import { Backend } from '../balance/backend.ts'
import { invalid } from '../base/options.ts'
import { type AnswerStatus, answerStatuses } from './answer.ts'
import type { ClientRequest } from './request.ts'

/** An answer of Evener's own in place of a backend: the page of that status, with headers beside. */
export interface RouteAnswer {
  readonly status: AnswerStatus
  /** Names and values in turn: `['Retry-After', '5']`. */
  readonly headers?: readonly string[] | undefined
  /** One sentence for the page, in place of the usual one. */
  readonly message?: string | undefined
}

/** Which backend serves a request, or what it is answered: undefined where nobody does. */
export type Route = (request: ClientRequest) => Backend | AnswerStatus | RouteAnswer | undefined

/** The timeouts of a door, with HAProxy's words. Milliseconds; `Infinity` switches one off. */
export interface DoorTimeouts {
  /** The client's silence: while its body is awaited, or while it should read. 60 s by default. */
  readonly clientMs?: number | undefined
  /** From the first byte of a request to the end of its head, whatever its pace. 10 s by default. */
  readonly httpRequestMs?: number | undefined
  /** Between two requests of a connection. 10 s by default. */
  readonly httpKeepAliveMs?: number | undefined
}

/** How to end gracefully. */
export interface CloseOptions {
  /** How long requests under way may take to finish; then they are broken off. 30 s by default, 0 at once. */
  readonly drainMs?: number | undefined
}

/** @throws {EvenerError} `EVENER_INVALID_OPTION` */
export function routeOf(field: string, backendOrRoute: Backend | Route): Route {
  if (backendOrRoute instanceof Backend) return () => backendOrRoute
  if (typeof backendOrRoute !== 'function') {
    throw invalid(field, backendOrRoute, 'a backend, or a function from a request to a backend or an answer')
  }
  return request => {
    const destination = backendOrRoute(request)
    // Plain JavaScript can hand over anything, a promise from an async function for one.
    if (destination !== undefined && !(destination instanceof Backend)) checkAnswer(field, destination)
    return destination
  }
}

function checkAnswer(field: string, answer: AnswerStatus | RouteAnswer): void {
  const { status, headers = [] } = typeof answer === 'number' ? { status: answer } : (answer ?? {})
  if (!answerStatuses.includes(status as AnswerStatus)) {
    const allowed = `a backend, undefined, or an answer with a status among ${answerStatuses.join(', ')}; no promise`
    throw invalid(
      `${field}: the route's answer`,
      typeof answer === 'number' ? answer : (status ?? answer),
      allowed,
    )
  }
  const right = (text: unknown, at: number) =>
    typeof text === 'string' &&
    (at % 2 === 0 ? /^[!#$%&'*+\-.^_`|~\w]+$/ : /^[\t\x20-\x7e\x80-\xff]*$/).test(text)
  if (!Array.isArray(headers) || headers.length % 2 !== 0 || !headers.every(right))
    throw invalid(
      `${field}: the headers of the route's answer`,
      headers,
      'names and values in turn, as HTTP has them',
    )
}
