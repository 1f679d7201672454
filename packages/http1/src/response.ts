/**
 * Response heads: from bytes in any portions to a `ResponseHead`, or to the reason for refusing (status 502).
 *
 * Invariant: a head that passes has exactly one reading of the end of its body, given the request's method.
 * Decided where the RFCs leave room: status codes 100 to 599 only; no white space is needed after the code when
 * there is no reason phrase (many servers omit it); `Content-Length: 0` passes with 204, other lengths and any
 * Transfer-Encoding do not, since a server that announces a body there may send it.
 *
 * Source: RFC 9112, 4 (status line), 6.3 (body length), 9.3; RFC 9110, 6.4.1, 8.6, 15 (status codes), 15.2.2 (101).
 */
import { type ConnectionOptions, connectionOptions, noOptions, persists } from './connection.ts'
import { MessageError, type MessageErrorCode } from './error.ts'
import { CHUNKED, declaredLength, type Framing, faultyLine, UNDECLARED } from './framing.ts'
import { type HeaderLines, linesOf } from './header-lines.ts'
import { type LimitOptions, type Limits, resolveLimits } from './limits.ts'
import { CONNECTION, UPGRADE } from './names.ts'
import { responseStartLine, SectionScanner } from './scanner.ts'

/** A response head that was accepted. */
export class ResponseHead {
  readonly kind = 'response'
  /** 100 to 599. */
  readonly status: number
  /** 1 for HTTP/1.1, 0 for HTTP/1.0. */
  readonly minorVersion: 0 | 1
  /** The header lines. */
  readonly lines: HeaderLines
  /** How the end of the body is found. */
  readonly framing: Framing
  /** The declared Content-Length, also where there is no body (HEAD, 304); 0 when none is declared. */
  readonly contentLength: number
  /** True when the connection can carry another request once this response is complete. */
  readonly keepAlive: boolean
  /** The Upgrade header's value; '' when there is none. */
  readonly upgrade: string
  /** Headers that Connection names beside its own options, lower case: they end at this hop. */
  readonly hopHeaders: readonly string[] | undefined

  constructor(
    status: number,
    minorVersion: 0 | 1,
    lines: HeaderLines,
    framing: Framing,
    contentLength: number,
    options: ConnectionOptions,
  ) {
    this.status = status
    this.minorVersion = minorVersion
    this.lines = lines
    this.framing = framing
    this.contentLength = contentLength
    this.keepAlive = framing !== 'until-close' && framing !== 'tunnel' && persists(options, minorVersion)
    this.upgrade = lines.known(UPGRADE)
    this.hopHeaders = options.named
  }

  /** Bytes of the head. */
  get byteLength(): number {
    return this.lines.text.length
  }

  /** The reason phrase, '' when there is none. */
  get reason(): string {
    return this.lines.text.slice(13, this.lines.start - 2)
  }

  /** True for 1xx but 101: another response to the same request follows. */
  get interim(): boolean {
    return this.status < 200 && this.status !== 101
  }

  /** The value of a header by its lower-case name; several lines joined. See `HeaderLines.get`. */
  header(name: string): string | undefined {
    return this.lines.get(name)
  }
}

/** Reads the response heads of one connection to a server, one after the other. */
export class ResponseReader {
  /** After a head: index in the buffer of the first byte that is not its own. */
  consumed = 0
  private readonly scanner: SectionScanner
  private refused: MessageError | undefined

  /**
   * @param limits what `resolveLimits` gave, or options for it
   * @throws {Http1OptionError} `EVENER_INVALID_OPTION`
   */
  constructor(limits?: Limits | LimitOptions) {
    const { maxHeadBytes, maxStartLineBytes, maxLineBytes, maxHeaders } = resolveLimits(limits)
    this.scanner = new SectionScanner({
      side: 'response',
      startLine: responseStartLine,
      maxBytes: maxHeadBytes,
      maxStartLineBytes,
      maxLineBytes,
      maxLines: maxHeaders,
    })
  }

  /** True when nothing of the next head has arrived: a server that closes now has answered nothing. */
  get idle(): boolean {
    return this.scanner.untouched
  }

  /**
   * Take bytes `start` to before `end` of `buffer`, which may be reused afterwards.
   *
   * @param requestMethod method of the request that is being answered: HEAD and CONNECT change where the body ends
   * @returns a head, with `consumed` set; an error, and the same one from then on; or `undefined` when more bytes
   * are needed, all of these having been taken
   */
  read(
    requestMethod: string,
    buffer: Buffer,
    start = 0,
    end: number = buffer.length,
  ): ResponseHead | MessageError | undefined {
    if (this.refused !== undefined) return this.refused
    const { scanner } = this
    if (!scanner.scan(buffer, start, end)) {
      this.refused = scanner.error
      return this.refused
    }
    this.consumed = scanner.consumed
    const head = interpret(scanner, requestMethod)
    scanner.reset()
    if (head.kind === 'error') this.refused = head
    return head
  }
}

function interpret(scanner: SectionScanner, requestMethod: string): ResponseHead | MessageError {
  const lines = linesOf(scanner)
  const { text } = lines
  const minorVersion = text.startsWith('HTTP/1.1 ') ? 1 : 0
  if (minorVersion === 0 && !text.startsWith('HTTP/1.0 ')) {
    const other = /^HTTP\/[0-9]\.[0-9] /.test(text)
    return refuse(other ? 'EVENER_HTTP1_VERSION' : 'EVENER_HTTP1_START_LINE', 0)
  }
  const code = text.slice(9, 12)
  const status = Number(code)
  if (!/^[1-5][0-9][0-9]$/.test(code)) return refuse('EVENER_HTTP1_STATUS_CODE', 9)
  if (text[12] !== ' ' && scanner.linesAt !== 14) return refuse('EVENER_HTTP1_START_LINE', 12)

  let options: ConnectionOptions | undefined = noOptions
  if ((lines.present & (1 << CONNECTION)) !== 0) {
    options = connectionOptions(lines.known(CONNECTION))
    if (options === undefined) return refuse('EVENER_HTTP1_CONNECTION', lines.offsetOfLast(CONNECTION))
  }

  const length = declaredLength(lines, minorVersion)
  if (typeof length === 'string') return refuse(length, faultyLine(lines))
  const contentLength = Math.max(length, 0)
  let framing: Framing
  // CONNECT first: any 2xx opens the tunnel, 204 too (RFC 9112, 6.3; llhttp reads it so).
  if (requestMethod === 'CONNECT' && status >= 200 && status < 300) {
    if (length === CHUNKED) return refuse('EVENER_HTTP1_BODY_FORBIDDEN', faultyLine(lines))
    framing = 'tunnel'
  } else if (status < 200 || status === 204) {
    if (length !== UNDECLARED && length !== 0) return refuse('EVENER_HTTP1_BODY_FORBIDDEN', faultyLine(lines))
    framing = status === 101 ? 'tunnel' : 'none'
    if (status === 101 && (lines.present & (1 << UPGRADE)) === 0) {
      return refuse('EVENER_HTTP1_UPGRADE_MISSING', lines.end)
    }
  } else if (requestMethod === 'HEAD' || status === 304) framing = 'none'
  else if (length === CHUNKED) framing = 'chunked'
  else if (length === UNDECLARED) framing = 'until-close'
  else framing = length === 0 ? 'none' : 'length'
  return new ResponseHead(status, minorVersion, lines, framing, contentLength, options)
}

function refuse(code: MessageErrorCode, offset: number): MessageError {
  return new MessageError(code, offset, 'response')
}
