/**
 * The head of an HTTP/1.1 answer for a check that asks for nothing but the status: read without a parser for the rest.
 *
 * Node's client costs as much again as the connection it speaks on; a status is one line. The head is read to its end
 * all the same, and strictly (RFC 9112): a status line, header lines, one length at most, so that what is no HTTP is found
 * out. Interim answers (1xx) are passed over, but for 101, which is final.
 *
 * Invariant: holds at most `MAX_HEAD_BYTES` of one head. What comes after the head is not looked at.
 * Cost: one string for a head that comes in one piece.
 * Not for: headers or bodies; `http-check.ts` has Node's client for those.
 */
const MAX_HEAD_BYTES = 16_384

const STATUS_LINE = /^HTTP\/1\.[01] ([1-5]\d\d)(?: ([^\r\n\0]*))?$/
const HEADER_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*)$/

/** What the head said, or what is wrong with it. */
export type StatusAnswer = { readonly status: number; readonly reason: string } | { readonly junk: string }

export class StatusReader {
  #text = ''

  /** Take some bytes; undefined while the head is not whole. */
  push(bytes: Buffer): StatusAnswer | undefined {
    const from = Math.max(0, this.#text.length - 3)
    this.#text += bytes.toString('latin1', 0, Math.min(bytes.length, MAX_HEAD_BYTES + 1))
    if (!'HTTP/1.'.startsWith(this.#text.slice(0, 7)))
      return { junk: 'it does not begin like an HTTP answer' }
    for (let end = this.#text.indexOf('\r\n\r\n', from); end >= 0; end = this.#text.indexOf('\r\n\r\n')) {
      const answer = readHead(this.#text.slice(0, end))
      if ('junk' in answer || answer.status >= 200 || answer.status === 101) return answer
      this.#text = this.#text.slice(end + 4)
    }
    return this.#text.length > MAX_HEAD_BYTES
      ? { junk: `its head is longer than ${MAX_HEAD_BYTES} bytes` }
      : undefined
  }
}

function readHead(head: string): StatusAnswer {
  const [first = '', ...lines] = head.split('\r\n')
  const match = STATUS_LINE.exec(first)
  if (match === null) return { junk: 'its status line is none' }
  let length: string | undefined
  let chunked = false
  for (const line of lines) {
    const [, name = '', value = ''] = HEADER_LINE.exec(line) ?? []
    if (name === '') return { junk: 'a header line is none' }
    const lower = name.toLowerCase()
    if (lower === 'transfer-encoding') chunked = true
    if (lower !== 'content-length') continue
    if (!/^\d+[ \t]*$/.test(value) || (length !== undefined && length !== value))
      return { junk: 'its length is none' }
    length = value
  }
  if (chunked && length !== undefined) return { junk: 'its length is said in two ways' }
  return { status: Number(match[1]), reason: match[2] ?? '' }
}
