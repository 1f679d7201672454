/**
 * The handshakes under way: how many at once, how long each may take, and how they end.
 *
 * The deadline is for the whole handshake: a client that sends a byte now and then does not move it (node's
 * own `handshakeTimeout` starts anew with every byte). As all have the same time, the oldest is the first to
 * be due: one timer serves all.
 *
 * Invariant: each handshake that began ends once, settled or failed. Cost: O(1) for each, no timer of its
 * own.
 */
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { TlsClock, TlsTimer } from './clock.ts'

/**
 * Why a handshake failed.
 *
 * `timeout`: not done in time. `closed`: the client left. `not-tls`: what came is no TLS. `version`,
 * `cipher`, `alpn`: nothing in common. `unknown-name`: no certificate for the name, with `strictSni`.
 * `client-certificate`: none, or none that is verified, where one is required. `alert`: the client refused
 * (often our certificate). `refused`: too many at once, or the termination is closed. `other`: see the code.
 */
export type HandshakeFailureReason =
  | 'timeout'
  | 'closed'
  | 'not-tls'
  | 'version'
  | 'cipher'
  | 'alpn'
  | 'unknown-name'
  | 'client-certificate'
  | 'alert'
  | 'refused'
  | 'other'

/** A handshake that failed. */
export interface HandshakeFailure {
  readonly reason: HandshakeFailureReason
  /** Node's or OpenSSL's code (`ERR_SSL_NO_SHARED_CIPHER`), or one of ours (`EVENER_TLS_TIMEOUT`). */
  readonly code: string
  readonly message: string
  /** The other end's address; empty for a unix socket. */
  readonly peerAddress: string
}

/** Numbers since the beginning; a reader samples them. */
export interface TlsCounters {
  /** Handshakes done. */
  readonly handshakes: number
  /** Of those, how many resumed a session. */
  readonly resumed: number
  /** Not begun, because too many were under way. */
  readonly refused: number
  /** Failed, by reason; those refused are not among them. */
  readonly failed: Readonly<Record<Exclude<HandshakeFailureReason, 'refused'>, number>>
  /** Under way now. */
  readonly now: number
}

/** Who waits for a handshake. */
export interface Waiting {
  readonly socket: Socket
  readonly peerAddress: string
  /** Monotonic milliseconds. */
  readonly deadline: number
  readonly onSecure: ((socket: TLSSocket) => void) | undefined
  readonly onFailed: ((failure: HandshakeFailure) => void) | undefined
}

export class Handshakes {
  /** By the socket below TLS, the oldest first. */
  readonly #waiting = new Map<Socket, Waiting>()
  readonly #clock: TlsClock
  readonly #timeoutMs: number
  readonly #most: number
  readonly #tell: (failure: HandshakeFailure) => void
  #timer: TlsTimer | undefined
  #handshakes = 0
  #resumed = 0
  #refused = 0
  readonly #failed = {
    timeout: 0,
    closed: 0,
    'not-tls': 0,
    version: 0,
    cipher: 0,
    alpn: 0,
    'unknown-name': 0,
    'client-certificate': 0,
    alert: 0,
    other: 0,
  }

  constructor(clock: TlsClock, timeoutMs: number, most: number, tell: (failure: HandshakeFailure) => void) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
    this.#most = most
    this.#tell = tell
  }

  get counters(): TlsCounters {
    return {
      handshakes: this.#handshakes,
      resumed: this.#resumed,
      refused: this.#refused,
      failed: { ...this.#failed },
      now: this.#waiting.size,
    }
  }

  /** One begins. False, and the socket destroyed, where there are too many. */
  begin(
    socket: Socket,
    onSecure?: (socket: TLSSocket) => void,
    onFailed?: (failure: HandshakeFailure) => void,
  ): boolean {
    if (this.#waiting.size >= this.#most) {
      this.refuse(socket, 'EVENER_TLS_TOO_MANY', `${this.#most} handshakes are under way`, onFailed)
      return false
    }
    // The address is asked for now: when the handshake has failed, the socket no longer knows.
    const peerAddress = socket.remoteAddress ?? ''
    const deadline = this.#clock.now() + this.#timeoutMs
    this.#waiting.set(socket, { socket, peerAddress, deadline, onSecure, onFailed })
    if (this.#timer === undefined) this.#arm(this.#timeoutMs)
    return true
  }

  /** Turn one away before it begins. */
  refuse(
    socket: Socket,
    code: string,
    message: string,
    onFailed?: (failure: HandshakeFailure) => void,
  ): void {
    this.#refused++
    const failure = { reason: 'refused', code, message, peerAddress: socket.remoteAddress ?? '' } as const
    socket.destroy()
    this.#tell(failure)
    onFailed?.(failure)
  }

  /** One is done. Undefined where it had ended before, or never began here. */
  done(socket: Socket, resumed: boolean): Waiting | undefined {
    const waiting = this.#take(socket)
    if (waiting === undefined) return undefined
    this.#handshakes++
    if (resumed) this.#resumed++
    return waiting
  }

  /** One has failed; not for the first time, and nothing happens. */
  fail(
    socket: Socket,
    reason: Exclude<HandshakeFailureReason, 'refused'>,
    code: string,
    message: string,
  ): void {
    const waiting = this.#take(socket)
    if (waiting === undefined) return
    this.#failed[reason]++
    const failure = { reason, code, message, peerAddress: waiting.peerAddress }
    this.#tell(failure)
    waiting.onFailed?.(failure)
  }

  /** End all that are under way. */
  close(): void {
    for (const socket of [...this.#waiting.keys()]) {
      this.fail(socket, 'other', 'EVENER_TLS_CLOSED', 'the TLS termination was closed')
      socket.destroy()
    }
  }

  #take(socket: Socket): Waiting | undefined {
    const waiting = this.#waiting.get(socket)
    if (waiting === undefined) return undefined
    this.#waiting.delete(socket)
    if (this.#waiting.size > 0) return waiting
    this.#timer?.cancel()
    this.#timer = undefined
    return waiting
  }

  #arm(delayMs: number): void {
    this.#timer = this.#clock.setTimeout(() => this.#expire(), Math.max(1, Math.ceil(delayMs)))
  }

  #expire(): void {
    this.#timer = undefined
    for (const { socket, deadline } of this.#waiting.values()) {
      const leftMs = deadline - this.#clock.now()
      if (leftMs > 0) {
        this.#arm(leftMs)
        return
      }
      this.fail(socket, 'timeout', 'EVENER_TLS_TIMEOUT', `no handshake within ${this.#timeoutMs} ms`)
      socket.destroy()
    }
  }
}

const NOT_TLS = [
  ...['HTTP_REQUEST', 'WRONG_VERSION_NUMBER', 'PACKET_LENGTH', 'RECORD_TOO', 'DATA_LENGTH'],
  ...['BAD_RECORD', 'UNEXPECTED_MESSAGE', 'LENGTH_MISMATCH'],
]

/** What OpenSSL's code means. */
export function failureReason(code: string): Exclude<HandshakeFailureReason, 'refused'> {
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'closed'
  if (/PEER_DID_NOT_RETURN/.test(code)) return 'client-certificate'
  if (/_ALERT_/.test(code)) return 'alert'
  if (/UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW|PROTOCOL_VERSION/.test(code)) return 'version'
  if (/APPLICATION_PROTOCOL/.test(code)) return 'alpn'
  if (/NO_SHARED_|NO_SUITABLE_/.test(code)) return 'cipher'
  return NOT_TLS.some(each => code.includes(each)) ? 'not-tls' : 'other'
}
