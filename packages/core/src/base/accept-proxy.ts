/**
 * The PROXY header at the beginning of a connection: asked of those networks whose word counts, read before anything
 * else, and taken off.
 *
 * Whether a header has to be there is decided by where the connection comes from, never by what it begins with
 * (PROXY protocol specification, section 2): who may send one must, and who may not is refused, or served as the client
 * that it is. A header that is malformed, late or missing ends the connection without an answer (section 4).
 *
 * Cost: one listener and one timer until the header is whole; it nearly always comes in one piece.
 */
import type { Socket } from 'node:net'
import { type ProxyHeader, type ProxyHeaderError, ProxyHeaderReader } from '@evener/proxy-protocol'
import type { Clock, Timer } from './clock.ts'
import { type NetworkSet, networks } from './networks.ts'
import { duration, integer, invalid, knownOptions, oneOf } from './options.ts'

/** From whom PROXY headers are taken. */
export interface AcceptProxyOptions {
  /**
   * Addresses and networks of the proxies in front, such as `10.0.0.0/8`; `unix` for whoever connects to a unix socket.
   * Their connections must begin with a header.
   */
  readonly trust: readonly string[]
  /**
   * What becomes of connections from elsewhere: `refuse` (default) closes them; `direct` serves them as clients of their
   * own, whose bytes are passed on as they are. With `direct`, a client may send a header itself, which the server gets
   * as the first bytes of the client: harmless only where the server takes no headers, or where one is sent in front.
   */
  readonly others?: 'refuse' | 'direct' | undefined
  /** How long a header may take, in milliseconds; 5 s by default. */
  readonly timeoutMs?: number | undefined
  /** The longest header of version 2, in bytes: 232 to 65,551; 4,096 by default. */
  readonly maxBytes?: number | undefined
  /** The versions that are accepted; both by default. */
  readonly versions?: readonly (1 | 2)[] | undefined
}

/** The same, compiled. */
export interface AcceptProxy {
  /** True where connections from this address must begin with a header; empty for unix sockets. */
  readonly trusted: (address: string) => boolean
  readonly direct: boolean
  readonly timeoutMs: number
  readonly maxBytes: number
  readonly versions: readonly (1 | 2)[]
}

/** @throws {EvenerError} `EVENER_INVALID_OPTION`, `EVENER_UNKNOWN_OPTION` */
export function acceptProxyOptions(
  field: string,
  options: AcceptProxyOptions | undefined,
): AcceptProxy | undefined {
  if (options === undefined) return undefined
  knownOptions(field, options, ['trust', 'others', 'timeoutMs', 'maxBytes', 'versions'])
  const { trust, versions = [1, 2] } = options
  if (!Array.isArray(trust) || trust.length === 0) {
    throw invalid(`${field}.trust`, trust, "an array of at least one address or network, or 'unix'")
  }
  if (!Array.isArray(versions) || versions.length === 0 || versions.some(one => one !== 1 && one !== 2)) {
    throw invalid(`${field}.versions`, versions, 'an array of 1, 2 or both')
  }
  const unix = trust.includes('unix')
  const among: NetworkSet = networks(
    `${field}.trust`,
    trust.filter(entry => entry !== 'unix'),
  )
  return {
    trusted: address => (address === '' ? unix : among(address)),
    direct: oneOf(`${field}.others`, options.others, 'refuse', ['refuse', 'direct']) === 'direct',
    timeoutMs: duration(`${field}.timeoutMs`, options.timeoutMs, 5_000),
    maxBytes: integer(`${field}.maxBytes`, options.maxBytes, 4_096, 232, 65_551),
    versions,
  }
}

/** Why a connection was not accepted; for logs and counters. */
export interface ProxyRefusal {
  readonly code:
    | ProxyHeaderError['code']
    | 'EVENER_PROXY_UNTRUSTED'
    | 'EVENER_PROXY_TIMEOUT'
    | 'EVENER_PROXY_ABORTED'
  readonly message: string
}

/**
 * Take the header off a connection.
 *
 * One of the two callbacks is called, once; within the call, where no header is awaited. The socket is then paused, where
 * a header came, with what came behind it put back: attach listeners and `resume()`. A refused socket is destroyed by
 * then. Until one of them is called, its `error` is taken care of.
 *
 * @param socket the TCP or unix socket itself, with nothing read from it, before any TLS
 * @param done the header, or undefined for a connection that is served without one
 * @returns to give up on it meanwhile: nothing is called any more, and the socket is destroyed
 */
export function acceptProxyHeader(
  socket: Socket,
  settings: AcceptProxy,
  clock: Clock,
  done: (header: ProxyHeader | undefined) => void,
  refused: (why: ProxyRefusal) => void,
): () => void {
  if (!settings.trusted(socket.remoteAddress ?? '')) {
    if (settings.direct) done(undefined)
    else {
      socket.on('error', ignore)
      socket.destroy()
      refused({
        code: 'EVENER_PROXY_UNTRUSTED',
        message: 'the peer is not one of those that are trusted to send a PROXY header',
      })
    }
    return ignore
  }
  const step = new HeaderStep(socket, settings, clock, done, refused)
  return () => step.cancel()
}

class HeaderStep {
  readonly #socket: Socket
  readonly #reader: ProxyHeaderReader
  readonly #done: (header: ProxyHeader) => void
  readonly #refused: (why: ProxyRefusal) => void
  readonly #timer: Timer | undefined
  #over = false

  constructor(
    socket: Socket,
    { versions, maxBytes, timeoutMs }: AcceptProxy,
    clock: Clock,
    done: (header: ProxyHeader) => void,
    refused: (why: ProxyRefusal) => void,
  ) {
    this.#socket = socket
    this.#done = done
    this.#refused = refused
    this.#reader = new ProxyHeaderReader({ versions, maxBytes })
    socket.on('data', this.#onData)
    socket.on('end', this.#onEnd)
    socket.on('error', ignore)
    socket.on('close', this.#onClose)
    if (timeoutMs !== Number.POSITIVE_INFINITY) {
      this.#timer = clock.setTimeout(
        () => this.#refuse({ code: 'EVENER_PROXY_TIMEOUT', message: 'no whole PROXY header came in time' }),
        timeoutMs,
      )
    }
  }

  cancel(): void {
    if (this.#over) return
    this.#leave()
    this.#socket.on('error', ignore)
    this.#socket.destroy()
  }

  readonly #onData = (chunk: Buffer): void => {
    const header = this.#reader.read(chunk)
    if (header === undefined) return
    if ('kind' in header) {
      this.#refuse(header)
      return
    }
    const socket = this.#socket
    this.#leave()
    socket.pause()
    const { consumed } = this.#reader
    if (consumed < chunk.length) socket.unshift(chunk.subarray(consumed))
    this.#done(header)
  }

  readonly #onEnd = (): void => {
    const why = this.#reader.end()
    if (why !== undefined) this.#refuse(why)
  }

  readonly #onClose = (): void =>
    this.#refuse({
      code: 'EVENER_PROXY_ABORTED',
      message: 'the connection was closed before its PROXY header',
    })

  #refuse(why: ProxyRefusal): void {
    if (this.#over) return
    this.#leave()
    this.#socket.on('error', ignore)
    this.#socket.destroy()
    this.#refused(why)
  }

  #leave(): void {
    this.#over = true
    this.#timer?.cancel()
    this.#socket
      .off('data', this.#onData)
      .off('end', this.#onEnd)
      .off('error', ignore)
      .off('close', this.#onClose)
  }
}

function ignore(): void {
  // What became of the connection is told by its close.
}
