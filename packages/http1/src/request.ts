/**
 * Request heads: from bytes in any portions to a `RequestHead`, or to the reason for refusing.
 *
 * The steps: 1 lines are found and bytes checked (`scanner.ts`); 2 one latin1 string is made of the head and names
 * whose length says they could matter are recognised (`linesOf`); 3 the request line is read; 4 Connection;
 * 5 Host; 6 the framing of the body.
 *
 * Invariant: a head that passes has exactly one reading of its target, its host and the end of its body.
 * Cost: one string, one array and two objects for a head; nothing is kept between heads.
 * Source: RFC 9112, 3, 6 and 9.3; RFC 9110, 7.2 (Host), 7.8 (Upgrade), 10.1.1 (Expect).
 */
import { hostEnd, sameAuthority } from './authority.ts'
import { type ConnectionOptions, connectionOptions, noOptions, persists } from './connection.ts'
import { MessageError, type MessageErrorCode } from './error.ts'
import { CHUNKED, declaredLength, type Framing, faultyLine, UNDECLARED } from './framing.ts'
import { type HeaderLines, linesOf } from './header-lines.ts'
import { type LimitOptions, type Limits, resolveLimits } from './limits.ts'
import { CONNECTION, EXPECT, HOST, UPGRADE } from './names.ts'
import { requestStartLine, SectionScanner } from './scanner.ts'
import { type RequestLine, readRequestLine, type TargetForm } from './target.ts'

/** A request head that was accepted. */
export class RequestHead {
  readonly kind = 'request'
  /** The method as sent; methods are case-sensitive. */
  readonly method: string
  /** The request target as sent. */
  readonly target: string
  /** How the target is written. */
  readonly form: TargetForm
  /** The target as an origin server is asked for it: path and query, `*`, or `host:port` for CONNECT. */
  readonly originTarget: string
  /** 1 for HTTP/1.1, 0 for HTTP/1.0. */
  readonly minorVersion: 0 | 1
  /** The host asked for: the target's authority where it has one, else the Host header; '' in HTTP/1.0 without. */
  readonly host: string
  /** The header lines. */
  readonly lines: HeaderLines
  /** How the end of the body is found: `none`, `length`, `chunked`, or `tunnel` for CONNECT. */
  readonly framing: Framing
  /** Bytes of the body where `framing` is `length`; else 0. */
  readonly contentLength: number
  /** True when the client lets the connection carry another request after this one. */
  readonly keepAlive: boolean
  /** The protocols asked for, when `Connection: upgrade` and Upgrade are both there; '' when not, or in HTTP/1.0. */
  readonly upgrade: string
  /** True when the client waits for a 100 before it sends the body. Never in HTTP/1.0. */
  readonly expectContinue: boolean
  /** Headers that Connection names beside its own options, lower case: they end at this hop. */
  readonly hopHeaders: readonly string[] | undefined

  constructor(
    line: RequestLine,
    lines: HeaderLines,
    host: string,
    framing: Framing,
    contentLength: number,
    options: ConnectionOptions,
  ) {
    const minorVersion = line.minorVersion
    this.method = line.method
    this.target = line.target
    this.form = line.form
    this.originTarget = line.originTarget
    this.minorVersion = minorVersion
    this.host = host
    this.lines = lines
    this.framing = framing
    this.contentLength = contentLength
    this.keepAlive = persists(options, minorVersion)
    this.upgrade = options.upgrade && minorVersion === 1 ? lines.known(UPGRADE) : ''
    this.expectContinue = minorVersion === 1 && lines.known(EXPECT).toLowerCase() === '100-continue'
    this.hopHeaders = options.named
  }

  /** Bytes of the head. */
  get byteLength(): number {
    return this.lines.text.length
  }

  /** The value of a header by its lower-case name; several lines joined. See `HeaderLines.get`. */
  header(name: string): string | undefined {
    return this.lines.get(name)
  }
}

/**
 * Reads the request heads of one connection, one after the other. Feed it what arrives; between heads it is not fed
 * (the bytes are then a body's, see `bodyOf`).
 *
 * A reader holds no bytes between heads, and about 200 bytes of its own.
 */
export class RequestReader {
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
      side: 'request',
      startLine: requestStartLine,
      maxBytes: maxHeadBytes,
      maxStartLineBytes,
      maxLineBytes,
      maxLines: maxHeaders,
    })
  }

  /** True when nothing of the next head has arrived: the moment at which a connection is idle. */
  get idle(): boolean {
    return this.scanner.untouched
  }

  /**
   * Take bytes `start` to before `end` of `buffer`, which may be reused afterwards.
   *
   * @returns a head, with `consumed` set; an error, and the same one from then on; or `undefined` when more bytes
   * are needed, all of these having been taken
   */
  read(buffer: Buffer, start = 0, end: number = buffer.length): RequestHead | MessageError | undefined {
    if (this.refused !== undefined) return this.refused
    const { scanner } = this
    if (!scanner.scan(buffer, start, end)) {
      this.refused = scanner.error
      return this.refused
    }
    this.consumed = scanner.consumed
    const head = interpret(scanner)
    scanner.reset()
    if (head.kind === 'error') this.refused = head
    return head
  }
}

/** One for all: filled and read within one call of `interpret`. */
const requestLine: RequestLine = {
  method: '',
  target: '',
  form: 'origin',
  authority: '',
  originTarget: '',
  minorVersion: 1,
  faultOffset: 0,
}

function interpret(scanner: SectionScanner): RequestHead | MessageError {
  const lines = linesOf(scanner)
  const line = requestLine
  const fault = readRequestLine(line, scanner.bytes, scanner.origin, lines.text, scanner.linesAt - 2)
  if (fault !== undefined) return new MessageError(fault, line.faultOffset, 'request')

  let options: ConnectionOptions | undefined = noOptions
  if ((lines.present & (1 << CONNECTION)) !== 0) {
    options = connectionOptions(lines.known(CONNECTION))
    if (options === undefined) return refuse('EVENER_HTTP1_CONNECTION', lines, CONNECTION)
  }

  const host = lines.indexOfKnown(HOST)
  let name = ''
  if (host >= 0) {
    const from = lines.valueStart(host)
    const to = lines.valueEnd(host, from)
    name = lines.text.slice(from, to)
    const second = lines.indexOfKnown(HOST, host + 1)
    if (second >= 0) return refuse('EVENER_HTTP1_HOST_DUPLICATE', lines, HOST)
    if (hostEnd(lines.text, from, to) < 0) return refuse('EVENER_HTTP1_HOST_INVALID', lines, HOST)
    if (line.authority !== '' && !agrees(line, name)) return refuse('EVENER_HTTP1_HOST_MISMATCH', lines, HOST)
  } else if (line.minorVersion === 1) {
    return new MessageError('EVENER_HTTP1_HOST_MISSING', lines.end, 'request')
  }
  if (line.authority !== '') name = line.authority

  const length = declaredLength(lines, line.minorVersion)
  if (typeof length === 'string') return new MessageError(length, faultyLine(lines), 'request')
  if (line.form === 'authority') {
    // What follows CONNECT is the tunnel's, so a body could be read in two ways (RFC 9110, 9.3.6).
    if (length !== UNDECLARED && length !== 0) {
      return new MessageError('EVENER_HTTP1_BODY_FORBIDDEN', faultyLine(lines), 'request')
    }
    return new RequestHead(line, lines, name, 'tunnel', 0, options)
  }
  if (length > 0) return new RequestHead(line, lines, name, 'length', length, options)
  return new RequestHead(line, lines, name, length === CHUNKED ? 'chunked' : 'none', 0, options)
}

/** Whether Host agrees with the target's authority; CONNECT's port may be missing from Host. */
function agrees(line: RequestLine, host: string): boolean {
  if (line.form === 'authority') return sameAuthority(line.authority, host, 0)
  return sameAuthority(line.authority, host, line.target[4] === ':' ? 80 : 443)
}

function refuse(code: MessageErrorCode, lines: HeaderLines, known: number): MessageError {
  return new MessageError(code, lines.offsetOfLast(known), 'request')
}
