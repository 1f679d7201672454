/**
 * WebSockets, sent through Fastify's own router.
 *
 * Node announces a request to change protocols by an event of the server, past the application. Handed to a backend
 * from there, it would pass by the hooks that guard every other request: authentication, rate limits, logs. So it
 * is given to Fastify like any request, and the plugin's route finds here what belongs to it.
 *
 * One listener for each server, however many plugins there are: a request that two prefixes cover is routed once.
 *
 * Invariant: a request that no prefix covers is left to other listeners; without any, it is served as if it had not
 * asked to change.
 */
import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Prefix } from './prefix.ts'

/** What an upgrade needs beside the request. */
export interface Upgrade {
  readonly socket: Socket
  /** What the client sent behind the request. */
  readonly head: Buffer
}

/** A plugin that takes upgrades. */
export interface UpgradeTaker {
  readonly prefix: Prefix
  /** The protocols that clients may change to, in lower case. */
  readonly protocols: ReadonlySet<string>
}

/** The part of a Fastify instance that routes. */
interface Router {
  readonly server: unknown
  routing(request: IncomingMessage, response: ServerResponse): void
}

/** Node's server from 22.21 and 24.9 on asks this before it gives up parsing a request. Earlier ones don't read it. */
type UpgradingServer = Server & { shouldUpgradeCallback?: (request: IncomingMessage) => boolean }

const hubs = new WeakMap<object, UpgradeHub>()
const pending = new WeakMap<IncomingMessage, Upgrade>()

/** What belongs to a request that came as an upgrade; undefined for any other. */
export function upgradeOf(request: IncomingMessage): Upgrade | undefined {
  return pending.get(request)
}

/** Listen for upgrades under a prefix; the function returned ends that. */
export function takeUpgrades(app: Router, taker: UpgradeTaker): () => void {
  const server = app.server as UpgradingServer
  let hub = hubs.get(server)
  if (hub === undefined) {
    hub = new UpgradeHub(app, server)
    hubs.set(server, hub)
  }
  return hub.add(taker)
}

class UpgradeHub {
  readonly #app: Router
  readonly #takers = new Set<UpgradeTaker>()

  constructor(app: Router, server: UpgradingServer) {
    this.#app = app
    server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      if (this.#covers(request) || server.listenerCount('upgrade') === 1) this.#route(request, socket, head)
    })
    // Many a client asks for h2c on each of its requests, those with a body included, and goes on without. By way of
    // the event the body would be lost, so what is not taken is not announced.
    const others = server.shouldUpgradeCallback
    server.shouldUpgradeCallback = request => {
      if (this.#takes(request)) return true
      return server.listenerCount('upgrade') > 1 && others?.call(server, request) === true
    }
  }

  add(taker: UpgradeTaker): () => void {
    this.#takers.add(taker)
    return () => void this.#takers.delete(taker)
  }

  #covers(request: IncomingMessage): boolean {
    const target = request.url ?? ''
    for (const taker of this.#takers) if (taker.prefix.covers(target)) return true
    return false
  }

  #takes(request: IncomingMessage): boolean {
    const protocol = request.headers.upgrade?.toLowerCase()
    if (protocol === undefined || hasBody(request)) return false
    const target = request.url ?? ''
    for (const { prefix, protocols } of this.#takers) {
      if (protocols.has(protocol) && prefix.covers(target)) return true
    }
    return false
  }

  #route(request: IncomingMessage, socket: Socket, head: Buffer): void {
    socket.on('error', () => socket.destroy())
    const response = new ServerResponse(request)
    response.shouldKeepAlive = false
    response.assignSocket(socket)
    response.on('finish', () => {
      response.detachSocket(socket)
      // Read on, so that the client's end is seen.
      socket.resume()
      socket.end()
    })
    if (hasBody(request)) {
      // Announced all the same, by an older Node: the parser is gone, and with it the body's end.
      response.writeHead(501, { 'Content-Length': 0 }).end()
      return
    }
    pending.set(request, { socket, head })
    this.#app.routing(request, response)
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0
}
