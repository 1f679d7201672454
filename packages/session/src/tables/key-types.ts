/**
 * What keys a table has, and one spelling for each, as HAProxy's `stick-table type` has them.
 *
 * Whatever the length of what a client sent, a key is at most `length` characters: a table's memory is bounded by its
 * size. Two long texts that begin alike are one key, as in HAProxy; hash them first where that matters.
 */
import { canonicalAddress } from '../address.ts'
import { integerOption, refuse } from '../options.ts'

/**
 * `ip`: IPv4 addresses, those mapped into IPv6 included. `ipv6`: addresses of both kinds. `integer`: 0 to 2^32 - 1,
 * `string`: the first `length` characters. `binary`: the first `length` bytes, filled up with zeros.
 */
export type StickKeyType = 'ip' | 'ipv6' | 'integer' | 'string' | 'binary'

/** What a key is made from. A text for `binary` is one byte for each character, as headers are read. */
export type StickKeyValue = string | number | bigint | Uint8Array

export const keyTypes: readonly StickKeyType[] = ['ip', 'ipv6', 'integer', 'string', 'binary']

/** From a value to the key's one spelling; undefined for a value that is no key of the type. */
export type KeySpelling = (value: StickKeyValue) => string | undefined

/** @throws {SessionOptionError} `EVENER_INVALID_OPTION` */
export function keySpelling(type: StickKeyType, length: number | undefined): KeySpelling {
  if (!keyTypes.includes(type)) refuse('type', type, `one of ${keyTypes.join(', ')}`)
  if (length !== undefined && type !== 'string' && type !== 'binary')
    refuse('length', length, 'none: only the types string and binary have one')
  const most = integerOption('length', length ?? 32, 1, 65_536)
  switch (type) {
    case 'ip':
      return value => {
        const address = typeof value === 'string' ? canonicalAddress(value) : undefined
        return address === undefined || address.includes(':') ? undefined : address
      }
    case 'ipv6':
      return value => (typeof value === 'string' ? canonicalAddress(value) : undefined)
    case 'integer':
      return integerKey
    case 'string':
      return value => {
        const text = typeof value === 'object' ? latin1(value) : String(value)
        return text === '' ? undefined : text.length > most ? text.slice(0, most) : text
      }
    case 'binary':
      return value => {
        if (typeof value === 'number' || typeof value === 'bigint') return undefined
        const bytes = typeof value === 'string' ? value : latin1(value)
        if (bytes === '' || /[^\0-\xff]/.test(bytes)) return undefined
        return bytes.slice(0, most).padEnd(most, '\0')
      }
  }
}

/**
 * Room for a key's length and its characters in a row, in cells of 4 bytes: enough for every address and integer, and for
 * texts up to the length of the longest address.
 */
export function keyCellsOf(type: StickKeyType, length: number): number {
  const most = { ip: 15, ipv6: 39, integer: 10, string: Math.min(length, 39), binary: Math.min(length, 39) }
  return Math.ceil((1 + most[type]) / 4)
}

function integerKey(value: StickKeyValue): string | undefined {
  if (typeof value === 'object') return undefined
  const text = typeof value === 'string' ? value.trim() : value
  if (text === '' || (typeof text === 'string' && !/^\d{1,10}$/.test(text))) return undefined
  const number = Number(text)
  return Number.isInteger(number) && number >= 0 && number < 2 ** 32 ? String(number) : undefined
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/**
 * A text with memory of its own. A part of a header is, inside V8, a view into the whole head: kept as a key, it would
 * keep the head.
 */
export function ownText(text: string): string {
  const encoding = /[^\0-\xff]/.test(text) ? 'utf16le' : 'latin1'
  return Buffer.from(text, encoding).toString(encoding)
}
