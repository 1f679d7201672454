/**
 * IP addresses from text to numbers, strictly and without allocation.
 *
 * Cost: O(length), at most 45 characters of a valid one.
 * Not for: host names, or forms that only some systems read (`127.1`, `0x7f000001`): they are no addresses here.
 */

const [dot, colon] = [0x2e, 0x3a]

/** @returns the four bytes as a number without sign, NaN for what is not an IPv4 address */
export function ipv4Number(text: string, start: number, end: number): number {
  let value = 0
  let part = -1
  let parts = 0
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at)
    if (code === dot) {
      if (part < 0 || ++parts > 3) return Number.NaN
      value = value * 256 + part
      part = -1
    } else {
      const digit = code - 0x30
      // No leading zeros: some read them as octal.
      if (digit < 0 || digit > 9 || part === 0) return Number.NaN
      part = part < 0 ? digit : part * 10 + digit
      if (part > 255) return Number.NaN
    }
  }
  return parts === 3 && part >= 0 ? value * 256 + part : Number.NaN
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}

/** The eight groups of the address that is being read. */
const groups = new Uint16Array(8)

/**
 * Read an IPv6 address; a zone (`%eth0`) is not part of it.
 * @returns its eight groups, which stand until the next call; undefined for what is not an IPv6 address
 */
export function ipv6Groups(text: string): Uint16Array | undefined {
  return readIpv6(text) ? groups : undefined
}

function readIpv6(text: string): boolean {
  const zone = text.indexOf('%')
  const end = zone < 0 ? text.length : zone
  let count = 0
  let gap = -1
  let at = 0
  if (text.charCodeAt(0) === colon) {
    if (text.charCodeAt(1) !== colon) return false
    gap = 0
    at = 2
  }
  while (at < end) {
    if (count === 8) return false
    const start = at
    let group = 0
    let digit = hexDigit(text.charCodeAt(at))
    while (at < end && digit >= 0) {
      group = group * 16 + digit
      digit = hexDigit(text.charCodeAt(++at))
    }
    if (at < end && text.charCodeAt(at) === dot) {
      const value = ipv4Number(text, start, end)
      if (Number.isNaN(value) || count > 6) return false
      groups[count++] = value >>> 16
      groups[count++] = value & 0xffff
      at = end
      break
    }
    if (at === start || at - start > 4) return false
    groups[count++] = group
    if (at === end) break
    if (text.charCodeAt(at++) !== colon) return false
    if (at < end && text.charCodeAt(at) === colon) {
      if (gap >= 0) return false
      gap = count
      at++
    } else if (at === end) return false
  }
  if (gap < 0) return count === 8
  if (count > 7) return false
  const moved = count - gap
  groups.copyWithin(8 - moved, gap, count)
  groups.fill(0, gap, 8 - moved)
  return true
}
