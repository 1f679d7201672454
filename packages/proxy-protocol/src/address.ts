/**
 * IP addresses between their text and their bytes, strictly.
 *
 * What is read: four plain decimal numbers; groups of hexadecimal digits with at most one `::`, the last two perhaps
 * as IPv4. No zones, no octal, no short forms. What is written is what Node and `inet_ntop` write, so that an address
 * from a header compares equal to one from a socket.
 *
 * Source: RFC 4291, 2.2; RFC 5952; PROXY protocol specification, 2.1. Cost: O(length of the text).
 */

const DECIMAL = /^(?:0|[1-9]\d{0,4})$/

/** A decimal number without leading zeros, sign or anything else, up to `most` (at most 65535); -1 for all else. */
export function plainNumber(text: string, most: number): number {
  if (!DECIMAL.test(text)) return -1
  const value = Number(text)
  return value <= most ? value : -1
}

/** Put the four bytes of an address into `into` at `at`; false where the text is none. */
export function ipv4ToBytes(text: string, into: Uint8Array, at: number): boolean {
  const parts = text.split('.', 5)
  if (parts.length !== 4) return false
  for (const [index, part] of parts.entries()) {
    const value = plainNumber(part, 255)
    if (value === -1) return false
    into[at + index] = value
  }
  return true
}

/** The text of the four bytes at `at`. */
export function ipv4FromBytes(bytes: Uint8Array, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`
}

/** Put the sixteen bytes of an address into `into` at `at`; false where the text is none. */
export function ipv6ToBytes(text: string, into: Uint8Array, at: number): boolean {
  const gap = text.indexOf('::')
  const head = groupsOf(gap === -1 ? text : text.slice(0, gap), gap === -1)
  const tail = groupsOf(gap === -1 ? '' : text.slice(gap + 2), true)
  if (head === undefined || tail === undefined) return false
  const count = head.length + tail.length
  // A double colon stands for one group at least.
  if (gap === -1 ? count !== 8 : count > 7) return false
  into.fill(0, at, at + 16)
  for (const [index, group] of head.entries()) putGroup(into, at + 2 * index, group)
  for (const [index, group] of tail.entries()) putGroup(into, at + 16 - 2 * (tail.length - index), group)
  return true
}

function putGroup(into: Uint8Array, at: number, group: number): void {
  into[at] = group >>> 8
  into[at + 1] = group & 0xff
}

/** The groups of one side of the double colon; undefined where they are none. */
function groupsOf(text: string, mayEndInIpv4: boolean): number[] | undefined {
  if (text === '') return []
  const parts = text.split(':', 9)
  const groups: number[] = []
  for (const [index, part] of parts.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16))
    else {
      const ipv4 = [0, 0, 0, 0]
      if (!mayEndInIpv4 || index !== parts.length - 1) return undefined
      if (!ipv4ToBytes(part, ipv4 as unknown as Uint8Array, 0)) return undefined
      groups.push((ipv4[0]! << 8) | ipv4[1]!, (ipv4[2]! << 8) | ipv4[3]!)
    }
  }
  return groups
}

/** The text of the sixteen bytes at `at`. */
export function ipv6FromBytes(bytes: Uint8Array, at: number): string {
  const groups: number[] = []
  for (let index = 0; index < 16; index += 2) groups.push((bytes[at + index]! << 8) | bytes[at + index + 1]!)

  // The first of the longest rows of zeros, two groups at least.
  let from = 8
  let length = 1
  for (let index = 0; index < 8; index++) {
    let end = index
    while (groups[end] === 0) end++
    if (end - index > length) {
      from = index
      length = end - index
    }
    index = Math.max(index, end)
  }
  if (from === 8) return hex(groups)
  // IPv4 within IPv6: mapped, and the compatible form that RFC 4291 has given up but inet_ntop has not.
  if (from === 0 && length === 6) return `::${ipv4FromBytes(bytes, at + 12)}`
  if (from === 0 && length === 5 && groups[5] === 0xffff) return `::ffff:${ipv4FromBytes(bytes, at + 12)}`
  return `${hex(groups.slice(0, from))}::${hex(groups.slice(from + length))}`
}

function hex(groups: readonly number[]): string {
  return groups.map(group => group.toString(16)).join(':')
}
