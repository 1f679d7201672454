/** Bytes as texts of other alphabets, and back. What is not well formed gives nothing. */
import { fourBytes } from '../integer.ts'
import { integerOption, refuse } from '../options.ts'
import { type Converter, converter } from '../value.ts'

/** RFC 4648 section 4, with padding. */
export const base64 = (): Converter<string, string> =>
  converter('base64', 'bin', 'str', text => Buffer.from(text, 'latin1').toString('base64'))

/** Back from `base64`. */
export const b64dec = (): Converter<string, string> => converter('b64dec', 'str', 'bin', decodeBase64)

/** RFC 4648 section 5, without padding. */
export const ub64enc = (): Converter<string, string> =>
  converter('ub64enc', 'bin', 'str', text => Buffer.from(text, 'latin1').toString('base64url'))

/** Back from `ub64enc`. */
export const ub64dec = (): Converter<string, string> => converter('ub64dec', 'str', 'bin', decodeBase64Url)

/** Two hexadecimal digits a byte, in upper case. */
export const hex = (): Converter<string, string> => converter('hex', 'bin', 'str', hexOf)

/** The number that hexadecimal digits say: the lower 64 bits, with a sign. */
export const hex2i = (): Converter<string, number> =>
  converter('hex2i', 'str', 'int', text => {
    if (!/^[0-9a-fA-F]*$/.test(text)) return undefined
    if (text.length < 13) return text === '' ? 0 : Number.parseInt(text, 16)
    return Number(BigInt.asIntN(64, BigInt(`0x${text.slice(-16)}`)))
  })

/** Eight binary digits a byte. */
export const base2 = (): Converter<string, string> =>
  converter('base2', 'bin', 'str', text => {
    let digits = ''
    for (let at = 0; at < text.length; at++) digits += text.charCodeAt(at).toString(2).padStart(8, '0')
    return digits
  })

/** Runs of bytes as hexadecimal digits, with a separator between. @param truncate leave out a last run that is short */
export function be2hex(separator = '', chunkSize = 0, truncate = false): Converter<string, string> {
  const least = separator !== '' || truncate ? 1 : 0
  integerOption('be2hex chunk_size', chunkSize, least, Number.MAX_SAFE_INTEGER)
  const text = `be2hex${separator === '' && !truncate ? '' : `(${separator},${chunkSize}${truncate ? ',1' : ''})`}`
  if (separator === '' && !truncate) return converter(text, 'bin', 'str', hexOf)
  return converter(text, 'bin', 'str', value => chunks(value, separator, chunkSize, truncate, hexOf))
}

/** Runs of bytes, the highest first, as decimal numbers, with a separator between. */
export function be2dec(separator: string, chunkSize: number, truncate = false): Converter<string, string> {
  return toDecimal('be2dec', separator, chunkSize, truncate, chunk => `0x${hexOf(chunk)}`)
}

/** Runs of bytes, the lowest first, as decimal numbers, with a separator between. */
export function le2dec(separator: string, chunkSize: number, truncate = false): Converter<string, string> {
  return toDecimal('le2dec', separator, chunkSize, truncate, chunk => {
    const bytes = Buffer.from(chunk, 'latin1').reverse()
    return `0x${bytes.toString('hex')}`
  })
}

/** The lower 32 bits as four bytes, the highest first. */
export const htonl = (): Converter<number, string> => converter('htonl', 'int', 'bin', fourBytes)

/** Nothing for what is no base64 with its padding. */
export function decodeBase64(text: string): string | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined
  return Buffer.from(text, 'base64').toString('latin1')
}

/** Nothing for what is no base64url without padding. */
export function decodeBase64Url(text: string): string | undefined {
  if (text.length % 4 === 1 || !/^[A-Za-z0-9_-]*$/.test(text)) return undefined
  return Buffer.from(text, 'base64url').toString('latin1')
}

function hexOf(text: string): string {
  return Buffer.from(text, 'latin1').toString('hex').toUpperCase()
}

function toDecimal(
  keyword: string,
  separator: string,
  chunkSize: number,
  truncate: boolean,
  digits: (chunk: string) => string,
): Converter<string, string> {
  if (typeof separator !== 'string') refuse(`${keyword} separator`, separator, 'a text')
  integerOption(`${keyword} chunk_size`, chunkSize, 1, 8)
  return converter(`${keyword}(${separator},${chunkSize}${truncate ? ',1' : ''})`, 'bin', 'str', value =>
    chunks(value, separator, chunkSize, truncate, chunk => String(BigInt(digits(chunk)))),
  )
}

function chunks(
  text: string,
  separator: string,
  size: number,
  truncate: boolean,
  write: (chunk: string) => string,
): string {
  let written = ''
  for (let at = 0; at < (truncate ? text.length - size + 1 : text.length); at += size)
    written += (at === 0 ? '' : separator) + write(text.slice(at, at + size))
  return written
}
