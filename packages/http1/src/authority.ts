/**
 * `host[:port]`: the grammar of the Host header, of a CONNECT target and of the authority in an absolute target.
 *
 * Invariant: what passes has one host, at most one port up to 65535, no user information, no white space.
 * Refused though RFC 3986 could be read to allow them: an empty host (RFC 9110, 4.2.1: an http URI has one), a comma
 * (two Host headers merged by someone), IPvFuture, and zone identifiers, which mean nothing to another machine.
 * Cost: one look-up per byte, no allocation.
 * Source: RFC 3986, 3.2.2 and 3.2.3; RFC 9110, 4.2 and 7.2.
 */
import { COLON, HEX, isDigit, PERCENT, REGISTERED_NAME } from './bytes.ts'

const OPEN_BRACKET = 0x5b

/** Where the host ends (at the colon of the port, or `to`) in `text` from `from` to before `to`; -1 if invalid. */
export function hostEnd(text: string, from: number, to: number): number {
  let at = from
  if (text.charCodeAt(from) === OPEN_BRACKET) {
    const close = text.indexOf(']', from)
    if (close < 0 || close >= to || !isIPv6(text.slice(from + 1, close))) return -1
    at = close + 1
  } else {
    while (at < to) {
      const code = text.charCodeAt(at)
      if (REGISTERED_NAME[code] === 1) at++
      else if (code === PERCENT && isHex(text, at + 1, to) && isHex(text, at + 2, to)) at += 3
      else break
    }
  }
  if (at === from || (at < to && !isPort(text, at, to))) return -1
  return at
}

/** `:` and up to 65535; the digits may be missing (RFC 3986, 3.2.3). */
function isPort(text: string, colon: number, to: number): boolean {
  if (text.charCodeAt(colon) !== COLON) return false
  let port = 0
  for (let at = colon + 1; at < to; at++) {
    const code = text.charCodeAt(at)
    if (!isDigit(code)) return false
    port = port * 10 + (code - 0x30)
  }
  return port <= 65_535
}

function isHex(text: string, at: number, to: number): boolean {
  return at < to && HEX[text.charCodeAt(at)] !== 255
}

/** True for an IPv6 address without brackets and without a zone (RFC 4291, 2.2). */
export function isIPv6(address: string): boolean {
  const gap = address.indexOf('::')
  if (gap < 0) return groups(address) === 8
  const after = address.slice(gap + 2)
  const left = gap === 0 ? 0 : groups(address.slice(0, gap), true)
  const right = after === '' ? 0 : groups(after)
  return left >= 0 && right >= 0 && left + right <= 7
}

/** How many groups of 16 bits are written here, a final IPv4 address counting as two; -1 if malformed. */
function groups(text: string, mayNotEndInIPv4 = false): number {
  const parts = text.split(':')
  let count = 0
  for (const [index, part] of parts.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(part)) count++
    else if (index === parts.length - 1 && !mayNotEndInIPv4 && isIPv4(part)) count += 2
    else return -1
  }
  return count
}

function isIPv4(text: string): boolean {
  const parts = text.split('.')
  return parts.length === 4 && parts.every(part => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255)
}

/**
 * True when two valid authorities name the same host and port, a missing port being `defaultPort`. With
 * `defaultPort` 0 a missing port agrees with any.
 */
export function sameAuthority(one: string, other: string, defaultPort: number): boolean {
  if (one === other) return true
  const endOne = hostEnd(one, 0, one.length)
  const endOther = hostEnd(other, 0, other.length)
  if (one.slice(0, endOne).toLowerCase() !== other.slice(0, endOther).toLowerCase()) return false
  const portOne = Number(one.slice(endOne + 1)) || defaultPort
  const portOther = Number(other.slice(endOther + 1)) || defaultPort
  return portOne === portOther || portOne === 0 || portOther === 0
}
