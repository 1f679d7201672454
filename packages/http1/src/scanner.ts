/**
 * Finds the lines of a head (or of a trailer section) in bytes that arrive in any portions, and refuses every
 * byte that may not stand where it stands. What the lines *mean* is for `request.ts` and `response.ts`.
 *
 * One pass: each byte is looked at once, by a loop for the state it is in, and the state outlives the call. So a
 * head that comes a byte at a time costs what it costs at once, and is refused at the same byte for the same reason.
 *
 * Invariant: while a head is incomplete, `store` holds its first `held` bytes, never more than the limit.
 * A head that arrives whole is never copied: `bytes` is then the caller's buffer.
 * Cost: O(bytes), about 2 ns each on a slow core; three small integers per header line.
 * Source: RFC 9112, 2.2 (line ends, empty line before a request), 5.1 (no space before the colon), 5.2 (obs-fold).
 */
import { COLON, CR, LF, REQUEST_LINE, TOKEN, VALUE } from './bytes.ts'
import { MessageError, type MessageErrorCode, type MessageSide } from './error.ts'
import { codeAtLineStart, codeForByte, codeInName } from './misplaced.ts'

const BEFORE = 0
const EMPTY_LINE_LF = 1
const START_LINE = 2
const START_LINE_LF = 3
const LINE = 4
const NAME = 5
const VALUE_BYTES = 6
const VALUE_LF = 7
const END_LF = 8

/** What the scanner reads, and how much of it at most. */
export interface SectionRules {
  readonly side: MessageSide
  /** Bytes that the first line may hold; `undefined` for trailers, which have no start line. */
  readonly startLine: Uint8Array | undefined
  readonly maxBytes: number
  readonly maxStartLineBytes: number
  readonly maxLineBytes: number
  readonly maxLines: number
}

/** A request's start line, a response's, or none. */
export const requestStartLine: Uint8Array = REQUEST_LINE
export const responseStartLine: Uint8Array = VALUE

export class SectionScanner {
  /** Where the section's bytes are, once `scan` has returned true: `bytes[origin]` to before `origin + length`. */
  bytes!: Buffer
  origin = 0
  length = 0
  /** For each line its start, its colon (both from the section's start) and a place for the name's number. */
  marks: number[] = []
  /** Length of the start line with its CRLF; 0 for trailers. */
  linesAt = 0
  /** Index in the caller's buffer of the first byte after what was taken. */
  consumed = 0
  error: MessageError | undefined

  private readonly rules: SectionRules
  private state = BEFORE
  private skippedEmptyLine = false
  private lineStart = 0
  private colon = 0
  private store: Buffer | undefined
  private held = 0

  constructor(rules: SectionRules) {
    this.rules = rules
  }

  /** Make ready for the next section. */
  reset(): void {
    this.state = BEFORE
    this.skippedEmptyLine = false
    this.lineStart = 0
    this.linesAt = 0
    this.held = 0
    this.store = undefined
    this.marks = []
  }

  /** True when nothing of a section has arrived yet, not even the empty line that may stand before it. */
  get untouched(): boolean {
    return this.state === BEFORE && !this.skippedEmptyLine
  }

  /** Bytes copied aside for the section that is not complete yet. */
  get heldBytes(): number {
    return this.held
  }

  /**
   * Take bytes `start` to before `end`. True: the section is complete, see the fields above, `consumed` included.
   * False: `error` says why it never will be, or more bytes are needed and all of these have been taken.
   */
  scan(buffer: Buffer, start: number, end: number): boolean {
    const rules = this.rules
    let state = this.state
    let at = start
    if (state <= EMPTY_LINE_LF) {
      at = this.begin(buffer, start, end)
      if (at < 0 || this.state <= EMPTY_LINE_LF) return false
      state = this.state
    }
    // The section's first byte has, or would have, this index in the buffer; negative if it came earlier.
    const base = at - this.held
    const limit = Math.min(end, base + rules.maxBytes)
    let stop = Math.min(
      limit,
      base + this.lineStart + (state <= START_LINE_LF ? rules.maxStartLineBytes : rules.maxLineBytes),
    )
    let lineStart = this.lineStart
    let colon = this.colon
    const marks = this.marks
    const from = at

    for (;;) {
      if (at === stop) break
      switch (state) {
        case START_LINE: {
          const allowed = rules.startLine!
          while (at < stop && allowed[buffer[at]!] === 1) at++
          if (at === stop) continue
          if (buffer[at] !== CR)
            return this.refuse(codeForByte(buffer[at]!, 'EVENER_HTTP1_START_LINE'), at - base)
          at++
          state = START_LINE_LF
          continue
        }
        case VALUE_BYTES:
          while (at < stop && VALUE[buffer[at]!] === 1) at++
          if (at === stop) continue
          if (buffer[at] !== CR)
            return this.refuse(codeForByte(buffer[at]!, 'EVENER_HTTP1_CONTROL_BYTE'), at - base)
          at++
          state = VALUE_LF
          continue
        case START_LINE_LF:
        case VALUE_LF:
          if (buffer[at] !== LF) return this.refuse('EVENER_HTTP1_BARE_CR', at - base - 1)
          at++
          if (state === VALUE_LF) marks.push(lineStart, colon, 0)
          else {
            this.linesAt = at - base
            if (this.linesAt === 2) return this.refuse('EVENER_HTTP1_START_LINE', 0)
          }
          lineStart = at - base
          stop = Math.min(limit, at + rules.maxLineBytes)
          state = LINE
          continue
        case LINE: {
          const byte = buffer[at]!
          if (byte === CR) {
            at++
            state = END_LF
            continue
          }
          if (marks.length === rules.maxLines * 3) {
            return this.refuse('EVENER_HTTP1_TOO_MANY_HEADERS', at - base)
          }
          if (TOKEN[byte] !== 1) return this.refuse(codeAtLineStart(byte), at - base)
          state = NAME
          continue
        }
        case NAME: {
          while (at < stop && TOKEN[buffer[at]!] === 1) at++
          if (at === stop) continue
          if (buffer[at] !== COLON) return this.refuse(codeInName(buffer[at]!), at - base)
          colon = at - base
          at++
          state = VALUE_BYTES
          continue
        }
        default:
          if (buffer[at] !== LF) return this.refuse('EVENER_HTTP1_BARE_CR', at - base - 1)
          at++
          this.finish(buffer, from, at, lineStart)
          return true
      }
    }
    if (at < end) {
      // More bytes came than a limit allows: the start line's, the whole section's, or the line's.
      if (state <= START_LINE_LF) return this.refuse('EVENER_HTTP1_START_LINE_TOO_LONG', at - base)
      const whole = at - base === rules.maxBytes
      return this.refuse(whole ? 'EVENER_HTTP1_HEAD_TOO_LARGE' : 'EVENER_HTTP1_LINE_TOO_LONG', at - base)
    }
    this.keep(buffer, from, end)
    this.state = state
    this.lineStart = lineStart
    this.colon = colon
    this.consumed = end
    return false
  }

  /** Before the first byte of a request one empty line is passed over (RFC 9112, 2.2); a second is refused. */
  private begin(buffer: Buffer, start: number, end: number): number {
    let at = start
    const rules = this.rules
    this.consumed = end
    if (rules.startLine === undefined) {
      this.state = LINE
      return at
    }
    while (at < end && rules.side === 'request') {
      if (this.state === BEFORE) {
        if (buffer[at] !== CR) break
        if (this.skippedEmptyLine) return this.refuse('EVENER_HTTP1_EMPTY_LINES', 0) || -1
        this.state = EMPTY_LINE_LF
      } else {
        if (buffer[at] !== LF) return this.refuse('EVENER_HTTP1_BARE_CR', 0) || -1
        this.skippedEmptyLine = true
        this.state = BEFORE
      }
      at++
    }
    if (at < end) this.state = START_LINE
    return at
  }

  private finish(buffer: Buffer, from: number, to: number, blockEnd: number): void {
    this.consumed = to
    if (this.held === 0) {
      this.bytes = buffer
      this.origin = from
      this.length = to - from
    } else {
      this.keep(buffer, from, to)
      this.bytes = this.store!
      this.origin = 0
      this.length = this.held
    }
    // The end of the last line, so that a line's end is always the next one's start.
    this.marks.push(blockEnd)
  }

  /** Copy bytes aside, because the caller may fill the buffer anew. Doubling keeps the total cost linear. */
  private keep(buffer: Buffer, from: number, to: number): void {
    const needed = this.held + to - from
    if (this.store === undefined || this.store.length < needed) {
      const larger = Buffer.allocUnsafeSlow(
        Math.max(256, needed, Math.min(this.held * 2, this.rules.maxBytes)),
      )
      this.store?.copy(larger, 0, 0, this.held)
      this.store = larger
    }
    buffer.copy(this.store, this.held, from, to)
    this.held = needed
  }

  private refuse(code: MessageErrorCode, offset: number): false {
    this.error = new MessageError(code, offset, this.rules.side)
    this.store = undefined
    return false
  }
}
