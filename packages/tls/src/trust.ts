/**
 * Whom we believe when a client shows a certificate: CAs, and lists of those revoked.
 *
 * Invariant: where certificates are asked for, there is at least one CA. With lists, each CA of a chain needs
 * one that is in force, or nobody below it is believed (HAProxy's `crl-file` does the same).
 */
import { createHash, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { reasonOf, TlsError, unusable } from './errors.ts'
import { checkNames, isBytes, refuse, wordOption } from './options.ts'
import { isCertificate, looksLikePem, pemBlocks } from './pem.ts'

/** Files by path, or PEM as text or bytes; one or several. */
export type PemInput = string | Uint8Array | readonly (string | Uint8Array)[]

/** Whether clients are asked for a certificate, and whom we believe. */
export interface ClientCertificateOptions {
  /**
   * `none` (the default): not asked. `optional`: asked, and let in whatever they show, or nothing; `TlsFacts`
   * say whether it was verified. `required`: no handshake without a certificate that is.
   */
  readonly verify?: 'none' | 'optional' | 'required' | undefined
  /** Who vouches for clients; read again on reload. Needed unless `verify` is `none`. */
  readonly ca?: PemInput | undefined
  /** Revoked certificates; read again on reload. */
  readonly crl?: PemInput | undefined
}

/** CAs and lists as they are now. */
export interface TrustState {
  readonly ca: string[]
  readonly crl: string[]
  /** Equal for equal trust. */
  readonly digest: string
}

const WORDS = ['none', 'optional', 'required'] as const

export class Trust {
  readonly verify: 'none' | 'optional' | 'required'
  /** The files it reads. */
  readonly paths: readonly string[]
  readonly #ca: readonly (string | Uint8Array)[]
  readonly #crl: readonly (string | Uint8Array)[]

  /** @throws {TlsError} `EVENER_INVALID_OPTION` */
  constructor(options: ClientCertificateOptions = {}) {
    checkNames('clientCertificates', options, ['verify', 'ca', 'crl'])
    this.verify = wordOption('clientCertificates.verify', options.verify, 'none', WORDS)
    this.#ca = inputs('clientCertificates.ca', options.ca)
    this.#crl = inputs('clientCertificates.crl', options.crl)
    if (this.verify !== 'none' && this.#ca.length === 0) {
      const message = `clientCertificates.ca is missing; verify: '${this.verify}' needs one`
      throw new TlsError('EVENER_INVALID_OPTION', 'clientCertificates.ca', message)
    }
    this.paths = [...this.#ca, ...this.#crl].flatMap(each => (isPath(each) ? [each] : []))
  }

  /**
   * Read CAs and lists now.
   * @throws {TlsError} `EVENER_INVALID_CERTIFICATE`, naming the file and the reason
   */
  read(): TrustState {
    const ca = this.#ca.flatMap(input => {
      const source = isPath(input) ? input : 'clientCertificates.ca'
      const blocks = pemBlocks(content(input, source)).filter(isCertificate)
      if (blocks.length === 0) throw unusable(source, 'no certificate in it (PEM is expected)')
      for (const block of blocks) attempt(source, 'certificate', () => new X509Certificate(block.text))
      return blocks.map(each => each.text)
    })
    const crl = this.#crl.flatMap(input => {
      const source = isPath(input) ? input : 'clientCertificates.crl'
      const blocks = pemBlocks(content(input, source)).filter(each => each.label === 'X509 CRL')
      if (blocks.length === 0) throw unusable(source, 'no revocation list in it (PEM is expected)')
      for (const block of blocks) {
        attempt(source, 'revocation list', () => createSecureContext({ crl: block.text }))
      }
      return blocks.map(each => each.text)
    })
    const digest = createHash('sha256')
      .update(JSON.stringify([this.verify, ca, crl]))
      .digest('hex')
    return { ca, crl, digest }
  }
}

function inputs(field: string, given: unknown): (string | Uint8Array)[] {
  if (given === undefined) return []
  const list = Array.isArray(given) ? given : [given]
  if (list.length === 0 || !list.every(isBytes))
    refuse(field, given, 'a path, or PEM as text or bytes, or a list of these')
  return list
}

const isPath = (input: string | Uint8Array): input is string =>
  typeof input === 'string' && !looksLikePem(input)

function content(input: string | Uint8Array, source: string): string {
  try {
    return isPath(input) ? readFileSync(input, 'latin1') : Buffer.from(input).toString('latin1')
  } catch (error) {
    throw unusable(source, reasonOf(error))
  }
}

function attempt(source: string, what: string, parse: () => unknown): void {
  try {
    parse()
  } catch (error) {
    throw unusable(source, `a ${what} in it cannot be read (${reasonOf(error)})`)
  }
}
