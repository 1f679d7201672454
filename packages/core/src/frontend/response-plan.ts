/**
 * How a response goes on to a client: what of its head is dropped, and how its body is delimited (RFC 9112 section 6).
 * All that can happen is one of a few plans, made once.
 */
import type { Passing, ResponseHead } from '../http/engine.ts'
import { FieldSet } from '../http/head-text.ts'

/** How a response is written. */
export interface ResponsePlan {
  /** In which form its body is wanted of the engine. */
  readonly passing: Passing
  /** How its body is delimited: as it came, in chunks of ours, or by the end of the connection. */
  readonly sending: 'as-is' | 'chunks' | 'until-close'
  /** Fields that do not go on. */
  readonly drop: FieldSet
  /** The line that says how it is delimited, where it is said anew. */
  readonly line: string
}

/** @param minorVersion the client's: 1.0 knows no chunks */
export function responsePlan(head: ResponseHead, minorVersion: 0 | 1): ResponsePlan {
  const { parsed } = head
  if (!head.hasBody) return head.status === 204 ? plans.noContent : plans.asIs
  const framing = parsed?.framing
  if (framing === 'length') return plans.asIs
  if (parsed === undefined && hasLength(head.rawHeaders)) return plans.content
  if (minorVersion === 0) return plans.untilClose
  return framing === 'chunked' ? plans.chunked : plans.toChunks
}

const hopByHop = ['connection', 'keep-alive', 'proxy-connection', 'te', 'upgrade', 'transfer-encoding']
const dropped = new FieldSet(hopByHop)
// A Trailer field announces what only a chunked body can carry.
const droppedUnchunked = new FieldSet([...hopByHop, 'trailer'])
const droppedWithLength = new FieldSet([...hopByHop, 'trailer', 'content-length'])
const chunkedLine = 'Transfer-Encoding: chunked\r\n'

const plans = {
  asIs: { passing: 'wire', sending: 'as-is', drop: droppedUnchunked, line: '' },
  content: { passing: 'content', sending: 'as-is', drop: droppedUnchunked, line: '' },
  noContent: { passing: 'wire', sending: 'as-is', drop: droppedWithLength, line: '' },
  chunked: { passing: 'wire', sending: 'as-is', drop: dropped, line: chunkedLine },
  toChunks: { passing: 'content', sending: 'chunks', drop: dropped, line: chunkedLine },
  untilClose: { passing: 'content', sending: 'until-close', drop: droppedUnchunked, line: '' },
} satisfies Record<string, ResponsePlan>

function hasLength(headers: readonly string[]): boolean {
  for (let i = 0; i < headers.length; i += 2)
    if ((headers[i] as string).toLowerCase() === 'content-length') return true
  return false
}
