/**
 * Where certificates come from: files as HAProxy lays them out, folders of such files, and PEM in memory.
 *
 * A file holds certificate, chain and key in any order. The key may stand beside it (`x.pem.key`, or `x.key`
 * for `x.crt` as Kubernetes has it), an OCSP response in `x.pem.ocsp`. Where `x.pem` is missing,
 * `x.pem.ecdsa` and `x.pem.rsa` are looked for. In a folder, all files count but hidden ones and those that
 * stand beside others. Reading is synchronous: a certificate is a few KB and takes some 30 µs; who reads a
 * thousand does so in slices.
 * Source: HAProxy manual, `crt` and `ssl-load-extra-files`. `.issuer` and `.sctl` are passed over: the staple
 * is matched by the serial number, and certificates carry their SCTs themselves nowadays.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { CertificateMaterial } from './certificates.ts'
import { reasonOf, unusable } from './errors.ts'
import { checkNames, isBytes, refuse, textOption } from './options.ts'
import { looksLikePem } from './pem.ts'

/** Certificate, chain and key in one PEM text. */
export interface PemSource {
  readonly pem: string | Uint8Array
  /** Of an encrypted key. */
  readonly passphrase?: string | undefined
  /** An OCSP response in DER. */
  readonly ocsp?: Uint8Array | undefined
}

/** Certificate and key apart, in PEM. */
export interface PairSource {
  readonly cert: string | Uint8Array
  readonly key: string | Uint8Array
  /** Of an encrypted key. */
  readonly passphrase?: string | undefined
  /** The certificates between this one and the root. */
  readonly chain?: string | Uint8Array | undefined
  /** An OCSP response in DER. */
  readonly ocsp?: Uint8Array | undefined
}

/** A file, a folder of files (both by path; a text that is PEM is taken as such), or PEM in memory. */
export type CertificateSource = string | PemSource | PairSource

/** One certificate's place, and how to read what is there now. */
export interface CertificatePlace {
  readonly source: string
  read(): CertificateMaterial
}

const BUNDLE = ['.ecdsa', '.rsa']
const BESIDE = ['.key', '.ocsp', '.issuer', '.sctl']

/** The paths that a source reads from, for those who watch: one, or none. */
export function pathOf(source: CertificateSource): string | undefined {
  return typeof source === 'string' && !looksLikePem(source) ? source : undefined
}

/** @throws {TlsError} `EVENER_INVALID_OPTION` */
export function checkSource(field: string, source: unknown): CertificateSource {
  if (typeof source === 'string' && source !== '') return source
  if (typeof source !== 'object' || source === null) {
    refuse(field, source, 'a path, or an object with { pem } or { cert, key }')
  }
  const bundle = 'pem' in source
  checkNames(
    field,
    source,
    bundle ? ['pem', 'passphrase', 'ocsp'] : ['cert', 'key', 'passphrase', 'chain', 'ocsp'],
  )
  const given = source as Record<string, unknown>
  for (const name of bundle ? ['pem'] : ['cert', 'key']) {
    if (!isBytes(given[name])) refuse(`${field}.${name}`, given[name], 'PEM as text or bytes')
  }
  if (given.chain !== undefined && !isBytes(given.chain)) {
    refuse(`${field}.chain`, given.chain, 'PEM as text or bytes')
  }
  textOption(`${field}.passphrase`, given.passphrase)
  if (given.ocsp !== undefined && !(given.ocsp instanceof Uint8Array)) {
    refuse(`${field}.ocsp`, given.ocsp, 'bytes (DER)')
  }
  return source as CertificateSource
}

/**
 * The certificates that a source has now, unread.
 * @throws {TlsError} `EVENER_INVALID_CERTIFICATE` where there is no such file or folder
 */
export function placesOf(source: CertificateSource, name: string): CertificatePlace[] {
  const path = pathOf(source)
  if (path === undefined) return [{ source: name, read: () => inMemory(source, name) }]
  try {
    if (!existsSync(path)) {
      const bundle = BUNDLE.map(suffix => path + suffix).filter(each => existsSync(each))
      if (bundle.length === 0) throw unusable(path, 'there is no such file or folder')
      return bundle.map(filePlace)
    }
    if (!statSync(path).isDirectory()) return [filePlace(path)]
    const files = readdirSync(path)
      .filter(each => !each.startsWith('.') && !BESIDE.some(suffix => each.endsWith(suffix)))
      .sort()
      .map(each => join(path, each))
      .filter(each => statSync(each, { throwIfNoEntry: false })?.isFile() === true)
    return files.map(filePlace)
  } catch (error) {
    throw error instanceof Error && 'subject' in error ? error : unusable(path, reasonOf(error))
  }
}

const text = (bytes: string | Uint8Array): string =>
  typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('latin1')

function inMemory(source: CertificateSource, name: string): CertificateMaterial {
  if (typeof source === 'string') return { source: name, pem: source, passphrase: undefined, ocsp: undefined }
  const parts = 'pem' in source ? [source.pem] : [source.cert, source.chain ?? '', source.key]
  return {
    source: name,
    pem: parts.map(text).join('\n'),
    passphrase: source.passphrase,
    ocsp: source.ocsp === undefined ? undefined : Buffer.from(source.ocsp),
  }
}

function filePlace(path: string): CertificatePlace {
  return { source: path, read: () => readFile(path) }
}

function readFile(path: string): CertificateMaterial {
  try {
    const pem = readFileSync(path, 'latin1')
    const keyFiles = pem.includes('PRIVATE KEY-----')
      ? []
      : [`${path}.key`, path.replace(/\.[^./]*$/, '.key')]
    const keyFile = keyFiles.find(each => existsSync(each))
    const key = keyFile === undefined ? '' : `\n${readFileSync(keyFile, 'latin1')}`
    const ocsp = existsSync(`${path}.ocsp`) ? readFileSync(`${path}.ocsp`) : undefined
    return { source: path, pem: pem + key, passphrase: undefined, ocsp }
  } catch (error) {
    throw unusable(path, reasonOf(error))
  }
}
