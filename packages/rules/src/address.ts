/**
 * IPv4 and IPv6 addresses as text, and the bytes in them.
 *
 * Cost: a text for what is not yet canonical, and nothing else but for `addressBytes`.
 */
import { fourBytes } from './integer.ts'

/** Where parsers leave the sixteen-bit groups of an IPv6 address. */
const groups = new Uint16Array(8)

/** The 32 bits of an IPv4 address of four decimal parts, which is all of the text; -1 where it is none. */
export function readIpv4(text: string, end = text.length): number {
  let value = 0
  let part = -1
  let dots = 0
  for (let at = 0; at < end; at++) {
    const digit = text.charCodeAt(at) - 0x30
    if (digit >= 0 && digit <= 9) {
      part = (part < 0 ? 0 : part * 10) + digit
      if (part > 255) return -1
    } else if (digit === -2 && part >= 0 && dots < 3) {
      value = value * 256 + part
      part = -1
      dots++
    } else return -1
  }
  return dots === 3 && part >= 0 ? value * 256 + part : -1
}

/** Where digits and dots end. */
export function ipv4End(text: string): number {
  let end = 0
  while (end < text.length && isDigitOrDot(text.charCodeAt(end))) end++
  return end
}

function isDigitOrDot(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || code === 0x2e
}

/** @param bits 32 of them, with or without a sign */
export function ipv4Text(bits: number): string {
  return `${bits >>> 24}.${(bits >>> 16) & 255}.${(bits >>> 8) & 255}.${bits & 255}`
}

/** The canonical text of an address; undefined where the text is none. */
export function canonicalAddress(text: string): string | undefined {
  const bits = readIpv4(text)
  if (bits >= 0) return ipv4Text(bits)
  return readIpv6(text) ? ipv6Text(groups) : undefined
}

/** The eight groups of an IPv6 address, to be read before the next call; undefined where the text is none. */
export function ipv6Groups(text: string): Uint16Array | undefined {
  return readIpv6(text) ? groups : undefined
}

/** Four bytes, or sixteen, as text; undefined where the text is no address. */
export function addressBytes(text: string): string | undefined {
  const bits = readIpv4(text)
  if (bits >= 0) return fourBytes(bits)
  return readIpv6(text)
    ? String.fromCharCode(...[...groups].flatMap(group => [group >> 8, group & 255]))
    : undefined
}

/** As RFC 5952 and `inet_ntop` write it: the longest run of zeros, of two at least, is `::`. */
export function ipv6Text(of: Uint16Array): string {
  let start = -1
  let length = 1
  for (let at = 0; at < 8; at++) {
    let run = 0
    while (at + run < 8 && of[at + run] === 0) run++
    if (run > length) {
      start = at
      length = run
    }
    at += run
  }
  // Mapped and compatible ones have their last half in decimal.
  const dotted = start === 0 && (length === 6 || (length === 5 && of[5] === 0xffff))
  let text = ''
  for (let at = 0; at < (dotted ? 6 : 8); at++) {
    if (at === start) {
      text += '::'
      at += length - 1
    } else text += (text === '' || text.endsWith(':') ? '' : ':') + (of[at] as number).toString(16)
  }
  if (!dotted) return text
  return `${text.endsWith(':') ? text : `${text}:`}${ipv4Text(((of[6] as number) << 16) | (of[7] as number))}`
}

/** Into `groups`. */
function readIpv6(text: string): boolean {
  if (text.length < 2 || text.length > 45) return false
  let at = 0
  let count = 0
  let gap = -1
  if (text.startsWith('::')) {
    gap = 0
    at = 2
  }
  while (at < text.length) {
    if (count === 8) return false
    const start = at
    let value = 0
    for (let digit = hexDigit(text, at); digit >= 0; digit = hexDigit(text, ++at)) value = value * 16 + digit
    if (at === start) return false
    if (text[at] === '.') {
      const bits = readIpv4(text.slice(start))
      if (bits < 0 || count > 6) return false
      groups[count++] = bits >>> 16
      groups[count++] = bits & 0xffff
      break
    }
    if (at - start > 4) return false
    groups[count++] = value
    if (at === text.length) break
    if (text[at] !== ':' || ++at === text.length) return false
    if (text[at] === ':') {
      if (gap >= 0) return false
      gap = count
      at++
    }
  }
  if (gap < 0) return count === 8
  if (count === 8) return false
  groups.copyWithin(8 - count + gap, gap, count)
  groups.fill(0, gap, 8 - count + gap)
  return true
}

function hexDigit(text: string, at: number): number {
  const code = text.charCodeAt(at)
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}
