/**
 * HAProxy's dates in cookies: 30 bits that count 4-second steps since 1970, as 5 characters.
 *
 * The alphabet is that of base64, most significant bits first, without padding; the count is rounded up
 * when a date is written (HAProxy `src/base64.c`, `s30tob64`, and `src/http_ana.c`). It wraps in the year
 * 2106.
 */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const STEP_SECONDS = 4
/** How many characters a date has. */
export const DATE_LENGTH = 5

/** Write a date, in whole seconds since 1970, rounded up to the next step. */
export function encodeDate(seconds: number): string {
  let steps = Math.ceil(seconds / STEP_SECONDS) % 2 ** 30
  let text = ''
  for (let digit = 0; digit < DATE_LENGTH; digit++) {
    text = ALPHABET.charAt(steps % 64) + text
    steps = Math.floor(steps / 64)
  }
  return text
}

/**
 * Read a date as seconds since 1970; undefined for what is none. Zero is none: HAProxy means "unknown" by
 * it.
 */
export function decodeDate(text: string): number | undefined {
  if (text.length !== DATE_LENGTH) return undefined
  let steps = 0
  for (let digit = 0; digit < DATE_LENGTH; digit++) {
    const value = ALPHABET.indexOf(text.charAt(digit))
    if (value === -1) return undefined
    steps = steps * 64 + value
  }
  return steps === 0 ? undefined : steps * STEP_SECONDS
}
