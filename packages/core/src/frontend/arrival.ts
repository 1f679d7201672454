/**
 * A connection between being accepted and speaking HTTP.
 *
 * ```text
 *   accepted ── PROXY header ── TLS handshake ── which HTTP? ──► HTTP/1.1 or HTTP/2
 *                    each only where the listener asks for it
 * ```
 * Each step has a time limit of its own, and ends the connection without a word where it fails: nobody is there yet who
 * would understand an answer.
 *
 * Invariant: either `arrived` or `lost` is told, once.
 */
import type { Socket } from 'node:net'
import type { ProxyHeader } from '@evener/proxy-protocol'
import type { TlsFacts, TlsTermination } from '@evener/tls'
import { type AcceptProxy, acceptProxyHeader } from '../base/accept-proxy.ts'
import type { Clock, Timer } from '../base/clock.ts'
import { looksLikeHttp2Preface } from '../http2/preface.ts'
import type { FrontConnection } from './front-connection.ts'

/** What a listener asks of its connections before they speak HTTP. */
export interface ArrivalSettings {
  readonly acceptProxy: AcceptProxy | undefined
  readonly tls: TlsTermination | undefined
  /** Whether clients may begin with HTTP/2 where no ALPN has said so. */
  readonly priorKnowledge: boolean
  readonly httpRequestMs: number
  readonly clock: Clock
}

/** What came of it. */
export interface Arrived {
  /** The TCP or unix socket, or the TLS socket on it. */
  readonly socket: Socket
  readonly tls: TlsFacts | undefined
  readonly proxyHeader: ProxyHeader | undefined
  readonly http2: boolean
}

export class Arrival implements FrontConnection {
  readonly idle = true
  readonly #settings: ArrivalSettings
  readonly #arrived: (what: Arrived) => void
  readonly #lost: () => void
  #socket: Socket
  #proxyHeader: ProxyHeader | undefined
  #giveUpHeader: (() => void) | undefined
  #over = false

  /** To be followed by {@link begin}. */
  constructor(socket: Socket, settings: ArrivalSettings, arrived: (what: Arrived) => void, lost: () => void) {
    this.#socket = socket
    this.#settings = settings
    this.#arrived = arrived
    this.#lost = lost
  }

  begin(): void {
    const { acceptProxy, clock } = this.#settings
    if (acceptProxy === undefined) {
      this.#secure()
      return
    }
    const done = (header: ProxyHeader | undefined) => {
      this.#proxyHeader = header
      this.#secure()
    }
    this.#giveUpHeader = acceptProxyHeader(this.#socket, acceptProxy, clock, done, () => this.#fail())
  }

  closeSoon(): void {
    this.destroy()
  }

  destroy(): void {
    this.#giveUpHeader?.()
    this.#fail()
  }

  #secure(): void {
    this.#giveUpHeader = undefined
    if (this.#over) return
    const { tls } = this.#settings
    if (tls === undefined) {
      this.#choose()
      return
    }
    tls.accept(
      this.#socket,
      (socket, facts) => this.#arrive(socket, facts, facts.alpn === 'h2'),
      () => this.#fail(),
    )
  }

  /** Without TLS the first bytes tell. */
  #choose(): void {
    if (!this.#settings.priorKnowledge) {
      this.#arrive(this.#socket, undefined, false)
      return
    }
    const socket = this.#socket
    const { clock, httpRequestMs } = this.#settings
    let came = Buffer.alloc(0)
    let timer: Timer | undefined
    const decide = (http2: boolean | undefined) => {
      if (http2 === undefined) return
      timer?.cancel()
      socket.off('data', onData).off('end', onEnd).off('error', ignore).off('close', onClose)
      socket.pause()
      if (came.length > 0) socket.unshift(came)
      this.#arrive(socket, undefined, http2)
    }
    const onData = (chunk: Buffer) => {
      came = Buffer.concat([came, chunk])
      decide(looksLikeHttp2Preface(came))
    }
    const onEnd = () => this.#fail()
    const onClose = () => {
      timer?.cancel()
      this.#fail()
    }
    socket.on('data', onData).on('end', onEnd).on('error', ignore).on('close', onClose)
    if (httpRequestMs !== Number.POSITIVE_INFINITY) {
      timer = clock.setTimeout(() => this.#fail(), httpRequestMs)
    }
    socket.resume()
  }

  #arrive(socket: Socket, tls: TlsFacts | undefined, http2: boolean): void {
    if (this.#over) {
      socket.destroy()
      return
    }
    this.#over = true
    this.#arrived({ socket, tls, proxyHeader: this.#proxyHeader, http2 })
  }

  #fail(): void {
    if (this.#over) return
    this.#over = true
    this.#socket.on('error', ignore)
    this.#socket.destroy()
    this.#lost()
  }
}

function ignore(): void {
  // What became of the connection is told by its close.
}
