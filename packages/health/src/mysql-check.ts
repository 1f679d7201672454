/**
 * Is this a MySQL, or MariaDB, that lets one in? Its handshake, and with a user a login without a password, as HAProxy's
 * `option mysql-check`.
 *
 * `L7OK` it does, and the message is its version; `L7STS` it answers with an error, which the message tells, and whose
 * number is the status; `L7RSP` it answers with something else.
 *
 * Without a user the server counts each check as a connection that was broken off, and locks this host out after
 * `max_connect_errors` of them: give it a user that may log in without a password and may do nothing.
 * Source: HAProxy manual, `option mysql-check`; MySQL's client/server protocol, "Connection Phase".
 */
import type { Fit } from './chain-steps.ts'
import type { CheckContext } from './connect.ts'
import type { Checker } from './contract.ts'
import { readChoice, readOptions, refuse } from './options.ts'
import {
  PROTOCOL_OPTION_NAMES,
  type ProtocolCheckOptions,
  protocolCheck,
  readWord,
} from './protocol-check.ts'
import type { TcpStep } from './tcp-chain.ts'

/** Options of {@link mysqlCheck}. */
export interface MysqlCheckOptions extends ProtocolCheckOptions {
  /** Who logs in; by default nobody does, and the server's handshake is enough. */
  readonly user?: string | undefined
  /**
   * How: as clients from 4.1 on (the default), as those before, or, from 8.0 on, with `mysql_native_password` named as
   * what the user logs in by.
   */
  readonly version?: 'post-41' | 'pre-41' | 'post-80' | undefined
}

/**
 * A check by MySQL's handshake.
 * @throws {HealthError} `EVENER_INVALID_OPTION`
 */
export function mysqlCheck(options: MysqlCheckOptions = {}): Checker {
  readOptions('options', options, [...PROTOCOL_OPTION_NAMES, 'user', 'version'])
  const version = readChoice('options.version', options.version, 'post-41', ['post-41', 'pre-41', 'post-80'])
  if (options.user === undefined && options.version !== undefined) {
    refuse('options.version', version, 'given together with a user')
  }
  const onSuccess = (_: Buffer, { variables }: CheckContext): string => String(variables.get('version'))
  const steps: TcpStep[] = [{ expect: { judge: handshake }, onSuccess }]
  if (options.user !== undefined) {
    const login = loginOf(readWord('options.user', options.user, 80), version)
    steps.push({ send: login }, { expect: { judge: received => accepted(packetOf(received)) }, onSuccess })
  }
  return protocolCheck('mysql', steps, options)
}

const QUIT = Buffer.from([1, 0, 0, 0, 1])

/** The answer to the handshake, and good-bye in the same write, as HAProxy has it. */
function loginOf(user: string, version: 'post-41' | 'pre-41' | 'post-80'): Buffer {
  const name = Buffer.from(`${user}\0\0`)
  // Capabilities: SECURE_CONNECTION; PROTOCOL_41 with that; PLUGIN_AUTH with both. Then the largest packet, and UTF-8.
  const payload = {
    'pre-41': () => [Buffer.from('0080000001', 'hex'), name],
    'post-41': () => [Buffer.from('008200000080000121', 'hex'), Buffer.alloc(23), name],
    'post-80': () => [
      Buffer.from('008208000080000121', 'hex'),
      Buffer.alloc(23),
      name,
      Buffer.from('mysql_native_password\0'),
    ],
  }[version]()
  const bytes = Buffer.concat(payload)
  const head = Buffer.alloc(4)
  head.writeUIntLE(bytes.length, 0, 3)
  head[3] = 1
  return Buffer.concat([head, bytes, QUIT])
}

/** The first packet's payload, once it is complete. */
function packetOf(received: Buffer): Buffer | undefined {
  if (received.length < 4) return undefined
  const end = 4 + received.readUIntLE(0, 3)
  return received.length < end ? undefined : received.subarray(4, end)
}

function handshake(received: Buffer, _: boolean, { variables }: CheckContext): Fit {
  // The version of the protocol is 10, or 9 of servers older than 4.0: what is neither is not worth waiting for.
  const [first] = received.subarray(4)
  if (first !== undefined && first !== 10 && first !== 9 && first !== 0xff) return false
  const packet = packetOf(received)
  const fits = accepted(packet)
  if (packet === undefined || fits !== true) return fits
  const end = packet.indexOf(0, 1)
  variables.set('version', packet.subarray(1, end < 0 ? 1 : Math.min(end, 80)).toString())
  return end > 0
}

/** What is no error is taken for a welcome: which way of logging in the server would like is not the question here. */
function accepted(packet: Buffer | undefined): Fit {
  if (packet === undefined) return undefined
  if (packet.length === 0) return false
  if (packet[0] !== 0xff) return true
  if (packet.length < 3) return false
  return { code: 'L7STS', status: packet.readUInt16LE(1), message: packet.subarray(3, 200).toString() }
}
