/**
 * A chunked body as it passes: sizes, extensions and trailers are checked strictly and nothing is copied, so the
 * very same bytes may go on to the next hop.
 *
 * Invariant: what passes has one reading; every part that is not content is bounded (digits of a size, extensions of
 * one chunk and of all, trailers).
 * Cost: O(1) for the content of a chunk, O(bytes) for the framing.
 * Source: RFC 9112, 7.1; RFC 9110, 6.5.1 (fields that may not be trailers).
 */
import type { Body } from './body.ts'
import { CR, HEX, LF, SEMICOLON } from './bytes.ts'
import { afterByte, EXTENSION_END, EXTENSION_FAULT, EXTENSION_START } from './chunk-extension.ts'
import { MessageError, type MessageErrorCode, type MessageSide } from './error.ts'
import { hasForbiddenTrailer } from './forbidden-trailers.ts'
import { type HeaderLines, linesOf } from './header-lines.ts'
import type { Limits } from './limits.ts'
import { SectionScanner } from './scanner.ts'

const SIZE = 0
const EXTENSION = 1
const SIZE_LF = 2
const DATA = 3
const DATA_CR = 4
const DATA_LF = 5
const TRAILERS = 6
const END_LF = 7
const IN_TRAILERS = 8

/** A size of more digits than 2^53 needs is written to waste our time. */
const MAX_SIZE_DIGITS = 16

export class ChunkedBody implements Body {
  done = false
  error: MessageError | undefined
  contentBytes = 0
  content: number[] = []
  trailers: HeaderLines | undefined
  private readonly side: MessageSide
  private readonly limits: Limits
  private readonly decode: boolean
  private state = SIZE
  private digits = 0
  /** Of the running chunk: its size as read so far, then the content still to come. */
  private remaining = 0
  private extensionState = EXTENSION_START
  private extensionBytes = 0
  private totalExtensionBytes = 0
  private trailerScanner: SectionScanner | undefined
  /** Bytes taken by earlier calls; what offsets count from. */
  private taken = 0

  constructor(side: MessageSide, limits: Limits, decode: boolean) {
    this.side = side
    this.limits = limits
    this.decode = decode
  }

  consume(buffer: Buffer, start: number, end: number): number {
    if (this.decode) this.content = []
    if (this.done) return start
    if (this.error !== undefined) return -1
    let at = start
    while (at < end) {
      const byte = buffer[at]!
      switch (this.state) {
        case DATA: {
          const part = Math.min(this.remaining, end - at)
          if (this.decode) this.content.push(at, at + part)
          this.contentBytes += part
          this.remaining -= part
          at += part
          if (this.remaining === 0) this.state = DATA_CR
          continue
        }
        case SIZE: {
          const digit = HEX[byte]!
          if (digit !== 255) {
            if (this.digits === MAX_SIZE_DIGITS) return this.refuse('EVENER_HTTP1_CHUNK_SIZE', at - start)
            this.digits++
            this.remaining = this.remaining * 16 + digit
            break
          }
          if (this.digits === 0 || (byte !== CR && byte !== SEMICOLON)) {
            return this.refuse('EVENER_HTTP1_CHUNK_SIZE', at - start)
          }
          if (this.remaining > this.limits.maxBodyBytes - this.contentBytes) {
            return this.refuse('EVENER_HTTP1_BODY_TOO_LARGE', at - start)
          }
          if (byte === CR) this.state = SIZE_LF
          else {
            if (!this.countExtension())
              return this.refuse('EVENER_HTTP1_CHUNK_EXTENSION_TOO_LONG', at - start)
            this.extensionState = EXTENSION_START
            this.state = EXTENSION
          }
          break
        }
        case EXTENSION: {
          const next = afterByte(this.extensionState, byte)
          if (next === EXTENSION_FAULT) return this.refuse('EVENER_HTTP1_CHUNK_EXTENSION', at - start)
          if (next === EXTENSION_END) this.state = SIZE_LF
          else if (this.countExtension()) this.extensionState = next
          else return this.refuse('EVENER_HTTP1_CHUNK_EXTENSION_TOO_LONG', at - start)
          break
        }
        case SIZE_LF:
          if (byte !== LF) return this.refuse('EVENER_HTTP1_BARE_CR', at - start)
          this.state = this.remaining === 0 ? TRAILERS : DATA
          this.digits = 0
          this.extensionBytes = 0
          break
        case DATA_CR:
          if (byte !== CR) return this.refuse('EVENER_HTTP1_CHUNK_END', at - start)
          this.state = DATA_LF
          break
        case DATA_LF:
          if (byte !== LF) return this.refuse('EVENER_HTTP1_CHUNK_END', at - start)
          this.state = SIZE
          break
        case TRAILERS:
          if (byte !== CR) {
            this.state = IN_TRAILERS
            return this.readTrailers(buffer, start, at, end)
          }
          this.state = END_LF
          break
        case END_LF:
          if (byte !== LF) return this.refuse('EVENER_HTTP1_BARE_CR', at - start)
          this.done = true
          return at + 1
        default:
          return this.readTrailers(buffer, start, at, end)
      }
      at++
    }
    this.taken += end - start
    return end
  }

  finish(): MessageError | undefined {
    if (!this.done && this.error === undefined) this.refuse('EVENER_HTTP1_TRUNCATED', 0)
    return this.error
  }

  /** One more byte of extension; false when that is too many. */
  private countExtension(): boolean {
    this.extensionBytes++
    this.totalExtensionBytes++
    const { maxExtensionBytes, maxTotalExtensionBytes } = this.limits
    return this.extensionBytes <= maxExtensionBytes && this.totalExtensionBytes <= maxTotalExtensionBytes
  }

  private readTrailers(buffer: Buffer, start: number, at: number, end: number): number {
    const { limits, side } = this
    this.trailerScanner ??= new SectionScanner({
      side,
      startLine: undefined,
      maxBytes: limits.maxTrailerBytes,
      maxStartLineBytes: 0,
      maxLineBytes: limits.maxLineBytes,
      maxLines: limits.maxTrailers,
    })
    const scanner = this.trailerScanner
    const before = this.taken + (at - start) - scanner.heldBytes
    if (!scanner.scan(buffer, at, end)) {
      const fault = scanner.error
      if (fault !== undefined) return this.refuse(fault.code, before + fault.offset - this.taken)
      this.taken += end - start
      return end
    }
    const lines = linesOf(scanner)
    if (hasForbiddenTrailer(lines)) return this.refuse('EVENER_HTTP1_TRAILER_FORBIDDEN', before - this.taken)
    this.trailers = lines
    this.trailerScanner = undefined
    this.done = true
    return scanner.consumed
  }

  private refuse(code: MessageErrorCode, at: number): -1 {
    this.error = new MessageError(code, this.taken + at, this.side)
    return -1
  }
}
