/**
 * One connection to a target for one check: how far it got, and the one result it ends with.
 *
 * The layer moves on with the connection: `L4` until connected, `L6` during the TLS handshake, `L7` once the
 * checker speaks. A failure or an abort takes its code from the layer it happened at.
 *
 * Invariant: ends exactly once, and when it has ended, its socket is closed, its timer cancelled and its listener
 * taken off the signal. An `error` listener stays on the socket, since errors may come after the end.
 * Source of the codes: HAProxy manual, "show stat", `check_status`.
 */
import { connect as connectSocket, type Socket, type TcpNetConnectOpts } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { monotonicClock } from './clock.ts'
import type { CheckCode, CheckResult, Clock, Target, Timer } from './contract.ts'
import { readDelayMs, readObject } from './options.ts'
import { tlsConnectOptions } from './target-tls.ts'

/** This side is out of something: it says nothing about the target, but nothing can be told of it either. */
const SOCKET_ERRORS: ReadonlySet<unknown> = new Set([
  'EADDRNOTAVAIL',
  'EAFNOSUPPORT',
  'EMFILE',
  'ENFILE',
  'ENOBUFS',
  'ENOMEM',
])

/** Options that every checker made of probes has. */
export interface ProbeOptions {
  /**
   * The longest the check may take, in milliseconds: 1 to 2^31 - 1. By default only its signal limits it, which
   * in a HealthMonitor is the monitor's `timeoutMs`.
   */
  readonly timeoutMs?: number | undefined
  /** Where time comes from; the process's monotonic clock by default. */
  readonly clock?: Clock | undefined
}

export const PROBE_OPTION_NAMES = ['timeoutMs', 'clock'] as const

/** What all probes of one checker share. */
export interface ProbeSettings {
  readonly clock: Clock
  /** The checker's own limit; undefined where only the signal limits. */
  readonly timeoutMs: number | undefined
  /** End a bare TCP connection that was good with a reset instead of closing it. */
  readonly closesWithReset: boolean
  /** Goes on once the target is connected, over TLS where it has that; ends the probe. */
  readonly onReady: (probe: Probe, socket: Socket) => void
}

/** @throws {HealthError} `EVENER_INVALID_OPTION` */
export function readProbeSettings(
  options: ProbeOptions,
  onReady: ProbeSettings['onReady'],
  closesWithReset = false,
): ProbeSettings {
  const { clock, timeoutMs } = options
  return {
    clock: readObject('options.clock', clock, monotonicClock, ['now', 'setTimeout']),
    timeoutMs: timeoutMs === undefined ? undefined : readDelayMs('options.timeoutMs', timeoutMs, timeoutMs),
    closesWithReset,
    onReady,
  }
}

export class Probe {
  readonly target: Target
  readonly #settings: ProbeSettings
  readonly #signal: AbortSignal
  readonly #resolve: (result: CheckResult) => void
  readonly #startedAt: number
  #layer: 'L4' | 'L6' | 'L7' = 'L4'
  #socket: Socket | undefined = undefined
  #timer: Timer | undefined = undefined
  #ended = false

  /** Probe the target; resolves when the probe ends, never rejects. */
  static run(target: Target, signal: AbortSignal, settings: ProbeSettings): Promise<CheckResult> {
    return new Promise(resolve => new Probe(target, signal, settings, resolve).#start())
  }

  private constructor(
    target: Target,
    signal: AbortSignal,
    settings: ProbeSettings,
    resolve: (result: CheckResult) => void,
  ) {
    this.target = target
    this.#signal = signal
    this.#settings = settings
    this.#resolve = resolve
    this.#startedAt = settings.clock.now()
  }

  /** An EventListener itself, for the signal's abort: no closure per check. */
  handleEvent(): void {
    this.#end(`${this.#layer}TOUT`, `${DOING[this.#layer]}: ${describe(this.#signal.reason)}`)
  }

  /** End well at the layer that was reached. */
  succeed(message: string, status?: number): void {
    this.#end(`${this.#layer}OK`, message, status)
  }

  /** End: the target answered, but not as expected. */
  disappoint(message: string, status: number): void {
    this.#end('L7STS', message, status)
  }

  /** End: something broke at the layer that was reached. */
  fail(error: unknown, status?: number): void {
    let code: CheckCode = 'L4CON'
    if (this.#layer !== 'L4') code = `${this.#layer}RSP`
    else if (SOCKET_ERRORS.has(codeOf(error))) code = 'SOCKERR'
    this.#end(code, `${DOING[this.#layer]}: ${describe(error)}`, status)
  }

  #start(): void {
    const { clock, timeoutMs } = this.#settings
    if (this.#signal.aborted) {
      this.handleEvent()
      return
    }
    this.#signal.addEventListener('abort', this, { once: true })
    if (timeoutMs !== undefined) {
      this.#timer = clock.setTimeout(() => {
        this.#end(`${this.#layer}TOUT`, `${DOING[this.#layer]}: longer than ${timeoutMs} ms`)
      }, timeoutMs)
    }
    this.#attempt(() => this.#connect())
  }

  #connect(): void {
    const { host, port, path, tls, preamble } = this.target
    const address = (path === undefined ? { host, port } : { path, host }) as TcpNetConnectOpts
    if (tls === undefined) {
      const socket = this.#watch(connectSocket(address))
      if (preamble !== undefined) socket.write(preamble)
      socket.once('connect', () => this.#ready(socket))
      return
    }
    const options = tlsConnectOptions(tls, host)
    let plain: Socket | undefined
    if (preamble !== undefined) {
      plain = this.#watch(connectSocket(address))
      plain.write(preamble)
    }
    const secure = this.#watch(
      connectTls(plain === undefined ? { ...address, ...options } : { socket: plain, ...options }),
    )
    ;(plain ?? secure).once('connect', () => {
      this.#layer = 'L6'
    })
    secure.once('secureConnect', () => this.#ready(secure))
  }

  #watch(socket: Socket): Socket {
    this.#socket = socket
    socket.on('error', error => this.fail(error))
    return socket
  }

  #ready(socket: Socket): void {
    this.#attempt(() => this.#settings.onReady(this, socket))
  }

  /** The checker goes on to speak to the target. */
  speak(): void {
    this.#layer = 'L7'
  }

  #attempt(step: () => void): void {
    try {
      step()
    } catch (error) {
      this.#end('SOCKERR', describe(error))
    }
  }

  #end(code: CheckCode, message: string, status?: number): void {
    if (this.#ended) return
    this.#ended = true
    this.#timer?.cancel()
    this.#signal.removeEventListener('abort', this)
    this.#close(code)
    const durationMs = this.#settings.clock.now() - this.#startedAt
    this.#resolve({ ok: code.endsWith('OK'), code, status, message, durationMs })
  }

  #close(code: CheckCode): void {
    const { closesWithReset } = this.#settings
    // Neither TLS nor a unix socket knows a reset.
    if (closesWithReset && code === 'L4OK' && this.target.path === undefined) this.#socket?.resetAndDestroy()
    // The last flight of the handshake may still be here; without it the server would see a failed handshake.
    else if (code === 'L6OK') this.#socket?.destroySoon()
    else this.#socket?.destroy()
  }
}

const DOING = { L4: 'connecting', L6: 'TLS handshake', L7: 'waiting for the answer' } as const

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null | undefined)?.code
}

/** An error in one line of at most 200 characters, with its code. */
function describe(error: unknown): string {
  const code = codeOf(error)
  const message = error instanceof Error ? error.message : String(error)
  const text = typeof code === 'string' && !message.includes(code) ? `${code}: ${message}` : message
  return text.replace(/\s+/g, ' ').trim().slice(0, 200)
}
