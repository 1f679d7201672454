/**
 * What is known of a client's connection, whatever door it came in by: for routes, header rules, balancers and logs.
 *
 * Where a trusted proxy in front has sent a PROXY header, its word counts here, and the addresses are the client's.
 */
import type { Socket } from 'node:net'
import type { ProxyHeader } from '@evener/proxy-protocol'
import type { TlsFacts } from '@evener/tls'
import { plainAddress } from './networks.ts'

/** Facts of a client's connection. */
export interface ConnectionFacts {
  /** The client's address, IPv4 as such where it was mapped into IPv6; empty for a unix socket. */
  readonly peerAddress: string
  /** The client's port; 0 for a unix socket. */
  readonly peerPort: number
  /** The address that the client connected to; empty for a unix socket. */
  readonly localAddress: string
  readonly localPort: number
  /** What the handshake settled, where TLS ends here. */
  readonly tls: TlsFacts | undefined
  /** The header that a proxy in front has sent, where one was accepted. */
  readonly proxyHeader: ProxyHeader | undefined
}

/** What a socket says of its two ends. */
export type SocketEnds = {
  readonly [K in 'remoteAddress' | 'remotePort' | 'localAddress' | 'localPort']?: Socket[K] | undefined
}

/**
 * The facts of a connection.
 * @param socket the TCP or unix socket itself
 */
export function connectionFacts(
  socket: SocketEnds,
  tls: TlsFacts | undefined,
  proxyHeader: ProxyHeader | undefined,
): ConnectionFacts {
  return new SocketFacts(socket, tls, proxyHeader)
}

/** Most connections are asked for the client's address alone: the others cost a system call when they are wanted. */
class SocketFacts implements ConnectionFacts {
  readonly peerAddress: string
  readonly tls: TlsFacts | undefined
  readonly proxyHeader: ProxyHeader | undefined
  readonly #socket: SocketEnds

  constructor(socket: SocketEnds, tls: TlsFacts | undefined, proxyHeader: ProxyHeader | undefined) {
    this.#socket = socket
    this.tls = tls
    this.proxyHeader = proxyHeader
    const said = this.#said
    this.peerAddress =
      said === undefined ? plainAddress(socket.remoteAddress ?? '') : addressIn(said, said.sourceAddress)
  }

  get peerPort(): number {
    return this.#said?.sourcePort ?? this.#socket.remotePort ?? 0
  }

  get localAddress(): string {
    const said = this.#said
    return said === undefined
      ? plainAddress(this.#socket.localAddress ?? '')
      : addressIn(said, said.destinationAddress)
  }

  get localPort(): number {
    return this.#said?.destinationPort ?? this.#socket.localPort ?? 0
  }

  /** The header, if it says anything about addresses. */
  get #said(): ProxyHeader | undefined {
    const header = this.proxyHeader
    return header?.command === 'proxy' && header.family !== 'unknown' ? header : undefined
  }
}

/** The client of a unix socket has no address: the path in the header is none. */
function addressIn({ family }: ProxyHeader, address: string): string {
  return family === 'unix-stream' || family === 'unix-datagram' ? '' : plainAddress(address)
}
