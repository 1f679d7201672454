/**
 * From one type of sample to another: what HAProxy does between a fetch and a converter, or between two converters, that
 * do not agree (its matrix of casts).
 *
 * ```text
 *  from \ to   bool          int             str             bin                addr
 *  bool        as it is      0 or 1          "0" or "1"      eight bytes        no
 *  int         is it not 0   as it is        decimal         eight bytes        IPv4 of 32 bits
 *  str         as int        leading digits  as it is        as it is           parsed, or none
 *  bin         no            no              up to a NUL     as it is           no
 *  addr        no            IPv4 alone      as it is        4 or 16 bytes      as it is
 * ```
 * A value whose type shows only when it is read (`var`) is cast by what it is.
 */
import { addressBytes, canonicalAddress, ipv4End, ipv4Text, readIpv4 } from './address.ts'
import { integerBytes, integerText, readInteger } from './integer.ts'
import type { Sample, SampleType } from './sample.ts'

/** Undefined for a value that cannot be had as the other type. */
export type Cast = (value: never) => Sample | undefined

type Casts = Readonly<Partial<Record<SampleType, Cast>>>

const none = (value: Sample) => value
const textToInteger = (value: string) => readInteger(value)
const integerToTruth = (value: number) => value !== 0
const textToTruth = (value: string) => {
  const number = readInteger(value)
  return number === undefined ? undefined : number !== 0
}

const ofBool: Casts = {
  bool: none,
  int: (value: boolean) => (value ? 1 : 0),
  str: (value: boolean) => (value ? '1' : '0'),
  bin: (value: boolean) => integerBytes(value ? 1 : 0),
}
const ofInt: Casts = {
  bool: integerToTruth,
  int: none,
  str: integerText,
  bin: integerBytes,
  addr: ipv4Text,
}
const ofStr: Casts = {
  bool: textToTruth,
  int: textToInteger,
  str: none,
  bin: none,
  // HAProxy takes an IPv4 address with anything but digits and dots behind it.
  addr: (value: string) => {
    const bits = readIpv4(value, ipv4End(value))
    return bits < 0 ? canonicalAddress(value) : ipv4Text(bits)
  },
}
const casts: Readonly<Record<SampleType, Casts>> = {
  bool: ofBool,
  int: ofInt,
  str: ofStr,
  bin: {
    str: (value: string) => {
      const end = value.indexOf('\0')
      return end < 0 ? value : value.slice(0, end)
    },
    bin: none,
  },
  addr: {
    int: (value: string) => {
      const bits = readIpv4(value)
      return bits < 0 ? undefined : bits
    },
    str: none,
    bin: addressBytes,
    addr: none,
  },
}

const byValue = (to: SampleType) => {
  const bool = ofBool[to] as ((value: Sample) => Sample | undefined) | undefined
  const int = ofInt[to] as (value: Sample) => Sample | undefined
  const str = ofStr[to] as (value: Sample) => Sample | undefined
  return (value: Sample) =>
    typeof value === 'string' ? str(value) : typeof value === 'number' ? int(value) : bool?.(value)
}

/**
 * How one type is had as another: undefined where it cannot, `asItIs` where nothing is to be done.
 * @param from `any` for a type that shows only when the value is read
 * @param to `any` for what takes all
 */
export function castBetween(from: SampleType | 'any', to: SampleType | 'any'): Cast | undefined {
  if (to === 'any') return none
  return from === 'any' ? byValue(to) : casts[from][to]
}

/** The cast that changes nothing. */
export const asItIs: Cast = none
