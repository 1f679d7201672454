/**
 * Sets of networks in CIDR notation, IPv4 and IPv6, such as the peers whose X-Forwarded-For is believed.
 * An IPv4 address mapped into IPv6 (`::ffff:192.0.2.1`) is the same as the IPv4 address.
 */
import { BlockList, isIP } from 'node:net'
import { invalid } from './options.ts'

/** A test of membership. */
export type NetworkSet = (address: string) => boolean

const nothing: NetworkSet = () => false

/**
 * Compile a list of addresses and networks: `127.0.0.0/8`, `::1`, `2001:db8::/32`.
 * @throws {EvenerError} `EVENER_INVALID_OPTION` for an entry that is neither an address nor a network
 */
export function networks(field: string, entries: readonly string[] | undefined): NetworkSet {
  if (entries === undefined) return nothing
  if (!Array.isArray(entries)) throw invalid(field, entries, 'an array of addresses and CIDR networks')
  if (entries.length === 0) return nothing
  const list = new BlockList()
  for (const [index, entry] of entries.entries()) {
    const [address, prefix, more] = typeof entry === 'string' ? entry.split('/') : []
    const family = isIP(address ?? '')
    const bits = family === 4 ? 32 : 128
    const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1
    if (family === 0 || more !== undefined || length < 0 || length > bits) {
      throw invalid(
        `${field}[${index}]`,
        entry,
        'an IPv4 or IPv6 address or network, such as 10.0.0.0/8 or ::1',
      )
    }
    list.addSubnet(address as string, length, family === 4 ? 'ipv4' : 'ipv6')
  }
  return address => {
    const plain = plainAddress(address)
    const family = isIP(plain)
    return family !== 0 && list.check(plain, family === 4 ? 'ipv4' : 'ipv6')
  }
}

/** The address without the IPv6 wrapping of an IPv4 address and without a zone. */
export function plainAddress(address: string): string {
  if (address.length > 7 && address.startsWith('::ffff:') && address.includes('.')) return address.slice(7)
  const zone = address.indexOf('%')
  return zone === -1 ? address : address.slice(0, zone)
}
