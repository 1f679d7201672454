/**
 * One check of one target under way: how far it got, and the one result it ends with.
 *
 * The layer moves on with the check: `L4` until connected, `L6` during the TLS handshake, `L7` once it speaks; `PROC`
 * where a command is run. A failure or an abort takes its code from the layer it happened at.
 *
 * Invariant: ends exactly once, and when it has ended, what it held is destroyed and its timer cancelled. Nothing that is
 * done to it after its end has an effect.
 * Cost: one object for a check, beside what it holds.
 * Source of the codes: HAProxy manual, "show stat", `check_status`.
 */
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

/** This side is out of something: it says nothing about the target, but nothing can be told of it either. */
const SOCKET_ERRORS: ReadonlySet<unknown> = new Set([
  'EADDRNOTAVAIL',
  'EAFNOSUPPORT',
  'EAGAIN',
  'EMFILE',
  'ENFILE',
  'ENOBUFS',
  'ENOMEM',
])

/** Codes that say `OK`, and those that do without saying it. */
const isGood = (code: CheckCode): boolean => code.endsWith('OK') || code === 'L7OKC' || code === 'CHECKED'

/** Options that every checker has. */
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
  /** Does the check; ends the probe sooner or later. */
  readonly begin: (probe: Probe) => void
}

/** @throws {HealthError} `EVENER_INVALID_OPTION` */
export function readProbeSettings(options: ProbeOptions, begin: ProbeSettings['begin']): ProbeSettings {
  const { clock, timeoutMs } = options
  return {
    clock: readObject('options.clock', clock, monotonicClock, ['now', 'setTimeout']),
    timeoutMs: timeoutMs === undefined ? undefined : readDelayMs('options.timeoutMs', timeoutMs, timeoutMs),
    begin,
  }
}

/** A checker whose check is one probe with these settings. */
export function probing(name: string, settings: ProbeSettings): Checker {
  return {
    name,
    check: (target, signal) => Probe.run(target, signal, settings),
    begin: (target, listener) => Probe.begin(target, listener, settings),
  }
}

/** What a probe holds, and destroys at its end: a socket, a session, a process. */
export interface Held {
  destroy(): unknown
}

/** How far a probe is. */
export type Layer = 'L4' | 'L6' | 'L7' | 'PROC'

/** What a result says beside its code and message. */
export type Details = Pick<CheckResult, 'status' | 'agent'>

export class Probe implements RunningCheck {
  readonly target: Target
  readonly #settings: ProbeSettings
  readonly #listener: CheckListener
  readonly #startedAt: number
  #layer: Layer = 'L4'
  #doing: string = DOING.L4
  #timeoutCode: CheckCode = 'L4TOUT'
  #held: Held | undefined = undefined
  #timer: Timer | undefined = undefined
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

  get ended(): boolean {
    return this.#ended
  }

  abort(reason: unknown): void {
    this.end(this.#timeoutCode, `${this.#doing}: ${describe(reason)}`)
  }

  /**
   * The check is now at this layer.
   * @param doing what it does there, in words, for the messages of what goes wrong
   * @param timeoutCode the code, should the time be over now; that of the layer by default
   */
  enter(layer: Layer, doing: string = DOING[layer], timeoutCode: CheckCode = `${layer}TOUT`): void {
    this.#layer = layer
    this.#doing = doing
    this.#timeoutCode = timeoutCode
  }

  /** Hold this from now on, instead of what was held. It is destroyed at once if the probe has ended. */
  hold(held: Held): void {
    this.#held = held
    if (this.#ended) held.destroy()
  }

  /** Destroy what is held. */
  release(): void {
    this.#held?.destroy()
    this.#held = undefined
  }

  /** End well at the layer that was reached. */
  succeed(message: string, details?: Details): void {
    this.end(`${this.#layer}OK`, message, details)
  }

  /** End: something broke at the layer that was reached. */
  fail(error: unknown, details?: Details): void {
    this.end(this.#failureCode(error), `${this.#doing}: ${describe(error)}`, details)
  }

  /** End with this. */
  end(code: CheckCode, message: string, details?: Details): void {
    if (this.#ended) return
    this.#ended = true
    this.#timer?.cancel()
    this.#held?.destroy()
    this.#listener.checked({
      ok: isGood(code),
      code,
      status: details?.status,
      message,
      durationMs: this.#settings.clock.now() - this.#startedAt,
      agent: details?.agent,
    })
  }

  /** Do this; should it throw, the checker is broken, and the probe ends with that. */
  attempt(step: () => void): void {
    try {
      step()
    } catch (error) {
      this.end('SOCKERR', describe(error))
    }
  }

  #failureCode(error: unknown): CheckCode {
    if (this.#layer === 'PROC') return SOCKET_ERRORS.has(codeOf(error)) ? 'SOCKERR' : 'PROCERR'
    if (this.#layer !== 'L4') return `${this.#layer}RSP`
    return SOCKET_ERRORS.has(codeOf(error)) ? 'SOCKERR' : 'L4CON'
  }

  #start(): void {
    const { begin, clock, timeoutMs } = this.#settings
    if (timeoutMs !== undefined) {
      this.#timer = clock.setTimeout(() => {
        this.end(this.#timeoutCode, `${this.#doing}: longer than ${timeoutMs} ms`)
      }, timeoutMs)
    }
    try {
      begin(this)
    } catch (error) {
      this.end('SOCKERR', describe(error))
    }
  }
}

const DOING = {
  L4: 'connecting',
  L6: 'TLS handshake',
  L7: 'waiting for the answer',
  PROC: 'running the command',
} as const

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null | undefined)?.code
}

/** An error in one line of at most 200 characters, with its code. */
export function describe(error: unknown): string {
  const code = codeOf(error)
  const message = error instanceof Error ? error.message : String(error)
  return oneLine(typeof code === 'string' && !message.includes(code) ? `${code}: ${message}` : message)
}

/** What somebody else wrote, for a message: in one line of at most 200 characters, nothing in it that steers a terminal. */
export function oneLine(text: string): string {
  return text
    .slice(0, 1000)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, 200)
}
