/**
 * How a parser reads the bytes of one connection, in a form in which two parsers can be compared, and the one rule
 * that matters: what Evener accepts nobody else may read as other messages.
 */
import { bodyOf } from '../body.ts'
import { connectionOptions } from '../connection.ts'
import type { LimitOptions } from '../limits.ts'
import { RequestReader } from '../request.ts'
import { ResponseReader } from '../response.ts'
import { below, type Random } from './random.ts'

/** One complete message. */
export interface ReadMessage {
  /** Method and target, or the status code. */
  readonly start: string
  /** The content, decoded, as latin1. */
  readonly content: string
}

/** What was read, and how it ended. */
export interface Reading {
  readonly messages: ReadMessage[]
  /**
   * `open`: more may follow (nothing of the next message is there); `partial`: within a message; `refused`: an error,
   * the connection is lost; `tunnel`: the rest is not HTTP; `ended`: a body lasted until the connection's end.
   */
  ending: 'open' | 'partial' | 'refused' | 'tunnel' | 'ended'
  /** The code of the error, when refused. */
  code?: string
}

/** Evener's own reading, the bytes arriving in the portions that `random` makes, or all at once. */
export function evenerReading(
  side: 'request' | 'response',
  bytes: Buffer,
  options: { random?: Random; requestMethod?: string; limits?: LimitOptions } = {},
): Reading {
  const { random, requestMethod = 'GET', limits } = options
  const requests = new RequestReader(limits)
  const responses = new ResponseReader(limits)
  const reading: Reading = { messages: [], ending: 'open' }
  let body: ReturnType<typeof bodyOf> | undefined
  let start = ''
  let content = ''
  let upgrades = false
  let end = 0
  while (end < bytes.length) {
    const from = end
    end = random === undefined ? bytes.length : from + 1 + below(random, Math.min(30, bytes.length - from))
    // A buffer of its own, overwritten afterwards: whoever kept it instead of copying is found out.
    const portion = Buffer.from(bytes.subarray(from, end))
    let at = 0
    while (at < portion.length) {
      if (body === undefined) {
        const head =
          side === 'request' ? requests.read(portion, at) : responses.read(requestMethod, portion, at)
        if (head === undefined) break
        if (head.kind === 'error') return refused(reading, head.code)
        at = side === 'request' ? requests.consumed : responses.consumed
        start = head.kind === 'request' ? `${head.method} ${head.target}` : String(head.status)
        content = ''
        // Not `head.upgrade`: HTTP/1.0 cannot upgrade (RFC 9110, 7.8), but others believe that it can. No harm, since
        // a proxy sends neither of the two headers on.
        upgrades =
          head.kind === 'request' &&
          head.lines.has('upgrade') &&
          (connectionOptions(head.header('connection') ?? '')?.upgrade ?? false)
        if (head.framing === 'tunnel') {
          reading.messages.push({ start, content })
          reading.ending = 'tunnel'
          return reading
        }
        body = bodyOf(head, { decode: true, ...(limits && { limits }) })
      }
      const after = body.consume(portion, at, portion.length)
      if (after < 0) return refused(reading, body.error!.code)
      for (let index = 0; index < body.content.length; index += 2) {
        content += portion.toString('latin1', body.content[index], body.content[index + 1])
      }
      at = after
      if (!body.done) break
      reading.messages.push({ start, content })
      body = undefined
      if (upgrades) {
        // Whether the next byte is HTTP is for the answer to say; a proxy reads no further until then.
        reading.ending = 'tunnel'
        return reading
      }
    }
    portion.fill(0x21)
  }
  const idle = side === 'request' ? requests.idle : responses.idle
  if (body === undefined) reading.ending = idle ? 'open' : 'partial'
  else if (body.finish() === undefined) {
    reading.messages.push({ start, content })
    reading.ending = 'ended'
  } else reading.ending = 'partial'
  return reading
}

function refused(reading: Reading, code: string): Reading {
  reading.ending = 'refused'
  reading.code = code
  return reading
}

/**
 * The forbidden disagreement between Evener's reading and another parser's, in words; `undefined` when there is none.
 * The other may refuse what Evener accepts (it is then the stricter one), and may read on where Evener refuses.
 */
export function disagreement(ours: Reading, theirs: Reading): string | undefined {
  for (const [index, message] of ours.messages.entries()) {
    const other = theirs.messages[index]
    if (other === undefined) {
      if (theirs.ending === 'refused') return undefined
      return `message ${index} is complete here, there it is ${theirs.ending}`
    }
    if (other.start !== message.start)
      return `message ${index} is ${message.start} here, ${other.start} there`
    if (other.content !== message.content) return `message ${index} has another body there`
  }
  if (ours.ending !== 'refused' && theirs.messages.length > ours.messages.length) {
    return `${ours.messages.length} messages here, ${theirs.messages.length} there`
  }
  return undefined
}
