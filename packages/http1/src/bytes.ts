/**
 * The byte classes of HTTP/1.1 as lookup tables, and the few bytes that have a name.
 *
 * One table look-up for each byte was the fastest of four ways measured (a regular expression over the whole
 * head, `charCodeAt` loops and per-line `indexOf` cost 1.6 to 4 times as much), because a head's bytes are
 * checked and its lines found in the same pass.
 *
 * Source: RFC 9110, 5.6.2 (token), 5.5 (field-value), 5.6.4 (quoted-string); RFC 3986, 3.2.2 (host).
 */

export const TAB = 0x09
export const LF = 0x0a
export const CR = 0x0d
export const SPACE = 0x20
export const QUOTE = 0x22
export const HASH = 0x23
export const PERCENT = 0x25
export const ASTERISK = 0x2a
export const SLASH = 0x2f
export const COLON = 0x3a
export const SEMICOLON = 0x3b
export const EQUALS = 0x3d
export const BACKSLASH = 0x5c

const ALPHANUMERIC = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'

/** A table of 256 entries that holds 1 where `accepts` says so, else 0. */
function table(accepts: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (accepts(byte) ? 1 : 0))
}

const among = (characters: string) => (byte: number) => characters.includes(String.fromCharCode(byte))

/** tchar: what methods, header names and connection options are made of. */
export const TOKEN = table(among(`!#$%&'*+-.^_\`|~${ALPHANUMERIC}`))

/** Bytes of a field value or a reason phrase: HTAB, SP, VCHAR, obs-text. Not NUL, CR, LF, DEL or another control. */
export const VALUE = table(byte => byte === TAB || (byte >= SPACE && byte !== 0x7f))

/** Bytes of a request line: visible ASCII and SP. */
export const REQUEST_LINE = table(byte => byte >= SPACE && byte < 0x7f)

/**
 * Bytes of a request target. Visible ASCII without `#`: a fragment never travels. More than RFC 3986 allows,
 * since browsers send `|`, `{`, `[`, `^` and others as they are (WHATWG URL, percent-encode sets).
 */
export const TARGET = table(byte => byte > SPACE && byte < 0x7f && byte !== HASH)

/** reg-name without `%`: unreserved and sub-delims, but for the comma, by which a merged second Host shows itself. */
export const REGISTERED_NAME = table(among(`-._~!$&'()*+;=${ALPHANUMERIC}`))

/** qdtext: what stands in a quoted string without a backslash. */
export const QUOTED = table(byte => VALUE[byte] === 1 && byte !== QUOTE && byte !== BACKSLASH)

/** The value of a hexadecimal digit, or 255. */
export const HEX = Uint8Array.from({ length: 256 }, (_, byte) => {
  const digit = '0123456789abcdef'.indexOf(String.fromCharCode(byte).toLowerCase())
  return digit < 0 ? 255 : digit
})

/** True for `0` to `9`. */
export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}

/** True when `name` is a token, so that it may stand as a method or a header name. */
export function isToken(name: string): boolean {
  for (let index = 0; index < name.length; index++) if (TOKEN[name.charCodeAt(index)] !== 1) return false
  return name.length > 0
}

/** True when `value` may stand as a field value. Code points above 255 may not: they have no byte in a head. */
export function isFieldValue(value: string): boolean {
  for (let index = 0; index < value.length; index++) if (VALUE[value.charCodeAt(index)] !== 1) return false
  return true
}

/**
 * Bytes `from` to before `to` as a string of as many characters. Node's own `latin1Slice`, which its type
 * declarations leave out; `toString('latin1')` looks up the encoding's name at each call.
 */
export function latin1(buffer: Buffer, from: number, to: number): string {
  return (buffer as Buffer & { latin1Slice(from: number, to: number): string }).latin1Slice(from, to)
}
