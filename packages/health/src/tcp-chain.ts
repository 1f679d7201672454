/**
 * A check by a chain of steps over TCP, as HAProxy's `tcp-check`: connect, send, expect, as often as needed.
 *
 * ```
 *   tcpChain([{ send: 'PING\r\n' }, { expect: { string: '+PONG' } }])
 * ```
 * `L7OK` all steps went well (`L4OK`, `L6OK` where the last of them is a `connect`); `L7RSP` an answer does not fit, was
 * cut off, or never came before the target hung up; `L7TOUT` not in time; before that the codes of `tcpCheck`.
 *
 * Of the answer to one `send` at most `maxBytes` are kept and looked at (16,384 by default, HAProxy's buffer); then the
 * socket is read no further. Expressions run over bytes that a hostile server chose: what an expression may cost grows
 * with what it sees, and with some expressions (`(a+)+$`) faster than is good. Keep to simple ones, and `maxBytes` small.
 *
 * Source: HAProxy manual, `option tcp-check` and `tcp-check`. Not for: HTTP, whose messages `httpChain` knows.
 */
import type { Socket } from 'node:net'
import { ChainRun } from './chain.ts'
import {
  type Answer,
  type ChainStep,
  type CommonStep,
  type ExpectNotes,
  expectNoteNames,
  type Fit,
  readExpectNotes,
  readSteps,
  type StepNotes,
} from './chain-steps.ts'
import type { CheckContext, PerCheck } from './connect.ts'
import type { Checker } from './contract.ts'
import { withoutMemory } from './http-expectation.ts'
import { readInteger, readOptions, refuse } from './options.ts'
import { oneLine, PROBE_OPTION_NAMES, type ProbeOptions, probing, readProbeSettings } from './probe.ts'
import { Received } from './received.ts'

/** What is looked for in what was received. */
export type TcpMatch =
  /** This text is in it. HAProxy's `string`, `string-lf`. */
  | { readonly string: PerCheck<string> }
  /** This expression matches it, read as UTF-8. HAProxy's `rstring`. */
  | { readonly rstring: RegExp }
  /** These bytes, or this hexadecimal text of bytes, are in it. HAProxy's `binary`, `binary-lf`. */
  | { readonly binary: PerCheck<string | Uint8Array> }
  /** This expression matches its hexadecimal form, in capitals. HAProxy's `rbinary`. */
  | { readonly rbinary: RegExp }
  /**
   * Decided by this: undefined waits for more, and a verdict ends the check; `final` where no more will come.
   */
  | { readonly judge: (received: Buffer, final: boolean, context: CheckContext) => Fit }

/** One step of a {@link tcpChain}. */
export type TcpStep =
  | CommonStep
  /**
   * Send a text, or bytes. HAProxy's `send`, `send-lf`. What came before is forgotten, unless `keepReceived`: where the
   * target may already have begun with what is expected next.
   */
  | (StepNotes & {
      readonly send: PerCheck<string | Uint8Array>
      readonly keepReceived?: boolean | undefined
    })
  /** Send the bytes of a hexadecimal text. HAProxy's `send-binary`, `send-binary-lf`. */
  | (StepNotes & { readonly sendBinary: PerCheck<string> })
  /** Wait for an answer that fits. HAProxy's `expect`. */
  | (ExpectNotes & { readonly expect: TcpMatch })
  /** Wait for an answer that does not have this. HAProxy's `expect !`; give it a `minRecv`, or it waits to the end. */
  | (ExpectNotes & { readonly expectNot: TcpMatch })

/** Options of {@link tcpChain}. */
export interface TcpChainOptions extends ProbeOptions {
  /** How much of an answer is kept and looked at: 1 to 2^20 bytes, 16,384 by default. HAProxy's `tune.bufsize`. */
  readonly maxBytes?: number | undefined
}

/** What came on the connection since the last `send`. */
class Conversation implements Answer {
  readonly bytes: Received
  status: number | undefined = undefined
  context: CheckContext | undefined = undefined

  constructor(maxBytes: number) {
    this.bytes = new Received(maxBytes)
  }

  get received(): Buffer {
    return this.bytes.bytes()
  }
}

type Run = ChainRun<Conversation>

/**
 * A check by steps.
 * @throws {HealthError} `EVENER_INVALID_OPTION`
 */
export function tcpChain(steps: readonly TcpStep[], options: TcpChainOptions = {}): Checker {
  readOptions('options', options, [...PROBE_OPTION_NAMES, 'maxBytes'])
  const maxBytes = readInteger('options.maxBytes', options.maxBytes, 16_384, 1, 2 ** 20)
  const chain = readSteps<TcpStep, Conversation>(steps, {
    send: { names: ['keepReceived'], read: readSend },
    sendBinary: { names: [], read: readSendBinary },
    expect: { names: expectNoteNames, read: readExpect },
    expectNot: { names: expectNoteNames, read: readExpect },
  })
  const kind = {
    begin: () => new Conversation(maxBytes),
    connected(run: Run, answer: Conversation, socket: Socket) {
      answer.context = run.context
      answer.bytes.clear()
      socket.on('data', (piece: Buffer) => {
        if (!run.holds(socket)) return
        answer.bytes.append(piece)
        if (answer.bytes.full) socket.pause()
        run.came()
      })
      const over = (): void => {
        if (run.holds(socket)) run.came(true)
      }
      socket.on('end', over)
      // What was sent behind the end may have been accepted here, and is answered by nobody.
      socket.on('close', over)
    },
    summary: () => 'as expected',
  }
  const settings = readProbeSettings(options, probe => new ChainRun(probe, chain, kind).advance())
  return probing('tcp-chain', settings)
}

function readSend(step: TcpStep, field: string, place: string): ChainStep<Conversation> {
  const { send, keepReceived = false } = step as Extract<TcpStep, { send: unknown }>
  const isBytes = (value: unknown): boolean => typeof value === 'string' || value instanceof Uint8Array
  if (!isBytes(send) && typeof send !== 'function') {
    refuse(`${field}.send`, send, 'a text, bytes, or a function that gives one of them')
  }
  if (typeof keepReceived !== 'boolean') refuse(`${field}.keepReceived`, keepReceived, 'true or false')
  return sending(place, context => (typeof send === 'function' ? send(context) : send), keepReceived)
}

function readSendBinary(step: TcpStep, field: string, place: string): ChainStep<Conversation> {
  const { sendBinary } = step as Extract<TcpStep, { sendBinary: unknown }>
  if (typeof sendBinary !== 'function')
    return sending(place, always(readHex(`${field}.sendBinary`, sendBinary)))
  return sending(place, context => readHex(`${field}.sendBinary`, sendBinary(context)))
}

function sending(
  place: string,
  bytesOf: (context: CheckContext) => string | Uint8Array,
  keepReceived = false,
): ChainStep<Conversation> {
  return {
    kind: 'send',
    place,
    send: (run, { bytes }) => {
      const { socket } = run
      const sent = bytesOf(run.context)
      if (!keepReceived) bytes.clear()
      socket.resume()
      // When it is written, not before: the connection may be closed behind the last step.
      socket.write(sent, error => {
        if (!run.holds(socket)) return
        if (error) run.broke(error)
        else run.proceed()
      })
    },
  }
}

function readExpect(step: TcpStep, field: string, place: string): ChainStep<Conversation> {
  const negated = 'expectNot' in step
  const name = negated ? 'expectNot' : 'expect'
  const match = (step as Record<string, unknown>)[name] as TcpMatch
  const notes = readExpectNotes(field, step as ExpectNotes)
  const search = readMatch(`${field}.${name}`, match)
  const { minRecv } = notes
  return {
    kind: 'expect',
    place,
    notes,
    errorCode: 'L7RSP',
    look: (answer, ended): Fit => {
      const { length, full } = answer.bytes
      const final = ended || full
      if (!final && (length === 0 || length < (minRecv ?? 0))) return undefined
      const found = search(answer, final)
      if (found === undefined) return final ? false : undefined
      if (typeof found === 'object') return found
      if (!found && !final && minRecv === undefined && !('judge' in match)) return undefined
      return found !== negated
    },
    wrong: ({ received }) =>
      `${negated ? 'found' : 'did not find'} ${describeMatch(match)} in ${shown(received)}`,
  }
}

type Search = (answer: Conversation, final: boolean) => Fit

function readMatch(field: string, match: TcpMatch): Search {
  readOptions(field, match, ['string', 'rstring', 'binary', 'rbinary', 'judge'])
  if (Object.keys(match).length !== 1)
    refuse(field, match, 'one of string, rstring, binary, rbinary and judge')
  if ('string' in match) {
    const { string } = match
    if (typeof string === 'function') return searchFor(context => Buffer.from(string(context)))
    if (typeof string !== 'string' || string === '')
      refuse(`${field}.string`, string, 'a text that is not empty')
    return searchFor(always(Buffer.from(string)))
  }
  if ('binary' in match) {
    const { binary } = match
    if (typeof binary !== 'function') return searchFor(always(readHex(`${field}.binary`, binary)))
    return searchFor(context => readHex(`${field}.binary`, binary(context)))
  }
  if ('judge' in match) {
    const { judge } = match
    if (typeof judge !== 'function') refuse(`${field}.judge`, judge, 'a function')
    return ({ received, context }, final) => judge(received, final, context as CheckContext)
  }
  const hexadecimal = 'rbinary' in match
  const expression = hexadecimal ? match.rbinary : match.rstring
  if (!(expression instanceof RegExp))
    refuse(`${field}.${hexadecimal ? 'rbinary' : 'rstring'}`, expression, 'a RegExp')
  const test = withoutMemory(expression)
  return ({ received }) =>
    test.test(hexadecimal ? received.toString('hex').toUpperCase() : received.toString())
}

/** As with HAProxy, less than what is looked for decides nothing. */
function searchFor(needleOf: (context: CheckContext) => Buffer): Search {
  return ({ received, context }, final) => {
    const needle = needleOf(context as CheckContext)
    return received.length < needle.length && !final ? undefined : received.includes(needle)
  }
}

const always =
  <T>(value: T) =>
  (): T =>
    value

function readHex(field: string, value: unknown): Buffer {
  if (value instanceof Uint8Array && value.length > 0) return Buffer.from(value)
  if (typeof value !== 'string' || !/^([0-9a-f]{2})+$/i.test(value)) {
    refuse(field, value, 'hexadecimal digits, two for each byte, or a function that gives such a text')
  }
  return Buffer.from(value, 'hex')
}

function describeMatch(match: TcpMatch): string {
  if ('judge' in match) return 'what is expected'
  const wanted = Object.values(match)[0] as unknown
  if (wanted instanceof RegExp) return oneLine(String(wanted))
  if (wanted instanceof Uint8Array) return Buffer.from(wanted).toString('hex').slice(0, 80)
  return typeof wanted === 'string' ? JSON.stringify(wanted.slice(0, 80)) : 'what is expected'
}

/** The beginning of what came, for a message. */
function shown(received: Buffer): string {
  return received.length === 0 ? 'nothing' : JSON.stringify(received.subarray(0, 60).toString('latin1'))
}
