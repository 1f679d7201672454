/**
 * Evener's own answers, for requests that no server answers: a small body in the type that the client accepts,
 * or a page of the host's own. They say what happened to the request and nothing about the servers behind.
 */
import { STATUS_CODES } from 'node:http'
import { invalid } from '../base/options.ts'
import type { RouteAnswer } from './door.ts'
import type { ClientRequest } from './request.ts'

/** An answer that Evener makes itself. */
export interface Answer {
  readonly status: number
  /** That of the status by default; HTTP/2 has none. */
  readonly reason?: string | undefined
  /** Names and values in turn; the length is added. */
  readonly headers: readonly string[]
  /** Empty where the status has none: 204, 304. */
  readonly body: Buffer
}

/** Whether a response of this status ends with its head, whatever its fields say (RFC 9112 section 6.3). */
export function isBodyless(status: number): boolean {
  return status === 204 || status === 304
}

/** The length of an answer's body, as a field; none where no body may be announced (RFC 9110 section 8.6). */
export function lengthOf({ status, body }: Answer): readonly string[] {
  return isBodyless(status) ? [] : ['Content-Length', String(body.length)]
}

/** The statuses with which Evener, or a rule without a page of its own, answers. */
export type AnswerStatus =
  | 400
  | 401
  | 403
  | 404
  | 405
  | 407
  | 408
  | 410
  | 413
  | 414
  | 417
  | 425
  | 426
  | 429
  | 431
  | 500
  | 501
  | 502
  | 503
  | 504
  | 505

export const answerStatuses: readonly AnswerStatus[] = [
  400, 401, 403, 404, 405, 407, 408, 410, 413, 414, 417, 425, 426, 429, 431, 500, 501, 502, 503, 504, 505,
]

/** What a page may look at. */
export interface AnswerContext {
  readonly status: AnswerStatus
  /** One sentence, without a detail of the servers. */
  readonly message: string
  /** The request; undefined where it could not be read. */
  readonly request: ClientRequest | undefined
}

/** A page of the host's own: the body, as HTML text, or with a type of its own; or a function that makes one. */
export type ErrorPage = string | { readonly contentType: string; readonly body: string }
export type ErrorPages = {
  readonly [S in AnswerStatus]?: ErrorPage | ((context: AnswerContext) => ErrorPage)
}

const messages: Readonly<Record<AnswerStatus, string>> = {
  400: 'The request is not valid HTTP.',
  401: 'Credentials are needed for this.',
  403: 'This is not to be had.',
  404: 'Nothing is served here.',
  405: 'The method is not served here.',
  407: 'The proxy needs credentials for this.',
  408: 'The request did not arrive in time.',
  410: 'This is no longer served here.',
  413: 'The request body is too large.',
  414: 'The request target is too long.',
  417: 'The expectation cannot be met.',
  425: 'The request came too early.',
  426: 'Another version of the protocol is needed.',
  429: 'Too many requests.',
  431: 'The request header is too large.',
  500: 'The request could not be handled.',
  501: 'The request asks for something that is not supported.',
  502: 'The server did not give a valid answer.',
  503: 'No server is available to handle this request.',
  504: 'The server did not answer in time.',
  505: 'This version of HTTP is not supported.',
}

/** Makes the answers, with the host's pages where there are any. */
export class Answers {
  readonly #pages: ErrorPages
  readonly #hsts: string | undefined

  /**
   * @param hsts Strict-Transport-Security for answers that go over TLS
   * @throws {EvenerError} `EVENER_INVALID_OPTION` for a status that Evener never answers with, or a page that is none
   */
  constructor(pages: ErrorPages = {}, field = 'errorPages', hsts?: string) {
    this.#hsts = hsts
    for (const [status, page] of Object.entries(pages)) {
      if (!answerStatuses.includes(Number(status) as AnswerStatus)) {
        throw invalid(field, status, `statuses among ${answerStatuses.join(', ')}`)
      }
      if (typeof page !== 'function' && !isPage(page))
        throw invalid(`${field}.${status}`, page, 'text, { contentType, body }, or a function')
    }
    this.#pages = pages
  }

  /** The answer with this status, for this client. */
  make(status: AnswerStatus, request?: ClientRequest, message: string = messages[status]): Answer {
    const [contentType, text] = this.#content(status, request, message)
    const headers = [
      'Content-Type',
      contentType,
      'Cache-Control',
      'no-store',
      'X-Content-Type-Options',
      'nosniff',
    ]
    if (status === 426) headers.push(...webSocketVersion)
    if (this.#hsts !== undefined && request?.secure === true) {
      headers.push('Strict-Transport-Security', this.#hsts)
    }
    return { status, headers, body: Buffer.from(text) }
  }

  /** The page of a status that a rule answers with, whichever it is. */
  page(status: number, request: ClientRequest): Answer {
    if (status in messages) return this.make(status as AnswerStatus, request)
    const body = Buffer.from(`${status} ${STATUS_CODES[status] ?? ''}`.trimEnd())
    return { status, headers: ['Content-Type', types.text, 'Cache-Control', 'no-store'], body }
  }

  /** What a route has answered. */
  of(given: RouteAnswer, request: ClientRequest): Answer {
    const answer = this.make(given.status, request, given.message)
    return given.headers === undefined
      ? answer
      : { ...answer, headers: [...answer.headers, ...given.headers] }
  }

  #content(
    status: AnswerStatus,
    request: ClientRequest | undefined,
    message: string,
  ): readonly [string, string] {
    const custom = this.#pages[status]
    if (custom !== undefined) {
      try {
        const page = typeof custom === 'function' ? custom({ status, message, request }) : custom
        if (typeof page === 'string') return [types.html, page]
        if (isPage(page)) return [page.contentType, page.body]
      } catch {
        // As below: a page that fails, or is none, must not take the answer with it. The plain one follows.
      }
    }
    const reason = STATUS_CODES[status] ?? ''
    switch (preferred(request?.header('accept'))) {
      case 'json':
        return [types.json, `${JSON.stringify({ status, error: reason, message })}\n`]
      case 'html':
        return [
          types.html,
          `<!doctype html><html lang="en"><title>${status} ${reason}</title><h1>${status} ${reason}</h1><p>${message}</p></html>\n`,
        ]
      default:
        return [types.text, `${status} ${reason}: ${message}\n`]
    }
  }
}

/** What is spoken here (RFC 6455 section 4.2.2; RFC 9110 section 15.5.22). */
const webSocketVersion: readonly string[] = [
  'Sec-WebSocket-Version',
  '13',
  'Upgrade',
  'websocket',
  'Connection',
  'Upgrade',
]

/** Whether this can be sent: what a function returns is not what its type says, but what it returns. */
function isPage(page: unknown): page is ErrorPage {
  if (typeof page !== 'object' || page === null) return typeof page === 'string'
  const { contentType, body } = page as Record<string, unknown>
  return typeof body === 'string' && typeof contentType === 'string' && /^[\x20-\x7e]+$/.test(contentType)
}

const types = {
  html: 'text/html; charset=utf-8',
  json: 'application/json; charset=utf-8',
  text: 'text/plain; charset=utf-8',
} as const

/**
 * Which of the three kinds the client asks for: the one with the highest quality, the more specific one at a tie
 * (RFC 9110 section 12.5.1), plain text when it does not say.
 */
function preferred(accept: string | undefined): 'html' | 'json' | 'text' {
  if (accept === undefined || accept.length > 1024) return 'text'
  let best: 'html' | 'json' | 'text' = 'text'
  let bestQuality = 0
  for (const range of accept.split(',')) {
    const [type = '', ...parameters] = range.split(';')
    const kind = kinds.get(type.trim().toLowerCase())
    if (kind === undefined) continue
    const q = parameters
      .map(parameter => /^\s*q=([01](?:\.\d{0,3})?)\s*$/i.exec(parameter)?.[1])
      .find(Boolean)
    const quality = q === undefined ? 1 : Number(q)
    if (quality > bestQuality) {
      best = kind
      bestQuality = quality
    }
  }
  return best
}

const kinds = new Map<string, 'html' | 'json' | 'text'>([
  ['text/html', 'html'],
  ['application/xhtml+xml', 'html'],
  ['application/json', 'json'],
  ['application/problem+json', 'json'],
  ['text/plain', 'text'],
])
