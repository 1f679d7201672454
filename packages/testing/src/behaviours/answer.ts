/**
 * The ordinary answer, in every framing HTTP/1.1 has, of any size, at any time, with whatever comes before and after.
 *
 * Invariant: a generated body (`{ bytes }`) is never held: a piece of 64 KB is made when the client has room for it.
 */

import type { Behaviour } from '../fake-server/behaviour.ts'
import type { FakeConnection } from '../fake-server/connection.ts'
import type { FakeRequest } from '../fake-server/request.ts'
import { knownOptions } from '../options.ts'
import { formatHead, type HeaderList, type HeaderPair, headerPairs, headerValue } from '../wire/head.ts'
import { patternPiece } from '../wire/pattern.ts'

/** What an answer says. Everything has a default. */
export interface AnswerOptions {
  /** 200 by default. Any number is sent as it is, also one that HTTP does not allow. */
  readonly status?: number
  /** The reason phrase: `OK` for 200, otherwise `Status`. May be empty. */
  readonly reason?: string
  /** Added to `X-Server: <name>` and to the framing; replaces those of the same name. */
  readonly headers?: HeaderList
  /** The server's name by default; `{ bytes }` generates that many, those of `patternPiece`. */
  readonly body?: string | Uint8Array | { readonly bytes: number }
  /** `length` by default; `chunked`; or `close`: the end of the connection is the end of the body. */
  readonly framing?: 'length' | 'chunked' | 'close'
  /** The same as `framing: 'chunked'`. */
  readonly chunked?: boolean
  /** Sent after the last chunk. Makes the framing chunked. */
  readonly trailers?: HeaderList
  /** Sent before anything else, as soon as the head of the request is there: `[{ status: 103, headers: … }]`. */
  readonly informational?: readonly { readonly status: number; readonly headers?: HeaderList }[]
  /** False: `Connection: close`, and a FIN after the answer. By default as the request wishes. */
  readonly keepAlive?: boolean
  /** The answer begins when this is fulfilled (the body of the request is read before). */
  readonly delayUntil?: Promise<unknown> | (() => Promise<unknown>)
  /** Whether `Expect: 100-continue` gets its `100 Continue`; true by default. */
  readonly sendContinue?: boolean
}

const KNOWN = [
  'status',
  'reason',
  'headers',
  'body',
  'framing',
  'chunked',
  'trailers',
  'informational',
  'keepAlive',
]
const ALL_KNOWN = [...KNOWN, 'delayUntil', 'sendContinue']

/**
 * Reads the request, then answers: 200 with the server's name, unless told otherwise.
 * @throws {TestingError} `EVENER_INVALID_OPTION` for an unknown option
 */
export function answer(options: AnswerOptions = {}): Behaviour {
  knownOptions('answer()', options, ALL_KNOWN)
  return async (request, connection) => {
    for (const each of options.informational ?? []) {
      await connection.write(
        formatHead(`HTTP/1.1 ${each.status} ${reasonOf(each.status)}`, headerPairs(each.headers ?? [])),
      )
    }
    if (options.sendContinue === false) request.settleContinue()
    await request.readBody()
    const { delayUntil } = options
    if (delayUntil) await connection.whileHere(typeof delayUntil === 'function' ? delayUntil() : delayUntil)
    await writeAnswer(options, request, connection)
  }
}

/** Write an answer and note it, without reading the request; `ends` false: no FIN after it, whatever it says. */
export async function writeAnswer(
  options: AnswerOptions,
  request: FakeRequest,
  connection: FakeConnection,
  ends = true,
): Promise<void> {
  const plan = planAnswer(options, request, connection.name)
  if (plan.closes) connection.closing = true
  const small = plan.body instanceof Uint8Array && plan.framing !== 'chunked' ? plan.body : undefined
  if (small) await connection.write(small.length === 0 ? plan.head : Buffer.concat([plan.head, small]))
  else {
    await connection.write(plan.head)
    await writeBody(plan, connection)
  }
  request.answered = true
  connection.answered++
  if (plan.closes && ends) connection.end()
}

/** An answer worked out: the bytes of its head, and what follows. */
export interface AnswerPlan {
  readonly head: Buffer
  /** What is sent as body; nothing where the status or the method allows none. */
  readonly body: Uint8Array | { readonly bytes: number }
  readonly framing: 'length' | 'chunked' | 'close'
  readonly trailers: readonly HeaderPair[]
  readonly closes: boolean
}

/** Head, framing and body of an answer to this request. */
export function planAnswer(options: AnswerOptions, request: FakeRequest, name: string): AnswerPlan {
  const status = options.status ?? 200
  const bodiless = (status >= 100 && status < 200) || status === 204 || status === 304
  const chunked = options.framing === 'chunked' || options.chunked === true || options.trailers !== undefined
  const framing = chunked ? 'chunked' : (options.framing ?? 'length')
  const body = bodyOf(options.body ?? (bodiless ? '' : name))
  const closes = framing === 'close' || !(options.keepAlive ?? wantsKeepAlive(request))
  const own = headerPairs(options.headers ?? [])
  const headers: HeaderPair[] = [['X-Server', name]]
  if (!bodiless && framing === 'length') headers.push(['Content-Length', String(sizeOf(body))])
  if (!bodiless && framing === 'chunked') headers.push(['Transfer-Encoding', 'chunked'])
  if (closes) headers.push(['Connection', 'close'])
  else if (request.version === 'HTTP/1.0') headers.push(['Connection', 'keep-alive'])
  const kept = headers.filter(([each]) => headerValue(own, each) === undefined)
  const empty = bodiless || request.method === 'HEAD'
  return {
    head: formatHead(`HTTP/1.1 ${status} ${options.reason ?? reasonOf(status)}`, [...kept, ...own]),
    body: empty ? new Uint8Array(0) : body,
    framing: empty ? 'length' : framing,
    trailers: headerPairs(options.trailers ?? []),
    closes,
  }
}

/** Write body and trailers of a plan, as fast as the client takes them. */
export async function writeBody(plan: AnswerPlan, connection: FakeConnection): Promise<void> {
  for (const piece of piecesOf(plan.body)) {
    if (plan.framing !== 'chunked') await connection.write(piece)
    else await connection.write(chunkOf(piece))
  }
  if (plan.framing === 'chunked') await connection.write(lastChunk(plan.trailers))
}

/** A body in pieces of at most 64 KB; generated ones are made as they are asked for. */
export function* piecesOf(body: Uint8Array | { readonly bytes: number }): Generator<Uint8Array> {
  if (body instanceof Uint8Array) {
    for (let at = 0; at < body.length; at += 65_536) yield body.subarray(at, at + 65_536)
    return
  }
  for (let at = 0; at < body.bytes; at += 65_536) yield patternPiece(at, body.bytes - at)
}

/** One chunk of the chunked coding. */
export function chunkOf(piece: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')])
}

/** The end of the chunked coding, with its trailers. */
export function lastChunk(trailers: readonly HeaderPair[]): Buffer {
  return formatHead('0', trailers)
}

/** Whether the client wants the connection kept: RFC 9112, section 9.3. */
export function wantsKeepAlive(request: FakeRequest): boolean {
  const options = (request.header('connection') ?? '')
    .toLowerCase()
    .split(',')
    .map(each => each.trim())
  if (options.includes('close')) return false
  return request.version !== 'HTTP/1.0' || options.includes('keep-alive')
}

function bodyOf(
  body: string | Uint8Array | { readonly bytes: number },
): Uint8Array | { readonly bytes: number } {
  return typeof body === 'string' ? Buffer.from(body) : body
}

function sizeOf(body: Uint8Array | { readonly bytes: number }): number {
  return body instanceof Uint8Array ? body.length : body.bytes
}

function reasonOf(status: number): string {
  if (status === 100) return 'Continue'
  if (status === 103) return 'Early Hints'
  return status === 200 ? 'OK' : 'Status'
}
