/**
 * What TLS knows, as header fields for servers behind: protocol, cipher, name, and who the client is.
 *
 * A client must not be able to say any of this itself: {@link TlsHeaders.names} must be taken out of every
 * request, with or without TLS, before {@link TlsHeaders.of} is put in. Only a certificate that was verified
 * is told about: of another one, anybody can have made up the names; of that only `Verify` says that it was
 * there.
 *
 * Invariant: a value is visible ASCII and inner spaces, whatever a certificate says: other bytes are escaped,
 * as `\0A` in distinguished names (RFC 4514 section 2.4) and as `%0A` elsewhere, so no value ends its line.
 * Cost: O(length); all checks of names are done at construction.
 * Source: RFC 9440 (`Client-Cert`); nginx's `$ssl_client_verify` for the words; HAProxy's `ssl_c_*` for the
 * choice.
 */
import type { ClientCertificateFacts, TlsFacts } from './facts.ts'
import { checkNames, refuse } from './options.ts'

/** A header's name and value. */
export type ClientHeader = [name: string, value: string]

/** The names, by what they carry; `false` leaves the header out. */
export interface TlsHeaderNames {
  /** `SUCCESS`, `NONE` (no certificate) or `FAILED:` and OpenSSL's reason; `X-SSL-Client-Verify`. */
  readonly verify?: string | false | undefined
  /** The subject (RFC 4514); `X-SSL-Client-DN`. */
  readonly subject?: string | false | undefined
  /** The common name; `X-SSL-Client-CN`. */
  readonly commonName?: string | false | undefined
  /** The issuer (RFC 4514); `X-SSL-Issuer-DN`. */
  readonly issuer?: string | false | undefined
  /** The serial number in hexadecimal; `X-SSL-Client-Serial`. */
  readonly serial?: string | false | undefined
  /** SHA-256 of the certificate in hexadecimal; `X-SSL-Client-SHA256`. */
  readonly sha256?: string | false | undefined
  /** The certificate in PEM, URL-encoded; left out by default; usual is `X-SSL-Client-Cert`. */
  readonly pem?: string | false | undefined
  /** The certificate as RFC 9440 has it; left out by default; its name is `Client-Cert`. */
  readonly clientCert?: string | false | undefined
  /** `TLSv1.3`; `X-SSL-Protocol`. */
  readonly protocol?: string | false | undefined
  /** `TLS_AES_128_GCM_SHA256`; `X-SSL-Cipher`. */
  readonly cipher?: string | false | undefined
  /** The name that the client asked for; `X-SSL-SNI`. */
  readonly serverName?: string | false | undefined
}

/** Options of {@link tlsHeaders}. */
export interface TlsHeaderOptions {
  readonly names?: TlsHeaderNames | undefined
}

/** Headers for servers. */
export interface TlsHeaders {
  /**
   * In lower case: what clients must never send through. Also those that are left out, so that nobody
   * believes them.
   */
  readonly names: readonly string[]
  /** The headers for a connection; none for one without TLS. */
  of(facts: TlsFacts | undefined): ClientHeader[]
}

const DEFAULTS = {
  verify: 'X-SSL-Client-Verify',
  subject: 'X-SSL-Client-DN',
  commonName: 'X-SSL-Client-CN',
  issuer: 'X-SSL-Issuer-DN',
  serial: 'X-SSL-Client-Serial',
  sha256: 'X-SSL-Client-SHA256',
  pem: 'X-SSL-Client-Cert',
  clientCert: 'Client-Cert',
  protocol: 'X-SSL-Protocol',
  cipher: 'X-SSL-Cipher',
  serverName: 'X-SSL-SNI',
} as const

type Field = keyof typeof DEFAULTS
const FIELDS = Object.keys(DEFAULTS) as Field[]
/** Some KB each: only where asked for. */
const LARGE: readonly Field[] = ['pem', 'clientCert']
/** RFC 9440 section 2.3: its companion, which a server that reads the one may believe as well. */
const ALWAYS_DROPPED = ['client-cert-chain']

/**
 * Compile the headers.
 * @throws {TlsError} `EVENER_INVALID_OPTION` for a name that is no field name (RFC 9110 section 5.1), or is given twice
 */
export function tlsHeaders(options: TlsHeaderOptions = {}): TlsHeaders {
  checkNames('tlsHeaders', options, ['names'])
  const given: TlsHeaderNames = options.names ?? {}
  checkNames('names', given, FIELDS)
  const fields: (readonly [Field, string])[] = []
  const names = new Set([...ALWAYS_DROPPED, ...FIELDS.map(each => DEFAULTS[each].toLowerCase())])
  const used = new Set<string>()
  for (const field of FIELDS) {
    const name: unknown = given[field] ?? (LARGE.includes(field) ? false : DEFAULTS[field])
    if (name === false) continue
    if (typeof name !== 'string' || !/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) {
      refuse(`names.${field}`, name, 'a header name, or false')
    }
    if (used.has(name.toLowerCase())) refuse(`names.${field}`, name, 'a name that no other field has')
    used.add(name.toLowerCase())
    names.add(name.toLowerCase())
    fields.push([field, name])
  }
  return {
    names: [...names],
    of(facts) {
      const headers: ClientHeader[] = []
      if (facts === undefined) return headers
      for (const [field, name] of fields) {
        const value = fieldValue(field, facts)
        if (value !== undefined) headers.push([name, value])
      }
      return headers
    },
  }
}

function fieldValue(field: Field, facts: TlsFacts): string | undefined {
  if (field === 'protocol') return percentEscaped(facts.version)
  if (field === 'cipher') return percentEscaped(facts.cipher)
  if (field === 'serverName')
    return facts.serverName === undefined ? undefined : percentEscaped(facts.serverName)
  const certificate = facts.clientCertificate
  if (field === 'verify') return verdict(certificate)
  return certificate?.verified ? certificateValue(field, certificate) : undefined
}

function verdict(certificate: ClientCertificateFacts | undefined): string {
  if (certificate === undefined) return 'NONE'
  return certificate.verified ? 'SUCCESS' : `FAILED:${percentEscaped(certificate.error ?? 'unknown')}`
}

function certificateValue(
  field: Exclude<Field, 'protocol' | 'cipher' | 'serverName' | 'verify'>,
  certificate: ClientCertificateFacts,
): string | undefined {
  switch (field) {
    case 'subject':
      return nameEscaped(certificate.subject)
    case 'commonName':
      return certificate.commonName === undefined ? undefined : percentEscaped(certificate.commonName)
    case 'issuer':
      return nameEscaped(certificate.issuer)
    case 'serial':
      return percentEscaped(certificate.serialNumber)
    case 'sha256':
      return percentEscaped(certificate.fingerprint256)
    case 'pem':
      return encodeURIComponent(pemOf(certificate.der))
    case 'clientCert':
      return `:${certificate.der.toString('base64')}:`
  }
}

function pemOf(der: Buffer): string {
  const lines = der.toString('base64').replace(/.{64}(?=.)/g, '$&\n')
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`
}

/** Anything but visible ASCII and spaces inside; `%` itself too, so that it can be undone. */
const UNSAFE = /[^\x20-\x7e]|^ | $|%/gu
const bytesOf = (character: string, mark: string): string =>
  [...Buffer.from(character)].map(byte => mark + byte.toString(16).toUpperCase().padStart(2, '0')).join('')

const percentEscaped = (value: string): string => value.replace(UNSAFE, each => bytesOf(each, '%'))

/**
 * A distinguished name has its own escapes; those in it stay. One may be a space at the end, which HTTP
 * would cut off.
 */
function nameEscaped(value: string): string {
  return value.replace(/[^\x20-\x7e]|^ |\\? $/gu, each => bytesOf(each.replace('\\', ''), '\\'))
}
