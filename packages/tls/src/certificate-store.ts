/**
 * Which certificate a client is shown: by the name it asks for (SNI), exact before wildcard, whatever the
 * case.
 *
 * A wildcard stands for one label (RFC 6125 section 6.4.3): `*.example.com` is for `a.example.com`, neither
 * for `example.com` nor for `a.b.example.com`. Where one name has certificates of several kinds of key (ECDSA
 * and RSA), one context holds one of each, and OpenSSL takes what the client can verify. Of two of one kind,
 * the first given counts.
 *
 * Invariant: immutable; a reload makes another store and swaps one reference. Contexts are made when they are
 * first asked for (0.4 ms, 27 KB each; certificates were tried before), and a reload takes over those that
 * stay the same, so that 1,000 certificates cost no more than those in use.
 * Cost: two look-ups in a map, whatever the number of certificates and labels.
 */
import type { SecureContext } from 'node:tls'
import type { LoadedCertificate } from './certificates.ts'

/** Makes the context for certificates of one name, at most one of each kind of key. */
export type ContextMaker = (certificates: readonly LoadedCertificate[]) => SecureContext

/** The certificates that go together for a name, and their context. */
export class CertificateChoice {
  readonly certificates: readonly LoadedCertificate[]
  /** Equal for equal certificates. */
  readonly key: string
  readonly #make: ContextMaker
  #context: SecureContext | undefined

  constructor(certificates: readonly LoadedCertificate[], make: ContextMaker) {
    this.certificates = certificates
    this.key = keyOf(certificates)
    this.#make = make
  }

  /** Made at the first call. */
  context(): SecureContext {
    this.#context ??= this.#make(this.certificates)
    return this.#context
  }
}

export class CertificateStore {
  /** All that were given, in their order. */
  readonly certificates: readonly LoadedCertificate[]
  /** For clients that name nobody, or a name that is not here. */
  readonly fallback: CertificateChoice
  readonly #byName = new Map<string, CertificateChoice>()
  readonly #byKey = new Map<string, CertificateChoice>()

  /**
   * @param certificates in order of precedence; the first is the fallback, with those of other kinds that share its
   * first name; at least one
   * @param before the store that this one follows, with the same `make`: its contexts are taken over
   */
  constructor(certificates: readonly LoadedCertificate[], make: ContextMaker, before?: CertificateStore) {
    this.certificates = certificates
    const together = new Map<string, LoadedCertificate[]>()
    for (const certificate of certificates) {
      for (const name of certificate.info.names) {
        const others = together.get(name)
        if (others === undefined) together.set(name, [certificate])
        else if (others.every(each => each.info.keyKind !== certificate.info.keyKind))
          others.push(certificate)
      }
    }
    const taken = before === undefined ? undefined : before.#byKey
    const choice = (chosen: LoadedCertificate[]): CertificateChoice => {
      const key = keyOf(chosen)
      const known = this.#byKey.get(key) ?? taken?.get(key) ?? new CertificateChoice(chosen, make)
      this.#byKey.set(key, known)
      return known
    }
    for (const [name, chosen] of together) this.#byName.set(name, choice(chosen))
    const first = certificates[0] as LoadedCertificate
    this.fallback = this.#byName.get(first.info.names[0] ?? '') ?? choice([first])
  }

  /** Who serves this name; undefined where no certificate is for it. */
  find(serverName: string): CertificateChoice | undefined {
    const name = serverName.toLowerCase()
    const exact = this.#byName.get(name)
    if (exact !== undefined) return exact
    const dot = name.indexOf('.')
    return dot < 1 ? undefined : this.#byName.get(`*${name.slice(dot)}`)
  }

  /** All choices, each once. */
  choices(): Iterable<CertificateChoice> {
    return this.#byKey.values()
  }
}

function keyOf(certificates: readonly LoadedCertificate[]): string {
  return certificates.map(each => each.digest).join(' ')
}
