/**
 * Names for a byte that stands where it may not. Off the fast path: asked only once a message is lost.
 *
 * Source: RFC 9112, 2.2 (bare CR and LF), 5.1 (space before the colon), 5.2 (obs-fold); RFC 9110, 5.5 (NUL).
 */
import { COLON, CR, LF, SPACE, TAB } from './bytes.ts'
import type { MessageErrorCode } from './error.ts'

/** A byte that ends no line and may not stand in one: bare LF, a control byte, or what the caller says. */
export function codeForByte(byte: number, otherwise: MessageErrorCode): MessageErrorCode {
  if (byte === LF) return 'EVENER_HTTP1_BARE_LF'
  const control = byte < SPACE || byte === 0x7f
  return control && byte !== TAB ? 'EVENER_HTTP1_CONTROL_BYTE' : otherwise
}

/** A byte that begins a header line and is no token byte. */
export function codeAtLineStart(byte: number): MessageErrorCode {
  if (byte === SPACE || byte === TAB) return 'EVENER_HTTP1_OBSOLETE_FOLD'
  if (byte === COLON) return 'EVENER_HTTP1_EMPTY_NAME'
  return codeForByte(byte, 'EVENER_HTTP1_HEADER_NAME')
}

/** A byte that follows a header name and is not its colon. */
export function codeInName(byte: number): MessageErrorCode {
  if (byte === SPACE || byte === TAB) return 'EVENER_HTTP1_SPACE_BEFORE_COLON'
  if (byte === CR) return 'EVENER_HTTP1_NO_COLON'
  return codeForByte(byte, 'EVENER_HTTP1_HEADER_NAME')
}
