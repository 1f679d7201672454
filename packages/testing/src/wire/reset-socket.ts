/**
 * A real RST, also below TLS.
 */
import type { Socket } from 'node:net'

/**
 * Reset a connection. A unix socket knows no RST: there it is closed at once.
 * @param socket the socket that is spoken through, TLS or not
 * @param tcp the socket below it; the same one without TLS
 */
export function resetSocket(socket: Socket, tcp: Socket): void {
  if (tcp.destroyed) return
  if (tcp.remoteFamily === undefined) {
    socket.destroy()
    tcp.destroy()
    return
  }
  // The TLS socket must not be destroyed here as well: with a write of its own still pending, Node 24 crashes
  // (SIGSEGV, seen with 24.21.0). It closes by itself when the socket below it does.
  tcp.resetAndDestroy()
}
