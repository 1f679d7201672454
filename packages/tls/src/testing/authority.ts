/**
 * A certificate authority for tests: certificates, CRLs and OCSP responses, made in this process with
 * node:crypto alone, in a tenth of a millisecond each, so that a test can have a thousand. Not for: anything
 * but tests.
 */
import {
  createHash,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto'
import {
  bits,
  boolean,
  element,
  identifier,
  integer,
  octets,
  sequence,
  set,
  tagged,
  time,
  utf8,
} from './der-writer.ts'

export type KeyKind = 'ec' | 'rsa' | 'ed25519'

/** What a certificate is to say. */
export interface Wish {
  /** Subject, most general first: `[['O', 'Example'], ['CN', 'a']]`. By default a CN of the first name. */
  readonly subject?: readonly (readonly [string, string])[]
  /** dNSNames; an empty list for no SAN at all. */
  readonly names?: readonly string[]
  readonly addresses?: readonly number[][]
  readonly key?: KeyKind
  readonly notBefore?: number
  readonly notAfter?: number
  readonly isAuthority?: boolean
  /** Serial number in hexadecimal. */
  readonly serial?: string
}

/** A certificate and its key. */
export interface Issued {
  readonly cert: string
  readonly key: string
  readonly der: Buffer
  readonly x509: X509Certificate
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  readonly serial: string
}

export const dayMs = 86_400_000
const algorithms = {
  ec: sequence(identifier('1.2.840.10045.4.3.2')),
  rsa: sequence(identifier('1.2.840.113549.1.1.11'), Buffer.from([5, 0])),
  ed25519: sequence(identifier('1.3.101.112')),
}
const attributes: Record<string, string> = { CN: '2.5.4.3', O: '2.5.4.10', OU: '2.5.4.11', C: '2.5.4.6' }
const sha1 = (bytes: Uint8Array): Buffer => createHash('sha1').update(bytes).digest()

let rsa: { privateKey: KeyObject; publicKey: KeyObject } | undefined
function keyPair(kind: KeyKind): { privateKey: KeyObject; publicKey: KeyObject } {
  if (kind === 'ec') return generateKeyPairSync('ec', { namedCurve: 'P-256' })
  if (kind === 'ed25519') return generateKeyPairSync('ed25519')
  // An RSA key takes 50 ms and more: one for all.
  rsa ??= generateKeyPairSync('rsa', { modulusLength: 2048 })
  return rsa
}

const kindOf = (key: KeyObject): KeyKind => key.asymmetricKeyType as KeyKind
const signed = (body: Buffer, key: KeyObject): Buffer => {
  const kind = kindOf(key)
  return sequence(body, algorithms[kind], bits(sign(kind === 'ed25519' ? null : 'sha256', body, key)))
}
const name = (parts: readonly (readonly [string, string])[]): Buffer =>
  sequence(
    ...parts.map(([type, value]) => set(sequence(identifier(attributes[type] as string), utf8(value)))),
  )
const extension = (id: string, critical: boolean, value: Buffer): Buffer =>
  sequence(identifier(id), ...(critical ? [boolean(true)] : []), octets(value))

export function pem(label: string, der: Uint8Array): string {
  const lines = Buffer.from(der).toString('base64').replace(/.{64}/g, '$&\n').trimEnd()
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`
}

/** An authority: of its own, or below another. */
export class Authority {
  readonly issued: Issued
  readonly #name: Buffer

  constructor(commonName = 'Test CA', parent?: Authority) {
    const subject = [['CN', commonName] as const]
    const wish = { subject, names: [], isAuthority: true }
    this.#name = name(subject)
    this.issued = parent === undefined ? this.#make(wish, undefined) : parent.issue(wish)
  }

  /** Its certificate in PEM: what trusts it. */
  get cert(): string {
    return this.issued.cert
  }

  issue(wish: Wish = {}): Issued {
    return this.#make(wish, this.issued.privateKey)
  }

  #make(wish: Wish, signer: KeyObject | undefined): Issued {
    const { privateKey, publicKey } = keyPair(wish.key ?? 'ec')
    const serial = wish.serial ?? (randomBytes(8).toString('hex').replace(/^0+/, '') || '1')
    const names = wish.names ?? ['localhost']
    const subject = wish.subject ?? [['CN', names[0] ?? 'nobody'] as const]
    const now = Math.floor(Date.now() / 1000) * 1000
    const alternative = [
      ...names.map(each => element(0x82, Buffer.from(each))),
      ...(wish.addresses ?? []).map(each => element(0x87, Buffer.from(each))),
    ]
    const extensions = [
      ...(wish.isAuthority ? [extension('2.5.29.19', true, sequence(boolean(true)))] : []),
      ...(alternative.length > 0 ? [extension('2.5.29.17', false, sequence(...alternative))] : []),
    ]
    const signingKey = signer ?? privateKey
    const body = sequence(
      tagged(0, integer('2')),
      integer(serial),
      algorithms[kindOf(signingKey)],
      this.#name,
      sequence(time(wish.notBefore ?? now - dayMs), time(wish.notAfter ?? now + 365 * dayMs)),
      name(subject),
      publicKey.export({ type: 'spki', format: 'der' }),
      ...(extensions.length > 0 ? [tagged(3, sequence(...extensions))] : []),
    )
    const der = signed(body, signingKey)
    return {
      der,
      cert: pem('CERTIFICATE', der),
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
      x509: new X509Certificate(der),
      privateKey,
      publicKey,
      serial,
    }
  }

  /** A list of revoked certificates, in PEM. */
  revoke(...revoked: readonly Issued[]): string {
    const now = Date.now()
    const entries = revoked.map(each => sequence(integer(each.serial), time(now - dayMs)))
    const body = sequence(
      integer('1'),
      algorithms[kindOf(this.issued.privateKey)],
      this.#name,
      time(now - dayMs),
      time(now + dayMs),
      ...(entries.length > 0 ? [sequence(...entries)] : []),
    )
    return pem('X509 CRL', signed(body, this.issued.privateKey))
  }

  /** An OCSP response (RFC 6960) that calls a certificate good. */
  vouch(certificate: Issued, wish: { nextUpdate?: number | undefined; status?: number } = {}): Buffer {
    const now = Date.now()
    const nextUpdate = 'nextUpdate' in wish ? wish.nextUpdate : now + dayMs
    const key = this.issued.publicKey.export({ type: 'spki', format: 'der' })
    // The bits of an uncompressed P-256 point are the last 65 bytes of its SubjectPublicKeyInfo.
    const keyHash = sha1(key.subarray(-65))
    const id = sequence(
      sequence(identifier('1.3.14.3.2.26'), Buffer.from([5, 0])),
      octets(sha1(this.#name)),
      octets(keyHash),
      integer(certificate.serial),
    )
    const single = sequence(
      id,
      element(0x80),
      time(now - dayMs),
      ...(nextUpdate === undefined ? [] : [tagged(0, time(nextUpdate))]),
    )
    const body = sequence(tagged(2, octets(keyHash)), time(now - dayMs), sequence(single))
    const basic = signed(body, this.issued.privateKey)
    return sequence(
      element(0x0a, Buffer.from([wish.status ?? 0])),
      tagged(0, sequence(identifier('1.3.6.1.5.5.7.48.1.1'), octets(basic))),
    )
  }
}
