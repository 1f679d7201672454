/** Addresses with a mask upon them: the network that they are of. */
import { canonicalAddress, ipv4Text, ipv6Groups, ipv6Text, readIpv4 } from '../address.ts'
import { refuse } from '../options.ts'
import { type Converter, converter } from '../value.ts'

/**
 * IPv4 addresses, and IPv6 ones that stand for one (mapped, compatible, 6to4), with the first mask; other IPv6 addresses
 * with the second, or nothing without it.
 * @param mask4 a number of bits, or an address: `24`, `255.255.255.0`
 * @param mask6 a number of bits, or an address: `48`, `ffff:ffff:ffff::`
 */
export function ipmask(mask4: number | string, mask6?: number | string): Converter<string, string> {
  const short = mask4Of(mask4)
  const long = mask6 === undefined ? undefined : mask6Of(mask6)
  const masked = new Uint16Array(8)
  return converter(`ipmask(${mask4}${mask6 === undefined ? '' : `,${mask6}`})`, 'addr', 'addr', address => {
    const bits = readIpv4(address)
    if (bits >= 0) return ipv4Text(bits & short)
    const groups = ipv6Groups(address)
    if (groups === undefined) return undefined
    const within = ipv4Within(groups)
    if (within >= 0) return ipv4Text(within & short)
    if (long === undefined) return undefined
    for (let at = 0; at < 8; at++) masked[at] = (groups[at] as number) & (long[at] as number)
    return ipv6Text(masked)
  })
}

/** The IPv4 address in an IPv6 one: mapped or compatible (RFC 4291), or 6to4 (RFC 3056); -1 where there is none. */
function ipv4Within(groups: Uint16Array): number {
  const [a, b, c, d, e, f, g, h] = groups as unknown as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  if ((a | b | c | d) === 0 && ((e | f) === 0 || (e === 0 && f === 0xffff))) return g * 65_536 + h
  return a === 0x2002 ? b * 65_536 + c : -1
}

function mask4Of(mask: unknown): number {
  const bits = typeof mask === 'number' ? mask : Number(mask)
  if (Number.isInteger(bits) && bits >= 0 && bits <= 32) return bits === 0 ? 0 : -1 << (32 - bits)
  const address = typeof mask === 'string' ? readIpv4(mask) : -1
  return address < 0 ? refuse('ipmask mask4', mask, '0 to 32 bits, or an IPv4 mask') : address
}

function mask6Of(mask: unknown): Uint16Array {
  const bits = typeof mask === 'number' ? mask : Number(mask)
  if (Number.isInteger(bits) && bits >= 0 && bits <= 128)
    return Uint16Array.from({ length: 8 }, (_, at) => {
      const left = Math.max(0, Math.min(16, bits - 16 * at))
      return 0xffff & ~(0xffff >> left)
    })
  const address = typeof mask === 'string' ? canonicalAddress(mask) : undefined
  const groups = address === undefined ? undefined : ipv6Groups(address)
  return groups === undefined
    ? refuse('ipmask mask6', mask, '0 to 128 bits, or an IPv6 mask')
    : groups.slice()
}
