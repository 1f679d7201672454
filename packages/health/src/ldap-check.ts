/**
 * Is this an LDAP server that lets one in? An anonymous simple bind, as HAProxy's `option ldap-check`.
 *
 * `L7OK` success; `L7STS` another result, whose code is the status; `L7RSP` no LDAPv3. Source: HAProxy manual, `option
 * ldap-check`; RFC 4511, sections 4.1.9 and 4.2; X.690 for how lengths are written.
 */
import type { Fit } from './chain-steps.ts'
import type { Checker } from './contract.ts'
import { readOptions } from './options.ts'
import { PROTOCOL_OPTION_NAMES, type ProtocolCheckOptions, protocolCheck } from './protocol-check.ts'

/** Message 1: bindRequest, version 3, no name, no password. */
const BIND = Buffer.from('300c020101600702010304008000', 'hex')

/**
 * A check by an anonymous bind.
 * @throws {HealthError} `EVENER_INVALID_OPTION`
 */
export function ldapCheck(options: ProtocolCheckOptions = {}): Checker {
  readOptions('options', options, PROTOCOL_OPTION_NAMES)
  return protocolCheck('ldap', [{ send: BIND }, { expect: { judge }, onSuccess: 'Success' }], options)
}

/** SEQUENCE { messageID 1, [APPLICATION 1] { resultCode, matchedDN, diagnosticMessage, … } } */
function judge(received: Buffer): Fit {
  if (received[0] !== 0x30) return false
  const message = contentOf(received, 0)
  if (message === undefined || message === 'no length') return message === undefined ? undefined : false
  if (message.length < 6) return false
  if (!message.subarray(0, 4).equals(Buffer.from([0x02, 0x01, 0x01, 0x61]))) return false
  const result = contentOf(message, 3)
  if (!(result instanceof Buffer) || result.length < 3 || result[0] !== 0x0a || result[1] !== 0x01)
    return false
  const code = result[2]!
  if (code === 0) return true
  return { code: 'L7STS', status: code, message: `result code ${code}${diagnosis(result)}` }
}

/** What an element at `start` holds, once it is complete. Lengths have up to four bytes, as Active Directory's do. */
function contentOf(bytes: Buffer, start: number): Buffer | 'no length' | undefined {
  const first = bytes[start + 1]
  if (first === undefined) return undefined
  const more = first & 0x80 ? first & 0x7f : 0
  if (more > 4 || first === 0x80) return 'no length'
  const begin = start + 2 + more
  if (bytes.length < begin) return undefined
  const length = more === 0 ? first : bytes.readUIntBE(start + 2, more)
  return bytes.length < begin + length ? undefined : bytes.subarray(begin, begin + length)
}

/** The third element of a result is a text for people. */
function diagnosis(result: Buffer): string {
  const name = contentOf(result, 3)
  if (!(name instanceof Buffer)) return ''
  const text = contentOf(result, name.byteOffset - result.byteOffset + name.length)
  return text instanceof Buffer && text.length > 0 ? `: ${text.subarray(0, 200)}` : ''
}
