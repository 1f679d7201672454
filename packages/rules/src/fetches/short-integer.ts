/**
 * The number that a text begins with, as HAProxy's fetches of values (`hdr_val`, `urlp_val`, `cook_val`) read it: 32 bits
 * that wrap, a minus and no plus, and 0 for no number at all.
 */
export function shortInteger(text: string): number {
  const negative = text.charCodeAt(0) === 0x2d
  let value = 0
  for (let at = negative ? 1 : 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 0x30
    if (digit < 0 || digit > 9) break
    value = (value * 10 + (negative ? -digit : digit)) | 0
  }
  return value
}
