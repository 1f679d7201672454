/**
 * Where a message's body ends, as far as Content-Length and Transfer-Encoding tell; the same for both sides.
 *
 * Invariant: every message whose body two recipients could delimit differently is refused.
 * Source: RFC 9112, 6.1 to 6.3; RFC 9110, 8.6. Stricter than those: a repeated Content-Length is refused even when
 * its values agree, and any coding beside `chunked`, since an intermediary that forwards bytes cannot vouch for it.
 */
import { isDigit, isToken } from './bytes.ts'
import type { MessageErrorCode } from './error.ts'
import type { HeaderLines } from './header-lines.ts'
import { trimBlanks } from './list.ts'
import { CONTENT_LENGTH, TRANSFER_ENCODING } from './names.ts'

/**
 * How the end of the body is found: there is no body; `contentLength` bytes; chunks; the end of the connection;
 * or never, because what follows is no longer HTTP (CONNECT, 101).
 */
export type Framing = 'none' | 'length' | 'chunked' | 'until-close' | 'tunnel'

/** Registered codings (RFC 9112, 7) beside chunked: with these a missing final `chunked` is the sender's fault. */
const REGISTERED = new Set(['gzip', 'x-gzip', 'deflate', 'compress', 'x-compress', 'identity'])

const DIGITS = /^[0-9]+$/

/** Mask of the two headers on which framing hangs. */
const FRAMING_MASK = (1 << CONTENT_LENGTH) | (1 << TRANSFER_ENCODING)

/** The result of `declaredLength` when a chunked body is declared, or nothing is. */
export const CHUNKED = -1
export const UNDECLARED = -2

/** Where the line at fault starts, when framing is refused. */
export function faultyLine(lines: HeaderLines): number {
  const coded = (lines.present & (1 << TRANSFER_ENCODING)) !== 0
  return lines.offsetOfLast(coded ? TRANSFER_ENCODING : CONTENT_LENGTH)
}

/** The declared length of the body, `CHUNKED`, `UNDECLARED`, or the code of the error. */
export function declaredLength(lines: HeaderLines, minorVersion: 0 | 1): number | MessageErrorCode {
  if ((lines.present & FRAMING_MASK) === 0) return UNDECLARED
  if ((lines.present & (1 << TRANSFER_ENCODING)) !== 0) {
    if ((lines.present & (1 << CONTENT_LENGTH)) !== 0) return 'EVENER_HTTP1_LENGTH_AND_ENCODING'
    if (minorVersion === 0) return 'EVENER_HTTP1_ENCODING_IN_1_0'
    return isChunked(lines) ? CHUNKED : codingFault(lines.known(TRANSFER_ENCODING))
  }
  const index = lines.indexOfKnown(CONTENT_LENGTH)
  if (lines.indexOfKnown(CONTENT_LENGTH, index + 1) >= 0) return 'EVENER_HTTP1_CONTENT_LENGTH_DUPLICATE'
  return parseLength(lines.value(index))
}

function parseLength(value: string): number | MessageErrorCode {
  let length = 0
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index)
    if (!isDigit(code)) {
      const list = value.includes(',') && value.split(',').every(part => DIGITS.test(trimBlanks(part)))
      return list ? 'EVENER_HTTP1_CONTENT_LENGTH_DUPLICATE' : 'EVENER_HTTP1_CONTENT_LENGTH'
    }
    // Past 2^53 this is inexact but stays past it, so the comparison below still holds.
    length = length * 10 + (code - 0x30)
  }
  if (value === '') return 'EVENER_HTTP1_CONTENT_LENGTH'
  return length > Number.MAX_SAFE_INTEGER ? 'EVENER_HTTP1_CONTENT_LENGTH_TOO_LARGE' : length
}

/**
 * Whether there is one Transfer-Encoding line and it says `chunked`, with nothing but spaces before and nothing after.
 * White space is as strict as that because llhttp does not take `chunked` followed by a tab for chunked, but reads
 * such a response until the connection ends (found by fuzzing).
 */
function isChunked(lines: HeaderLines): boolean {
  const index = lines.indexOfKnown(TRANSFER_ENCODING)
  const { text, marks } = lines
  const value = text.slice(marks[index * 3 + 1]! + 1, marks[index * 3 + 3]! - 2)
  if (value !== ' chunked' && !/^ *chunked$/i.test(value)) return false
  return lines.indexOfKnown(TRANSFER_ENCODING, index + 1) < 0
}

/** What is wrong with a Transfer-Encoding that is not a plain `chunked`. */
function codingFault(value: string): MessageErrorCode {
  const codings = value.split(',').map(coding => trimBlanks(coding).toLowerCase())
  // A parameter or an empty element: no reading of it is safe.
  if (!codings.every(isToken)) return 'EVENER_HTTP1_TRANSFER_ENCODING'
  if (codings.some(coding => coding !== 'chunked' && !REGISTERED.has(coding))) {
    return 'EVENER_HTTP1_UNKNOWN_CODING'
  }
  const chunkedOnceAndLast = codings.length > 1 && codings.indexOf('chunked') === codings.length - 1
  return chunkedOnceAndLast ? 'EVENER_HTTP1_UNKNOWN_CODING' : 'EVENER_HTTP1_TRANSFER_ENCODING'
}
