/** Texts and bytes cut, counted and turned. Cost: one pass, and the text that comes of it. */
import { integerOption, refuse } from '../options.ts'
import type { ConnectionScope } from '../scope.ts'
import { type Converter, converter, converterOf } from '../value.ts'
import { type Operand, readOperand } from './operand.ts'

/** How many bytes. */
export const length = (): Converter<string, number> => converter('length', 'str', 'int', text => text.length)

/**
 * Bytes from an offset on: nothing where the offset is beyond the end.
 * @param size how many; all that are left without it. Numbers, or names of variables.
 */
export function bytes(offset: Operand, size?: Operand): Converter<string, string, ConnectionScope> {
  if (typeof offset === 'number') integerOption('bytes offset', offset, 0, Number.MAX_SAFE_INTEGER)
  if (typeof size === 'number') integerOption('bytes length', size, 1, Number.MAX_SAFE_INTEGER)
  const from = readOperand('bytes offset', offset)
  const count = size === undefined ? () => Number.POSITIVE_INFINITY : readOperand('bytes length', size)
  const text = `bytes(${offset}${size === undefined ? '' : `,${size}`})`
  return converterOf(text, 'bin', 'bin', 'connection', (value, scope) => {
    const start = from(scope)
    const taken = count(scope)
    if (start === undefined || taken === undefined || start < 0 || taken < 0) return undefined
    return value.slice(start, start + taken)
  })
}

/** Without these characters at its start. */
export function ltrim(characters: string): Converter<string, string> {
  return converter(`ltrim(${characters})`, 'str', 'str', text => {
    let start = 0
    while (start < text.length && characters.includes(text[start] as string)) start++
    return text.slice(start)
  })
}

/** Without these characters at its end. */
export function rtrim(characters: string): Converter<string, string> {
  return converter(`rtrim(${characters})`, 'str', 'str', text => {
    let end = text.length
    while (end > 0 && characters.includes(text[end - 1] as string)) end--
    return text.slice(0, end)
  })
}

/** Up to the first CR or LF. */
export const cutCrlf = (): Converter<string, string> =>
  converter('cut_crlf', 'str', 'str', text => {
    let end = 0
    while (end < text.length && text[end] !== '\r' && text[end] !== '\n') end++
    return text.slice(0, end)
  })

/** From its last byte to its first. */
export const reverse = (): Converter<string, string> =>
  converter('reverse', 'str', 'str', text => {
    let reversed = ''
    for (let at = text.length - 1; at >= 0; at--) reversed += text[at]
    return reversed
  })

/** The labels of a domain name from the last to the first: `www.example.com` as `com.example.www`. Empty ones: nothing. */
export const reverseDom = (): Converter<string, string> =>
  converter('reverse_dom', 'str', 'str', name => {
    const labels = (name.endsWith('.') ? name.slice(0, -1) : name).split('.')
    return labels.includes('') ? undefined : labels.reverse().join('.')
  })

/** What `has_ctl` looks for by name: bit n is the byte n, bit 32 is DEL. */
const controls = { any: 0x1_ffff_ffff, http: 0x2401 } as const
const allButTab = 0x1_ffff_fdff

/**
 * Whether there is a control character: of all but TAB; of `any`; of those that `http` forbids, CR, LF and NUL; or of a
 * mask of 33 bits, of which bit 32 stands for DEL.
 */
export function hasCtl(mask: number | 'any' | 'http' = allButTab): Converter<string, boolean> {
  const bits = typeof mask === 'string' ? controls[mask] : mask
  if (bits === undefined) refuse('has_ctl mask', mask, 'any, http, or a mask of 33 bits')
  integerOption('has_ctl mask', bits, 0, controls.any)
  const withDelete = bits >= 2 ** 32
  return converter(mask === allButTab ? 'has_ctl' : `has_ctl(${mask})`, 'bin', 'bool', text => {
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code < 32 ? (bits >>> code) & 1 : code === 127 && withDelete) return true
    }
    return false
  })
}

/** The parameter of a query or form of this name: its first value, empty where it has no `=`. @param delimiter one character */
export function param(name: string, delimiter = '&'): Converter<string, string> {
  if (typeof delimiter !== 'string' || delimiter.length !== 1)
    refuse('param delimiter', delimiter, 'one character')
  return converter(`param(${name}${delimiter === '&' ? '' : `,${delimiter}`})`, 'str', 'str', text => {
    for (let start = 0; start < text.length; ) {
      const next = text.indexOf(delimiter, start)
      const end = next < 0 ? text.length : next
      const equal = start + name.length
      if (equal <= end && text.startsWith(name, start)) {
        if (equal === end) return ''
        if (text[equal] === '=') return text.slice(equal + 1, end)
      }
      start = end + 1
    }
    return undefined
  })
}
