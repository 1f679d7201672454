/**
 * The framing around content that is sent chunked: `chunkHead(size)`, the content itself, `CHUNK_END`; at the end
 * `LAST_CHUNK`, or `lastChunk(trailers)`. The content is never copied; cork the socket, or write the parts as a vector.
 *
 * Source: RFC 9112, 7.1.
 */
import { headerLine } from './write.ts'

/** What follows the content of each chunk. */
export const CHUNK_END = '\r\n'

/** What ends a chunked body without trailers. */
export const LAST_CHUNK = '0\r\n\r\n'

/**
 * What precedes the content of a chunk of `bytes` bytes.
 *
 * @throws {RangeError} for 0, which would end the body, and for anything but a whole number
 */
export function chunkHead(bytes: number): string {
  if (!Number.isSafeInteger(bytes) || bytes < 1) {
    throw new RangeError(`a chunk holds at least one byte, not ${bytes}`)
  }
  return `${bytes.toString(16)}\r\n`
}

/**
 * What ends a chunked body with trailers, names and values in turn.
 *
 * @throws {HeaderValueError} `EVENER_INVALID_HEADER` for a name or value that no trailer may have
 */
export function lastChunk(trailers: readonly string[]): string {
  let text = '0\r\n'
  for (let index = 0; index + 1 < trailers.length; index += 2) {
    text += headerLine(trailers[index]!, trailers[index + 1]!)
  }
  return `${text}\r\n`
}
