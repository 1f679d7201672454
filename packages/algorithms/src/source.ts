/**
 * The same server for the same client address: HAProxy's `balance source`.
 *
 * The key is the address as a number: the four bytes of an IPv4 address, or the four words of an IPv6 address
 * exclusive-or'd. A hash function has no part in it, `avalanche` has. An IPv4 address in IPv6 form
 * (`::ffff:192.0.2.1`), as Node gives it on a socket that listens to both, is that IPv4 address.
 *
 * Not for: clients behind one address, which all go to one server.
 */
import type { Balancer, RequestInfo } from './balancer.ts'
import { type HashingOptions, hashBy, hashingOptionNames } from './hash.ts'
import { readOptions } from './options.ts'

const [dot, colon, percent] = [0x2e, 0x3a, 0x25]

/** @returns the four bytes as a number without sign, NaN for what is not an IPv4 address */
function ipv4Number(text: string, start: number, end: number): number {
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

/** Read an IPv6 address into `groups`; a zone (`%eth0`) is not part of it. */
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

/** @returns the number that HAProxy makes of an address, 0 to 2^32 - 1; NaN for what is not an address */
export function addressNumber(text: string): number {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === dot) return ipv4Number(text, 0, text.length)
    if (code === colon || code === percent) break
  }
  if (!readIpv6(text)) return Number.NaN
  let high = 0
  let low = 0
  let anyOfFirstFive = 0
  for (let group = 0; group < 8; group += 2) {
    high ^= groups[group] as number
    low ^= groups[group + 1] as number
    if (group < 4) anyOfFirstFive |= (groups[group] as number) | (groups[group + 1] as number)
    if (group === 4) anyOfFirstFive |= groups[group] as number
  }
  // An IPv4 address in IPv6 form has nothing before the ones in group 5, which are not part of it.
  return high * 65_536 + (anyOfFirstFive === 0 && groups[5] === 0xffff ? low ^ 0xffff : low)
}

/**
 * The same server for the same client address.
 *
 * A request without an address, or with one that cannot be read, counts as one without a key.
 *
 * @returns a new balancer
 * @throws {AlgorithmError} `EVENER_INVALID_OPTION` for an unknown option or a value not allowed
 */
export function source<C extends Pick<RequestInfo, 'sourceAddress'> = RequestInfo>(
  options: HashingOptions<C> = {},
): Balancer<C> {
  readOptions('source', options, hashingOptionNames)
  return hashBy<C>('source', options, context => {
    const address = context.sourceAddress
    return address === undefined ? Number.NaN : addressNumber(address)
  })
}
