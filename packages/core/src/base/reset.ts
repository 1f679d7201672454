/**
 * Breaking a connection off so that the other end can tell: an ordinary end could be taken for that of the message.
 *
 * Only TCP knows a reset (unix sockets have no family), and TLS does not let it through: there the missing close alert
 * tells. While a FIN is under way libuv refuses to reset, and Node then neither closes the socket nor says so.
 */
import type { Duplex } from 'node:stream'

/** A connection of whatever kind. */
export interface Resettable extends Duplex {
  resetAndDestroy?(): unknown
  readonly encrypted?: boolean
  readonly remoteFamily?: string | undefined
}

/** Reset this connection where that is possible; close it at once where not. */
export function reset(socket: Resettable): void {
  if (socket.destroyed) return
  const ending = socket.writableEnded && !socket.writableFinished
  if (canReset(socket) && !ending && socket.remoteFamily !== undefined) socket.resetAndDestroy?.()
  else socket.destroy()
}

/** Whether it is a socket of the system, and neither TLS nor a stream of another kind. */
export function canReset({ resetAndDestroy, encrypted }: Resettable): boolean {
  return resetAndDestroy !== undefined && encrypted !== true
}
