/**
 * The header names on which framing and forwarding hang, recognised by length, first letter, then the whole name.
 *
 * Invariant: `recognise` is case-insensitive and exact. Folding with `| 0x20` is sound here because names are
 * tokens already: among token bytes only upper-case letters fold onto letters, and only `-` onto `-`.
 * Cost: one switch for a name whose length no known name has; no allocation.
 * Not for: arbitrary names; those are looked up when asked for, see `HeaderLines`.
 */

export const OTHER = 0
export const HOST = 1
export const CONTENT_LENGTH = 2
export const TRANSFER_ENCODING = 3
export const CONNECTION = 4
export const KEEP_ALIVE = 5
export const PROXY_CONNECTION = 6
export const TE = 7
export const UPGRADE = 8
export const EXPECT = 9
export const TRAILER = 10

/** The known names, lower case; the index is the number above. */
export const KNOWN_NAMES = [
  '',
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'upgrade',
  'expect',
  'trailer',
] as const

const KNOWN_BYTES = KNOWN_NAMES.map(name => Uint8Array.from(name, letter => letter.charCodeAt(0)))

/** The number of the known name that lies in `bytes` from `from` to before `to`, or `OTHER`. */
export function recognise(bytes: Uint8Array, from: number, to: number): number {
  switch (to - from) {
    case 2:
      return verify(bytes, from, TE)
    case 4:
      return verify(bytes, from, HOST)
    case 6:
      return verify(bytes, from, EXPECT)
    case 7:
      return verify(bytes, from, (bytes[from]! | 0x20) === 0x75 ? UPGRADE : TRAILER)
    case 10:
      return verify(bytes, from, (bytes[from]! | 0x20) === 0x63 ? CONNECTION : KEEP_ALIVE)
    case 14:
      return verify(bytes, from, CONTENT_LENGTH)
    case 16:
      return verify(bytes, from, PROXY_CONNECTION)
    case 17:
      return verify(bytes, from, TRANSFER_ENCODING)
    default:
      return OTHER
  }
}

function verify(bytes: Uint8Array, from: number, candidate: number): number {
  const name = KNOWN_BYTES[candidate]!
  for (let index = 0; index < name.length; index++) {
    if ((bytes[from + index]! | 0x20) !== name[index]) return OTHER
  }
  return candidate
}
