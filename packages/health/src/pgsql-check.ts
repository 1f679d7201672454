/**
 * Is this a PostgreSQL that would let one in? A start-up message, and what it wants to be authenticated by, as HAProxy's
 * `option pgsql-check`. Nobody logs in.
 *
 * `L7OK` it asks for authentication, or for none; `L7RSP` it answers with an error, which the message tells (it is
 * starting, too many are connected, …), or with something else, as HAProxy has it; `L7STS` it wants to be authenticated
 * in a way that is not known. Source: HAProxy manual, `option pgsql-check`; PostgreSQL's frontend/backend protocol 3.0.
 */
import type { Fit } from './chain-steps.ts'
import type { Checker } from './contract.ts'
import { readOptions } from './options.ts'
import {
  PROTOCOL_OPTION_NAMES,
  type ProtocolCheckOptions,
  protocolCheck,
  readWord,
} from './protocol-check.ts'

/** Options of {@link pgsqlCheck}. */
export interface PgsqlCheckOptions extends ProtocolCheckOptions {
  /** Who would log in. */
  readonly user: string
}

/**
 * A check by PostgreSQL's start-up message.
 * @throws {HealthError} `EVENER_INVALID_OPTION`
 */
export function pgsqlCheck(options: PgsqlCheckOptions): Checker {
  readOptions('options', options, [...PROTOCOL_OPTION_NAMES, 'user'])
  const fields = Buffer.from(`user\0${readWord('options.user', options.user)}\0\0`)
  const head = Buffer.alloc(8)
  head.writeInt32BE(head.length + fields.length, 0)
  head.writeInt32BE(3 << 16, 4)
  return protocolCheck(
    'pgsql',
    [{ send: Buffer.concat([head, fields]) }, { expect: { judge }, onSuccess: 'PostgreSQL server is ok' }],
    options,
  )
}

/** None, Kerberos, password, crypt, MD5, SCM, GSS, SSPI, SASL. */
const AUTHENTICATIONS: ReadonlySet<number> = new Set([0, 2, 3, 4, 5, 6, 7, 9, 10])

function judge(received: Buffer, final: boolean): Fit {
  const kind = String.fromCharCode(received[0]!)
  if (kind !== 'R' && kind !== 'E') return false
  if (received.length < 9) return undefined
  const length = received.readInt32BE(1)
  if (kind === 'R') {
    if (length < 8 || length > 1000) return false
    const wanted = received.readInt32BE(5)
    if (AUTHENTICATIONS.has(wanted)) return true
    return { code: 'L7STS', message: `authentication of an unknown kind, ${wanted}`, status: wanted }
  }
  if (!final && received.length < Math.min(length, 4096)) return undefined
  return { code: 'L7RSP', message: errorOf(received) }
}

/** Fields of a letter and a text each; M is the message for people. Servers before 7.4 send a text only. */
function errorOf(received: Buffer): string {
  const fields = received.subarray(5).toString().split('\0')
  return fields.find(field => field.startsWith('M'))?.slice(1) ?? 'an error without a message'
}
