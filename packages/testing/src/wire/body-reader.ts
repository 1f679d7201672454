/**
 * The body of an HTTP/1.1 message, framed as RFC 9112 section 6 says, pulled piece by piece.
 *
 * Invariant: not one byte beyond the body is taken from the source; what follows is the next message.
 * Cost: O(bytes), nothing is kept.
 */
import type { ByteSource } from './byte-source.ts'
import type { HeaderPair } from './head.ts'
import { malformed, readHeaderLines, readLine } from './head.ts'

/** How the end of a body is known. */
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'until-close' }

export class BodyReader {
  readonly framing: Framing
  /** Trailer lines, once the body is complete. */
  readonly trailers: HeaderPair[] = []
  /** True once the end of the body has been read, as its framing defines it. */
  complete = false
  /** Bytes of the body read so far, framing not counted. */
  bytes = 0
  private readonly source: ByteSource
  private readonly strict: boolean
  private remaining = 0
  private insideChunk = false

  constructor(source: ByteSource, framing: Framing, strict: boolean) {
    this.source = source
    this.framing = framing
    this.strict = strict
    if (framing.kind === 'length') this.remaining = framing.bytes
    this.complete = framing.kind === 'none' || (framing.kind === 'length' && framing.bytes === 0)
  }

  /**
   * The next piece of at most `maxBytes`, or undefined at the end.
   * Where `complete` is false then, the connection ended in the middle of the body.
   */
  async next(maxBytes = 65_536): Promise<Buffer | undefined> {
    if (this.complete) return undefined
    if (this.framing.kind === 'chunked') return this.nextOfChunked(maxBytes)
    if (this.framing.kind === 'until-close') {
      const piece = await this.piece(maxBytes)
      this.complete = piece === undefined && this.source.failure === undefined
      return piece
    }
    const piece = await this.piece(Math.min(maxBytes, this.remaining))
    if (piece) this.remaining -= piece.length
    this.complete = this.remaining === 0
    return piece
  }

  private async nextOfChunked(maxBytes: number): Promise<Buffer | undefined> {
    if (this.remaining === 0) {
      const size = await this.nextChunkSize()
      if (size === undefined) return undefined
      if (size === 0) {
        this.complete = (await readHeaderLines(this.source, this.strict, this.trailers)).complete
        return undefined
      }
      this.remaining = size
      this.insideChunk = true
    }
    const piece = await this.piece(Math.min(maxBytes, this.remaining))
    if (piece) this.remaining -= piece.length
    return piece
  }

  private async nextChunkSize(): Promise<number | undefined> {
    if (this.insideChunk) {
      const end = await readLine(this.source, this.strict)
      if (end === undefined) return undefined
      if (end !== '') throw malformed(`chunk data is followed by ${JSON.stringify(end)}`)
      this.insideChunk = false
    }
    const line = await readLine(this.source, this.strict)
    if (line === undefined) return undefined
    const size = /^([0-9a-fA-F]{1,13})[ \t]*(;.*)?$/.exec(line)?.[1]
    if (size === undefined) throw malformed(`not a chunk size: ${JSON.stringify(line)}`)
    return Number.parseInt(size, 16)
  }

  private async piece(maxBytes: number): Promise<Buffer | undefined> {
    if (this.source.available === 0 && !(await this.source.more())) return undefined
    const piece = this.source.take(maxBytes)
    this.bytes += piece.length
    return piece
  }
}
