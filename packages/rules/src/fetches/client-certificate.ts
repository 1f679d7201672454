/** HAProxy's `ssl_c_…`: the certificate that the client sent. Nothing where it sent none. */
import { createHash } from 'node:crypto'
import { verifyCodes } from '../converters/verify-codes.ts'
import { integerOption, refuse } from '../options.ts'
import type { Sample, SampleType } from '../sample.ts'
import type { CertificateView, ConnectionScope } from '../scope.ts'
import { fetch, type Value } from '../value.ts'

type OfClient<T extends Sample> = Value<T, ConnectionScope>

/** Whether the client sent one. Nothing without TLS. */
export const sslCUsed = (): OfClient<boolean> =>
  fetch('ssl_c_used', 'bool', 'connection', ({ connection: { tls } }: ConnectionScope) =>
    tls === undefined ? undefined : tls.clientCertificate !== undefined,
  )

/** 0 where it is verified, else OpenSSL's number for why not; 1 for what has none here. */
export const sslCVerify = (): OfClient<number> =>
  read('ssl_c_verify', 'int', ({ verified, error }) => (verified ? 0 : (verifyCodes[error ?? ''] ?? 1)))

/** All of it, in DER. */
export const sslCDer = (): OfClient<string> => read('ssl_c_der', 'bin', ({ der }) => der.toString('latin1'))

/** SHA-1 of it. */
export const sslCSha1 = (): OfClient<string> =>
  read('ssl_c_sha1', 'bin', ({ der }) => createHash('sha1').update(der).digest('binary'))

/** Its number, as bytes. */
export const sslCSerial = (): OfClient<string> =>
  read('ssl_c_serial', 'bin', ({ serialNumber }) => Buffer.from(serialNumber, 'hex').toString('latin1'))

/** The subject as RFC 4514 writes it, or one part of it: `CN`. @param occurrence from 1 on, or from -1 back */
export const sslCSDn = (entry?: string, occurrence?: number): OfClient<string> =>
  name('ssl_c_s_dn', entry, occurrence, ({ subject }) => subject)

/** The issuer, or one part of it. */
export const sslCIDn = (entry?: string, occurrence?: number): OfClient<string> =>
  name('ssl_c_i_dn', entry, occurrence, ({ issuer }) => issuer)

/** From when on it is valid: `YYMMDDhhmmssZ`. */
export const sslCNotbefore = (): OfClient<string> =>
  read('ssl_c_notbefore', 'str', one => utcTime(one.notBefore))

/** Until when it is valid. */
export const sslCNotafter = (): OfClient<string> =>
  read('ssl_c_notafter', 'str', one => utcTime(one.notAfter))

function name(
  keyword: string,
  entry: string | undefined,
  occurrence: number | undefined,
  nameOf: (one: CertificateView) => string,
): OfClient<string> {
  if (entry === undefined) return read(keyword, 'str', nameOf)
  if (!/^[A-Za-z][A-Za-z0-9]*$|^\d+(?:\.\d+)*$/.test(entry))
    refuse(`${keyword} entry`, entry, 'a part such as CN or O')
  const at = occurrence ?? 1
  if (integerOption(`${keyword} occurrence`, at, -99, 99) === 0)
    refuse(`${keyword} occurrence`, at, 'from 1 on, or from -1 back')
  return read(`${keyword}(${entry}${occurrence === undefined ? '' : `,${occurrence}`})`, 'str', one => {
    const values = partsOf(nameOf(one), entry)
    return values.at(at > 0 ? at - 1 : at)
  })
}

/** The values of a part, in the certificate's order, which RFC 4514 turns round. */
function partsOf(distinguishedName: string, entry: string): string[] {
  const values: string[] = []
  for (const match of distinguishedName.matchAll(/(?:^|[,+])([^=,+]+)=((?:\\.|[^\\,+])*)/gs))
    if ((match[1] as string).toUpperCase() === entry.toUpperCase())
      values.unshift(unescaped(match[2] as string))
  return values
}

function unescaped(value: string): string {
  return value.replace(/\\(?:([0-9a-fA-F]{2})|(.))/gs, (_, hex: string | undefined, character: string) =>
    hex === undefined ? character : String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

function utcTime(milliseconds: number): string {
  const digits = new Date(milliseconds).toISOString().replace(/\D/g, '')
  return `${digits.slice(2, 14)}Z`
}

function read<T extends Sample>(
  text: string,
  type: SampleType,
  of: (one: CertificateView) => T | undefined,
): OfClient<T> {
  const from = ({ connection }: ConnectionScope) => {
    const one = connection.tls?.clientCertificate
    return one === undefined ? undefined : of(one)
  }
  return fetch(text, type, 'connection', from as never) as unknown as OfClient<T>
}
