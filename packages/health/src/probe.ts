/**
 * One connection to a target for one check: how far it got, and the one result it ends with.
 *
 * The layer moves on with the connection: `L4` until connected, `L6` during the TLS handshake, `L7` once the
 * checker speaks. A failure or an abort takes its code from the layer it happened at.
 *
 * Invariant: ends exactly once, and when it has ended, its socket is closed and its timer cancelled. An `error` listener
 * stays on the socket, since errors may come after the end.
 * Cost: one object and one socket for a check; plain connections are read into memory that all probes share.
 * Source of the codes: HAProxy manual, "show stat", `check_status`.
 */
import { connect as connectSocket, type Socket, type TcpNetConnectOpts } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { monotonicClock } from './clock.ts'
import type {
  CheckCode,
  Checker,
  CheckListener,
  CheckResult,
  Clock,
  RunningCheck,
  Target,
  Timer,
} from './contract.ts'
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
  /**
   * Goes on once the target is connected, over TLS where it has that; ends the probe. Gives back who takes what the target
   * sends, where that is to be read without events.
   */
  readonly onReady: (probe: Probe, socket: Socket) => Conversation | undefined
  /** True where `onReady` gives a conversation. */
  readonly conversing?: boolean
}

/** Who listens to the target of one probe. */
export interface Conversation {
  /** Some bytes came. They are lent: those of other probes are read over them when this returns. */
  received(bytes: Buffer): void
  /** No more will come. */
  finished(): void
}

/** A checker whose check is one probe with these settings. */
export function probing(name: string, settings: ProbeSettings): Checker {
  return {
    name,
    check: (target, signal) => Probe.run(target, signal, settings),
    begin: (target, listener) => Probe.begin(target, listener, settings),
  }
}

/** What all plain connections are read into, one after the other. */
const sharedMemory = Buffer.allocUnsafeSlow(16_384)

/** @throws {HealthError} `EVENER_INVALID_OPTION` */
export function readProbeSettings(
  options: ProbeOptions,
  onReady: ProbeSettings['onReady'],
  { closesWithReset = false, conversing = false } = {},
): ProbeSettings {
  const { clock, timeoutMs } = options
  return {
    clock: readObject('options.clock', clock, monotonicClock, ['now', 'setTimeout']),
    timeoutMs: timeoutMs === undefined ? undefined : readDelayMs('options.timeoutMs', timeoutMs, timeoutMs),
    closesWithReset,
    onReady,
    conversing,
  }
}

export class Probe implements RunningCheck {
  readonly target: Target
  readonly #settings: ProbeSettings
  readonly #listener: CheckListener
  readonly #startedAt: number
  #layer: 'L4' | 'L6' | 'L7' = 'L4'
  #socket: Socket | undefined = undefined
  #timer: Timer | undefined = undefined
  #conversation: Conversation | undefined = undefined
  #ended = false

  /** Probe the target; resolves when the probe ends, never rejects. */
  static run(target: Target, signal: AbortSignal, settings: ProbeSettings): Promise<CheckResult> {
    return new Promise(resolve => {
      const abort = (): void => probe.abort(signal.reason)
      const checked = (result: CheckResult): void => {
        signal.removeEventListener('abort', abort)
        resolve(result)
      }
      const probe = new Probe(target, { checked }, settings)
      if (signal.aborted) return abort()
      signal.addEventListener('abort', abort)
      probe.#start()
    })
  }

  /** The same for a listener. */
  static begin(target: Target, listener: CheckListener, settings: ProbeSettings): Probe {
    const probe = new Probe(target, listener, settings)
    probe.#start()
    return probe
  }

  private constructor(target: Target, listener: CheckListener, settings: ProbeSettings) {
    this.target = target
    this.#listener = listener
    this.#settings = settings
    this.#startedAt = settings.clock.now()
  }

  abort(reason: unknown): void {
    this.#end(`${this.#layer}TOUT`, `${DOING[this.#layer]}: ${describe(reason)}`)
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
    if (timeoutMs !== undefined) {
      this.#timer = clock.setTimeout(() => {
        this.#end(`${this.#layer}TOUT`, `${DOING[this.#layer]}: longer than ${timeoutMs} ms`)
      }, timeoutMs)
    }
    try {
      this.#connect()
    } catch (error) {
      this.#end('SOCKERR', describe(error))
    }
  }

  #connect(): void {
    const { host, port, path, tls, preamble } = this.target
    const { conversing = false } = this.#settings
    const address = (path === undefined ? { host, port } : { path, host }) as TcpNetConnectOpts
    if (tls === undefined) {
      if (conversing) {
        address.onread = {
          buffer: sharedMemory,
          callback: length => this.#heard(sharedMemory.subarray(0, length)),
        }
      }
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
    if (conversing) secure.on('data', bytes => this.#heard(bytes))
    secure.once('secureConnect', () => this.#ready(secure))
  }

  #heard(bytes: Buffer): boolean {
    if (!this.#ended) this.#conversation?.received(bytes)
    return !this.#ended
  }

  #watch(socket: Socket): Socket {
    this.#socket = socket
    socket.on('error', error => this.fail(error))
    return socket
  }

  #ready(socket: Socket): void {
    try {
      const conversation = this.#settings.onReady(this, socket)
      if (conversation === undefined) return
      this.#conversation = conversation
      socket.on('end', () => conversation.finished())
    } catch (error) {
      this.#end('SOCKERR', describe(error))
    }
  }

  /** The checker goes on to speak to the target. */
  speak(): void {
    this.#layer = 'L7'
  }

  #end(code: CheckCode, message: string, status?: number): void {
    if (this.#ended) return
    this.#ended = true
    this.#timer?.cancel()
    this.#close(code)
    const durationMs = this.#settings.clock.now() - this.#startedAt
    this.#listener.checked({ ok: code.endsWith('OK'), code, status, message, durationMs })
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
