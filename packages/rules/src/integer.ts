/**
 * Whole numbers as HAProxy reads and writes them.
 *
 * Its own have 64 bits and a sign. Ours are numbers: exact to 2^53, rounded to 53 bits beyond, and held within the
 * range of 64 bits, so that what overflows there stops at the same end here.
 */

/** The ends of HAProxy's range, as numbers: the upper one, 2^63 - 1, rounds to 2^63. */
const most = 2 ** 63

/** Hold a number in the range. */
export function clampInteger(value: number): number {
  return Math.max(-most, Math.min(value, most))
}

/**
 * The number that a text begins with, with a sign or without; 0 where it begins with none, and undefined for an empty
 * text, as HAProxy casts one.
 */
export function readInteger(text: string): number | undefined {
  if (text.length === 0) return undefined
  const first = text.charCodeAt(0)
  const start = first === 0x2d || first === 0x2b ? 1 : 0
  let end = start
  let value = 0
  for (; end < text.length; end++) {
    const digit = text.charCodeAt(end) - 0x30
    if (digit < 0 || digit > 9) break
    value = value * 10 + digit
  }
  // Sixteen digits and more may have been rounded on the way: once is enough.
  if (end - start > 15) value = Math.min(Number(text.slice(start, end)), most)
  return first === 0x2d && value !== 0 ? -value : value
}

/** A number in decimal digits, never in an exponent. */
export function integerText(value: number): string {
  return Number.isSafeInteger(value) ? String(value) : String(exactInteger(value))
}

/** The 64 bits of a number. */
export function exactInteger(value: number): bigint {
  const exact = BigInt(value)
  return exact >= 0x8000_0000_0000_0000n ? 0x7fff_ffff_ffff_ffffn : exact
}

/** A number as eight bytes, the highest first. */
export function integerBytes(value: number): string {
  if (value >= most) return '\x7f\xff\xff\xff\xff\xff\xff\xff'
  return fourBytes(Math.floor(value / 2 ** 32)) + fourBytes(value)
}

/** The lower 32 bits as four bytes, the highest first. */
export function fourBytes(value: number): string {
  const bits = value | 0
  return String.fromCharCode(bits >>> 24, (bits >>> 16) & 255, (bits >>> 8) & 255, bits & 255)
}
