/**
 * What does the server's agent say? Connects, sends a word if told, and reads one line, as HAProxy's `agent-check`.
 *
 * The result has the line as `agent`, an {@link AgentReport}. `L7OK` up; `L7STS` down, stopped, fail; `CHECKED` nothing
 * about health; `L7RSP` a line that does not end, is too long, or has a zero byte in it: then there is no report, and
 * nothing is to be changed. Nor is it where the agent cannot be reached, as it says nothing about the server.
 *
 * An agent is not the service: its target is as a rule the server's host with a port of the agent's (`connect.port`).
 * Source: HAProxy manual, `agent-check`, `agent-send`, `agent-addr`, `agent-port`.
 * Not for: deciding up and down by itself. What a report means for a server is decided by who keeps the server.
 */
import { type AgentReport, parseAgentReport } from './agent-report.ts'
import type { Fit } from './chain-steps.ts'
import type { PerCheck } from './connect.ts'
import type { CheckCode, Checker } from './contract.ts'
import { readOptions, refuse } from './options.ts'
import { PROTOCOL_OPTION_NAMES, type ProtocolCheckOptions, protocolCheck } from './protocol-check.ts'
import type { TcpStep } from './tcp-chain.ts'

/** Options of {@link agentCheck}. */
export interface AgentCheckOptions extends ProtocolCheckOptions {
  /** What is sent to the agent first, as it stands: nothing by default. End it with `\n` where the agent reads a line. */
  readonly send?: PerCheck<string> | undefined
}

/** As long as a line may be. HAProxy's buffer is of that size. */
const MAX_LINE_BYTES = 16_384

/**
 * A check that asks an agent.
 * @throws {HealthError} `EVENER_INVALID_OPTION`
 */
export function agentCheck(options: AgentCheckOptions = {}): Checker {
  readOptions('options', options, [...PROTOCOL_OPTION_NAMES, 'send'])
  const { send } = options
  if (send !== undefined && typeof send !== 'function' && (typeof send !== 'string' || send === '')) {
    refuse('options.send', send, 'a text that is not empty, or a function that gives one')
  }
  const asked: TcpStep[] = send === undefined ? [] : [{ send, keepReceived: true }]
  return protocolCheck('agent', [...asked, { expect: { judge } }], options, MAX_LINE_BYTES)
}

function judge(received: Buffer, final: boolean): Fit {
  const end = received.findIndex(byte => byte === 0x0a || byte === 0x0d || byte === 0)
  if (end < 0 && !final) return undefined
  if (end < 0 || received[end] === 0) {
    return { code: 'L7RSP', message: 'a line from the agent that is none is passed over' }
  }
  const agent = parseAgentReport(received.subarray(0, end).toString())
  return { code: codeOf(agent), message: messageOf(agent), agent }
}

function codeOf({ health }: AgentReport): CheckCode {
  if (health === undefined) return 'CHECKED'
  return health === 'up' ? 'L7OK' : 'L7STS'
}

/** As HAProxy logs it: a description counts more than a word that makes no sense, but for a server that is up. */
function messageOf({ health, description, unknown }: AgentReport): string {
  const complaint = unknown === undefined ? '' : `does not know ${JSON.stringify(unknown)}`
  const said = health === 'up' ? complaint || description : description || complaint
  if (health === undefined) return said === '' ? 'via agent' : `via agent: ${said}`
  return `via agent: ${health}${said === '' ? '' : ` (${said})`}`
}
