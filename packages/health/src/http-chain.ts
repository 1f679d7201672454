/**
 * A check by a chain of steps over HTTP, as HAProxy's `http-check`: connect, send a request, expect, as often as needed.
 *
 * ```
 *   httpChain([
 *     { send: { method: 'GET', path: '/health' } },
 *     { expect: { status: '200' } },
 *     { expectNot: { string: 'degraded' } },
 *   ])
 * ```
 * `L7OK` all is as expected; `L7STS` another status or header; `L7RSP` another body, no HTTP, or cut off; `L7OKC` 404
 * where `disableOn404`; `L7TOUT` not in time; before that the codes of `tcpCheck`. Where no `expect` follows the last
 * `send`, 2xx and 3xx are expected. Each `send` is the one request of its connection, as in HAProxy; a chain with several
 * has a `connect` before each.
 *
 * Of a body at most `maxBodyBytes` are kept and looked at (16,384 by default), and none where no step asks for it. What
 * `tcpChain` says of expressions is true here as well.
 *
 * Source: HAProxy manual, `option httpchk` and `http-check`. For one request with one expectation, `httpCheck` is less.
 */
import type { IncomingHttpHeaders } from 'node:http'
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
import type { CheckCode, Checker } from './contract.ts'
import { hostHeader } from './host-header.ts'
import { type ExchangeRequest, exchange, type HttpProtocol, protocolOf } from './http-exchange.ts'
import { type HttpMatch, readHttpMatch } from './http-match.ts'
import { readHeader, readHeaders, readHost, readMethod, readPath } from './http-request.ts'
import { readChoice, readInteger, readOptions, refuse } from './options.ts'
import { PROBE_OPTION_NAMES, type ProbeOptions, probing, readProbeSettings } from './probe.ts'
import { Received } from './received.ts'
import { type SendState, stateHeader } from './server-state.ts'

/** A request that a step sends. */
export interface HttpStepRequest {
  /** The method: `OPTIONS` by default; any but CONNECT. HAProxy's `meth`. */
  readonly method?: string | undefined
  /** The path with its query: `/` by default. HAProxy's `uri`, `uri-lf`. */
  readonly path?: PerCheck<string> | undefined
  /** `Host`, or `:authority`; by default the target's host, with its port unless that is the protocol's own. */
  readonly host?: PerCheck<string> | undefined
  /** Further headers. HAProxy's `hdr`. */
  readonly headers?: Readonly<Record<string, PerCheck<string>>> | undefined
  /** A body; its length is told. HAProxy's `body`, `body-lf`. */
  readonly body?: PerCheck<string | Uint8Array> | undefined
  /** Which HTTP; by default what was agreed on by ALPN, else HTTP/1.1. HAProxy's `ver`, `check-proto`. */
  readonly protocol?: HttpProtocol | undefined
}

/** One step of an {@link httpChain}. */
export type HttpStep =
  | CommonStep
  /** Send a request. HAProxy's `send`. */
  | (StepNotes & { readonly send: HttpStepRequest })
  /** Wait for an answer that fits. HAProxy's `expect`. */
  | (ExpectNotes & { readonly expect: HttpMatch })
  /** Wait for an answer that does not have this. HAProxy's `expect !`. */
  | (ExpectNotes & { readonly expectNot: HttpMatch })

/** What checks by HTTP do beside asking. */
export interface HttpManners {
  /**
   * Take 404 as: no new clients for me, `L7OKC`, whatever is expected. False by default. HAProxy's
   * `http-check disable-on-404`.
   */
  readonly disableOn404?: boolean | undefined
  /**
   * Tell the server how it is seen, in `X-Haproxy-Server-State`: with `true` as its backend sees it, or as this function
   * says. Not by default. HAProxy's `http-check send-state`.
   */
  readonly sendState?: SendState | undefined
}

/** Options of {@link httpChain}. */
export interface HttpChainOptions extends ProbeOptions, HttpManners {
  /** How much of a body is kept and looked at: 1 to 2^20 bytes, 16,384 by default. */
  readonly maxBodyBytes?: number | undefined
}

/** The answer to the last request. */
export class HttpAnswer implements Answer {
  status: number | undefined = undefined
  reason = ''
  headers: IncomingHttpHeaders = {}
  context: CheckContext | undefined = undefined
  readonly body: Received

  constructor(maxBytes: number) {
    this.body = new Received(maxBytes)
  }

  get received(): Buffer {
    return this.body.bytes()
  }

  clear(): void {
    this.status = undefined
    this.body.clear()
  }

  /** Status and reason, for messages. */
  get line(): string {
    return `${this.status} ${this.reason}`.trim()
  }
}

type Run = ChainRun<HttpAnswer>

export const HTTP_MANNER_NAMES: readonly string[] = ['disableOn404', 'sendState']

/** @throws {HealthError} `EVENER_INVALID_OPTION` */
export function readManners({ disableOn404, sendState }: HttpManners): void {
  if (disableOn404 !== undefined && typeof disableOn404 !== 'boolean') {
    refuse('options.disableOn404', disableOn404, 'true or false')
  }
  if (sendState !== undefined && sendState !== true && typeof sendState !== 'function') {
    refuse('options.sendState', sendState, 'true, or a function that gives a state')
  }
}

/**
 * A check by steps over HTTP.
 * @throws {HealthError} `EVENER_INVALID_OPTION`
 */
export function httpChain(steps: readonly HttpStep[], options: HttpChainOptions = {}): Checker {
  readOptions('options', options, [...PROBE_OPTION_NAMES, 'maxBodyBytes', ...HTTP_MANNER_NAMES])
  const maxBytes = readInteger('options.maxBodyBytes', options.maxBodyBytes, 16_384, 1, 2 ** 20)
  readManners(options)
  const { disableOn404 = false, sendState } = options
  const isStopping = (answer: HttpAnswer): boolean => disableOn404 && answer.status === 404
  const chain = readSteps<HttpStep, HttpAnswer>(steps, {
    send: { names: [], read: (step, field, place) => readSend(step, field, place, sendState) },
    expect: { names: expectNoteNames, read: (...step) => readExpect(...step, isStopping) },
    expectNot: { names: expectNoteNames, read: (...step) => readExpect(...step, isStopping) },
  })
  if (!chain.some(({ kind }) => kind === 'send')) refuse('steps', steps, 'a chain that sends a request')
  for (const [index, { kind }] of chain.entries()) {
    const before = chain.slice(0, index).findLast(step => step.kind === 'send' || step.kind === 'connect')
    if (kind === 'send' && before?.kind === 'send') {
      refuse(
        'steps',
        steps,
        'a chain with a connect before each send: a request is the one of its connection',
      )
    }
  }
  const lastSend = chain.findLastIndex(({ kind }) => kind === 'send')
  if (!chain.slice(lastSend).some(({ kind }) => kind === 'expect')) {
    const implicit: HttpStep = { expect: { status: '200-399' } }
    chain.push(readExpect(implicit, 'steps', 'the answer', isStopping))
  }
  const kind = {
    begin: () => new HttpAnswer(maxBytes),
    connected(run: Run, answer: HttpAnswer) {
      answer.context = run.context
      answer.clear()
    },
    summary: (answer: HttpAnswer) => answer.line,
    verdict: (answer: HttpAnswer): CheckCode | undefined => (isStopping(answer) ? 'L7OKC' : undefined),
  }
  const settings = readProbeSettings(options, probe => new ChainRun(probe, chain, kind).advance())
  return probing('http-chain', settings)
}

function readSend(
  step: HttpStep,
  field: string,
  place: string,
  sendState: SendState | undefined,
): ChainStep<HttpAnswer> {
  const { send } = step as Extract<HttpStep, { send: unknown }>
  readOptions(`${field}.send`, send, ['method', 'path', 'host', 'headers', 'body', 'protocol'])
  const { path = '/', host, headers = {}, body, protocol } = send
  const method = readMethod(`${field}.send.method`, send.method ?? 'OPTIONS')
  const readers = { path: readPath, host: readHost, body: readBody }
  for (const [name, value] of Object.entries({ path, host, body })) {
    if (value === undefined || typeof value === 'function') continue
    readers[name as 'path'](`${field}.send.${name}`, value)
  }
  readHeaders(`${field}.send.headers`, headers, true)
  readChoice(`${field}.send.protocol`, protocol, 'http/1.1', ['http/1.1', 'h2'])
  const requestFor = (context: CheckContext): ExchangeRequest => ({
    method,
    path: made(path, context, readPath, `${field}.send.path`),
    host: made(host ?? hostHeader(context.target), context, readHost, `${field}.send.host`),
    headers: {
      ...Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [
          name,
          made(
            value,
            context,
            (where, found) => readHeader(where, name, found),
            `${field}.send.headers.${name}`,
          ),
        ]),
      ),
      ...stateHeader(sendState, context.target),
    },
    body: body === undefined ? undefined : made(body, context, readBody, `${field}.send.body`),
  })
  return {
    kind: 'send',
    place,
    send: (run, answer) => sendRequest(run, answer, requestFor(run.context), protocol),
  }
}

function sendRequest(
  run: Run,
  answer: HttpAnswer,
  request: ExchangeRequest,
  told: HttpProtocol | undefined,
): void {
  const { probe, socket } = run
  answer.clear()
  exchange(probe, socket, protocolOf(socket, told), request, {
    head(status, reason, headers) {
      if (!run.holds(socket)) return
      Object.assign(answer, { status, reason: reason.slice(0, 80), headers })
      run.came()
    },
    data(piece) {
      if (!run.holds(socket)) return
      answer.body.append(piece)
      run.came(answer.body.full)
    },
    end() {
      if (run.holds(socket)) run.came(true)
    },
    failed(error) {
      if (run.holds(socket)) probe.fail(error, { status: answer.status })
    },
  })
  run.proceed()
}

/** A value that is made anew is read when it is made: what is wrong with it ends the check with `SOCKERR`. */
function made<T>(
  value: PerCheck<T>,
  context: CheckContext,
  read: (field: string, value: unknown) => T,
  field: string,
): T {
  return typeof value === 'function' ? read(field, (value as (context: CheckContext) => T)(context)) : value
}

function readBody(field: string, body: unknown): string | Uint8Array {
  if (typeof body !== 'string' && !(body instanceof Uint8Array)) refuse(field, body, 'a text or bytes')
  return body
}

function readExpect(
  step: HttpStep,
  field: string,
  place: string,
  isStopping: (answer: HttpAnswer) => boolean,
): ChainStep<HttpAnswer> {
  const negated = 'expectNot' in step
  const name = negated ? 'expectNot' : 'expect'
  const match = readHttpMatch(`${field}.${name}`, (step as Record<string, unknown>)[name] as HttpMatch)
  const notes = readExpectNotes(field, step as ExpectNotes)
  const { minRecv } = notes
  return {
    kind: 'expect',
    place,
    notes,
    errorCode: match.ofBody ? 'L7RSP' : 'L7STS',
    look: (answer, final): Fit => {
      if (answer.status === undefined) return undefined
      if (isStopping(answer)) return true
      if (!match.ofBody) return match.test(answer, final) !== negated
      const { length } = answer.received
      // As with HAProxy, an answer without a body does not fit, whatever is expected of one.
      if (length === 0) return final ? false : undefined
      if (!final && length < (minRecv ?? 0)) return undefined
      const found = match.test(answer, final)
      if (found === undefined || (!found && !final && minRecv === undefined)) return undefined
      return found !== negated
    },
    wrong: answer => `${answer.line}, expected ${negated ? 'no ' : ''}${match.wanted}`,
  }
}
