/**
 * `101 Switching Protocols`, then an echo of every byte: enough of a WebSocket server to see that a tunnel stands.
 */
import { createHash } from 'node:crypto'
import type { Behaviour } from '../fake-server/behaviour.ts'
import { knownOptions } from '../options.ts'
import { formatHead, type HeaderList, type HeaderPair, headerPairs } from '../wire/head.ts'

/** What {@link upgrade} says besides. */
export interface UpgradeOptions {
  /** Added to `Upgrade` (that of the request), `Connection: Upgrade` and, for WebSockets, the accept key. */
  readonly headers?: HeaderList
  /** Bytes sent in one segment with the head, before the client has sent any. */
  readonly first?: string | Uint8Array
  /** Close the tunnel with a FIN after that many bytes echoed; by default when the client ends. */
  readonly closeAfterBytes?: number
}

/** RFC 6455, section 4.2.2: the constant that proves the server understood the handshake. */
const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/**
 * Answers 101 whether or not an upgrade was asked for, then echoes bytes until the client ends.
 * @throws {TestingError} `EVENER_INVALID_OPTION`
 */
export function upgrade(options: UpgradeOptions = {}): Behaviour {
  knownOptions('upgrade()', options, ['headers', 'first', 'closeAfterBytes'])
  return async (request, connection) => {
    const headers: HeaderPair[] = [
      ['X-Server', connection.name],
      ['Connection', 'Upgrade'],
      ['Upgrade', request.header('upgrade') ?? 'echo'],
    ]
    const key = request.header('sec-websocket-key')
    if (key) {
      const accept = createHash('sha1').update(key + WEBSOCKET_GUID)
      headers.push(['Sec-WebSocket-Accept', accept.digest('base64')])
    }
    const head = formatHead('HTTP/1.1 101 Switching Protocols', [
      ...headers,
      ...headerPairs(options.headers ?? []),
    ])
    await connection.write(Buffer.concat([head, Buffer.from(options.first ?? '')]))
    request.answered = true
    connection.answered++
    const { source } = connection
    const limit = options.closeAfterBytes ?? Number.POSITIVE_INFINITY
    while (request.tunnelBytes < limit && (source.available > 0 || (await source.more()))) {
      const bytes = source.take(65_536)
      request.noteTunnelBytes(bytes.length)
      await connection.write(bytes)
    }
    connection.end()
  }
}
