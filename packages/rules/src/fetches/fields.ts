/**
 * Fields of a head, written once for requests and responses: what `req.ts` and `res.ts` give names to.
 *
 * `hdr` and its like see the elements of lists, each for itself: `X-Forwarded-For: a, b` is two, as two lines are.
 * `fhdr` and its like see whole lines. Names are compared without regard to case.
 *
 * Cost: one pass over the lines of the name; the text that is asked for, and no list.
 */
import { canonicalAddress, ipv4Text, readIpv4 } from '../address.ts'
import type { Head } from '../head.ts'
import { integerOption, refuse } from '../options.ts'
import type { Stage } from '../stage.ts'
import { fetch, fetchEach, keyed, type Value } from '../value.ts'
import { countElements, elementAt, elementEnd, lastElement, someElement } from './list.ts'
import { shortInteger } from './short-integer.ts'

/** Where a head is: HAProxy's `req` or `res`, when it is there, and how to come by it. */
export interface Side<S> {
  readonly name: 'req' | 'res'
  readonly needs: Stage
  readonly headOf: (scope: S) => Head
}

/** How far back an occurrence may be counted from the end. */
const mostBack = 10

/** HAProxy's `hdr`. @param occurrence from 1 on, or from -1 back to -10; 0 and none: the last, or each in a test */
export function hdr<S>(side: Side<S>, name: string, occurrence = 0): Value<string, S> {
  const lowerName = fieldName(`${side.name}.hdr`, name)
  const number = occurrenceOf(`${side.name}.hdr`, occurrence)
  const { needs, headOf } = side
  const text = textOf(side, 'hdr', name, number)
  if (number > 0)
    return fetch(text, 'str', needs, scope => fromStart(headOf(scope).all(lowerName), number - 1))
  if (number < 0) return fetch(text, 'str', needs, scope => fromEnd(headOf(scope).all(lowerName), -number))
  const each = fetchEach(
    text,
    'str',
    needs,
    (scope: S) => {
      const line = headOf(scope).last(lowerName)
      return line === undefined ? undefined : lastElement(line)
    },
    (scope, visit) => {
      for (const line of headOf(scope).all(lowerName)) if (someElement(line, scope, visit)) return true
      return false
    },
  )
  return keyed(each)
}

/** HAProxy's `fhdr`: as `hdr`, with whole lines. */
export function fhdr<S>(side: Side<S>, name: string, occurrence = 0): Value<string, S> {
  const lowerName = fieldName(`${side.name}.fhdr`, name)
  const number = occurrenceOf(`${side.name}.fhdr`, occurrence)
  const { needs, headOf } = side
  const text = textOf(side, 'fhdr', name, number)
  if (number !== 0)
    return fetch(text, 'str', needs, scope =>
      headOf(scope)
        .all(lowerName)
        .at(number > 0 ? number - 1 : number),
    )
  const each = fetchEach(
    text,
    'str',
    needs,
    (scope: S) => headOf(scope).last(lowerName),
    (scope, visit) => {
      for (const line of headOf(scope).all(lowerName)) if (visit(line, scope)) return true
      return false
    },
  )
  return keyed(each)
}

/** HAProxy's `hdr_cnt`: of all fields without a name. */
export function hdrCnt<S>(side: Side<S>, name?: string): Value<number, S> {
  const { needs, headOf } = side
  const text = `${side.name}.hdr_cnt${name === undefined ? '' : `(${name})`}`
  if (name === undefined || name === '')
    return fetch(text, 'int', needs, scope => {
      const pairs = headOf(scope).pairs()
      let count = 0
      for (let at = 1; at < pairs.length; at += 2) count += countElements(pairs[at] as string)
      return count
    })
  const lowerName = fieldName(`${side.name}.hdr_cnt`, name)
  return fetch(text, 'int', needs, scope => {
    let count = 0
    for (const line of headOf(scope).all(lowerName)) count += countElements(line)
    return count
  })
}

/** HAProxy's `fhdr_cnt`. */
export function fhdrCnt<S>(side: Side<S>, name?: string): Value<number, S> {
  const { needs, headOf } = side
  const text = `${side.name}.fhdr_cnt${name === undefined ? '' : `(${name})`}`
  if (name === undefined || name === '')
    return fetch(text, 'int', needs, scope => headOf(scope).pairs().length / 2)
  const lowerName = fieldName(`${side.name}.fhdr_cnt`, name)
  return fetch(text, 'int', needs, scope => headOf(scope).all(lowerName).length)
}

/** HAProxy's `hdr_val`: the number that the element begins with, 0 where it begins with none. */
export function hdrVal<S>(side: Side<S>, name: string, occurrence = 0): Value<number, S> {
  const text = hdr(side, name, occurrence)
  return {
    text: textOf(side, 'hdr_val', name, occurrence),
    type: 'int',
    needs: side.needs,
    read: scope => {
      const value = text.read(scope)
      return value === undefined ? undefined : shortInteger(value)
    },
    testing: test => text.testing((value, scope) => test(shortInteger(value), scope)),
  }
}

/** HAProxy's `hdr_ip`: an address alone, an IPv4 address with a port, or an IPv6 address in brackets. */
export function hdrIp<S>(side: Side<S>, name: string, occurrence = 0): Value<string, S> {
  const text = hdr(side, name, occurrence)
  return {
    text: textOf(side, 'hdr_ip', name, occurrence),
    type: 'addr',
    needs: side.needs,
    read: scope => {
      const value = text.read(scope)
      return value === undefined ? undefined : addressIn(value)
    },
    testing: test =>
      text.testing((value, scope) => {
        const address = addressIn(value)
        return address !== undefined && test(address, scope)
      }),
  }
}

/** HAProxy's `hdr_names`. */
export function hdrNames<S>(side: Side<S>, delimiter = ','): Value<string, S> {
  const { needs, headOf } = side
  const between = delimiter.slice(0, 1)
  return fetch(`${side.name}.hdr_names${between === ',' ? '' : `(${between})`}`, 'str', needs, scope => {
    const pairs = headOf(scope).pairs()
    let names = ''
    for (let at = 0; at < pairs.length; at += 2)
      names += names === '' ? lower(pairs[at] as string) : between + lower(pairs[at] as string)
    return names
  })
}

/** HAProxy's `hdrs`: the head's lines, the empty one included. */
export function hdrs<S>(side: Side<S>): Value<string, S> {
  const { needs, headOf } = side
  return fetch(`${side.name}.hdrs`, 'str', needs, scope => {
    const pairs = headOf(scope).pairs()
    let lines = ''
    for (let at = 0; at < pairs.length; at += 2)
      lines += `${lower(pairs[at] as string)}: ${pairs[at + 1]}\r\n`
    return `${lines}\r\n`
  })
}

/** HAProxy's `hdrs_bin`: names and values in turn, each with its length before it, and two empty ones at the end. */
export function hdrsBin<S>(side: Side<S>): Value<string, S> {
  const { needs, headOf } = side
  return fetch(`${side.name}.hdrs_bin`, 'bin', needs, scope => {
    const pairs = headOf(scope).pairs()
    let bytes = ''
    for (let at = 0; at < pairs.length; at++) {
      const text = pairs[at] as string
      bytes += variableLength(text.length) + (at % 2 === 0 ? lower(text) : text)
    }
    return `${bytes}\0\0`
  })
}

/** HAProxy's `encode_varint`, as SPOE has it: below 240 one byte, else 4 bits and then 7 in each. */
function variableLength(length: number): string {
  if (length < 240) return String.fromCharCode(length)
  let text = String.fromCharCode((length & 15) | 240)
  let rest = (length - 240) >>> 4
  for (; rest >= 128; rest = (rest - 128) >>> 7) text += String.fromCharCode((rest & 127) | 128)
  return text + String.fromCharCode(rest)
}

/** An occurrence counted from the start. */
function fromStart(lines: readonly string[], skip: number): string | undefined {
  let left = skip
  for (const line of lines) {
    const count = countElements(line)
    if (left < count) return elementAt(line, left)
    left -= count
  }
  return undefined
}

/** And from the end: the last is 1. */
function fromEnd(lines: readonly string[], back: number): string | undefined {
  let left = back
  for (let at = lines.length - 1; at >= 0; at--) {
    const line = lines[at] as string
    const count = countElements(line)
    if (left <= count) return elementAt(line, count - left)
    left -= count
  }
  return undefined
}

function addressIn(element: string): string | undefined {
  const colon = element.indexOf(':')
  if (colon > 0) {
    const bits = readIpv4(element, colon)
    if (bits >= 0) return isPort(element, colon + 1) ? ipv4Text(bits) : undefined
  }
  const bracketed = element.charCodeAt(0) === 0x5b && element.endsWith(']')
  return canonicalAddress(bracketed ? element.slice(1, -1) : element)
}

function isPort(text: string, start: number): boolean {
  let port = 0
  for (let at = start; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 0x30
    if (digit < 0 || digit > 9) return false
    port = port * 10 + digit
    if (port > 65_535) return false
  }
  return start < text.length
}

/** Most names come in lower case already; then the text is as it was. */
function lower(name: string): string {
  return name.toLowerCase()
}

/** The name in lower case. */
export function fieldName(field: string, name: unknown): string {
  if (typeof name !== 'string' || name === '' || elementEnd(name, 0) !== name.length)
    refuse(`${field} name`, name, 'the name of a field')
  return name.toLowerCase()
}

function occurrenceOf(field: string, occurrence: unknown): number {
  return integerOption(`${field} occurrence`, occurrence, -mostBack, Number.MAX_SAFE_INTEGER)
}

function textOf(side: { readonly name: string }, keyword: string, name: string, occurrence: number): string {
  return `${side.name}.${keyword}(${name}${occurrence === 0 ? '' : `,${occurrence}`})`
}
