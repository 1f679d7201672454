/**
 * The handshake of RFC 6455, which HTTP/2 leaves out (RFC 8441 section 5) and a HTTP/1.1 server wants: Evener makes the
 * key and checks the answer to it, since the client behind it does neither.
 */
import { createHash, randomBytes } from 'node:crypto'

/** A `Sec-WebSocket-Key`: 16 random bytes. */
export function webSocketKey(): string {
  return randomBytes(16).toString('base64')
}

/** The `Sec-WebSocket-Accept` that answers a key. */
export function webSocketAccept(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
}
