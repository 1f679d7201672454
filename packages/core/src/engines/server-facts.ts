/** The connection that a response came by, as rules see it: HAProxy's `bc_`, `ssl_bc_`. Made where a rule asks for it. */
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { ServerConnectionView, TlsView } from '@evener/rules'
import type { Server } from '../balance/server.ts'
import { plainAddress } from '../base/networks.ts'
import { serverTlsOptions } from './server-tls.ts'

export class ServerFacts implements ServerConnectionView {
  readonly httpMajor: 1 | 2
  readonly reused: boolean
  readonly #socket: Socket
  readonly #server: Server

  constructor(socket: Socket, server: Server, httpMajor: 1 | 2, reused: boolean) {
    this.#socket = socket
    this.#server = server
    this.httpMajor = httpMajor
    this.reused = reused
  }

  get peerAddress(): string {
    return plainAddress(this.#socket.remoteAddress ?? '')
  }

  get peerPort(): number {
    return this.#socket.remotePort ?? 0
  }

  get localAddress(): string {
    return plainAddress(this.#socket.localAddress ?? '')
  }

  get localPort(): number {
    return this.#socket.localPort ?? 0
  }

  get tls(): TlsView | undefined {
    const socket = this.#socket
    if (!(socket instanceof TLSSocket)) return undefined
    const cipher = socket.getCipher() as ReturnType<TLSSocket['getCipher']> | undefined
    return {
      version: socket.getProtocol() ?? '',
      cipher: cipher?.standardName ?? '',
      serverName: serverTlsOptions(this.#server).servername || undefined,
      alpn: socket.alpnProtocol || undefined,
      resumed: socket.isSessionReused(),
      clientCertificate: undefined,
    }
  }
}
