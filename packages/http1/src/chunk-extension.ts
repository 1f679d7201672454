/**
 * The grammar of chunk extensions, a byte at a time: `;name`, `;name=token`, `;name="quoted"`.
 *
 * Checked although extensions are passed on unread, because an extension that one parser ends early and another late
 * is a way to smuggle requests. No white space: RFC 9112 calls it bad, and Node's parser refuses it too.
 *
 * Source: RFC 9112, 7.1.1; RFC 9110, 5.6.4 (quoted-string).
 */
import { BACKSLASH, CR, EQUALS, QUOTE, QUOTED, SEMICOLON, TOKEN, VALUE } from './bytes.ts'

/** After the semicolon: a name has to begin. */
export const EXTENSION_START = 0
/** The CR that ends the line has come, where it may. */
export const EXTENSION_END = -1
/** The byte may not stand here. */
export const EXTENSION_FAULT = -2

const NAME = 1
const VALUE_START = 2
const TOKEN_VALUE = 3
const IN_QUOTES = 4
const ESCAPED = 5
const AFTER_QUOTES = 6

/** The state after `byte`, `EXTENSION_END` or `EXTENSION_FAULT`. */
export function afterByte(state: number, byte: number): number {
  switch (state) {
    case EXTENSION_START:
      return TOKEN[byte] === 1 ? NAME : EXTENSION_FAULT
    case NAME:
      if (TOKEN[byte] === 1) return NAME
      return byte === EQUALS ? VALUE_START : afterValue(byte)
    case VALUE_START:
      if (byte === QUOTE) return IN_QUOTES
      return TOKEN[byte] === 1 ? TOKEN_VALUE : EXTENSION_FAULT
    case TOKEN_VALUE:
      return TOKEN[byte] === 1 ? TOKEN_VALUE : afterValue(byte)
    case IN_QUOTES:
      if (QUOTED[byte] === 1) return IN_QUOTES
      if (byte === BACKSLASH) return ESCAPED
      return byte === QUOTE ? AFTER_QUOTES : EXTENSION_FAULT
    case ESCAPED:
      return VALUE[byte] === 1 ? IN_QUOTES : EXTENSION_FAULT
    default:
      return afterValue(byte)
  }
}

function afterValue(byte: number): number {
  if (byte === SEMICOLON) return EXTENSION_START
  return byte === CR ? EXTENSION_END : EXTENSION_FAULT
}
