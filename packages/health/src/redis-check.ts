/**
 * Is this a Redis that answers? `PING`, and `+PONG`, as HAProxy's `option redis-check`.
 *
 * `L7OK` it does; `L7STS` it answers with an error, which the message tells (a password is wanted, it is loading, …);
 * `L7RSP` it answers with something else. Source: HAProxy manual, `option redis-check`; the Redis protocol, RESP.
 * Not for: its role and its replication; a `tcpChain` with `INFO replication` asks for these.
 */
import type { Checker } from './contract.ts'
import { readOptions, refuse } from './options.ts'
import { lineOf, PROTOCOL_OPTION_NAMES, type ProtocolCheckOptions, protocolCheck } from './protocol-check.ts'
import type { TcpStep } from './tcp-chain.ts'

/** Options of {@link redisCheck}. */
export interface RedisCheckOptions extends ProtocolCheckOptions {
  /** The password, where the server wants one; none is given by default. */
  readonly password?: string | undefined
  /** The user whose password that is; Redis's `default` by default. */
  readonly username?: string | undefined
}

/**
 * A check that sends `PING`.
 * @throws {HealthError} `EVENER_INVALID_OPTION`
 */
export function redisCheck(options: RedisCheckOptions = {}): Checker {
  readOptions('options', options, [...PROTOCOL_OPTION_NAMES, 'password', 'username'])
  const { password, username } = options
  for (const [name, value] of Object.entries({ password, username })) {
    if (value !== undefined && (typeof value !== 'string' || value === '')) {
      // Its type, not itself: a password is no log's business.
      refuse(`options.${name}`, typeof value, 'a string that is not empty')
    }
  }
  if (username !== undefined && password === undefined) {
    refuse('options.username', username, 'given together with a password')
  }
  const steps: TcpStep[] = []
  if (password !== undefined) {
    const words = username === undefined ? [password] : [username, password]
    steps.push({ send: command('AUTH', ...words) }, reply('+OK'))
  }
  return protocolCheck('redis', [...steps, { send: 'PING\r\n' }, reply('+PONG')], options)
}

function command(...words: readonly string[]): string {
  return `*${words.length}\r\n${words.map(word => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`
}

function reply(expected: string): TcpStep {
  return {
    expect: {
      judge: received => {
        const line = lineOf(received)
        if (line === undefined) return undefined
        if (line === expected) return true
        return line.startsWith('-') ? { code: 'L7STS', message: line.slice(1) } : false
      },
    },
    onSuccess: expected.slice(1),
  }
}
