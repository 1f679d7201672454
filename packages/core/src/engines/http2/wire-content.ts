/**
 * The content of a body that comes as it stood on the wire of HTTP/1.1, chunk framing and trailers included.
 *
 * A door asks the engine in which form it takes bodies before it knows the server, and of two servers one may be spoken
 * to in HTTP/1.1, where the wire form is forwarded untouched, and one in HTTP/2, which has no chunks. So the form is
 * that of HTTP/1.1, and undone here, where it turns out to be of no use.
 *
 * Invariant: the door has checked the framing with the same codec; one that is wrong never gets here.
 */
import { type Body, bodyOf, type FramedHead } from '@evener/http1'
import { allowedTrailers } from '../../http/headers.ts'

const chunkedRequest: FramedHead = { kind: 'request', framing: 'chunked', contentLength: 0 }
// The door has applied those that count.
const noLimits = { limits: { maxBodyBytes: Number.MAX_SAFE_INTEGER }, decode: true }

export class WireContent {
  readonly #body: Body = bodyOf(chunkedRequest, noLimits)

  /** Hand the content that lies in these bytes to `take`; true unless it asked for a pause. */
  pass(bytes: Buffer, take: (piece: Buffer) => boolean): boolean {
    const body = this.#body
    body.consume(bytes, 0, bytes.length)
    const { content } = body
    let open = true
    for (let i = 0; i < content.length; i += 2) open = take(bytes.subarray(content[i], content[i + 1]))
    return open
  }

  /** The trailers that followed, names and values in turn. */
  get trailers(): readonly string[] {
    const { trailers } = this.#body
    return trailers === undefined ? [] : allowedTrailers(trailers.pairs())
  }
}
