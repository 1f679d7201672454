/**
 * Versions, ciphers, curves and ALPN: what is spoken. The defaults let in every client of the last ten years
 * and nothing weaker: TLS 1.2 with ECDHE and authenticated ciphers only (no CBC, no RSA key exchange, no
 * 3DES), and TLS 1.3.
 *
 * AES-128 stands first: it is the fastest with AES in hardware, and no attack is known that 256 bits would
 * stop. Renegotiation, which TLS 1.2 allows clients to ask for again and again, is off, as in HAProxy.
 * Source: RFC 9325 (what TLS servers should speak), RFC 8996 (TLS 1.0 and 1.1 are not to be used), RFC 7301
 * (ALPN).
 */
import { constants } from 'node:crypto'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { reasonOf, TlsError } from './errors.ts'
import { refuse, textOption, wordOption } from './options.ts'

/** The versions that may be spoken. */
export type TlsVersion = 'TLSv1.2' | 'TLSv1.3'

/** What is spoken. */
export interface ProtocolOptions {
  /** The lowest version; `TLSv1.2` by default. */
  readonly minVersion?: TlsVersion | undefined
  /** The highest version; `TLSv1.3` by default. */
  readonly maxVersion?: TlsVersion | undefined
  /** For TLS 1.2, in OpenSSL's names, colons between, best first. */
  readonly ciphers?: string | undefined
  /** For TLS 1.3, by their standard names, colons between, best first. */
  readonly cipherSuites?: string | undefined
  /** Groups for the key exchange, colons between (`X25519:P-256`); OpenSSL's own list by default. */
  readonly curves?: string | undefined
  /**
   * Protocols by ALPN, best first; `['http/1.1']` by default, an empty list for no ALPN at all. A client that
   * offers others only is refused with the alert `no_application_protocol`; one that offers none is let in.
   */
  readonly alpn?: readonly string[] | undefined
}

const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const

/** {@link ProtocolOptions.ciphers} by default. */
export const DEFAULT_CIPHERS = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':')

/** {@link ProtocolOptions.cipherSuites} by default. */
export const DEFAULT_CIPHER_SUITES = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
].join(':')

/**
 * The options as node:tls takes them.
 * @throws {TlsError} `EVENER_INVALID_OPTION`, also for what OpenSSL does not know
 */
export function contextOptions(options: ProtocolOptions): SecureContextOptions {
  const minVersion = wordOption('minVersion', options.minVersion, 'TLSv1.2', VERSIONS)
  const maxVersion = wordOption('maxVersion', options.maxVersion, 'TLSv1.3', VERSIONS)
  if (minVersion > maxVersion) refuse('maxVersion', maxVersion, `${minVersion} (minVersion) or higher`)
  const ciphers = textOption('ciphers', options.ciphers) ?? DEFAULT_CIPHERS
  const cipherSuites = textOption('cipherSuites', options.cipherSuites) ?? DEFAULT_CIPHER_SUITES
  if (!cipherSuites.split(':').every(each => each.startsWith('TLS_'))) {
    refuse('cipherSuites', cipherSuites, 'names of TLS 1.3 (TLS_AES_128_GCM_SHA256), colons between')
  }
  // OpenSSL takes an unknown name beside a known one without a word.
  const odd = ciphers.split(':').find(each => each.startsWith('TLS_'))
  if (odd !== undefined) refuse('ciphers', odd, 'names of TLS 1.2; those of 1.3 belong into cipherSuites')
  const curves = textOption('curves', options.curves)
  const settings: SecureContextOptions = {
    minVersion,
    maxVersion,
    ciphers: `${cipherSuites}:${ciphers}`,
    honorCipherOrder: true,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    ...(curves === undefined ? {} : { ecdhCurve: curves }),
  }
  check('curves', curves, () => createSecureContext(curves === undefined ? {} : { ecdhCurve: curves }))
  check('cipherSuites', cipherSuites, () => createSecureContext({ ciphers: cipherSuites }))
  check('ciphers', ciphers, () => createSecureContext(settings))
  return settings
}

/** The protocols as node:tls takes them: 1 to 255 bytes each. */
export function alpnProtocols(given: unknown): string[] {
  const list = given === undefined ? ['http/1.1'] : given
  const fits = (each: unknown) => typeof each === 'string' && each !== '' && Buffer.byteLength(each) <= 255
  if (!Array.isArray(list) || !list.every(fits)) refuse('alpn', given, 'a list of names of 1 to 255 bytes')
  return [...list]
}

function check(field: string, value: string | undefined, make: () => unknown): void {
  try {
    make()
  } catch (error) {
    const message = `${field} is ${JSON.stringify(value)}; OpenSSL does not take it (${reasonOf(error)})`
    throw new TlsError('EVENER_INVALID_OPTION', field, message)
  }
}
