/**
 * Does the application answer? One request by HTTP/1.1 or HTTP/2 on a connection of its own, and a look at the answer.
 *
 * ```
 *   connect (L4) ── TLS (L6) ── request ── head: status, headers ── body, if it matters ── verdict (L7)
 * ```
 * `L7OK` as expected; `L7STS` another status or header; `L7RSP` another body, no HTTP, or cut off; `L7TOUT` not in time;
 * before that the codes of `tcpCheck`. The connection is closed with the verdict, whatever is still to come: a
 * body of 100 MB, or without end, is read up to `maxBodyBytes` at most, and not at all where it does not matter.
 *
 * As with HAProxy's `option httpchk` the request is `OPTIONS /` by default, and 2xx and 3xx are good. Unlike there
 * it is always HTTP/1.1 with a `Host`: that is what servers of today are tested with.
 * Not for: HTTP/2; several requests in a row; a target whose check must look like the traffic it serves.
 */
import type { BodySearch } from './body-search.ts'
import {
  type ConnectOptions,
  type Conversation,
  type Dialed,
  dial,
  LoneContext,
  readConnect,
} from './connect.ts'
import type { Checker } from './contract.ts'
import { hostHeader } from './host-header.ts'
import { HTTP_MANNER_NAMES, type HttpManners, readManners } from './http-chain.ts'
import {
  type ExchangeListener,
  type ExchangeRequest,
  exchange,
  type HttpProtocol,
  protocolOf,
} from './http-exchange.ts'
import { type CompiledExpectation, compileExpectation, type HttpExpect } from './http-expectation.ts'
import { readHeaders, readHost, readMethod, readPath } from './http-request.ts'
import { readChoice, readOptions } from './options.ts'
import { PROBE_OPTION_NAMES, type Probe, type ProbeOptions, probing, readProbeSettings } from './probe.ts'
import { stateHeader } from './server-state.ts'
import { StatusReader } from './status-reader.ts'

/** Options of {@link httpCheck}. */
export interface HttpCheckOptions extends ProbeOptions, HttpManners {
  /** The method: `OPTIONS` by default, as with HAProxy; any but CONNECT. Many applications only know `GET`. */
  readonly method?: string | undefined
  /** The path with its query: `/` by default. `*` goes with OPTIONS. */
  readonly path?: string | undefined
  /** The `Host` header; by default the target's host, with its port unless that is the protocol's own. */
  readonly host?: string | undefined
  /**
   * Which HTTP; by default what was agreed on by ALPN, else HTTP/1.1. With `h2` and TLS, and no `connect.alpn`, only
   * `h2` is offered; without TLS it is HTTP/2 with prior knowledge (h2c). HAProxy's `check-proto`.
   */
  readonly protocol?: HttpProtocol | undefined
  /** Where and how to connect, where that is not as the target is. */
  readonly connect?: ConnectOptions | undefined
  /** Further headers. Those that frame the message (Connection, Content-Length, …) are the check's own. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** What the answer must be; by default its status is 200 to 399. */
  readonly expect?: HttpExpect | undefined
  /** How much of a body is looked at: 1 to 2^30 bytes, 16,384 by default (HAProxy's buffer). */
  readonly maxBodyBytes?: number | undefined
}

const OPTION_NAMES = [
  'method',
  'path',
  'host',
  'headers',
  'protocol',
  'connect',
  'expect',
  'maxBodyBytes',
  ...HTTP_MANNER_NAMES,
  ...PROBE_OPTION_NAMES,
]

/**
 * A check that sends one HTTP request.
 * @throws {HealthError} `EVENER_INVALID_OPTION`
 */
export function httpCheck(options: HttpCheckOptions = {}): Checker {
  readOptions('options', options, OPTION_NAMES)
  const method = readMethod('options.method', options.method ?? 'OPTIONS')
  const path = readPath('options.path', options.path ?? '/')
  const host = options.host === undefined ? undefined : readHost('options.host', options.host)
  const headers = readHeaders('options.headers', options.headers ?? {})
  const { protocol, sendState, disableOn404 = false } = options
  readChoice('options.protocol', protocol, 'http/1.1', ['http/1.1', 'h2'])
  readManners(options)
  const { connect } = options
  const endpointOf = readConnect(
    'options.connect',
    protocol === 'h2' ? { alpn: ['h2'], ...connect } : connect,
  )
  const expectation = compileExpectation(options.expect, options.maxBodyBytes)
  // Whether HTTP/2 is spoken may be known in the handshake only, and its bytes are for its session to read.
  const mayBeHttp2 = protocol === 'h2' || (protocol === undefined && connect?.alpn?.includes('h2') === true)
  const conversing = expectation.onlyStatus && !mayBeHttp2
  const dialed: Dialed = {
    conversing,
    ready(probe, socket) {
      const { target } = probe
      const sent = sendState === undefined ? headers : { ...headers, ...stateHeader(sendState, target) }
      const request = { method, path, host: host ?? hostHeader(target), headers: sent }
      const judgement = new Judgement(probe, expectation, disableOn404)
      probe.enter('L7')
      if (!conversing) {
        exchange(probe, socket, protocolOf(socket, protocol), request, judgement)
        return undefined
      }
      socket.write(requestText(request), 'latin1')
      return new StatusConversation(judgement)
    },
  }
  const settings = readProbeSettings(options, probe => {
    dial(probe, endpointOf(new LoneContext(probe.target)), dialed)
  })
  return probing('http', settings)
}

/** The whole request as it goes out, without Node's HTTP client, which costs more than the rest of a check. */
function requestText({ method, path, host, headers }: ExchangeRequest): string {
  let text = `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n`
  for (const name in headers) text += `${name}: ${headers[name]}\r\n`
  return `${text}Connection: close\r\n\r\n`
}

/** A check that looks at the status alone. */
class StatusConversation implements Conversation {
  readonly #judgement: Judgement
  readonly #reader = new StatusReader()

  constructor(judgement: Judgement) {
    this.#judgement = judgement
  }

  received(bytes: Buffer): void {
    const answer = this.#reader.push(bytes)
    if (answer === undefined) return
    if ('junk' in answer) this.#judgement.failed(new Error(`no HTTP: ${answer.junk}`))
    else this.#judgement.head(answer.status, answer.reason, {})
  }

  finished(): void {
    this.#judgement.failed(new Error('the connection ended before the answer'))
  }
}

/** One answer, as it comes. */
class Judgement implements ExchangeListener {
  readonly #probe: Probe
  readonly #expectation: CompiledExpectation
  readonly #disableOn404: boolean
  #status: number | undefined = undefined
  #line = ''
  #search: BodySearch | undefined = undefined

  constructor(probe: Probe, expectation: CompiledExpectation, disableOn404: boolean) {
    this.#probe = probe
    this.#expectation = expectation
    this.#disableOn404 = disableOn404
  }

  head(...[status, reason, headers]: Parameters<ExchangeListener['head']>): void {
    this.#status = status
    this.#line = `${status} ${reason.slice(0, 80)}`.trim()
    if (this.#disableOn404 && status === 404) {
      this.#probe.end('L7OKC', this.#line, { status })
      return
    }
    if (!this.#expectation.status(status)) {
      this.#probe.end('L7STS', this.#line, { status })
      return
    }
    const wrong = this.#expectation.headers(headers)
    if (wrong !== undefined) {
      this.#probe.end('L7STS', `${this.#line}, ${wrong}`, { status })
      return
    }
    this.#search = this.#expectation.body()
    if (this.#search === undefined) this.#probe.succeed(this.#line, { status })
  }

  data(piece: Buffer): void {
    const found = this.#search?.push(piece)
    if (found !== undefined) this.#decide(found)
  }

  end(): void {
    this.#decide(this.#search?.end() === true)
  }

  failed(error: Error): void {
    this.#probe.fail(error, { status: this.#status })
  }

  #decide(found: boolean): void {
    const status = this.#status
    if (found) this.#probe.succeed(`${this.#line}, body as expected`, { status })
    else this.#probe.end('L7RSP', `${this.#line}, body not as expected`, { status })
  }
}
