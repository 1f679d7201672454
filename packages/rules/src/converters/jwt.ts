/**
 * JSON Web Tokens in their compact form (RFC 7515 section 7.1): looked into, and their signature verified (RFC 7518).
 *
 * `jwtVerify` says that the signature is right, and no more: not that the token has not expired, nor whom it is for. Cost:
 * for HMAC some µs; for keys, tens of µs and more.
 */
import { createHmac, type KeyObject, timingSafeEqual, verify } from 'node:crypto'
import { refuse } from '../options.ts'
import type { Sample } from '../sample.ts'
import type { ConnectionScope } from '../scope.ts'
import { type Converter, converter, converterOf } from '../value.ts'
import { isVariableName } from '../variables.ts'
import { decodeBase64Url } from './encodings.ts'
import { findJson, parseJsonPath, sampleOfJson } from './json-path.ts'
import { readVariable } from './operand.ts'

/** The token's header, or one value of it. @param path as `jsonQuery` takes it */
export const jwtHeaderQuery = (path?: string, output?: 'int'): Converter<string, Sample> =>
  part('jwt_header_query', 0, path, output)

/** The token's payload, or one value of it. */
export const jwtPayloadQuery = (path?: string, output?: 'int'): Converter<string, Sample> =>
  part('jwt_payload_query', 1, path, output)

interface Algorithm {
  readonly hash: string
  readonly kind: 'HS' | 'RS' | 'PS' | 'ES' | 'none'
}

const algorithms = new Map<string, Algorithm>([
  ...(['HS', 'RS', 'PS', 'ES'] as const).flatMap(kind =>
    ['256', '384', '512'].map((bits): [string, Algorithm] => [kind + bits, { hash: `sha${bits}`, kind }]),
  ),
  ['none', { hash: '', kind: 'none' }],
])

/** What HAProxy answers beside 1, right, and 0, wrong. */
const unknownAlgorithm = -1
const invalidToken = -3
const unknownKey = -5

/**
 * Whether the signature is right: 1, or 0; negative for what cannot be verified at all (see HAProxy's `jwt_verify`). Never
 * take it for a truth value: `-3` is not 0.
 * @param algorithm `HS256`, `RS256`, `PS256`, `ES256`, their like of 384 and 512, `none`; or the name of a variable
 * @param key the secret of HMAC, or the variable that holds it; for the others, a public key. A key is never used as a secret.
 */
export function jwtVerify(
  algorithm: string,
  key: string | KeyObject,
): Converter<string, number, ConnectionScope> {
  const isNamed = isVariableName(algorithm)
  if (!isNamed && !algorithms.has(algorithm))
    refuse('jwt_verify alg', algorithm, `${[...algorithms.keys()].join(', ')}, or the name of a variable`)
  const readAlgorithm = isNamed ? readVariable('jwt_verify alg', algorithm) : () => algorithm
  const readKey = isVariableName(key) ? readVariable('jwt_verify key', key) : () => key
  return converterOf(`jwt_verify(${algorithm},…)`, 'bin', 'int', 'connection', (token, scope) => {
    const known = algorithms.get(readAlgorithm(scope) ?? '')
    return known === undefined ? unknownAlgorithm : verified(token, known, readKey(scope))
  })
}

function verified(token: string, { kind, hash }: Algorithm, key: string | KeyObject | undefined): number {
  const parts = token.split('.')
  const [header, payload, signed] = parts
  if (parts.length !== 3 || header === '' || payload === '') return invalidToken
  const signature = decodeBase64Url(signed as string)
  if (signature === undefined) return invalidToken
  // Unsigned is right where there is nothing to verify, and only where the rule says so.
  if (kind === 'none') return signature === '' ? 1 : 0
  const text = Buffer.from(`${header}.${payload}`, 'latin1')
  const bytes = Buffer.from(signature, 'latin1')
  if (kind === 'HS') {
    if (typeof key !== 'string') return unknownKey
    const right = createHmac(hash, Buffer.from(key, 'latin1')).update(text).digest()
    return right.length === bytes.length && timingSafeEqual(right, bytes) ? 1 : 0
  }
  if (
    key === undefined ||
    typeof key === 'string' ||
    key.asymmetricKeyType !== (kind === 'ES' ? 'ec' : 'rsa')
  )
    return unknownKey
  return verify(hash, text, optionsFor(kind, key), bytes) ? 1 : 0
}

/** RSA with PSS has salts as long as the digest; ECDSA has the two numbers side by side. */
function optionsFor(kind: 'RS' | 'PS' | 'ES', key: KeyObject): Parameters<typeof verify>[2] {
  if (kind === 'ES') return { key, dsaEncoding: 'ieee-p1363' }
  // RSA_PKCS1_PSS_PADDING with RSA_PSS_SALTLEN_DIGEST
  return kind === 'PS' ? { key, padding: 6, saltLength: -1 } : { key }
}

function part(
  keyword: string,
  index: number,
  path: string | undefined,
  output: 'int' | undefined,
): Converter<string, Sample> {
  if (path === undefined) return converter(keyword, 'bin', 'any', token => decodedPart(token, index))
  const steps = parseJsonPath(`${keyword} path`, path)
  if (output !== undefined && output !== 'int') refuse(`${keyword} output`, output, 'int, or none')
  return converter(`${keyword}(${path}${output === undefined ? '' : ',int'})`, 'bin', 'any', token => {
    const json = decodedPart(token, index)
    const found = json === undefined ? undefined : findJson(json, steps)
    return found === undefined ? undefined : sampleOfJson(found, output === 'int')
  })
}

function decodedPart(token: string, index: number): string | undefined {
  const parts = token.split('.', 6)
  if (parts.length !== 3 && parts.length !== 5) return undefined
  return decodeBase64Url(parts[index] as string)
}
