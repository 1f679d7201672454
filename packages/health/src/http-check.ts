/**
 * Does the application answer? One HTTP/1.1 request on a connection of its own, and a look at the answer.
 *
 * ```
 *   connect (L4) ── TLS (L6) ── request ── head: status, headers ── body, if it matters ── verdict (L7)
 * ```
 * `L7OK` as expected; `L7STS` another status, header or body; `L7RSP` no HTTP, or cut off; `L7TOUT` not in time;
 * before that the codes of `tcpCheck`. The connection is closed with the verdict, whatever is still to come: a
 * body of 100 MB, or without end, is read up to `maxBodyBytes` at most, and not at all where it does not matter.
 *
 * As with HAProxy's `option httpchk` the request is `OPTIONS /` by default, and 2xx and 3xx are good. Unlike there
 * it is always HTTP/1.1 with a `Host`: that is what servers of today are tested with.
 * Not for: HTTP/2; several requests in a row; a target whose check must look like the traffic it serves.
 */
import {
  type ClientRequest,
  type IncomingMessage,
  request,
  validateHeaderName,
  validateHeaderValue,
} from 'node:http'
import type { Socket } from 'node:net'
import type { Checker, Target } from './contract.ts'
import { hostHeader } from './host-header.ts'
import { type CompiledExpectation, compileExpectation, type HttpExpect } from './http-expectation.ts'
import { readOptions, refuse } from './options.ts'
import {
  type Conversation,
  PROBE_OPTION_NAMES,
  type Probe,
  type ProbeOptions,
  probing,
  readProbeSettings,
} from './probe.ts'
import { StatusReader } from './status-reader.ts'

/** Options of {@link httpCheck}. */
export interface HttpCheckOptions extends ProbeOptions {
  /** The method: `OPTIONS` by default, as with HAProxy; any but CONNECT. Many applications only know `GET`. */
  readonly method?: string | undefined
  /** The path with its query: `/` by default. `*` goes with OPTIONS. */
  readonly path?: string | undefined
  /** The `Host` header; by default the target's host, with its port unless that is the protocol's own. */
  readonly host?: string | undefined
  /** Further headers. Those that frame the message (Connection, Content-Length, …) are the check's own. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** What the answer must be; by default its status is 200 to 399. */
  readonly expect?: HttpExpect | undefined
  /** How much of a body is looked at: 1 to 2^30 bytes, 16,384 by default (HAProxy's buffer). */
  readonly maxBodyBytes?: number | undefined
}

/** The request, read and completed. */
interface RequestHead {
  readonly method: string
  readonly path: string
  readonly host: string | undefined
  readonly headers: Readonly<Record<string, string>>
}

const OPTION_NAMES = ['method', 'path', 'host', 'headers', 'expect', 'maxBodyBytes', ...PROBE_OPTION_NAMES]
const OWN_HEADERS = ['connection', 'content-length', 'expect', 'host', 'transfer-encoding', 'upgrade']

/**
 * A check that sends one HTTP request.
 * @throws {HealthError} `EVENER_INVALID_OPTION`
 */
export function httpCheck(options: HttpCheckOptions = {}): Checker {
  readOptions('options', options, OPTION_NAMES)
  const head = readHead(options)
  const expectation = compileExpectation(options.expect, options.maxBodyBytes)
  const onlyStatus = expectation.onlyStatus
  const settings = readProbeSettings(
    options,
    (probe, socket) => {
      probe.speak()
      if (!onlyStatus) return converse(probe, socket, head, expectation)
      socket.write(requestText(head, probe.target), 'latin1')
      return new StatusConversation(probe, expectation)
    },
    { conversing: onlyStatus },
  )
  return probing('http', settings)
}

/** The whole request as it goes out. */
function requestText({ method, path, host, headers }: RequestHead, target: Target): string {
  let text = `${method} ${path} HTTP/1.1\r\nHost: ${host ?? hostHeader(target)}\r\n`
  for (const name in headers) text += `${name}: ${headers[name]}\r\n`
  return `${text}Connection: close\r\n\r\n`
}

/** A check that looks at the status alone. */
class StatusConversation implements Conversation {
  readonly #probe: Probe
  readonly #expectation: CompiledExpectation
  readonly #reader = new StatusReader()

  constructor(probe: Probe, expectation: CompiledExpectation) {
    this.#probe = probe
    this.#expectation = expectation
  }

  received(bytes: Buffer): void {
    const answer = this.#reader.push(bytes)
    if (answer === undefined) return
    if ('junk' in answer) {
      this.#probe.fail(`no HTTP: ${answer.junk}`)
      return
    }
    const { status } = answer
    const line = statusLine(status, answer.reason)
    if (this.#expectation.status(status)) this.#probe.succeed(line, status)
    else this.#probe.disappoint(line, status)
  }

  finished(): void {
    this.#probe.fail('the connection ended before the answer')
  }
}

const statusLine = (status: number, reason: string): string => `${status} ${reason.slice(0, 80)}`.trim()

function converse(
  probe: Probe,
  socket: Socket,
  head: RequestHead,
  expectation: CompiledExpectation,
): undefined {
  const { method, path } = head
  const host = head.host ?? hostHeader(probe.target)
  const message: ClientRequest = request({
    method,
    path,
    headers: { Host: host, ...head.headers },
    // Without an agent, and with a connection of our own: closed after one exchange, and said so to the server.
    createConnection: () => socket,
  })
  message.on('error', error => probe.fail(error))
  message.on('response', response => judge(probe, response, expectation))
  // With a listener 101 is an answer like any other; without one it would be a closed connection.
  message.on('upgrade', response => judge(probe, response, expectation))
  message.end()
}

function judge(probe: Probe, response: IncomingMessage, expectation: CompiledExpectation): void {
  const status = response.statusCode ?? 0
  const line = statusLine(status, response.statusMessage ?? '')
  if (!expectation.status(status)) {
    probe.disappoint(line, status)
    return
  }
  const wrong = expectation.headers(response.headers)
  if (wrong !== undefined) {
    probe.disappoint(`${line}, ${wrong}`, status)
    return
  }
  const search = expectation.body()
  if (search === undefined) {
    probe.succeed(line, status)
    return
  }
  const decide = (found: boolean): void => {
    if (found) probe.succeed(`${line}, body as expected`, status)
    else probe.disappoint(`${line}, body not as expected`, status)
  }
  response.on('data', (piece: Buffer) => {
    const found = search.push(piece)
    if (found !== undefined) decide(found)
  })
  response.on('end', () => decide(search.end()))
  response.on('error', error => probe.fail(error, status))
}

function readHead(options: HttpCheckOptions): RequestHead {
  const { method = 'OPTIONS', path = '/', host, headers = {} } = options
  if (typeof method !== 'string' || !/^[!#$%&'*+.^_`|~0-9A-Z-]+$/.test(method) || method === 'CONNECT') {
    refuse('options.method', method, 'an HTTP method in capitals, other than CONNECT')
  }
  if (typeof path !== 'string' || !/^(\/[\x21-\x7e]*|\*)$/.test(path)) {
    refuse('options.path', path, 'a path that begins with /, percent-encoded, or *')
  }
  if (host !== undefined && (typeof host !== 'string' || !/^[\x21-\x7e]+$/.test(host))) {
    refuse('options.host', host, 'a host name, with a port where needed')
  }
  readOptions('options.headers', headers, Object.keys(headers))
  for (const [name, value] of Object.entries(headers)) readHeader(name, value)
  return { method, path, host, headers }
}

function readHeader(name: string, value: unknown): void {
  const field = `options.headers.${name}`
  if (OWN_HEADERS.includes(name.toLowerCase())) {
    refuse(field, value, 'left to the check; Host has its option `host`')
  }
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value as string)
  } catch {
    refuse(field, value, 'a valid header name and a text as its value')
  }
  if (typeof value !== 'string') refuse(field, value, 'a text')
}
