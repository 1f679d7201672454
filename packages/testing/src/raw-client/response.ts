/**
 * What an HTTP/1.1 response says of itself, read strictly (RFC 9112): a proxy's mistake is an error here, not a guess.
 */
import type { Framing } from '../wire/body-reader.ts'
import { type Head, type HeaderPair, headerValue, malformed } from '../wire/head.ts'

/** The head of a response that is not final: 100, 103 and their like. */
export interface InformationalResponse {
  readonly status: number
  readonly reason: string
  readonly headers: readonly HeaderPair[]
}

/** The head of a response. */
export interface ResponseHead extends InformationalResponse {
  /** `HTTP/1.1` or `HTTP/1.0`. */
  readonly version: string
  /** The exact bytes, in latin1, with the empty line. */
  readonly rawHead: string
  /** Interim responses that came before. */
  readonly informational: readonly InformationalResponse[]
  /** How the end of the body is known. */
  readonly framing: Framing
  /** A header's value by its name in any case; several lines joined by `, `. */
  header(name: string): string | undefined
}

/** A response, as far as it came. */
export interface RawResponse extends ResponseHead {
  /** The body, up to `keepBodyBytes`. */
  readonly body: Buffer
  /** How many bytes of body came, kept or not. */
  readonly bodyBytes: number
  /** The body as text, UTF-8. */
  readonly text: string
  readonly trailers: readonly HeaderPair[]
  /** True if the body came to the end that its framing defines. */
  readonly complete: boolean
  /** How the connection ended in the middle of the body, if it did. */
  readonly broken: 'end' | 'reset' | undefined
}

/**
 * Understand a head.
 * @throws {TestingError} `EVENER_MALFORMED_MESSAGE`
 */
export function parseResponseHead(
  head: Head,
  method: string,
  informational: readonly InformationalResponse[],
): ResponseHead {
  const match = /^(HTTP\/1\.[01]) ([1-9]\d\d) ([\t\x20-\x7e\x80-\xff]*)$/.exec(head.startLine)
  if (!match) throw malformed(`not a status line: ${JSON.stringify(head.startLine)}`)
  const [, version = '', digits = '', reason = ''] = match
  const status = Number(digits)
  return {
    version,
    status,
    reason,
    headers: head.headers,
    rawHead: head.raw,
    informational,
    framing: responseFraming(version, status, method, head.headers),
    header: name => headerValue(head.headers, name),
  }
}

/** RFC 9112, section 6.3, with everything that it calls an error refused. */
function responseFraming(
  version: string,
  status: number,
  method: string,
  headers: readonly HeaderPair[],
): Framing {
  const coding = headerValue(headers, 'transfer-encoding')
  const lengths = headers.filter(each => each[0].toLowerCase() === 'content-length').map(each => each[1])
  if (lengths.some(each => !/^\d{1,15}$/.test(each)) || new Set(lengths).size > 1) {
    throw malformed(`Content-Length: ${lengths.join(', ')}`)
  }
  if (coding !== undefined && lengths.length > 0)
    throw malformed('Transfer-Encoding and Content-Length together')
  if (coding !== undefined && version === 'HTTP/1.0') throw malformed('Transfer-Encoding in HTTP/1.0')
  const withoutContent = status < 200 || status === 204
  if (withoutContent && (coding !== undefined || lengths.length > 0)) {
    throw malformed(`framing of a body in a ${status}`)
  }
  if (withoutContent || status === 304 || method === 'HEAD') return { kind: 'none' }
  if (method === 'CONNECT' && status < 300) return { kind: 'none' }
  if (coding !== undefined) {
    const last = coding.toLowerCase().split(',').at(-1)?.trim()
    return last === 'chunked' ? { kind: 'chunked' } : { kind: 'until-close' }
  }
  return lengths[0] === undefined ? { kind: 'until-close' } : { kind: 'length', bytes: Number(lengths[0]) }
}
