/**
 * How texts get into lines and headers so that they stay within their place.
 *
 * HAProxy's maps (manual section 8.6): in a line, what is not printable is `#` and two hexadecimal digits, and so are `"`
 * and `#` in a request, and `{`, `|`, `}` in captured headers; in a header, what no field may hold is percent-encoded.
 * HAProxy writes the results of expressions as they are; here no control character gets through anywhere, and no quote
 * into a quoted text, because `url_dec` makes line feeds of what any client may send.
 *
 * Cost: a text with nothing to backslash is tested once and goes on as it is.
 */

import { addressBytes } from '../address.ts'

/** What is done to each variable of a template. HAProxy's `{+Q}`, `{+X}`, `{+E}`. */
export interface Flags {
  readonly quote: boolean
  readonly hex: boolean
  readonly backslash: boolean
}

/** Where a template's result goes: a line of a log, or a header, a target, a body. */
export type Place = 'line' | 'header'

const control = '\\x00-\\x1f\\x7f'
const requestUnsafe = new RegExp(`[${control}\\x80-\\uffff"#]`)
const captureUnsafe = new RegExp(`[${control}\\x80-\\uffff"#{|}]`)
const lineUnsafe = new RegExp(`[${control}]`)
const quotedUnsafe = new RegExp(`[${control}"]`)
const headerUnsafe = /[^\t -~\x80-\uffff]/

/** A request line, or a part of one. */
export function requestText(text: string, flags: Flags): string {
  return encoded(text, requestUnsafe, flags)
}

/** A captured header. */
export function captureText(text: string, flags: Flags): string {
  return encoded(text, captureUnsafe, flags)
}

function encoded(text: string, unsafe: RegExp, { backslash }: Flags): string {
  const safe = unsafe.test(text) ? replaced(text, unsafe, '#') : text
  return backslash ? backslashed(safe) : safe
}

/** Any other text, quoted where that is asked for. In a line what is empty is a dash, so that fields can be counted. */
export function plainText(text: string, place: Place, { quote, backslash }: Flags): string {
  if (text === '' && place === 'line' && !quote) return '-'
  let safe = text
  if (place === 'header') {
    if (headerUnsafe.test(text)) safe = replaced(text, headerUnsafe, '%')
  } else {
    // Within backslashes a quote cannot end the text.
    const unsafe = quote && !backslash ? quotedUnsafe : lineUnsafe
    if (unsafe.test(text)) safe = replaced(text, unsafe, '#')
  }
  if (backslash) safe = backslashed(safe)
  return quote ? `"${safe}"` : safe
}

/** For values of structured data (RFC 5424 section 6.3.3). */
function backslashed(text: string): string {
  return /["\\\]]/.test(text) ? text.replace(/["\\\]]/g, '\\$&') : text
}

function replaced(text: string, unsafe: RegExp, sign: '#' | '%'): string {
  return text.replace(new RegExp(unsafe, 'g'), character => {
    const code = character.charCodeAt(0)
    return sign + hex(code, 2)
  })
}

/** In capital hexadecimal digits, at least so many. */
export function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0')
}

/** An address's bytes in hexadecimal, most significant first: `7F000001`. Empty for what is none. */
export function addressHex(address: string): string {
  const bytes = addressBytes(address) ?? ''
  return Array.from(bytes, byte => hex(byte.charCodeAt(0), 2)).join('')
}
