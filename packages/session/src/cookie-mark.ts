/**
 * What a persistence cookie says, in HAProxy's form: `value`, `value|last` or `value|last|first`.
 *
 * `value` names the server, `last` is when the cookie was last sent to the client, `first` when it was sent
 * for the first time (see `cookie-date.ts`). The form is the same as HAProxy's byte for byte, so a client
 * can go from one to the other and stay where it is. Reading is stricter: what HAProxy would never have
 * written (half a date, something behind the dates) is not a mark, where HAProxy would take the front and
 * ignore the rest.
 */
import { DATE_LENGTH, decodeDate, encodeDate } from './cookie-date.ts'

export interface Mark {
  /** The server, by the name that cookies have for it. */
  readonly value: string
  /** When the cookie was sent last, in seconds since 1970. */
  readonly lastSeconds: number | undefined
  /** When the cookie was sent first, in seconds since 1970. */
  readonly firstSeconds: number | undefined
}

/** Longer cookies than browsers keep (4,096 bytes, RFC 6265 section 6.1) were not written here. */
export const MOST_MARK_LENGTH = 4096

const BAR = '|'

export function writeMark(mark: Mark): string {
  if (mark.lastSeconds === undefined) return mark.value
  const dated = mark.value + BAR + encodeDate(mark.lastSeconds)
  return mark.firstSeconds === undefined ? dated : dated + BAR + encodeDate(mark.firstSeconds)
}

export function readMark(text: string): Mark | undefined {
  const bar = text.indexOf(BAR)
  if (bar === -1) {
    return isCookieText(text) ? { value: text, lastSeconds: undefined, firstSeconds: undefined } : undefined
  }
  const value = text.slice(0, bar)
  const dates = text.slice(bar + 1)
  if (!isCookieText(value)) return undefined
  const lastSeconds = decodeDate(dates.slice(0, DATE_LENGTH))
  if (lastSeconds === undefined) return undefined
  if (dates.length === DATE_LENGTH) return { value, lastSeconds, firstSeconds: undefined }
  if (dates.charAt(DATE_LENGTH) !== BAR) return undefined
  const firstSeconds = decodeDate(dates.slice(DATE_LENGTH + 1))
  return firstSeconds === undefined ? undefined : { value, lastSeconds, firstSeconds }
}

/**
 * True where a text can stand in a cookie as the name of a server: the characters that RFC 6265 section 4.1.1
 * allows in a value, without the bar that parts it from the dates; 1 to {@link MOST_MARK_LENGTH} of them.
 */
export function isCookieText(text: string): boolean {
  if (text.length === 0 || text.length > MOST_MARK_LENGTH) return false
  for (let at = 0; at < text.length; at++) if (!isCookieCode(text.charCodeAt(at))) return false
  return true
}

/** Whether a byte may stand in the name of a server as it is. */
export function isCookieCode(code: number): boolean {
  // Printable ASCII without the double quote, comma, semicolon, backslash and the bar.
  return (
    code > 0x20 &&
    code < 0x7f &&
    code !== 0x22 &&
    code !== 0x2c &&
    code !== 0x3b &&
    code !== 0x5c &&
    code !== 0x7c
  )
}
