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
import { ipv4Number, ipv6Groups } from './ip-number.ts'
import { readOptions } from './options.ts'

const [dot, colon, percent] = [0x2e, 0x3a, 0x25]

/** @returns the number that HAProxy makes of an address, 0 to 2^32 - 1; NaN for what is not an address */
export function addressNumber(text: string): number {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === dot) return ipv4Number(text, 0, text.length)
    if (code === colon || code === percent) break
  }
  const groups = ipv6Groups(text)
  if (groups === undefined) return Number.NaN
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
