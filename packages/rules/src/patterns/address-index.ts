/**
 * Addresses and networks of both families: HAProxy's `ip`. The longest network that an address is in is found.
 *
 * An IPv4 address is in an IPv6 network if its mapped form is (`::ffff:192.0.2.1`); an IPv6 address is in an IPv4 network if
 * it is a mapped or compatible form of one, or 6to4 (HAProxy's manual, section 7.1.6).
 *
 * Cost: of IPv4, a look-up by hash for each length of a network that there is; of IPv6, a walk of at most 128 steps.
 */
import { ipv6Groups, readIpv4 } from '../address.ts'
import { refuse } from '../options.ts'
import type { PatternEntry, PatternIndex } from './entry.ts'
import { PrefixTree } from './prefix-tree.ts'

type Network =
  | { readonly family: 4; readonly bits: number; readonly length: number }
  | { readonly family: 6; readonly bits: string }

const allowed = 'an address or a network, such as 10.0.0.0/8 or 2001:db8::/32'

function network(pattern: string): Network {
  const [address = '', mask, more] = pattern.split('/')
  if (more !== undefined) refuse('ip pattern', pattern, allowed)
  const v4 = readIpv4(completed(address))
  if (v4 >= 0) {
    const length = mask === undefined ? 32 : maskLength(mask)
    if (length > 32) refuse('ip pattern', pattern, allowed)
    return { family: 4, bits: masked(v4, length), length }
  }
  const groups = ipv6Groups(address)
  const length = mask === undefined ? 128 : /^\d{1,3}$/.test(mask) ? Number(mask) : 129
  if (groups === undefined || length > 128) refuse('ip pattern', pattern, allowed)
  return { family: 6, bits: bitText(groups).slice(0, length) }
}

/** As HAProxy has it, zeros before the last part of an IPv4 address may be left out: `127.1`. */
function completed(address: string): string {
  const parts = address.split('.')
  if (parts.length < 2 || parts.length > 3) return address
  return [...parts.slice(0, -1), ...Array(4 - parts.length).fill('0'), parts.at(-1)].join('.')
}

/** Of a number, or of a mask such as `255.255.0.0`; 33 for what is neither. */
function maskLength(mask: string): number {
  if (/^\d{1,2}$/.test(mask)) return Number(mask)
  const bits = readIpv4(mask)
  const length = bits < 0 ? 33 : bits === 0 ? 0 : 32 - Math.log2((~bits >>> 0) + 1)
  return Number.isInteger(length) ? length : 33
}

function masked(bits: number, length: number): number {
  return length === 0 ? 0 : (bits & (-1 << (32 - length))) >>> 0
}

/** A character for each bit. */
function bitText(groups: Uint16Array): string {
  let text = ''
  for (const group of groups) text += group.toString(2).padStart(16, '0')
  return text
}

const mapped = '0'.repeat(80) + '1'.repeat(16)

export class AddressIndex implements PatternIndex<string> {
  /** By the length of their networks. */
  readonly #v4 = new Map<number, Map<number, PatternEntry[]>>()
  /** The lengths that there are, longest first. */
  #lengths: number[] = []
  readonly #v6 = new PrefixTree()
  #v6Count = 0

  add(entry: PatternEntry): void {
    const net = network(entry.pattern)
    if (net.family === 6) {
      this.#v6.add(net.bits, entry)
      this.#v6Count++
      return
    }
    let ofLength = this.#v4.get(net.length)
    if (ofLength === undefined) {
      ofLength = new Map()
      this.#v4.set(net.length, ofLength)
      this.#lengths = [...this.#v4.keys()].sort((one, other) => other - one)
    }
    const same = ofLength.get(net.bits)
    if (same === undefined) ofLength.set(net.bits, [entry])
    else same.push(entry)
  }

  remove(entry: PatternEntry): void {
    const net = network(entry.pattern)
    if (net.family === 6) {
      this.#v6.remove(net.bits, entry)
      this.#v6Count--
      return
    }
    const ofLength = this.#v4.get(net.length)
    const left = ofLength?.get(net.bits)?.filter(each => each !== entry) ?? []
    if (left.length > 0) ofLength!.set(net.bits, left)
    else ofLength?.delete(net.bits)
  }

  find(address: string): PatternEntry | undefined {
    const bits = readIpv4(address)
    if (bits >= 0) {
      const found = this.#findV4(bits)
      if (found !== undefined || this.#v6Count === 0) return found
      return this.#v6.longest(mapped + bits.toString(2).padStart(32, '0'))
    }
    const groups = ipv6Groups(address)
    if (groups === undefined) return undefined
    const inner = this.#v4.size > 0 ? innerV4(groups) : -1
    if (this.#v6Count > 0) {
      const found = this.#v6.longest(bitText(groups))
      if (found !== undefined) return found
    }
    return inner < 0 ? undefined : this.#findV4(inner)
  }

  #findV4(bits: number): PatternEntry | undefined {
    for (const length of this.#lengths) {
      const found = this.#v4.get(length)!.get(masked(bits, length))
      if (found !== undefined) return found[0]
    }
    return undefined
  }
}

/** The IPv4 address in an IPv6 one, or -1. */
function innerV4(groups: Uint16Array): number {
  const at = (index: number) => groups[index] as number
  if (at(0) === 0x2002) return at(1) * 65_536 + at(2)
  const zeros = at(0) === 0 && at(1) === 0 && at(2) === 0 && at(3) === 0 && at(4) === 0
  return zeros && (at(5) === 0 || at(5) === 0xffff) ? at(6) * 65_536 + at(7) : -1
}
