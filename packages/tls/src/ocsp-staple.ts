/**
 * An OCSP response (RFC 6960) that is stapled to handshakes: read as far as is needed to know whom it speaks
 * of and how long it holds.
 *
 * Its signature is not checked: the client does that, and who can write the file can write the key. A
 * response for another certificate, or an expired one, would make strict clients refuse, so it is not sent.
 * Source: RFC 6960 section 4.2.1; HAProxy manual, `.ocsp` files. Not for: asking a responder; something else
 * writes the file (`openssl ocsp`, certbot's hooks).
 */
import type { X509Certificate } from 'node:crypto'
import { derElement, derElements, derTime } from './der.ts'

/** A response and how long it may be sent. */
export interface Staple {
  readonly response: Buffer
  /** In milliseconds since the epoch; Infinity where the response names no end. */
  readonly notAfter: number
}

const SEQUENCE = 0x30
const hex = (digits: string): string => digits.toLowerCase().replace(/^0+/, '')

/** The response, or why it cannot be stapled to this certificate. */
export function readStaple(response: Buffer, certificate: X509Certificate): Staple | string {
  const [status, bytes] = derElements(derElement(response)?.content ?? Buffer.alloc(0))
  if (status?.tag !== 0x0a) return 'it is not an OCSP response in DER'
  if (status.content[0] !== 0) return `the responder answered with the error ${status.content[0]}`
  const singles = singleResponses(bytes?.content)
  if (singles === undefined) return 'it is not a basic OCSP response'
  for (const single of singles) {
    const [id, , , nextUpdate] = derElements(single.content)
    const serial = derElements(id?.content ?? Buffer.alloc(0))[3]
    if (serial === undefined || hex(serial.content.toString('hex')) !== hex(certificate.serialNumber))
      continue
    if (nextUpdate?.tag !== 0xa0) return { response, notAfter: Number.POSITIVE_INFINITY }
    const notAfter = derTime(derElement(nextUpdate.content))
    return notAfter === undefined ? 'its nextUpdate is no time' : { response, notAfter }
  }
  return 'it speaks of another certificate'
}

/** ResponseBytes → BasicOCSPResponse → ResponseData → SEQUENCE OF SingleResponse. */
function singleResponses(responseBytes: Buffer | undefined) {
  const [, basic] = derElements(derElement(responseBytes ?? Buffer.alloc(0))?.content ?? Buffer.alloc(0))
  const data = derElement(derElement(basic?.content ?? Buffer.alloc(0))?.content ?? Buffer.alloc(0))
  // Version and responder stand before it under tags of their own, and producedAt is a time.
  const list = derElements(data?.content ?? Buffer.alloc(0)).find(each => each.tag === SEQUENCE)
  return list === undefined ? undefined : derElements(list.content)
}
