/**
 * Evener as a Fastify 5 plugin: everything under the plugin's prefix goes to a backend, past Fastify's parsers and
 * serializers, but through its hooks.
 *
 * Encapsulated: the content-type parsers are taken away in the plugin's own context only, so that bodies reach the
 * server as the client sent them, while the application's routes keep theirs.
 *
 * ```text
 * onRequest … preHandler hooks ─► route ─► httpHandler ─► backend
 *                                   ├─ no backend for it: the application's 404
 *                                   └─ an error:          the application's error handler
 * ```
 *
 * Invariant: a reply is hijacked only once the handler has taken the request; until then Fastify answers, so that
 * no throw leaves a client waiting.
 * Not for: HTTP/2, which gets 505: the handler speaks HTTP/1.
 */
import { METHODS, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import {
  type Backend,
  type DoorTimeouts,
  EvenerError,
  type HttpHandler,
  type HttpHandlerOptions,
  httpHandler,
  type Route,
} from '@evener/core'
import type {
  FastifyInstance,
  FastifyPluginAsync,
  FastifyReply,
  FastifyRequest,
  RegisterOptions,
} from 'fastify'
import { Prefix } from './prefix.ts'
import { takeUpgrades, upgradeOf } from './upgrades.ts'

/** The options of {@link evener}: a `backend` or a `route`, and those of `httpHandler`. */
export interface EvenerOptions extends Omit<HttpHandlerOptions, 'originalUrl' | 'timeouts'> {
  /** The backend for all requests under the prefix. */
  readonly backend?: Backend | undefined
  /** Instead: a function that names the backend for each request; undefined gives the application's 404. */
  readonly route?: Route | undefined
  /**
   * Send servers the target with the prefix. False by default: under `/api`, `/api/users` is asked for as `/users`,
   * as if the handler were mounted in Express. What `route` and balancers see is what servers see.
   */
  readonly keepPrefix?: boolean | undefined
  /**
   * When the application closes: how long requests under way may take to finish, in milliseconds; 30,000 by default,
   * 0 breaks them off at once. Open WebSockets, which never finish, are closed at once in any case.
   */
  readonly drainMs?: number | undefined
  /** The client's silence. The other timeouts of a server are Fastify's own: `requestTimeout`, `keepAliveTimeout`, … */
  readonly timeouts?: Pick<DoorTimeouts, 'clientMs'> | undefined
}

/** Complete, since the type asks for it: what is not here is a misspelt option. */
const optionNames: Readonly<Record<keyof EvenerOptions, true>> = {
  backend: true,
  route: true,
  keepPrefix: true,
  drainMs: true,
  engine: true,
  forwarded: true,
  timeouts: true,
  errorPages: true,
  replayBytes: true,
  maxBodyBytes: true,
  reserializeBody: true,
  upgrades: true,
  track: true,
  rules: true,
  uniqueId: true,
  log: true,
  name: true,
}

async function register(app: FastifyInstance, given: EvenerOptions): Promise<void> {
  const {
    prefix: _,
    logLevel: __,
    logSerializers: ___,
    ...options
  } = given as EvenerOptions & RegisterOptions
  checkOptions(options)
  const { backend, route, keepPrefix = false, drainMs = 30_000, ...handlerOptions } = options
  const handler = httpHandler((backend ?? route) as Backend | Route, handlerOptions)
  const prefix = new Prefix(app.prefix)
  const door = new FastifyDoor(handler, keepPrefix ? undefined : prefix)

  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  // Fastify knows the common methods only, and has one list for the whole application.
  for (const method of METHODS) {
    if (method !== 'CONNECT' && !app.supportedMethods.includes(method)) {
      app.addHttpMethod(method, { hasBody: true })
    }
  }
  const serve = (request: FastifyRequest, reply: FastifyReply) => door.serve(request, reply)
  const urls = app.prefix === '' || app.prefix === '/' ? ['/*'] : ['', '/*']
  for (const url of urls) app.route({ method: app.supportedMethods, url, handler: serve })

  const protocols = new Set((options.upgrades ?? ['websocket']).map(protocol => protocol.toLowerCase()))
  const leave = protocols.size > 0 ? takeUpgrades(app, { prefix, protocols }) : () => undefined

  // The server waits for its connections before onClose, so what would not end by itself is ended here.
  let closed: Promise<void> | undefined
  app.addHook('preClose', async () => {
    leave()
    closed = handler.close({ drainMs })
  })
  app.addHook('onClose', async () => closed)
}

class FastifyDoor {
  readonly #handler: HttpHandler
  /** What is taken off targets, if anything is. */
  readonly #prefix: Prefix | undefined

  constructor(handler: HttpHandler, prefix: Prefix | undefined) {
    this.#handler = handler
    this.#prefix = prefix
  }

  serve(request: FastifyRequest, reply: FastifyReply): void {
    const upgrade = upgradeOf(request.raw)
    if (upgrade !== undefined) {
      this.#upgrade(request, reply, upgrade.socket, upgrade.head)
      return
    }
    const response = reply.raw
    const undo = copyHeaders(reply, response)
    let taken = true
    let failure: unknown
    this.#withoutPrefix(request, () =>
      this.#handler(request.raw, response, error => {
        taken = false
        failure = error
      }),
    )
    if (taken || response.headersSent) {
      reply.hijack()
      if (taken) return
      // An engine that fails in mid-response: only breaking off tells the client that the rest is missing.
      request.log.error({ err: failure }, 'the response broke off')
      response.destroy()
      return
    }
    undo()
    if (failure !== undefined) throw failure
    reply.callNotFound()
  }

  #upgrade(request: FastifyRequest, reply: FastifyReply, socket: Socket, head: Buffer): void {
    // The handler answers on the bare connection; Fastify's response is put back where it does not.
    reply.raw.detachSocket(socket)
    let taken = false
    this.#withoutPrefix(request, () => {
      taken = this.#handler.upgrade(request.raw, socket, head)
    })
    if (taken) reply.hijack()
    else {
      reply.raw.assignSocket(socket)
      reply.callNotFound()
    }
  }

  /** The handler reads the target at once; hooks and logs that come later see what the client asked for. */
  #withoutPrefix({ raw }: FastifyRequest, use: () => void): void {
    const { url = '' } = raw
    if (this.#prefix !== undefined) raw.url = this.#prefix.strip(url)
    try {
      use()
    } finally {
      raw.url = url
    }
  }
}

/** What frames a response is not a hook's to say: it belongs to the response that comes from the server. */
const framing: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding', 'trailer', 'connection'])

/**
 * Put the headers that hooks have set by `reply.header()` (CORS, rate limits, request ids) on the response itself,
 * which `reply.hijack()` alone would not do.
 * @returns a function that takes them off again
 */
function copyHeaders(reply: FastifyReply, response: ServerResponse): () => void {
  const added: string[] = []
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value === undefined || framing.has(name) || response.hasHeader(name)) continue
    response.setHeader(name, value)
    added.push(name)
  }
  return () => {
    for (const name of added) response.removeHeader(name)
  }
}

function checkOptions(options: EvenerOptions): void {
  for (const name of Object.keys(options)) {
    if (name in optionNames) continue
    throw new EvenerError(
      'EVENER_UNKNOWN_OPTION',
      `evener: unknown option ${JSON.stringify(name)}; expected one of ${Object.keys(optionNames).join(', ')}`,
    )
  }
  const { backend, route, keepPrefix, drainMs } = options
  if ((backend === undefined) === (route === undefined)) {
    throw invalid(
      `backend and route: ${backend === undefined ? 'neither was' : 'both were'} given; expected one of them`,
    )
  }
  if (keepPrefix !== undefined && typeof keepPrefix !== 'boolean') {
    throw invalid(`keepPrefix: ${String(keepPrefix)} is not allowed; expected true or false`)
  }
  if (drainMs !== undefined && !(Number.isInteger(drainMs) && drainMs >= 0 && drainMs <= 2_147_483_647)) {
    throw invalid(`drainMs: ${String(drainMs)} is not allowed; expected an integer from 0 to 2147483647`)
  }
}

function invalid(what: string): EvenerError {
  return new EvenerError('EVENER_INVALID_OPTION', `evener: ${what}`)
}

/**
 * The plugin: `app.register(evener, { prefix: '/api', backend })`.
 *
 * All methods that Node parses are routed, with their bodies; those that Fastify does not know are added to the
 * application's. Register it where the hooks are that should guard it; they run for WebSockets too.
 *
 * @throws {EvenerError} `EVENER_INVALID_OPTION`, `EVENER_UNKNOWN_OPTION`, from `app.ready()` or `app.listen()`
 */
export const evener: FastifyPluginAsync<EvenerOptions> = Object.assign(register, {
  // Read by Fastify, which refuses the plugin in a version that it is not for, and names it in messages.
  [Symbol.for('plugin-meta')]: { fastify: '5.x', name: '@evener/fastify' },
})
