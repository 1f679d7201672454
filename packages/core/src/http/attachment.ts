/**
 * A handler hooked into a server of the host's own: its requests, its upgrades, what its parser cannot read, and its
 * timeouts. Several handlers may be hooked into one server.
 */
import type { IncomingMessage, Server as NodeServer, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { Malformed, type MalformedOwner } from './malformed.ts'
import { upgradeOf } from './node-request.ts'
import { answering } from './turn.ts'

/** A handler, as far as it is hooked in. */
export interface Attached extends MalformedOwner {
  /** Protocols that clients may change to. */
  readonly upgrades: ReadonlySet<string>
  readonly httpRequestMs: number
  readonly httpKeepAliveMs: number
  /** False where it does not serve this one. */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): boolean
}

/** Upgrades that a handler has taken, and the listeners of handlers. */
const taken = new WeakSet<IncomingMessage>()
const ours = new WeakSet<object>()

/**
 * Hook it in; see `HttpHandler.attach`.
 * @param handler for requests, where nobody else listens to them
 * @returns a function that undoes it
 */
export function attachTo(
  server: NodeServer,
  door: Attached,
  handler: (req: IncomingMessage, res: ServerResponse) => void,
): () => void {
  const onUpgrade = (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (taken.has(req)) return
    if (door.upgrade(req, socket, head)) taken.add(req)
    else {
      const listeners = server.listeners('upgrade')
      // It is nobody's when the last of our listeners refuses it and there are none but ours.
      if (listeners.at(-1) === onUpgrade && listeners.every(each => ours.has(each))) socket.destroy()
    }
  }
  ours.add(onUpgrade)
  server.on('upgrade', onUpgrade)
  const undoParsing = keepParsing(server, door.upgrades)
  const undoMalformed = answerMalformed(server, door)
  const serves = server.listenerCount('request') === 0
  if (serves) server.on('request', handler)
  server.headersTimeout = finite(door.httpRequestMs)
  server.keepAliveTimeout = finite(door.httpKeepAliveMs)
  server.requestTimeout = 0
  return () => {
    undoParsing()
    undoMalformed()
    server.off('upgrade', onUpgrade)
    if (serves) server.off('request', handler)
  }
}

/** Node from 22.21 and 24.9 on asks this before it announces an upgrade; earlier ones don't read it. */
type ParsingServer = NodeServer & { shouldUpgradeCallback?: (req: IncomingMessage) => boolean }

/**
 * Have Node give up parsing only what may change protocols. Many a client (Java's, curl's) asks for h2c on each of
 * its requests, those with a body included, and goes on without; announced as an upgrade, the body would be lost.
 */
function keepParsing(server: ParsingServer, upgrades: ReadonlySet<string>): () => void {
  const before = server.shouldUpgradeCallback
  const mayUpgrade = (req: IncomingMessage): boolean => {
    // Behind a response that is still under way, the request is served in its turn, without the change.
    if (answering(req.socket) !== undefined) return false
    if (upgradeOf(req, upgrades) !== undefined) return true
    return server.listenerCount('upgrade') > 1 && before?.call(server, req) === true
  }
  server.shouldUpgradeCallback = mayUpgrade
  return () => {
    if (server.shouldUpgradeCallback === mayUpgrade && before) server.shouldUpgradeCallback = before
  }
}

function answerMalformed(server: NodeServer, door: Attached): () => void {
  if (server.listenerCount('clientError') > 0) return () => undefined
  const malformed = new Malformed(door)
  const onClientError = (error: Error, socket: Duplex) => {
    // The host may have taken it up since.
    if (server.listenerCount('clientError') === 1) malformed.handle(error, socket)
  }
  server.on('clientError', onClientError)
  return () => server.off('clientError', onClientError)
}

/** Node reads 0 as "no limit". */
function finite(ms: number): number {
  return ms === Number.POSITIVE_INFINITY ? 0 : ms
}
