/**
 * The first bytes of a connection, looked at without being taken: is it TLS, which name and which protocols are asked for?
 *
 * HAProxy's `tcp-request inspect-delay` with `req.ssl_sni` and `req.ssl_alpn`. TLS is not terminated, and what was read
 * is put back for the server.
 *
 * Invariant: at most `maxBytes` are held, for at most `timeoutMs`; one of `done` and `refused` is called, once.
 * Not for: protocols in which the server speaks first: their clients say nothing, and are routed when the time is over.
 */
import type { Socket } from 'node:net'
import { type ClientHelloErrorCode, readClientHello } from '@evener/tls'
import type { Clock, Timer } from '../base/clock.ts'

/** What the first bytes told. */
export interface Glimpse {
  /** `tls`: a ClientHello. `plain`: anything else. `silent`: nothing came in time. */
  readonly protocol: 'tls' | 'plain' | 'silent'
  /** The name asked for (SNI), in lower case. */
  readonly serverName: string | undefined
  /** The protocols offered by ALPN, in the client's order. */
  readonly alpn: readonly string[]
}

/** Why a connection was refused on account of its first bytes. */
export interface HelloRefusal {
  readonly code: ClientHelloErrorCode | 'truncated'
  readonly message: string
}

export interface InspectSettings {
  readonly maxBytes: number
  readonly timeoutMs: number
}

const silent: Glimpse = { protocol: 'silent', serverName: undefined, alpn: [] }
const plain: Glimpse = { protocol: 'plain', serverName: undefined, alpn: [] }

/**
 * Look. The socket is paused at the end, with what was read put back; a refused one is destroyed.
 * @returns to give up on it meanwhile
 */
export function inspectClientHello(
  socket: Socket,
  settings: InspectSettings,
  clock: Clock,
  done: (glimpse: Glimpse) => void,
  refused: (why: HelloRefusal) => void,
): () => void {
  const look = new Look(socket, settings, clock, done, refused)
  return () => look.leave()
}

class Look {
  readonly #socket: Socket
  readonly #maxBytes: number
  readonly #done: (glimpse: Glimpse) => void
  readonly #refused: (why: HelloRefusal) => void
  readonly #timer: Timer | undefined
  #bytes: Buffer | undefined

  constructor(
    socket: Socket,
    { maxBytes, timeoutMs }: InspectSettings,
    clock: Clock,
    done: (glimpse: Glimpse) => void,
    refused: (why: HelloRefusal) => void,
  ) {
    this.#socket = socket
    this.#maxBytes = maxBytes
    this.#done = done
    this.#refused = refused
    socket.on('data', this.#onData)
    socket.on('end', this.#onEnd)
    socket.resume()
    if (timeoutMs !== Number.POSITIVE_INFINITY) this.#timer = clock.setTimeout(() => this.#late(), timeoutMs)
  }

  /** Take nothing more from the socket, and leave it paused with all that came. */
  leave(): void {
    this.#timer?.cancel()
    this.#socket.off('data', this.#onData).off('end', this.#onEnd)
    this.#socket.pause()
    if (this.#bytes !== undefined) this.#socket.unshift(this.#bytes)
    this.#bytes = undefined
  }

  readonly #onData = (chunk: Buffer): void => {
    const bytes = this.#bytes === undefined ? chunk : Buffer.concat([this.#bytes, chunk])
    this.#bytes = bytes
    const read = readClientHello(bytes, bytes.length, this.#maxBytes)
    if (read === undefined) return
    if (read.kind === 'hello') {
      this.#settle({ protocol: 'tls', serverName: read.serverName, alpn: read.alpn })
    } else if (read.code === 'not-tls') this.#settle(plain)
    else this.#refuse(read)
  }

  readonly #onEnd = (): void => this.#truncated('the connection ended within its ClientHello')

  #late(): void {
    if (this.#bytes === undefined) this.#settle(silent)
    else this.#truncated('no whole ClientHello came in time')
  }

  #truncated(message: string): void {
    this.#refuse({ code: 'truncated', message })
  }

  #settle(glimpse: Glimpse): void {
    this.leave()
    this.#done(glimpse)
  }

  #refuse(why: HelloRefusal): void {
    this.#bytes = undefined
    this.leave()
    this.#socket.destroy()
    this.#refused({ code: why.code, message: why.message })
  }
}
