/** Reading the options that only a ring has: what its places are made of, and when a look-up passes a server over. */
import type { Member } from './balancer.ts'
import { BoundedLoad } from './bounded-load.ts'
import type { HashingOptions } from './hash.ts'
import type { Skipping } from './hash-table.ts'
import { readChoice, readFunction, readInteger, refuse } from './options.ts'
import { type HashKeyName, type ServerKey, serverKeys } from './server-key.ts'

/** What {@link readRingOptions} found. */
export interface RingOptions {
  readonly keyOf: ServerKey
  readonly skipping: Skipping | undefined
  /** Who is to be told of load. */
  readonly bound: BoundedLoad | undefined
}

const ringOnly = ['numberOf', 'hashKey', 'balanceFactor', 'preserveAffinity'] as const
const keyNames: readonly HashKeyName[] = ['id', 'id32', 'guid', 'addr', 'addr-port']

const saturatedOnes: Skipping = { skips: member => member.saturated }
const fullOnes: Skipping = { skips: member => member.saturated && member.queueFull === true }

/** @throws {AlgorithmError} `EVENER_INVALID_OPTION` */
export function readRingOptions<C>(name: string, options: HashingOptions<C>): RingOptions {
  if (options.type !== 'consistent') {
    for (const option of ringOnly) {
      if (options[option] === undefined) continue
      refuse(`${name}.${option}`, options[option], `absent unless ${name}.type is consistent`)
    }
  }
  const { numberOf } = options
  if (numberOf !== undefined) readFunction(`${name}.numberOf`, numberOf, 'from a member to an integer')
  const hashKey = readChoice(`${name}.hashKey`, options.hashKey, 'id', keyNames)
  const factor = readInteger(`${name}.balanceFactor`, options.balanceFactor, 0, 0, 65_535)
  if (factor > 0 && factor <= 100) {
    refuse(`${name}.balanceFactor`, factor, '0, or an integer from 101 to 65535')
  }
  const preserve = readChoice(`${name}.preserveAffinity`, options.preserveAffinity, 'always', [
    'always',
    'maxconn',
    'maxqueue',
  ])
  const bound = factor === 0 ? undefined : new BoundedLoad(factor)
  const byLimit = { always: undefined, maxconn: saturatedOnes, maxqueue: fullOnes }[preserve]
  const either = (one: Skipping, other: Skipping): Skipping => ({
    skips: (member: Member) => one.skips(member) || other.skips(member),
  })
  const skipping = bound === undefined || byLimit === undefined ? (bound ?? byLimit) : either(bound, byLimit)
  return { keyOf: serverKeys(hashKey, numberOf), skipping, bound }
}
