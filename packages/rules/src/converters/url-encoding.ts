/** Percent-encoding: RFC 3986 section 2.1. */
import { type Converter, converter } from '../value.ts'

/**
 * Decode. A `%` without two hexadecimal digits behind it gives nothing.
 * @param inForm whether `+` is a blank from the start on; otherwise it is one behind a `?` only
 */
export function urlDec(inForm = false): Converter<string, string> {
  return converter(inForm ? 'url_dec(1)' : 'url_dec', 'str', 'str', text => decode(text, inForm))
}

/** Encode all but letters, digits and `-`, `.`, `_`, `~`: for a query. */
export const urlEnc = (kind: 'query' = 'query'): Converter<string, string> =>
  converter(`url_enc(${kind})`, 'str', 'str', encode)

function decode(text: string, form: boolean): string | undefined {
  let inForm = form
  let decoded = ''
  let kept = 0
  let at = 0
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at)
    // As in HAProxy, whose texts end there.
    if (code === 0) break
    if (code === 0x3f) inForm = true
    else if (code === 0x2b && inForm) {
      decoded += `${text.slice(kept, at)} `
      kept = at + 1
    } else if (code === 0x25) {
      const byte = hexByte(text, at + 1)
      if (byte < 0) return undefined
      decoded += text.slice(kept, at) + String.fromCharCode(byte)
      at += 2
      kept = at + 1
    }
  }
  return kept === 0 && at === text.length ? text : decoded + text.slice(kept, at)
}

/** The byte of two hexadecimal digits; -1 where they are none. */
function hexByte(text: string, at: number): number {
  const digits = text.slice(at, at + 2)
  return /^[0-9a-fA-F]{2}$/.test(digits) ? Number.parseInt(digits, 16) : -1
}

function encode(text: string): string {
  return text.replace(
    /[^A-Za-z0-9._~-]/g,
    character => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
}
