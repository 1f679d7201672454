/**
 * One certificate with its chain and key, read and checked: what a handshake shows.
 *
 * Invariant: the key is that of the certificate, and OpenSSL accepts both. A certificate that has expired is
 * loaded: a server that shows it is still of more use than one that does not start; {@link CertificateInfo}
 * tells.
 * Cost: about 0.1 ms to parse and 0.3 ms to try in OpenSSL.
 * Source: HAProxy manual, `crt`; RFC 6125 section 6.4.4 (a common name counts only where there is no SAN).
 */
import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { reasonOf, unusable } from './errors.ts'
import { isCertificateName } from './host-name.ts'
import { readStaple, type Staple } from './ocsp-staple.ts'
import { isCertificate, isPrivateKey, type PemBlock, pemBlocks } from './pem.ts'

/** A key's kind, as far as clients choose by it. */
export type KeyKind = 'ecdsa' | 'rsa' | 'ed25519' | 'other'

/** What a source holds, unread. */
export interface CertificateMaterial {
  /** The file, or the place in the options. */
  readonly source: string
  /** Certificates and keys in PEM, in any order. */
  readonly pem: string
  readonly passphrase: string | undefined
  /** An OCSP response in DER. */
  readonly ocsp: Buffer | undefined
}

/** What is known of a certificate: for logs and pages. */
export interface CertificateInfo {
  /** The file, or the place in the options: `certificates[1]`. */
  readonly source: string
  /** The names it is chosen for, in lower case; empty where it can only be the default. */
  readonly names: readonly string[]
  readonly keyKind: KeyKind
  /** Its validity, in milliseconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
  /** SHA-256 of the certificate, 64 hexadecimal digits in lower case. */
  readonly fingerprint256: string
  /**
   * How long its OCSP response may be stapled, in milliseconds since the epoch; undefined where it has none.
   */
  readonly stapleNotAfter: number | undefined
}

/** A certificate that is ready to be shown. */
export interface LoadedCertificate {
  readonly info: CertificateInfo
  /** SHA-256 of all that was read: the same digest, the same certificate. */
  readonly digest: string
  /** The chain in PEM, the certificate itself first. */
  readonly chain: string
  readonly key: string
  readonly passphrase: string | undefined
  readonly staple: Staple | undefined
  /** Why the OCSP response is not stapled; undefined where it is, or there is none. */
  readonly stapleProblem: string | undefined
}

/** What tells one state of a source from another. */
export function digestOf(material: CertificateMaterial): string {
  const hash = createHash('sha256')
    .update(material.pem)
    .update('\0')
    .update(material.passphrase ?? '')
  return hash
    .update('\0')
    .update(material.ocsp ?? '')
    .digest('hex')
}

/**
 * Read and check.
 * @throws {TlsError} `EVENER_INVALID_CERTIFICATE`, naming the source and the reason
 */
export function loadCertificate(material: CertificateMaterial): LoadedCertificate {
  const { source, passphrase } = material
  const blocks = pemBlocks(material.pem)
  const certificates = blocks.filter(isCertificate).map(block => parseCertificate(source, block))
  const keys = blocks.filter(isPrivateKey).map(block => parseKey(source, block, passphrase))
  if (certificates.length === 0) throw unusable(source, 'no certificate in it (PEM is expected)')
  if (keys.length === 0) throw unusable(source, 'no private key in it, nor beside it')
  const pair = matching(certificates, keys)
  if (pair === undefined) throw unusable(source, 'no private key in it belongs to a certificate in it')
  const { leaf, key } = pair
  const chain = chainOf(leaf, certificates)
  const staple = material.ocsp === undefined ? undefined : readStaple(material.ocsp, leaf.x509)
  const usable = typeof staple === 'object' ? staple : undefined
  const loaded: LoadedCertificate = {
    info: {
      source,
      names: namesOf(leaf.x509),
      keyKind: kindOf(leaf.x509.publicKey),
      notBefore: leaf.x509.validFromDate.getTime(),
      notAfter: leaf.x509.validToDate.getTime(),
      fingerprint256: leaf.x509.fingerprint256.replaceAll(':', '').toLowerCase(),
      stapleNotAfter: usable?.notAfter,
    },
    digest: digestOf(material),
    chain: chain.map(each => each.text).join(''),
    key: key.text,
    passphrase,
    staple: usable,
    stapleProblem: typeof staple === 'string' ? staple : undefined,
  }
  tryOut(loaded)
  return loaded
}

/** The names that a certificate is good for, in lower case. */
export function namesOf(x509: X509Certificate): string[] {
  const names = x509.subjectAltName === undefined ? commonNames(x509) : dnsNames(x509.subjectAltName)
  return [...new Set(names.map(each => each.toLowerCase()).filter(isCertificateName))]
}

// Node quotes a name with anything odd in it, a comma for one; such a name is none of ours.
const ALTERNATIVE = /([^:,]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/g

function dnsNames(alternatives: string): string[] {
  return [...alternatives.matchAll(ALTERNATIVE)]
    .filter(match => match[1] === 'DNS')
    .map(match => match[2] as string)
}

function commonNames(x509: X509Certificate): string[] {
  return [...x509.subject.matchAll(/^CN=(.*)$/gm)].map(match => match[1] as string)
}

function kindOf(key: KeyObject): KeyKind {
  const type = key.asymmetricKeyType
  if (type === 'ec') return 'ecdsa'
  if (type === 'rsa' || type === 'rsa-pss') return 'rsa'
  return type === 'ed25519' ? 'ed25519' : 'other'
}

interface Parsed<T> {
  readonly text: string
  readonly x509: T
}

function parseCertificate(source: string, block: PemBlock): Parsed<X509Certificate> {
  try {
    return { text: block.text, x509: new X509Certificate(block.text) }
  } catch (error) {
    throw unusable(source, `a certificate in it cannot be read (${reasonOf(error)})`)
  }
}

function parseKey(source: string, block: PemBlock, passphrase: string | undefined) {
  try {
    const format = { key: block.text, format: 'pem' as const }
    return {
      text: block.text,
      key: createPrivateKey(passphrase === undefined ? format : { ...format, passphrase }),
    }
  } catch (error) {
    throw unusable(source, `a private key in it cannot be read (${reasonOf(error)})`)
  }
}

function matching(certificates: Parsed<X509Certificate>[], keys: { text: string; key: KeyObject }[]) {
  for (const leaf of certificates) {
    const key = keys.find(each => leaf.x509.checkPrivateKey(each.key))
    if (key !== undefined) return { leaf, key }
  }
  return undefined
}

/** The certificate, who issued it, who issued that one; then what is left, in the order of the file. */
function chainOf(leaf: Parsed<X509Certificate>, all: Parsed<X509Certificate>[]): Parsed<X509Certificate>[] {
  const chain = [leaf]
  const left = all.filter(each => each !== leaf && each.text !== leaf.text)
  for (let last = leaf; ; ) {
    const index = left.findIndex(each => last.x509.checkIssued(each.x509))
    if (index < 0) return [...chain, ...left]
    last = left.splice(index, 1)[0] as Parsed<X509Certificate>
    chain.push(last)
  }
}

/**
 * OpenSSL refuses more than node:crypto does: weak keys and digests. Better known now than in a handshake.
 */
function tryOut(loaded: LoadedCertificate): void {
  try {
    createSecureContext(certificateOptions([loaded]))
  } catch (error) {
    throw unusable(loaded.info.source, `OpenSSL refuses it (${reasonOf(error)})`)
  }
}

/** Certificates and keys as `createSecureContext` takes them. */
export function certificateOptions(certificates: readonly LoadedCertificate[]) {
  return {
    cert: certificates.map(each => each.chain),
    key: certificates.map(each => ({
      pem: each.key,
      ...(each.passphrase === undefined ? {} : { passphrase: each.passphrase }),
    })),
  }
}
