/**
 * The TLS extension (PP2_TYPE_SSL): what the proxy in front knows of the client's TLS connection. A byte of flags,
 * four bytes of verification, then extensions within the extension.
 *
 * Invariant: `verified` is true only with TLS, a certificate and a verification that found nothing. HAProxy sends a
 * zero there also where there was no certificate, so that the number alone says nothing.
 *
 * Source: PROXY protocol specification, 2.2.6.
 */
import type { ProxyTls, ProxyTlv } from './header.ts'
import { ProxyHeaderError } from './header-error.ts'
import { TLV_HEAD_BYTES, tlvEnd } from './tlv.ts'
import {
  CLIENT_CERTIFICATE_IN_SESSION,
  CLIENT_CERTIFICATE_ON_CONNECTION,
  CLIENT_TLS,
  isPlainText,
  TLS_CLIENT_CERTIFICATE,
  TLS_TEXTS,
} from './wire.ts'

/** Read the extension's value, from `from` to `to`. */
export function readTls(bytes: Buffer, from: number, to: number): ProxyTls | ProxyHeaderError {
  if (to - from < 5) return new ProxyHeaderError('EVENER_PROXY_V2_TLV_LENGTH', from - TLV_HEAD_BYTES)
  const client = bytes[from]!
  const verifyError = bytes.readUInt32BE(from + 1)
  const tls = (client & CLIENT_TLS) !== 0
  const certificate = (client & (CLIENT_CERTIFICATE_ON_CONNECTION | CLIENT_CERTIFICATE_IN_SESSION)) !== 0
  const found: { -readonly [Field in keyof ProxyTls]: ProxyTls[Field] } = {
    tls,
    certificateOnConnection: (client & CLIENT_CERTIFICATE_ON_CONNECTION) !== 0,
    certificateInSession: (client & CLIENT_CERTIFICATE_IN_SESSION) !== 0,
    verified: tls && certificate && verifyError === 0,
  }
  if (verifyError !== 0) found.verifyError = verifyError
  const other: ProxyTlv[] = []

  for (let at = from + 5; at < to; ) {
    const end = tlvEnd(bytes, at, to)
    if (end === -1) return new ProxyHeaderError('EVENER_PROXY_V2_SUB_TLV_TRUNCATED', at)
    const type = bytes[at]!
    const value = bytes.subarray(at + TLV_HEAD_BYTES, end)
    const text = TLS_TEXTS.get(type as never)
    if (text !== undefined) {
      if (found[text] !== undefined) return new ProxyHeaderError('EVENER_PROXY_V2_TLV_DUPLICATE', at)
      if (!isPlainText(value)) return new ProxyHeaderError('EVENER_PROXY_V2_TLV_TEXT', at)
      found[text] = value.toString('utf8')
    } else if (type === TLS_CLIENT_CERTIFICATE) {
      if (found.clientCertificate !== undefined)
        return new ProxyHeaderError('EVENER_PROXY_V2_TLV_DUPLICATE', at)
      found.clientCertificate = Buffer.from(value)
    } else other.push({ type, value: Buffer.from(value) })
    at = end
  }
  if (other.length > 0) found.other = other
  return found
}
