/**
 * The same server for the same user of Remote Desktop: HAProxy's `balance rdp-cookie`.
 *
 * A client begins with a connection request (X.224 in TPKT, 11 bytes in all), which may be followed by a line
 * `Cookie: mstshash=user`, or by a routing token of that form (Microsoft, [MS-RDPBCGR] section 2.2.1.1). The key is what
 * follows the equals sign, up to the end of the line; an empty one is no key. Names are compared without regard to case.
 *
 * Not for: clients that send no cookie, which go in turn; or TLS that ends at the server, where nothing can be read.
 */
import type { Balancer, RequestInfo } from './balancer.ts'
import { type HashingOptions, hashBy, hashingOptionNames } from './hash.ts'
import { readOptions, refuse } from './options.ts'

const headerBytes = 11
const label = 'cookie:'
const [space, carriageReturn, lineFeed, equals] = [0x20, 0x0d, 0x0a, 0x3d]
/** A connection request is one TPKT packet, of which nobody sends more than a few hundred bytes. */
const mostBytes = 4096

const none = -1
const moreNeeded = -2

/** Where the value ended that {@link valueStart} has found. */
let valueEnd = 0

/** Whether these bytes have that text, given in lower case. */
function reads(bytes: Uint8Array, at: number, text: string): boolean {
  for (let place = 0; place < text.length; place++) {
    let byte = bytes[at + place] as number
    if (byte >= 0x41 && byte <= 0x5a) byte |= 0x20
    if (byte !== text.charCodeAt(place)) return false
  }
  return true
}

/** Where the cookie's value begins, `none`, or `moreNeeded`. */
function valueStart(bytes: Uint8Array, name: string): number {
  let at = headerBytes
  if (bytes.length <= at + label.length) return moreNeeded
  if (!reads(bytes, at, label)) return none
  at += label.length
  while (bytes[at] === space) at++
  if (bytes.length <= at + name.length) return moreNeeded
  if (bytes[at + name.length] !== equals || !reads(bytes, at, name)) return none
  at += name.length + 1
  const end = bytes.indexOf(carriageReturn, at)
  if (end < 0 || end + 1 === bytes.length) return moreNeeded
  valueEnd = end
  return bytes[end + 1] === lineFeed ? at : none
}

/**
 * The same server for the same value of the cookie in an RDP connection request.
 *
 * @param name the cookie's name; `mstshash` by default, which has the user's name
 * @returns a new balancer, which wants to see the first bytes of the connection
 * @throws {AlgorithmError} `EVENER_INVALID_OPTION` for an empty name, an unknown option or a value not allowed
 */
export function rdpCookie<C extends Pick<RequestInfo, 'body'> = RequestInfo>(
  name = 'mstshash',
  options: HashingOptions<C> = {},
): Balancer<C> {
  if (typeof name !== 'string' || !/^[!-<>-~]{1,100}$/.test(name)) {
    refuse('rdpCookie.name', name, '1 to 100 visible ASCII characters without =')
  }
  readOptions('rdpCookie', options, hashingOptionNames)
  const lowerName = name.toLowerCase()
  return hashBy<C>(
    'rdp-cookie',
    options,
    (context, hash) => {
      const bytes = context.body?.()
      if (bytes === undefined) return Number.NaN
      const start = valueStart(bytes, lowerName)
      if (start < 0 || start === valueEnd) return Number.NaN
      const value = bytes.subarray(start, valueEnd)
      return hash(value, value.length)
    },
    {
      alwaysReads: true,
      bodyWanted: context => {
        const bytes = context.body?.()
        if (bytes === undefined) return headerBytes + label.length + 1
        if (bytes.length >= mostBytes || valueStart(bytes, lowerName) !== moreNeeded) return 0
        return bytes.length + 1
      },
    },
  )
}
