/**
 * What a refused message is refused for: a value, never thrown for input.
 *
 * Each code has one status towards the client. What a *server* sends is refused with the same codes and 502,
 * since the client has done nothing wrong.
 *
 * Source: RFC 9112, 2.2, 3, 3.2, 5.1, 5.2, 6.1, 6.3, 7.1; RFC 9110, 15.5 and 15.6; RFC 6585, 5 (431).
 */

const REFUSALS = {
  EVENER_HTTP1_EMPTY_LINES: [400, 'more than one empty line before the request line'],
  EVENER_HTTP1_BARE_CR: [400, 'CR without LF'],
  EVENER_HTTP1_BARE_LF: [400, 'LF without CR'],
  EVENER_HTTP1_CONTROL_BYTE: [400, 'NUL or another control byte'],
  EVENER_HTTP1_START_LINE: [400, 'malformed start line'],
  EVENER_HTTP1_START_LINE_TOO_LONG: [414, 'start line longer than maxStartLineBytes'],
  EVENER_HTTP1_METHOD: [400, 'the method is not a token'],
  EVENER_HTTP1_TARGET: [400, 'the request target is invalid for the method'],
  EVENER_HTTP1_VERSION: [505, 'only HTTP/1.0 and HTTP/1.1 are spoken here'],
  EVENER_HTTP1_STATUS_CODE: [400, 'the status code is not three digits between 100 and 599'],
  EVENER_HTTP1_OBSOLETE_FOLD: [400, 'a line begins with white space (obs-fold)'],
  EVENER_HTTP1_EMPTY_NAME: [400, 'empty header name'],
  EVENER_HTTP1_SPACE_BEFORE_COLON: [400, 'white space in or after a header name'],
  EVENER_HTTP1_HEADER_NAME: [400, 'a byte that no header name may hold'],
  EVENER_HTTP1_NO_COLON: [400, 'header line without a colon'],
  EVENER_HTTP1_HEAD_TOO_LARGE: [431, 'head or trailers larger than allowed'],
  EVENER_HTTP1_LINE_TOO_LONG: [431, 'header or trailer line longer than maxLineBytes'],
  EVENER_HTTP1_TOO_MANY_HEADERS: [431, 'more header or trailer lines than allowed'],
  EVENER_HTTP1_HOST_MISSING: [400, 'no Host header'],
  EVENER_HTTP1_HOST_DUPLICATE: [400, 'more than one Host header'],
  EVENER_HTTP1_HOST_INVALID: [400, 'the Host header is not host[:port]'],
  EVENER_HTTP1_HOST_MISMATCH: [400, 'the Host header disagrees with the request target'],
  EVENER_HTTP1_CONNECTION: [400, 'the Connection header is not a list of tokens'],
  EVENER_HTTP1_CONTENT_LENGTH: [400, 'Content-Length is not a row of digits'],
  EVENER_HTTP1_CONTENT_LENGTH_DUPLICATE: [400, 'more than one Content-Length'],
  EVENER_HTTP1_CONTENT_LENGTH_TOO_LARGE: [413, 'Content-Length beyond 2^53 - 1'],
  EVENER_HTTP1_LENGTH_AND_ENCODING: [400, 'Transfer-Encoding together with Content-Length'],
  EVENER_HTTP1_TRANSFER_ENCODING: [400, 'Transfer-Encoding is not a single final chunked'],
  EVENER_HTTP1_UNKNOWN_CODING: [501, 'a transfer coding other than chunked'],
  EVENER_HTTP1_ENCODING_IN_1_0: [400, 'Transfer-Encoding in HTTP/1.0'],
  EVENER_HTTP1_BODY_FORBIDDEN: [400, 'a body announced where the message can have none'],
  EVENER_HTTP1_UPGRADE_MISSING: [400, '101 without an Upgrade header'],
  EVENER_HTTP1_CHUNK_SIZE: [400, 'malformed chunk size'],
  EVENER_HTTP1_CHUNK_EXTENSION: [400, 'malformed chunk extension'],
  EVENER_HTTP1_CHUNK_EXTENSION_TOO_LONG: [413, 'chunk extensions longer than allowed'],
  EVENER_HTTP1_CHUNK_END: [400, 'chunk data not followed by CRLF'],
  EVENER_HTTP1_BODY_TOO_LARGE: [413, 'body larger than maxBodyBytes'],
  EVENER_HTTP1_TRAILER_FORBIDDEN: [400, 'a trailer that belongs in the head'],
  EVENER_HTTP1_TRUNCATED: [400, 'the connection ended within the message'],
} as const satisfies Record<string, readonly [MessageStatus, string]>

/** The status with which a refused message is answered. 502 for what a server sent. */
export type MessageStatus = 400 | 413 | 414 | 431 | 501 | 502 | 505

/** Why a message was refused; stable across versions. */
export type MessageErrorCode = keyof typeof REFUSALS

/** Who sent the message: `request` for clients, `response` for servers. */
export type MessageSide = 'request' | 'response'

/**
 * A message that was refused. A plain value without a stack: making one costs nothing that an attacker could
 * spend. After one the connection has lost its framing: answer, then close.
 */
export class MessageError {
  readonly kind = 'error'
  /** What is wrong, for programs. */
  readonly code: MessageErrorCode
  /** The status to answer with; always 502 for a response. */
  readonly status: MessageStatus
  /** What is wrong, for people, with the offset. Holds no bytes of the message, so it may be logged. */
  readonly message: string
  /** Where: bytes from the start of the head, or of the body for a body. */
  readonly offset: number

  constructor(code: MessageErrorCode, offset: number, side: MessageSide) {
    const [status, meaning] = REFUSALS[code]
    this.code = code
    this.status = side === 'response' ? 502 : status
    this.message = `${meaning} (byte ${offset} of the ${side})`
    this.offset = offset
  }
}

/** Every code, for tables and tests. */
export const messageErrorCodes = Object.keys(REFUSALS) as readonly MessageErrorCode[]
