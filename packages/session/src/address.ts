/**
 * One spelling for each IP address, so that a client is one key however its address was written.
 *
 * IPv4 as dotted decimals. IPv6 as 8 groups of lower-case hexadecimal digits without leading zeros and
 * without `::`: not the pretty form of RFC 5952, but as unique, and cheaper. An IPv4 address mapped into
 * IPv6 (RFC 4291 section 2.5.5.2), as a dual-stack listener reports it, is the IPv4 address. A zone
 * (`%eth0`) is left out.
 *
 * Cost: under 0.05 µs for IPv4, 0.2 µs for the usual mapped form, about 1 µs for IPv6.
 */
import { isIPv6 } from 'node:net'

const MAPPED = '::ffff:'
const COLON = 0x3a
const DOT = 0x2e

/** @returns undefined for a text that is no address */
export function canonicalAddress(text: string): string | undefined {
  if (isIPv4(text)) return text
  // What a dual-stack listener reports for most clients: worth not being taken apart and put together again.
  if (text.startsWith(MAPPED) && isIPv4(text.slice(MAPPED.length))) return text.slice(MAPPED.length)
  if (!isIPv6(text)) return undefined
  const zone = text.indexOf('%')
  const groups = groupsOf(zone === -1 ? text : text.slice(0, zone))
  const [a, b, c, d, e, mark, high, low] = groups as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  if (mark === 0xffff && (a | b | c | d | e) === 0) {
    return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
  }
  let canonical = a.toString(16)
  for (let at = 1; at < 8; at++) canonical += `:${groups[at]!.toString(16)}`
  return canonical
}

/**
 * Whether a text is four numbers up to 255, without leading zeros, with dots between. `node:net` says the same in three times
 * as long, by a regular expression: half of what a key of a stick table costs.
 */
export function isIPv4(text: string): boolean {
  if (text.length > 15) return false
  let number = -1
  let dots = 0
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 0x30
    if (digit >= 0 && digit <= 9) {
      if (number === 0) return false
      number = number === -1 ? digit : number * 10 + digit
      if (number > 255) return false
    } else if (digit + 0x30 === DOT && number !== -1) {
      dots++
      number = -1
    } else return false
  }
  return dots === 3 && number !== -1
}

/**
 * The 8 groups of a valid IPv6 address. One pass without splitting: it is asked for each request of an IPv6
 * client.
 */
export function groupsOf(text: string): number[] {
  const groups: number[] = []
  let gap = -1
  let start = 0
  while (start < text.length) {
    if (text.charCodeAt(start) === COLON) {
      // A colon where a group should begin: the second of `::`, or its first at the very beginning.
      gap = groups.length
      start += start === 0 ? 2 : 1
      continue
    }
    const colon = text.indexOf(':', start)
    const end = colon === -1 ? text.length : colon
    if (colon === -1 && text.includes('.', start)) {
      const [a, b, c, d] = text.slice(start).split('.').map(Number)
      groups.push(a! * 256 + b!, c! * 256 + d!)
    } else groups.push(Number.parseInt(text.slice(start, end), 16))
    start = end + 1
  }
  while (groups.length < 8) groups.splice(gap, 0, 0)
  return groups
}
