/**
 * What the places of a server on the ring are made of: HAProxy's `hash-key`.
 *
 * Its places are the hashes of key, key + 1, key + 2 and so on. Keys made of a rank are 4,096 apart, so that no two
 * servers share a place. Keys made of an address, a number spread over all 32 bits, or a name may lie anywhere; two
 * servers then share a place with a chance of one in millions.
 *
 * Sources: src/lb_chash.c gave the behaviour; XXH32 is Y. Collet's, https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md.
 * HAProxy reads an IPv4 address as its machine does; as on x86 and ARM, it is the one whose last byte counts most.
 */
import type { Member } from './balancer.ts'
import { avalanche } from './hash-functions.ts'
import { ipv4Number, ipv6Groups } from './ip-number.ts'
import { heaviest } from './sixteenths.ts'

/** From a member, and its rank among all that were ever seen, to 32 bits. */
export type ServerKey = (member: Member, rank: number) => number

/** The names of the keys, as HAProxy's `hash-key` has them. */
export type HashKeyName = 'id' | 'id32' | 'guid' | 'addr' | 'addr-port'

const primes = [2_654_435_761, 2_246_822_519, 3_266_489_917, 668_265_263, 374_761_393] as const
const [prime1, prime2, prime3, prime4, prime5] = primes.map(prime => prime | 0) as [
  number,
  number,
  number,
  number,
  number,
]

const turned = (value: number, bits: number) => (value << bits) | (value >>> (32 - bits))

/** XXH32 of some bytes. */
export function xxh32(bytes: Uint8Array, seed: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let at = 0
  let hash = (seed + prime5) | 0
  if (bytes.length >= 16) {
    const lanes = new Int32Array([seed + prime1 + prime2, seed + prime2, seed, seed - prime1])
    for (; at + 16 <= bytes.length; at += 16) {
      for (let lane = 0; lane < 4; lane++) {
        const mixed = (lanes[lane] as number) + Math.imul(view.getInt32(at + lane * 4, true), prime2)
        lanes[lane] = Math.imul(turned(mixed, 13), prime1)
      }
    }
    const [first, second, third, fourth] = lanes as unknown as [number, number, number, number]
    hash = (turned(first, 1) + turned(second, 7) + turned(third, 12) + turned(fourth, 18)) | 0
  }
  hash = (hash + bytes.length) | 0
  for (; at + 4 <= bytes.length; at += 4) {
    hash = Math.imul(turned((hash + Math.imul(view.getInt32(at, true), prime3)) | 0, 17), prime4)
  }
  for (; at < bytes.length; at++) {
    hash = Math.imul(turned((hash + Math.imul(bytes[at] as number, prime5)) | 0, 11), prime1)
  }
  hash = Math.imul(hash ^ (hash >>> 15), prime2)
  hash = Math.imul(hash ^ (hash >>> 13), prime3)
  return hash ^ (hash >>> 16)
}

/** The other byte order. */
function swapped(value: number): number {
  return (value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | ((value >>> 24) & 0xff)
}

/** The key made of a server's address and, if wanted, its port; undefined where there is no address. */
function addressKey({ host, port }: Member, withPort: boolean): number | undefined {
  if (host === undefined) return undefined
  const seed = withPort ? avalanche(port ?? 0) : 0
  const ipv4 = ipv4Number(host, 0, host.length)
  if (!Number.isNaN(ipv4)) return avalanche(seed + swapped(ipv4))
  const groups = ipv6Groups(host)
  if (groups === undefined) return undefined
  const bytes = new Uint8Array(16)
  groups.forEach((group, place) => {
    bytes[place * 2] = group >>> 8
    bytes[place * 2 + 1] = group
  })
  return xxh32(bytes, seed)
}

/**
 * How the keys of servers are made.
 * @param numberOf a server's number; its rank by default
 */
export function serverKeys(
  name: HashKeyName,
  numberOf: (member: Member, rank: number) => number = (_member, rank) => rank,
): ServerKey {
  const byId: ServerKey = (member, rank) => Math.imul(numberOf(member, rank), heaviest)
  switch (name) {
    case 'id':
      return byId
    case 'id32':
      return (member, rank) => avalanche(swapped(numberOf(member, rank)))
    case 'guid': {
      const encoder = new TextEncoder()
      return member => xxh32(encoder.encode(member.id), 0)
    }
    case 'addr':
    case 'addr-port':
      return (member, rank) => addressKey(member, name === 'addr-port') ?? byId(member, rank)
  }
}
