/**
 * Bytes hashed into a number: for tables, logs and choices. None of them resists somebody who looks for collisions.
 */
import { integerOption } from '../options.ts'
import { type Converter, converter } from '../value.ts'
import { avalanche, crc32cHash, crc32Hash, djb2Hash, sdbmHash, wt6Hash } from './hash-functions.ts'
import { xxh32Hash, xxh64Hash } from './xxhash.ts'

type Hash = Converter<string, number>

/** CRC-32 of IEEE 802.3. @param spread over all bits: HAProxy's `avalanche` */
export const crc32 = (spread = false): Hash => hash('crc32', crc32Hash, spread)

/** CRC-32C. */
export const crc32c = (spread = false): Hash => hash('crc32c', crc32cHash, spread)

export const djb2 = (spread = false): Hash => hash('djb2', djb2Hash, spread)

export const sdbm = (spread = false): Hash => hash('sdbm', sdbmHash, spread)

export const wt6 = (spread = false): Hash => hash('wt6', wt6Hash, spread)

export function xxh32(seed = 0): Hash {
  integerOption('xxh32 seed', seed, -(2 ** 31), 2 ** 32 - 1)
  return converter(seed === 0 ? 'xxh32' : `xxh32(${seed})`, 'bin', 'int', text => xxh32Hash(text, seed))
}

/**
 * All 64 bits, with a sign, in decimal digits: a number would lose the last of them. As a number, if one is taken behind
 * it, it is rounded.
 */
export function xxh64(seed = 0): Converter<string, string> {
  const from = BigInt.asUintN(
    64,
    BigInt(integerOption('xxh64 seed', seed, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)),
  )
  return converter(seed === 0 ? 'xxh64' : `xxh64(${seed})`, 'bin', 'str', text =>
    String(BigInt.asIntN(64, xxh64Hash(text, from))),
  )
}

function hash(name: string, of: (text: string) => number, spread: boolean): Hash {
  return converter(
    spread ? `${name}(1)` : name,
    'bin',
    'int',
    text => (spread ? avalanche(of(text)) : of(text)) >>> 0,
  )
}
