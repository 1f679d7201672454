/**
 * Does the name server answer? One question over UDP or TCP, and a look at how it was answered.
 *
 * `L7OK` with `NOERROR`, or one of `rcodes`; `L7STS` with another code, which is the status; `L7RSP` over TCP something
 * that is no answer; `L7TOUT` none in time; over UDP `L4CON` where the target says that nobody listens. Over UDP what is
 * no answer to this question is passed over, as anyone may send it; over UDP the connection has neither TLS nor a PROXY
 * header. Source: RFC 1035, section 4; RFC 7766 for TCP.
 */
import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { Fit } from './chain-steps.ts'
import { type CheckContext, LoneContext, readConnect } from './connect.ts'
import type { Checker } from './contract.ts'
import { readChoice, readOptions, refuse } from './options.ts'
import { probing, readProbeSettings } from './probe.ts'
import { PROTOCOL_OPTION_NAMES, type ProtocolCheckOptions, protocolCheck } from './protocol-check.ts'

/** Options of {@link dnsCheck}. */
export interface DnsCheckOptions extends ProtocolCheckOptions {
  /** The name asked for: the root (`.`) by default, of which any server knows whether it knows it. */
  readonly name?: string | undefined
  /** What of it: `NS` by default where the name is the root, else `A`. */
  readonly type?: keyof typeof TYPES | undefined
  /** The codes of answers that are good: `['NOERROR']` by default. `NXDOMAIN` is an answer too. */
  readonly rcodes?: readonly (typeof RCODES)[number][] | undefined
  /** `udp` by default. */
  readonly transport?: 'udp' | 'tcp' | undefined
}

const TYPES = { A: 1, NS: 2, SOA: 6, PTR: 12, MX: 15, TXT: 16, AAAA: 28, SRV: 33 } as const
const RCODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'] as const

/** A question without its number, and what a good answer to it has. */
interface Asked {
  readonly question: Buffer
  readonly good: ReadonlySet<string>
}

/**
 * A check by a question to a name server.
 * @throws {HealthError} `EVENER_INVALID_OPTION`
 */
export function dnsCheck(options: DnsCheckOptions = {}): Checker {
  readOptions('options', options, [...PROTOCOL_OPTION_NAMES, 'name', 'type', 'rcodes', 'transport'])
  const { name = '.', rcodes = ['NOERROR'] } = options
  const type = readChoice(
    'options.type',
    options.type,
    name === '.' ? 'NS' : 'A',
    Object.keys(TYPES) as 'A'[],
  )
  if (!Array.isArray(rcodes) || rcodes.length === 0 || !rcodes.every(code => RCODES.includes(code))) {
    refuse('options.rcodes', rcodes, `a list with some of ${RCODES.join(', ')}`)
  }
  const asked = { question: questionOf(name, TYPES[type]), good: new Set<string>(rcodes) }
  const transport = readChoice('options.transport', options.transport, 'udp', ['udp', 'tcp'])
  return transport === 'tcp' ? overTcp(asked, options) : overUdp(asked, options)
}

function questionOf(name: unknown, type: number): Buffer {
  const labels = typeof name === 'string' ? name.replace(/\.$/, '').split('.') : []
  const fits = name === '.' || labels.every(label => /^[\x21-\x2d\x2f-\x7e]{1,63}$/.test(label))
  if (typeof name !== 'string' || !fits || name.length > 253) {
    refuse('options.name', name, 'a domain name: labels of at most 63 characters, 253 in all')
  }
  const parts = name === '.' ? [] : labels.flatMap(label => [Buffer.from([label.length]), Buffer.from(label)])
  return Buffer.concat([...parts, Buffer.from([0, 0, type, 0, 1])])
}

/** With recursion desired, and one question. */
function queryOf(id: number, { question }: Asked): Buffer {
  const head = Buffer.from([0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0])
  head.writeUInt16BE(id, 0)
  return Buffer.concat([head, question])
}

/** Undefined where this is no answer to that question. */
function judge(answer: Buffer, id: number, { question, good }: Asked): Exclude<Fit, boolean> {
  if (answer.length < 12 || answer.readUInt16BE(0) !== id || (answer[2]! & 0xf8) !== 0x80) return undefined
  const status = answer[3]! & 0x0f
  const repeated = answer.subarray(12, 12 + question.length)
  // A server that could not read the question need not repeat it. Names are alike in any case.
  const same = repeated.toString('latin1').toLowerCase() === question.toString('latin1').toLowerCase()
  if (!same && !(answer.readUInt16BE(4) === 0 && status !== 0)) return undefined
  const name = RCODES[status] ?? `rcode ${status}`
  const message = `${name}, answers: ${answer.readUInt16BE(6)}`
  return { code: good.has(name) ? 'L7OK' : 'L7STS', message, status }
}

function overTcp(asked: Asked, options: ProtocolCheckOptions): Checker {
  const send = ({ variables }: CheckContext): Buffer => {
    const id = randomInt(65_536)
    variables.set('id', id)
    const query = queryOf(id, asked)
    const length = Buffer.alloc(2)
    length.writeUInt16BE(query.length)
    return Buffer.concat([length, query])
  }
  const fits = (received: Buffer, _: boolean, { variables }: CheckContext): Fit => {
    if (received.length < 2) return undefined
    const end = 2 + received.readUInt16BE(0)
    if (received.length < end) return undefined
    return judge(received.subarray(2, end), variables.get('id') as number, asked) ?? false
  }
  const steps = [{ send }, { expect: { judge: fits } }]
  return protocolCheck('dns', steps, options, 2 + 65_535)
}

function overUdp(asked: Asked, options: ProtocolCheckOptions): Checker {
  const endpointOf = readConnect('options.connect', options.connect)
  const settings = readProbeSettings(options, probe => {
    const { host, port } = endpointOf(new LoneContext(probe.target))
    const id = randomInt(65_536)
    const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4' })
    probe.hold({ destroy: () => socket.close() })
    socket.on('error', error => probe.fail(error))
    socket.on('message', message => {
      const verdict = judge(message, id, asked)
      if (verdict !== undefined) probe.end(verdict.code, verdict.message, verdict)
    })
    // Connected, so that the kernel tells what the target refuses, and hears nobody else.
    socket.connect(port, host, (error?: Error | null) => {
      if (error) probe.fail(error)
      if (probe.ended) return
      // A refusal by ICMP comes with the wait for the answer, and is still one of the connection.
      probe.enter('L4', 'waiting for the answer', 'L7TOUT')
      socket.send(queryOf(id, asked))
    })
  })
  return probing('dns', settings)
}
