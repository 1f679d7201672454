/**
 * Where a body ends in the bytes that arrive, without copying any: the bytes that belong to it go on as they came.
 *
 * The three kinds (counted, until the connection ends, chunked) and the empty one have one shape, so that whoever
 * forwards bodies asks the same question of each: which of these bytes are yours?
 *
 * Source: RFC 9112, 6.3 and 8 (incomplete messages).
 */
import { ChunkedBody } from './chunked.ts'
import { MessageError, type MessageSide } from './error.ts'
import type { Framing } from './framing.ts'
import type { HeaderLines } from './header-lines.ts'
import { type LimitOptions, type Limits, resolveLimits } from './limits.ts'

/** The body of one message, while its bytes pass by. */
export interface Body {
  /** True once the last byte has passed. */
  readonly done: boolean
  /** Why the body was refused, or that it was cut short; then it will never be done. */
  readonly error: MessageError | undefined
  /** Bytes of content so far, chunk framing and trailers not counted. */
  readonly contentBytes: number
  /**
   * With `decode`: where the content lies in the buffer given to the last `consume`, as start and end in turn.
   * Without: empty.
   */
  readonly content: readonly number[]
  /** The trailers of a chunked body that is done; `undefined` when there were none. */
  readonly trailers: HeaderLines | undefined
  /**
   * Take bytes `start` to before `end`.
   *
   * @returns the index of the first byte after the body: `end` while it goes on, less than or equal to `end` when it
   * is done; or -1 when it is refused, and then none of these bytes should go on
   */
  consume(buffer: Buffer, start: number, end: number): number
  /** The connection has ended. Completes a body that ends so; for another one that is not done, an error. */
  finish(): MessageError | undefined
}

/** What `bodyOf` needs of a head. */
export interface FramedHead {
  readonly kind: MessageSide
  readonly framing: Framing
  readonly contentLength: number
}

/** How a body is to be read. */
export interface BodyOptions {
  /** Limits, resolved or not; those of chunks, trailers and `maxBodyBytes` apply. Default: `defaultLimits`. */
  readonly limits?: Limits | LimitOptions
  /** True to be told where the content lies (`content`). Default false: for bytes that go on as they are. */
  readonly decode?: boolean
}

const nothing: readonly number[] = Object.freeze([])

/** The body that a head announces. A message without one, and a tunnel's head, give `emptyBody`. */
export function bodyOf(head: FramedHead, options: BodyOptions = {}): Body {
  const decode = options.decode === true
  switch (head.framing) {
    case 'length':
      return new CountedBody(head.contentLength, head.kind, decode)
    case 'until-close':
      return new CountedBody(Number.POSITIVE_INFINITY, head.kind, decode)
    case 'chunked':
      return new ChunkedBody(head.kind, resolveLimits(options.limits), decode)
    default:
      return emptyBody
  }
}

/** No body at all; one object for all. */
export const emptyBody: Body = Object.freeze({
  done: true,
  error: undefined,
  contentBytes: 0,
  content: nothing,
  trailers: undefined,
  consume: (_buffer: Buffer, start: number) => start,
  finish: () => undefined,
})

/** A body of a known length, or with an infinite one, until the connection ends. */
class CountedBody implements Body {
  done = false
  error: MessageError | undefined
  contentBytes = 0
  content: readonly number[] = nothing
  readonly trailers = undefined
  private readonly length: number
  private readonly side: MessageSide
  private readonly decode: boolean

  constructor(length: number, side: MessageSide, decode: boolean) {
    this.length = length
    this.side = side
    this.decode = decode
  }

  consume(_buffer: Buffer, start: number, end: number): number {
    const taken = Math.min(end - start, this.length - this.contentBytes)
    if (this.decode) this.content = taken > 0 ? [start, start + taken] : nothing
    this.contentBytes += taken
    if (this.contentBytes === this.length) this.done = true
    return start + taken
  }

  finish(): MessageError | undefined {
    if (this.length === Number.POSITIVE_INFINITY) this.done = true
    else if (!this.done) {
      this.error = new MessageError('EVENER_HTTP1_TRUNCATED', this.contentBytes, this.side)
    }
    return this.error
  }
}
