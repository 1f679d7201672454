/**
 * Chunked decoding as one would write it down from RFC 9112, 7.1, with the whole text at hand: slow, lenient about
 * extensions and trailers, and short enough to be believed. What the real one accepts, this must read likewise.
 */

/** The content and the length of the chunked body at the start of `text`; `undefined` if it is malformed or incomplete. */
export function decodeChunked(text: string): { content: string; length: number } | undefined {
  let content = ''
  let rest = text
  for (;;) {
    const line = /^([0-9a-f]+)(;[^\r\n]*)?\r\n/i.exec(rest)
    if (line === null) return undefined
    const size = Number.parseInt(line[1]!, 16)
    rest = rest.slice(line[0].length)
    if (size === 0) break
    if (rest.slice(size, size + 2) !== '\r\n') return undefined
    content += rest.slice(0, size)
    rest = rest.slice(size + 2)
  }
  const trailers = /^(?:[^\r\n:]+:[^\r\n]*\r\n)*\r\n/.exec(rest)
  return trailers === null ? undefined : { content, length: text.length - rest.length + trailers[0].length }
}
