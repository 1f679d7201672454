/** Digests, as bytes: `sha1`, `sha2` and whatever else the OpenSSL of this process knows; with a key, HMAC (RFC 2104). */
import { createHash, createHmac, getHashes } from 'node:crypto'
import { refuse } from '../options.ts'
import type { ConnectionScope } from '../scope.ts'
import { type Converter, converter, converterOf } from '../value.ts'
import { isVariableName } from '../variables.ts'
import { decodeBase64 } from './encodings.ts'
import { readVariable } from './operand.ts'

export const sha1 = (): Converter<string, string> =>
  converter('sha1', 'bin', 'bin', text => digestOf('sha1', text))

/** @param bits 224, 256 (default), 384 or 512 */
export function sha2(bits: 224 | 256 | 384 | 512 = 256): Converter<string, string> {
  if (![224, 256, 384, 512].includes(bits)) refuse('sha2 bits', bits, '224, 256, 384 or 512')
  return converter(`sha2(${bits})`, 'bin', 'bin', text => digestOf(`sha${bits}`, text))
}

/** @param algorithm as OpenSSL names it: `sha256`, `sha3-256`, `blake2b512` */
export function digest(algorithm: string): Converter<string, string> {
  const name = algorithmOf('digest', algorithm)
  return converter(`digest(${algorithm})`, 'bin', 'bin', text => digestOf(name, text))
}

/** @param key in base64, or the name of a variable that holds it so */
export function hmac(algorithm: string, key: string): Converter<string, string, ConnectionScope> {
  const name = algorithmOf('hmac', algorithm)
  const text = `hmac(${algorithm},${isVariableName(key) ? key : '…'})`
  if (!isVariableName(key)) {
    const secret = decodeBase64(key)
    if (secret === undefined) refuse('hmac key', '…', 'base64, or the name of a variable')
    return converter(text, 'bin', 'bin', value => hmacOf(name, secret, value))
  }
  const read = readVariable('hmac key', key)
  return converterOf(text, 'bin', 'bin', 'connection', (value, scope) => {
    const secret = decodeBase64(read(scope) ?? '.')
    return secret === undefined ? undefined : hmacOf(name, secret, value)
  })
}

function digestOf(algorithm: string, text: string): string {
  return createHash(algorithm).update(text, 'latin1').digest('binary')
}

function hmacOf(algorithm: string, key: string, text: string): string {
  return createHmac(algorithm, Buffer.from(key, 'latin1')).update(text, 'latin1').digest('binary')
}

function algorithmOf(keyword: string, algorithm: unknown): string {
  const name = String(algorithm).toLowerCase()
  if (!getHashes().some(known => known.toLowerCase() === name))
    refuse(`${keyword} algorithm`, algorithm, 'a digest that this OpenSSL has, such as sha256')
  return name
}
