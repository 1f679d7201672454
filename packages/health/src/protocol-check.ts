/** What the ready-made checks of protocols share: their options, and a chain of steps with a name of its own. */
import { type ConnectOptions, readConnect } from './connect.ts'
import type { Checker } from './contract.ts'
import { refuse } from './options.ts'
import { PROBE_OPTION_NAMES, type ProbeOptions } from './probe.ts'
import { type TcpStep, tcpChain } from './tcp-chain.ts'

/** Options that every ready-made check of a protocol has. */
export interface ProtocolCheckOptions extends ProbeOptions {
  /** Where and how to connect, where that is not as the target is. */
  readonly connect?: ConnectOptions | undefined
}

export const PROTOCOL_OPTION_NAMES: readonly string[] = [...PROBE_OPTION_NAMES, 'connect']

/** A chain that begins with a connection as these options have it. They have been read already but for those. */
export function protocolCheck(
  name: string,
  steps: readonly TcpStep[],
  options: ProtocolCheckOptions,
  maxBytes = 16_384,
): Checker {
  const { connect = {}, timeoutMs, clock } = options
  // Read here for errors that name it as its user does.
  readConnect('options.connect', connect)
  const elsewhere = connect.host !== undefined || connect.port !== undefined || connect.path !== undefined
  const first: TcpStep = { connect: { ...connect, default: !elsewhere } }
  return { ...tcpChain([first, ...steps], { timeoutMs, clock, maxBytes }), name }
}

/** A text without what could end it or begin another command. @throws {HealthError} `EVENER_INVALID_OPTION` */
export function readWord(field: string, value: unknown, maxBytes = 255): string {
  const fits =
    typeof value === 'string' && /^[^\p{Cc}\s]+$/u.test(value) && Buffer.byteLength(value) <= maxBytes
  if (!fits) refuse(field, value, `a text without blanks and control characters, 1 to ${maxBytes} bytes`)
  return value
}

/** The first line, without its end; undefined where it has not ended. */
export function lineOf(received: Buffer): string | undefined {
  const end = received.indexOf(0x0a)
  return end < 0 ? undefined : received.subarray(0, end).toString().trimEnd()
}
