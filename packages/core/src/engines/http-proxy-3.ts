/**
 * The engine that carries requests with `http-proxy-3`, guarded.
 *
 * The library builds and sends the request; everything that it is known to get wrong stays out of its hands:
 *
 * - it never sees the client's request or response, only an {@link Errand} made for one attempt, so that nothing it
 *   copies or pipes can reach a client by itself, and an attempt can be repeated;
 * - the target is set on the outgoing request byte for byte, past the library's reading of it as a URL;
 * - headers come end-to-end only, with the framing stated, so that a body is never sent without it;
 * - `Expect` is never among them, so that the request is always ours to see before it leaves;
 * - the response is read here (`selfHandleResponse`), with its trailers, 1xx and unasked-for 101.
 *
 * Requests that are not idempotent go on a connection of their own: a kept-alive one may have been closed by the
 * server a moment ago, and such a request could not be sent again (RFC 9110 section 9.2.2).
 *
 * Not for: cost. It takes several times the processor time of Evener's own engine.
 */
import { Agent as HttpAgent, type IncomingMessage, type ClientRequest as NodeClientRequest } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { ProxyServer, type ServerOptions } from 'http-proxy-3'
import type { FailureReason, Phase } from '../balance/outcome.ts'
import type { Server } from '../balance/server.ts'
import { EvenerError } from '../base/errors.ts'
import { duration, integer, knownOptions } from '../base/options.ts'
import type { Attempt, Engine, Transfer } from '../http/engine.ts'
import { pairs } from '../http/headers.ts'
import { isIdempotent } from '../http/request.ts'
import type { BodySink } from '../http/request-body.ts'
import { serverTlsOptions } from './server-tls.ts'
import { Unable } from './unable.ts'

/** The options of {@link httpProxy3Engine}. */
export interface HttpProxy3Options {
  /** Idle connections kept to each server: 0 to 65535; 256 by default. */
  readonly maxIdle?: number | undefined
  /** How long an idle connection is kept, in milliseconds; 5000 by default, as long as Node's servers keep theirs. */
  readonly idleMs?: number | undefined
}

/**
 * Make the engine.
 * @throws {EvenerError} `EVENER_INVALID_OPTION`, `EVENER_UNKNOWN_OPTION`
 */
export function httpProxy3Engine(options: HttpProxy3Options = {}): Engine {
  return new HttpProxy3Engine(options)
}

class HttpProxy3Engine implements Engine {
  readonly name = 'http-proxy-3'
  readonly #proxy = new ProxyServer({})
  readonly #contexts = new WeakMap<Server, string>()
  #servers = 0
  readonly #agents: { readonly http: HttpAgent; readonly https: HttpsAgent }

  constructor(options: HttpProxy3Options) {
    knownOptions('httpProxy3Engine', options, ['maxIdle', 'idleMs'])
    const maxFreeSockets = integer('httpProxy3Engine.maxIdle', options.maxIdle, 256, 0, 65_535)
    const timeout = duration('httpProxy3Engine.idleMs', options.idleMs, 5_000)
    const settings = { keepAlive: maxFreeSockets > 0, maxFreeSockets: Math.max(1, maxFreeSockets) }
    const idle = timeout === Number.POSITIVE_INFINITY ? {} : { timeout }
    this.#agents = {
      http: new HttpAgent({ ...settings, ...idle }),
      https: new HttpsAgent({ ...settings, ...idle }),
    }
  }

  attempt(attempt: Attempt): Transfer {
    if (attempt.server.proxyHeader !== undefined) {
      const { id } = attempt.server
      const text = `server(${id}).sendProxy: not with the engine http-proxy-3, which shares connections between clients; use http1Engine()`
      return new Unable(attempt, new EvenerError('EVENER_INVALID_OPTION', text))
    }
    const errand = new Errand(attempt)
    const { address, tls } = attempt.server
    const reuse = !attempt.fresh && attempt.upgrade === undefined && isIdempotent(attempt.request.method)
    const target = {
      protocol: tls === undefined ? 'http:' : 'https:',
      host: address.text,
      hostname: address.host,
      port: address.port,
      socketPath: address.path,
    }
    const options = {
      target,
      method: attempt.request.method,
      toProxy: true,
      selfHandleResponse: true,
      secure: tls?.rejectUnauthorized ?? true,
      // What the library takes as the outgoing request's own options. The agent keeps connections apart by the name of
      // the session's context, and not by the context or by what is verified.
      ssl:
        tls === undefined
          ? {}
          : { ...serverTlsOptions(attempt.server), sessionIdContext: this.#contextOf(attempt.server) },
      ...(reuse && { agent: tls === undefined ? this.#agents.http : this.#agents.https }),
    }
    try {
      this.#proxy.web(errand as never, errand.response as never, options as ServerOptions, () => undefined)
    } catch (error) {
      // An engine never calls back before `attempt` has returned.
      process.nextTick(() => errand.fail('connect', 'bad-request', error as Error))
    }
    return errand
  }

  #contextOf(server: Server): string {
    let name = this.#contexts.get(server)
    if (name === undefined) {
      name = `evener-${++this.#servers}`
      this.#contexts.set(server, name)
    }
    return name
  }

  close(): void {
    this.#agents.http.destroy()
    this.#agents.https.destroy()
  }
}

/** Headers in the one form in which Node's client keeps repeated fields apart. */
type HeaderTable = Record<string, string | string[]>

/**
 * One attempt, in the shape of a request that `http-proxy-3` can send.
 *
 * Invariant: after `#over` nothing is told to the attempt and nothing is read or written any more.
 */
class Errand implements Transfer, BodySink {
  // What http-proxy-3 reads of a request. The method is given as an option instead: from here, the library would
  // set a length of 0 for some.
  readonly url = '/'
  readonly httpVersionMajor = 1
  readonly socket = { destroyed: false }
  readonly headers: HeaderTable
  /** What it reads of a response. */
  readonly response = { headersSent: false, finished: false, on: () => undefined }
  readonly #attempt: Attempt
  #request: NodeClientRequest | undefined
  #answer: IncomingMessage | undefined
  #socket: Socket | undefined
  #bytesReadBefore = 0
  #connected = false
  #sent = false
  #over = false

  constructor(attempt: Attempt) {
    this.#attempt = attempt
    this.headers = tableOf(attempt)
  }

  /** http-proxy-3 listens for errors of the client's request; an errand has none. */
  on(): this {
    return this
  }

  /** http-proxy-3 hands over the request that it made, for the body to be piped into. */
  pipe(request: NodeClientRequest): void {
    this.#request = request
    // Set here, where the library has read its own idea of the target as a URL.
    request.path = this.#attempt.request.uri
    request.once('socket', socket => this.#assigned(socket))
    request.on(
      'information',
      info => this.#over || this.#attempt.informational(info.statusCode, info.rawHeaders),
    )
    request.on('response', answer => this.#answered(answer))
    request.on('upgrade', (answer, socket, firstBytes) => this.#upgraded(answer, socket, firstBytes))
    request.on('error', error => this.#broke(error))
    request.on('drain', () => this.#over || this.#attempt.body.resume())
  }

  // ── towards the server ─────────────────────────────────────────────────────────────────────────────

  #assigned(socket: Socket): void {
    this.#socket = socket
    this.#bytesReadBefore = socket.bytesRead
    if (this.#over) return
    const encrypted = 'encrypted' in socket
    if (!socket.connecting && !(encrypted && !(this.#request as NodeClientRequest).reusedSocket))
      this.#ready()
    else socket.once(encrypted ? 'secureConnect' : 'connect', () => this.#ready())
  }

  #ready(): void {
    if (this.#over) return
    this.#connected = true
    this.#socket?.setNoDelay(true)
    this.#attempt.connected()
    this.#attempt.body.attach(this)
    // The server may want to answer before a body that is long in coming.
    if (!this.#sent) this.#request?.flushHeaders()
  }

  write(chunk: Buffer): boolean {
    this.#attempt.progress()
    return (this.#request as NodeClientRequest).write(chunk)
  }

  end(trailers: readonly string[]): void {
    const request = this.#request as NodeClientRequest
    this.#sent = true
    try {
      if (trailers.length > 0 && this.#attempt.body.framing === 'chunked')
        request.addTrailers(pairs(trailers))
    } catch {
      // Trailers that Node will not write are left out; the body is whole without them.
    }
    request.end()
  }

  // ── from the server ────────────────────────────────────────────────────────────────────────────────

  #answered(answer: IncomingMessage): void {
    if (this.#over) {
      answer.destroy()
      return
    }
    const status = answer.statusCode ?? 0
    if (status < 200 || status > 599) {
      this.fail('wait', 'junk-response', new Error(`status ${status} is none of HTTP's`))
      return
    }
    const coding = answer.headers['transfer-encoding']
    if (coding !== undefined && coding.toLowerCase() !== 'chunked') {
      // Never asked for (we send no TE), and the body would be passed on without a word that it is coded.
      this.fail('wait', 'junk-response', new Error(`transfer coding ${coding} was not asked for`))
      return
    }
    this.#answer = answer
    const hasBody = this.#attempt.request.method !== 'HEAD' && status !== 204 && status !== 304
    const head = { status, reason: answer.statusMessage ?? '', rawHeaders: answer.rawHeaders, hasBody }
    answer.on('error', error => this.fail('receive', 'broken-response', error))
    answer.on('aborted', () =>
      this.fail('receive', 'broken-response', new Error('the server closed in mid-response')),
    )
    if (this.#attempt.response(head) === 'unwanted') {
      this.abort()
      return
    }
    this.#attempt.flush()
    answer.on('data', chunk => {
      if (this.#over) return
      if (!this.#attempt.data(chunk)) answer.pause()
      if (!this.#over) this.#attempt.flush()
    })
    answer.on('end', () => this.#finished(answer))
  }

  #finished(answer: IncomingMessage): void {
    if (this.#over) return
    if (!answer.complete) {
      this.fail('receive', 'broken-response', new Error('the response ended early'))
      return
    }
    this.#over = true
    this.#attempt.body.detach(this)
    // The server answered before it had the whole request: its connection cannot serve another.
    if (!this.#sent) this.#request?.destroy()
    this.#attempt.finished(answer.rawTrailers)
  }

  #upgraded(answer: IncomingMessage, socket: Duplex, firstBytes: Buffer): void {
    if (this.#over) {
      socket.destroy()
      return
    }
    this.#over = true
    this.#attempt.body.detach(this)
    // Node's client ends its own side when the server has ended its; in a tunnel, the client may still have to say something.
    ;(socket as Socket).allowHalfOpen = true
    const head = {
      status: 101,
      reason: answer.statusMessage ?? '',
      rawHeaders: answer.rawHeaders,
      hasBody: false,
    }
    this.#attempt.upgraded(head, socket, firstBytes)
  }

  #broke(error: Error): void {
    const request = this.#request as NodeClientRequest
    if (!this.#connected) {
      this.fail('connect', 'conn-failure', error)
    } else if (this.#answer !== undefined) {
      this.fail('receive', 'broken-response', error)
    } else {
      const parsing = (error as NodeJS.ErrnoException).code?.startsWith('HPE_') === true
      const silent = !parsing && (this.#socket?.bytesRead ?? 0) === this.#bytesReadBefore
      const phase: Phase = this.#sent ? 'wait' : 'send'
      this.fail(phase, silent ? 'empty-response' : 'junk-response', error, silent && request.reusedSocket)
    }
  }

  fail(phase: Phase, reason: FailureReason, cause: Error, stale = false): void {
    if (this.#over) return
    this.abort()
    this.#attempt.failed({ phase, reason, stale, cause })
  }

  // ── the exchange ───────────────────────────────────────────────────────────────────────────────────

  resume(): void {
    if (!this.#over) this.#answer?.resume()
  }

  abort(): void {
    if (this.#over) return
    this.#over = true
    this.#attempt.body.detach(this)
    this.#request?.destroy()
    this.#answer?.destroy()
  }
}

function tableOf(attempt: Attempt): HeaderTable {
  const table: HeaderTable = Object.create(null)
  const spelling = new Map<string, string>()
  const { headers, body, upgrade } = attempt
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    const value = headers[i + 1] as string
    const lower = name.toLowerCase()
    const key = spelling.get(lower)
    if (key === undefined) {
      spelling.set(lower, name)
      table[name] = value
    } else table[key] = [table[key] as string | string[], value].flat()
  }
  if (body.framing === 'chunked') table['Transfer-Encoding'] = 'chunked'
  if (upgrade !== undefined) {
    // Spelt so because http-proxy-3 would add a `connection: close` of its own to anything else.
    table.connection = 'Upgrade'
    table.Upgrade = upgrade
  }
  return table
}
