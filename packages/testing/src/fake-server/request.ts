/**
 * One request as a fake server received it: what was asked, byte for byte, and what became of it.
 *
 * Read tolerantly (whatever a proxy under test sends is to be seen, not refused), framed exactly (RFC 9112, section
 * 6.3: a transfer coding wins over a length), so that bytes beyond the body become a further request in the
 * record: that is how a smuggled request shows.
 */
import { createHash, type Hash } from 'node:crypto'
import { BodyReader, type Framing } from '../wire/body-reader.ts'
import type { ByteSource } from '../wire/byte-source.ts'
import { type Head, type HeaderPair, headerValue } from '../wire/head.ts'

/** How much of a body is kept, and who is told of progress. */
export interface RequestContext {
  readonly connection: number
  readonly keepBodyBytes: number
  readonly digest: boolean
  /** Called when anything about the request changed. */
  readonly changed: () => void
  /** Sends `100 Continue`, unless something was answered already. */
  readonly sendContinue: () => Promise<void>
}

/** A recorded request. */
export class FakeRequest {
  readonly method: string
  /** The request target exactly as it came. */
  readonly target: string
  /** `HTTP/1.1`; empty if the request line had no third part. */
  readonly version: string
  /** The exact bytes of the head, in latin1, with the empty line. */
  readonly rawHead: string
  /** Header lines in the order they came, names as they were spelt. */
  readonly headers: readonly HeaderPair[]
  /** Which connection of the server it came on: 1 for the first. */
  readonly connection: number
  /** True once the whole request has been read. */
  complete = false
  /** True once the whole answer has been given to the kernel. */
  answered = false
  /** True if the client closed or reset the connection before `answered`. */
  aborted = false
  /** True if it came after an answer that closes the connection: recorded, never answered. */
  afterClose = false
  /** What was wrong with the framing of its body, if anything was. */
  malformed: string | undefined
  /** Bytes that came through after `101 Switching Protocols`. */
  tunnelBytes = 0
  private readonly reader: BodyReader
  private readonly context: RequestContext
  private readonly kept: Buffer[] = []
  private keptBytes = 0
  private readonly hash: Hash | undefined
  private digestText: string | undefined
  private readonly brokenOff: boolean
  private expectation: 'none' | 'open' | 'settled'

  constructor(head: Head, source: ByteSource, context: RequestContext) {
    const [method = '', target = '', version = ''] = head.startLine.split(' ')
    this.method = method
    this.target = target
    this.version = version
    this.rawHead = head.raw
    this.headers = head.headers
    this.connection = context.connection
    this.context = context
    this.reader = new BodyReader(source, requestFraming(head.headers), false)
    this.brokenOff = !head.complete
    this.complete = head.complete && this.reader.complete
    this.hash = context.digest ? createHash('sha256') : undefined
    const expects = (this.header('expect') ?? '').toLowerCase() === '100-continue'
    this.expectation = expects && !this.complete ? 'open' : 'none'
  }

  /** A header's value by its name in any case; several lines joined by `, `. */
  header(name: string): string | undefined {
    return headerValue(this.headers, name)
  }

  /** How the body is framed. */
  get framing(): Framing {
    return this.reader.framing
  }

  /** The body read so far, up to the server's `keepBodyBytes`. */
  get body(): Buffer {
    if (this.kept.length > 1) this.kept.splice(0, this.kept.length, Buffer.concat(this.kept))
    return this.kept[0] ?? Buffer.alloc(0)
  }

  /** How many bytes of body have been read, kept or not. */
  get bodyBytes(): number {
    return this.reader.bytes
  }

  /** Trailer lines, once complete. */
  get trailers(): readonly HeaderPair[] {
    return this.reader.trailers
  }

  /** SHA-256 of the whole body in hex, where the server was made with `digest: true` and the body is complete. */
  get sha256(): string | undefined {
    return this.digestText
  }

  /** True while the client waits for `100 Continue` and has not been told. */
  get waitsForContinue(): boolean {
    return this.expectation === 'open'
  }

  /** From now on no `100 Continue` is sent by itself. */
  settleContinue(): void {
    if (this.expectation === 'open') this.expectation = 'settled'
  }

  /**
   * The next piece of the body, or undefined at its end, or where the connection ended (`complete` is false then).
   * Sends `100 Continue` first if the client waits for it.
   */
  async nextPiece(maxBytes?: number): Promise<Buffer | undefined> {
    if (this.complete || this.brokenOff) return undefined
    if (this.expectation === 'open') {
      this.expectation = 'settled'
      await this.context.sendContinue()
    }
    const piece = await this.reader.next(maxBytes)
    if (piece) this.keep(piece)
    if (this.reader.complete && !this.complete) {
      this.complete = true
      this.digestText = this.hash?.digest('hex')
    }
    this.context.changed()
    return piece
  }

  /** The body piece by piece, as it comes. */
  async *pieces(maxBytes?: number): AsyncGenerator<Buffer> {
    for (let piece = await this.nextPiece(maxBytes); piece; piece = await this.nextPiece(maxBytes))
      yield piece
  }

  /** Read what is left of the body. */
  async readBody(): Promise<void> {
    while ((await this.nextPiece()) !== undefined);
  }

  /** Count bytes that came after the protocol was switched. */
  noteTunnelBytes(bytes: number): void {
    this.tunnelBytes += bytes
    this.context.changed()
  }

  private keep(piece: Buffer): void {
    this.hash?.update(piece)
    const kept = piece.subarray(0, Math.max(0, this.context.keepBodyBytes - this.keptBytes))
    if (kept.length === 0) return
    // A copy: a view would hold the whole of the socket's read buffer for as long as the record lives.
    this.kept.push(Buffer.from(kept))
    this.keptBytes += kept.length
  }
}

/** RFC 9112, section 6.3, for requests; of several lengths the first counts. */
function requestFraming(headers: readonly HeaderPair[]): Framing {
  const codings = headerValue(headers, 'transfer-encoding')?.toLowerCase().split(',') ?? []
  if (codings.at(-1)?.trim() === 'chunked') return { kind: 'chunked' }
  const length = headerValue(headers, 'content-length')?.split(',')[0]?.trim() ?? ''
  return /^\d{1,15}$/.test(length) ? { kind: 'length', bytes: Number(length) } : { kind: 'none' }
}
