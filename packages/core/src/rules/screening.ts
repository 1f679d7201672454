/**
 * A connection on its way through the rules for connections: HAProxy's `tcp-request connection`. Nothing is read of it.
 *
 * Invariant: one of `passed`, `dropped` and `lost` is told, once; nothing of this is left on the socket after it.
 */
import type { Socket } from 'node:net'
import type { ConnectionScope, Paused, RuleList, Verdict } from '@evener/rules'
import type { Clock } from '../base/clock.ts'
import { RuleWait, type WaitingRules } from './rule-wait.ts'

/** Whom it tells. */
export interface ScreeningOwner {
  readonly clock: Clock
  /** A rule threw. */
  failed(error: unknown): void
  passed(): void
  /** A rule closes it; silently, where the client is not to be told. */
  dropped(silently: boolean): void
  /** The client has gone, or the door closes. */
  lost(): void
}

export class Screening<S extends ConnectionScope> implements WaitingRules {
  readonly idle = true
  readonly #socket: Socket
  readonly #list: RuleList<S>
  readonly #scope: S
  readonly #owner: ScreeningOwner
  #waiting: RuleWait | undefined
  #listening = false
  #over = false

  /** To be followed by {@link start}. */
  constructor(socket: Socket, list: RuleList<S>, scope: S, owner: ScreeningOwner) {
    this.#socket = socket
    this.#list = list
    this.#scope = scope
    this.#owner = owner
  }

  start(): void {
    this.#run(0)
  }

  closeSoon(): void {
    this.destroy()
  }

  destroy(): void {
    if (!this.#finish()) return
    this.#socket.on('error', ignore)
    this.#socket.destroy()
    this.#owner.lost()
  }

  #run(from: number): void {
    try {
      const verdict = this.#list.run(this.#scope, from)
      if (verdict?.kind === 'wait') this.#wait(verdict)
      else this.#ended(verdict)
    } catch (error) {
      this.failed(error)
    }
  }

  #ended(verdict: Verdict | undefined): void {
    if (verdict?.kind === 'reject') this.#drop(verdict.silently)
    // There is nobody yet who would understand an answer.
    else if (verdict?.kind === 'answer') this.#drop(false)
    else if (this.#finish()) this.#owner.passed()
  }

  #drop(silently: boolean): void {
    if (!this.#finish()) return
    this.#socket.on('error', ignore)
    this.#owner.dropped(silently)
  }

  #finish(): boolean {
    if (this.#over) return false
    this.#over = true
    this.#waiting?.cancel()
    this.#socket.off('error', this.#gone).off('close', this.#gone)
    return true
  }

  readonly #gone = (): void => {
    this.destroy()
  }

  #wait(paused: Paused): void {
    if (!this.#listening) {
      this.#listening = true
      this.#socket.on('error', this.#gone).on('close', this.#gone)
    }
    this.#waiting = new RuleWait(paused, this)
    this.#waiting.start(this.#owner.clock)
  }

  /** @internal */
  resumed(next: number): void {
    this.#run(next)
  }

  /** @internal */
  decided(verdict: Verdict): void {
    this.#ended(verdict)
  }

  /** @internal */
  failed(error: unknown): void {
    this.#owner.failed(error)
    this.#drop(false)
  }
}

function ignore(): void {
  // What became of the connection is told by its close.
}
