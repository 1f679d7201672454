/** Values that are the same for all: to begin an expression with. */
import { canonicalAddress, ipv4Text, readIpv4 } from '../address.ts'
import type { Condition } from '../condition.ts'
import { integerOption, isToken, refuse } from '../options.ts'
import { fetch, type Value } from '../value.ts'

export const alwaysTrue = (): Value<boolean, unknown> =>
  fetch('always_true', 'bool', 'connection', () => true)

export const alwaysFalse = (): Value<boolean, unknown> =>
  fetch('always_false', 'bool', 'connection', () => false)

export function bool(value: boolean): Value<boolean, unknown> {
  if (typeof value !== 'boolean') refuse('bool', value, 'true or false')
  return fetch(`bool(${value})`, 'bool', 'connection', () => value)
}

export function int(value: number): Value<number, unknown> {
  integerOption('int', value, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
  return fetch(`int(${value})`, 'int', 'connection', () => value)
}

export function str(value: string): Value<string, unknown> {
  if (typeof value !== 'string') refuse('str', value, 'a text')
  return fetch(`str(${value})`, 'str', 'connection', () => value)
}

/** @param digits hexadecimal, two for each byte */
export function bin(digits: string): Value<string, unknown> {
  if (typeof digits !== 'string' || !/^(?:[0-9a-fA-F]{2})*$/.test(digits))
    refuse('bin', digits, 'hexadecimal digits, two for each byte')
  const value = Buffer.from(digits, 'hex').toString('latin1')
  return fetch(`bin(${digits})`, 'bin', 'connection', () => value)
}

export function ipv4(address: string): Value<string, unknown> {
  const bits = typeof address === 'string' ? readIpv4(address) : -1
  if (bits < 0) refuse('ipv4', address, 'an IPv4 address')
  const value = ipv4Text(bits)
  return fetch(`ipv4(${value})`, 'addr', 'connection', () => value)
}

export function ipv6(address: string): Value<string, unknown> {
  const value = typeof address === 'string' && address.includes(':') ? canonicalAddress(address) : undefined
  if (value === undefined) refuse('ipv6', address, 'an IPv6 address')
  return fetch(`ipv6(${value})`, 'addr', 'connection', () => value)
}

/** A method, to compare with. */
export function meth(method: string): Value<string, unknown> {
  if (!isToken(method)) refuse('meth', method, 'a method')
  return fetch(`meth(${method})`, 'str', 'connection', () => method)
}

/** Whether a condition is true: HAProxy's `acl`. */
export function holds<S>(condition: Condition<S>): Value<boolean, S> {
  return fetch(`acl(${condition.text})`, 'bool', condition.needs, condition.test)
}
