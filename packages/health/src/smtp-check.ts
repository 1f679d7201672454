/**
 * Is this a mail server that takes mail? Its greeting, `HELO` or `EHLO`, `QUIT`, as HAProxy's `option smtpchk`.
 *
 * `L7OK` each reply is 2xx; `L7STS` one is not, and the message tells it; `L7RSP` something that is no SMTP. The status
 * of the result is that of the last reply, and the message its text. Source: HAProxy manual, `option smtpchk`; RFC 5321.
 */
import type { Fit } from './chain-steps.ts'
import type { Checker } from './contract.ts'
import { readChoice, readOptions } from './options.ts'
import {
  PROTOCOL_OPTION_NAMES,
  type ProtocolCheckOptions,
  protocolCheck,
  readWord,
} from './protocol-check.ts'
import type { TcpStep } from './tcp-chain.ts'

/** Options of {@link smtpCheck}. */
export interface SmtpCheckOptions extends ProtocolCheckOptions {
  /** How the check greets: `HELO` by default. */
  readonly hello?: 'HELO' | 'EHLO' | undefined
  /** The name it gives itself: `localhost` by default. */
  readonly domain?: string | undefined
}

/**
 * A check that greets, is greeted, and says good-bye.
 * @throws {HealthError} `EVENER_INVALID_OPTION`
 */
export function smtpCheck(options: SmtpCheckOptions = {}): Checker {
  readOptions('options', options, [...PROTOCOL_OPTION_NAMES, 'hello', 'domain'])
  const hello = readChoice('options.hello', options.hello, 'HELO', ['HELO', 'EHLO'])
  const domain = readWord('options.domain', options.domain ?? 'localhost')
  const reply: TcpStep = { expect: { judge }, statusCode, onSuccess: textOf }
  const steps: TcpStep[] = [reply, { send: `${hello} ${domain}\r\n` }, reply, { send: 'QUIT\r\n' }, reply]
  return protocolCheck('smtp', steps, options)
}

/** A reply has lines `250-…` and ends with one `250 …` (RFC 5321 section 4.2.1). */
function judge(received: Buffer): Fit {
  const text = received.toString('latin1')
  for (let at = 0; ; ) {
    const end = text.indexOf('\n', at)
    // What is no reply is known by its first four characters, however long its line.
    const head = text.slice(at, Math.min(at + 4, end < 0 ? text.length : end))
    if (!/^\d{0,3}$|^\d{3}[ \r-]$/.test(head) || (end >= 0 && head.length < 3)) return false
    if (end < 0) return undefined
    if (head[3] !== '-') break
    at = end + 1
  }
  return text.startsWith('2')
    ? true
    : { code: 'L7STS', message: textOf(received), status: statusCode(received) }
}

const statusCode = (received: Buffer): number => Number(received.subarray(0, 3).toString('latin1'))

const textOf = (received: Buffer): string => received.subarray(4, 250).toString().split('\r')[0]!.trim()
