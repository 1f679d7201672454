/**
 * Extensions to be written, as types and values: checked, so that what leaves here is what a strict reader accepts.
 *
 * Source: PROXY protocol specification, 2.2.1 to 2.2.8.
 */
import type { ProxyTls, ProxyTlv, ProxyTlvs } from './header.ts'
import { refuseField } from './options.ts'
import { tlvBytes, writeTlvs } from './tlv.ts'
import {
  CLIENT_CERTIFICATE_IN_SESSION,
  CLIENT_CERTIFICATE_ON_CONNECTION,
  CLIENT_TLS,
  isPlainText,
  TEXT_MAX_BYTES,
  TEXTS,
  TLS_CLIENT_CERTIFICATE,
  TLS_TEXTS,
  TLV_ALPN,
  TLV_AUTHORITY,
  TLV_CRC32C,
  TLV_NETNS,
  TLV_SSL,
  TLV_UNIQUE_ID,
  UNIQUE_ID_MAX_BYTES,
} from './wire.ts'

const VALUE_MAX_BYTES = 0xffff
/** Types that have a field of their own, or an option. */
const OWN_FIELD = new Set([...TEXTS.keys(), TLV_CRC32C, TLV_UNIQUE_ID, TLV_SSL])
const OWN_TLS_FIELD = new Set([...TLS_TEXTS.keys(), TLS_CLIENT_CERTIFICATE])

/** The extensions in the order in which they are written. */
export function encodeTlvs(tlvs: ProxyTlvs): ProxyTlv[] {
  const list: ProxyTlv[] = []
  addText(list, TLV_ALPN, 'tlvs.alpn', tlvs.alpn, TEXT_MAX_BYTES)
  addText(list, TLV_AUTHORITY, 'tlvs.authority', tlvs.authority, TEXT_MAX_BYTES)
  addBytes(list, TLV_UNIQUE_ID, 'tlvs.uniqueId', tlvs.uniqueId, UNIQUE_ID_MAX_BYTES)
  if (tlvs.tls !== undefined) list.push({ type: TLV_SSL, value: encodeTls(tlvs.tls) })
  addText(list, TLV_NETNS, 'tlvs.netns', tlvs.netns, TEXT_MAX_BYTES)
  addOther(list, 'tlvs.other', tlvs.other, OWN_FIELD)
  return list
}

function encodeTls(tls: ProxyTls): Buffer {
  const certificate = tls.certificateOnConnection || tls.certificateInSession
  const { verified, verifyError } = tls
  if (verified && !(tls.tls && certificate))
    refuseField('tlvs.tls.verified', verified, 'false where there is no TLS or no certificate')
  if (
    verifyError !== undefined &&
    (verified || !Number.isInteger(verifyError) || verifyError < 1 || verifyError > 0xffff_ffff)
  )
    refuseField('tlvs.tls.verifyError', verifyError, 'an integer from 1 to 2^32 - 1, where verified is false')

  const list: ProxyTlv[] = []
  for (const [type, name] of TLS_TEXTS) addText(list, type, `tlvs.tls.${name}`, tls[name], VALUE_MAX_BYTES)
  addBytes(list, TLS_CLIENT_CERTIFICATE, 'tlvs.tls.clientCertificate', tls.clientCertificate, VALUE_MAX_BYTES)
  addOther(list, 'tlvs.tls.other', tls.other, OWN_TLS_FIELD)

  const length = 5 + tlvBytes(list)
  if (length > VALUE_MAX_BYTES) refuseField('tlvs.tls', `${length} bytes`, `at most ${VALUE_MAX_BYTES}`)
  const value = Buffer.alloc(length)
  value[0] =
    (tls.tls ? CLIENT_TLS : 0) |
    (tls.certificateOnConnection ? CLIENT_CERTIFICATE_ON_CONNECTION : 0) |
    (tls.certificateInSession ? CLIENT_CERTIFICATE_IN_SESSION : 0)
  // Zero would say "verified", also of a certificate that never came.
  value.writeUInt32BE(verified ? 0 : (verifyError ?? 1), 1)
  writeTlvs(list, value, 5)
  return value
}

function addText(list: ProxyTlv[], type: number, field: string, text: unknown, maxBytes: number): void {
  if (text === undefined) return
  const allowed = `a text of at most ${maxBytes} bytes without control characters`
  if (typeof text !== 'string' || !text.isWellFormed()) refuseField(field, text, allowed)
  const value = Buffer.from(text)
  if (value.length > maxBytes || !isPlainText(value)) refuseField(field, text, allowed)
  list.push({ type, value })
}

function addBytes(list: ProxyTlv[], type: number, field: string, value: unknown, maxBytes: number): void {
  if (value === undefined) return
  if (!(value instanceof Uint8Array) || value.length > maxBytes)
    refuseField(field, value, `a Buffer of at most ${maxBytes} bytes`)
  list.push({ type, value: value as Buffer })
}

function addOther(
  list: ProxyTlv[],
  field: string,
  others: readonly ProxyTlv[] = [],
  own: ReadonlySet<number>,
): void {
  for (const [index, { type, value }] of others.entries()) {
    const at = `${field}[${index}]`
    if (!Number.isInteger(type) || type < 0 || type > 0xff || own.has(type))
      refuseField(`${at}.type`, type, 'an integer from 0 to 255 that has no field of its own')
    addBytes(list, type, `${at}.value`, value ?? null, VALUE_MAX_BYTES)
  }
}
