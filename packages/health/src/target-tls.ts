/**
 * TLS towards a target: its options checked, and turned into what `node:tls` connects with.
 *
 * The name sent (SNI) and the name verified are two questions: the first picks a certificate at the server, and can
 * only be a host name (RFC 6066 section 3); the second is what the certificate has to be for, and may be an address.
 *
 * Making a context parses certificates and keys, which costs more than a check: one is made for each set of options
 * and shared by all targets that have the same ones.
 *
 * Invariant: at most `maxShared` contexts are held here beyond those whose options are in use; a host that gives new
 * options each time pays the parsing, not memory. Cost: O(1) after the first time.
 */
import { createHash } from 'node:crypto'
import { isIP } from 'node:net'
import {
  checkServerIdentity,
  createSecureContext,
  type PeerCertificate,
  type SecureContext,
  type SecureVersion,
} from 'node:tls'
import type { TargetTls } from './contract.ts'
import { readChoice, readOptions, refuse } from './options.ts'

/** The names of the options. */
export const tlsOptionNames: readonly (keyof TargetTls)[] = [
  'servername',
  'verifyHost',
  'ca',
  'crl',
  'cert',
  'key',
  'passphrase',
  'minVersion',
  'maxVersion',
  'ciphers',
  'rejectUnauthorized',
]

const VERSIONS: readonly SecureVersion[] = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']

const MAX_SHARED = 64

/** What `tls.connect` needs besides the address. */
export interface TlsConnectOptions {
  /** SNI; empty where none is sent. */
  readonly servername: string
  readonly secureContext: SecureContext
  readonly rejectUnauthorized: boolean
  /** Checks the certificate against the name to verify, whatever name was sent. */
  readonly checkServerIdentity: (host: string, certificate: PeerCertificate) => Error | undefined
}

/**
 * Check the options, without reading the certificates in them.
 * @param field what they are called in messages
 * @throws {HealthError} `EVENER_INVALID_OPTION`
 */
export function readTargetTls(field: string, tls: TargetTls): TargetTls {
  readOptions(field, tls, tlsOptionNames)
  const { servername, verifyHost, minVersion, maxVersion } = tls
  if (servername !== undefined && servername !== '' && !isHostName(servername)) {
    refuse(`${field}.servername`, servername, 'a host name, or empty for none; verifyHost takes addresses')
  }
  if (verifyHost !== undefined && !isHostName(verifyHost) && isIP(verifyHost as string) === 0) {
    refuse(`${field}.verifyHost`, verifyHost, 'a host name or an address')
  }
  for (const name of ['ca', 'crl', 'cert', 'key'] as const) {
    if (tls[name] === undefined) continue
    const pems: readonly unknown[] = [tls[name]].flat()
    const allowed = name === 'ca' || name === 'crl' ? 'PEM (a string or Buffer), or an array of it' : 'PEM'
    const single = name === 'ca' || name === 'crl' || !Array.isArray(tls[name])
    if (!single || pems.length === 0 || !pems.every(pem => typeof pem === 'string' || Buffer.isBuffer(pem))) {
      refuse(`${field}.${name}`, tls[name], allowed)
    }
  }
  if (tls.key !== undefined && tls.cert === undefined) {
    refuse(`${field}.key`, 'a key', 'given together with cert')
  }
  for (const name of ['passphrase', 'ciphers'] as const) {
    const value: unknown = tls[name]
    // A passphrase is never shown.
    if (value !== undefined && typeof value !== 'string') refuse(`${field}.${name}`, typeof value, 'a string')
  }
  readChoice(`${field}.minVersion`, minVersion, 'TLSv1.2', VERSIONS)
  readChoice(`${field}.maxVersion`, maxVersion, 'TLSv1.3', VERSIONS)
  if (VERSIONS.indexOf(minVersion ?? 'TLSv1.2') > VERSIONS.indexOf(maxVersion ?? 'TLSv1.3')) {
    refuse(`${field}.minVersion`, minVersion ?? 'TLSv1.2', `at most maxVersion, ${maxVersion}`)
  }
  const { rejectUnauthorized } = tls
  if (rejectUnauthorized !== undefined && typeof rejectUnauthorized !== 'boolean') {
    refuse(`${field}.rejectUnauthorized`, rejectUnauthorized, 'true or false')
  }
  return tls
}

/**
 * What to connect with.
 * @param host the target's host name or address; empty for a unix socket, which is verified as `localhost`
 * @throws what OpenSSL says of a certificate or key that cannot be read
 */
export function tlsConnectOptions(tls: TargetTls, host: string): TlsConnectOptions {
  const servername = tls.servername ?? (isHostName(host) ? host : '')
  const verified = tls.verifyHost ?? (servername || host || 'localhost')
  return {
    servername,
    secureContext: contextOf(tls),
    rejectUnauthorized: tls.rejectUnauthorized ?? true,
    checkServerIdentity: (_host, certificate) => checkServerIdentity(verified, certificate),
  }
}

/** By the options as an object, and by what they say: neither is kept longer than needed. */
const contexts = new WeakMap<TargetTls, SecureContext>()
const shared = new Map<string, SecureContext>()

function contextOf(tls: TargetTls): SecureContext {
  let context = contexts.get(tls)
  if (context === undefined) {
    const key = digest(tls)
    context = shared.get(key)
    if (context === undefined) {
      context = createContext(tls)
      if (shared.size === MAX_SHARED) shared.clear()
      shared.set(key, context)
    }
    contexts.set(tls, context)
  }
  return context
}

function createContext(tls: TargetTls): SecureContext {
  const { ca, crl, cert, passphrase, minVersion, maxVersion, ciphers } = tls
  // OpenSSL passes over what is no PEM at all, and would then trust nobody.
  if (ca !== undefined && ![ca].flat().every(pem => pem.includes('-----BEGIN '))) {
    throw new Error('ca holds no certificate in PEM')
  }
  return createSecureContext({
    ...(ca !== undefined && { ca: ca as string | Buffer }),
    ...(crl !== undefined && { crl: crl as string | Buffer }),
    // One file may hold both, as HAProxy's `crt` does: OpenSSL takes from it what it is asked for.
    ...(cert !== undefined && { cert, key: tls.key ?? cert }),
    ...(passphrase !== undefined && { passphrase }),
    ...(minVersion !== undefined && { minVersion }),
    ...(maxVersion !== undefined && { maxVersion }),
    ...(ciphers !== undefined && { ciphers }),
  })
}

/** The options that a context is made of, as one key. Hashed, because a private key is among them. */
function digest(tls: TargetTls): string {
  const hash = createHash('sha256')
  for (const name of tlsOptionNames) {
    if (name === 'servername' || name === 'verifyHost' || name === 'rejectUnauthorized') continue
    for (const value of [tls[name]].flat()) {
      if (value === undefined) continue
      hash.update(`${name} ${Buffer.byteLength(value as string | Buffer)} `).update(value as string | Buffer)
    }
  }
  return hash.digest('base64')
}

/** SNI carries names, never addresses. */
function isHostName(value: unknown): value is string {
  return typeof value === 'string' && /^[a-z0-9_.-]{1,253}$/i.test(value) && /[a-z]/i.test(value)
}
