/**
 * Checks that are a chain of steps: connect, send, expect, connect elsewhere, and so on.
 *
 * One step after the other; an `expect` waits until what came is enough to decide, and the chain goes on or ends there.
 * What is sent, and what an answer is, is the business of the kind of chain (`tcpChain`, `httpChain`).
 *
 * ```
 *   set, connect ──ready──► send ──► expect ──fits──► … ──► last step: L4OK, L6OK or L7OK
 *                                      │ does not: L7RSP or L7STS     │ not in time: L7TOUT
 * ```
 * As in HAProxy: what came is forgotten with the next `send` and `connect`, and not by an `expect`, so that several of
 * them judge the same answer. An `expect` that does not fit waits for more, unless it has a `minRecv`: then it is final
 * once so much is there. When the target has said all it will, or as much as is kept, every `expect` is final.
 *
 * Invariant: no step runs after the probe's end; of a connection that was left for another nothing is heard any more.
 * Source: HAProxy manual, `tcp-check connect`, `tcp-check expect`, `http-check expect`.
 */
import type { Socket } from 'node:net'
import type { Answer, ChainStep, ExpectNotes, ExpectStep } from './chain-steps.ts'
import { type CheckContext, dial, type EndpointOf } from './connect.ts'
import type { CheckCode } from './contract.ts'
import { oneLine, type Probe } from './probe.ts'

/** What a kind of chain brings. */
export interface ChainKind<R extends Answer> {
  /** The state of one check, before its first step. */
  begin(): R
  /** A new connection is there. */
  connected(run: ChainRun<R>, rest: R, socket: Socket): void
  /** The message of a check whose last step says nothing. */
  summary(rest: R): string
  /** The code instead of the one that the steps came to. */
  verdict?(rest: R): CheckCode | undefined
}

/** One check by a chain, under way. */
export class ChainRun<R extends Answer> {
  readonly probe: Probe
  readonly context: CheckContext
  readonly #steps: readonly ChainStep<R>[]
  readonly #kind: ChainKind<R>
  readonly #answer: R
  #at = 0
  #connections = 0
  #socket: Socket | undefined = undefined
  /** Nothing more will come of what is expected. */
  #final = false
  /** A step that ends by itself is under way; `proceed` is its end. */
  #busy = false

  constructor(probe: Probe, steps: readonly ChainStep<R>[], kind: ChainKind<R>) {
    this.probe = probe
    this.#steps = steps
    this.#kind = kind
    this.context = { target: probe.target, variables: new Map() }
    this.#answer = kind.begin()
  }

  /** The connection of now; a step that sends comes behind one that connects. */
  get socket(): Socket {
    return this.#socket as Socket
  }

  /** Whether this connection is still the chain's. */
  holds(socket: Socket): boolean {
    return this.#socket === socket && !this.probe.ended
  }

  /** Go on with the steps, as far as can be. */
  advance(): void {
    while (!this.#busy && !this.probe.ended) {
      const step = this.#steps[this.#at]
      if (step === undefined) this.#succeed()
      else if (step.kind === 'expect' && !this.#fits(step)) return
      else if (step.kind === 'connect' || step.kind === 'send') this.#start(step)
      else {
        if (step.kind === 'set') step.apply(this.context)
        this.#at++
      }
    }
  }

  /** The step that is under way has done what it had to. */
  proceed(): void {
    this.#busy = false
    this.#at++
    this.probe.attempt(() => this.advance())
  }

  /** Something came; `final` where it was the last. */
  came(final = false): void {
    this.#final ||= final
    this.probe.attempt(() => this.advance())
  }

  /** The connection broke, or what was said on it makes no sense. What came before may be all that was waited for. */
  broke(error: Error): void {
    if (!this.#busy && this.#answer.received.length > 0) this.came(true)
    this.probe.fail(error)
  }

  #start(step: ChainStep<R>): void {
    this.#busy = true
    this.#final = false
    if (step.kind === 'connect') this.#connect(step.endpoint)
    else if (step.kind === 'send') {
      this.probe.enter('L7', `${step.place}: sending`)
      step.send(this, this.#answer)
    }
  }

  #connect(endpoint: EndpointOf): void {
    this.#socket = undefined
    this.probe.release()
    // Of a connection that was left for another nothing is heard.
    const number = ++this.#connections
    dial(this.probe, endpoint(this.context), {
      ready: (_, socket) => {
        this.#socket = socket
        this.probe.enter('L7')
        this.#kind.connected(this, this.#answer, socket)
        this.proceed()
        return undefined
      },
      broken: (probe, error) => {
        if (number !== this.#connections) return
        if (this.#socket === undefined) probe.fail(error)
        else this.broke(error)
      },
    })
  }

  #fits(step: ExpectStep<R>): boolean {
    const { errorStatus, onError, toutStatus } = step.notes
    this.probe.enter('L7', `${step.place}: waiting for the answer`, toutStatus)
    const fits = step.look(this.#answer, this.#final)
    if (typeof fits === 'object') this.probe.end(fits.code, oneLine(fits.message), fits)
    else if (fits === false) {
      const message = this.#say(onError) ?? oneLine(`${step.place}: ${step.wrong(this.#answer)}`)
      this.probe.end(errorStatus ?? step.errorCode, message, { status: this.#status(step) })
    }
    return fits === true
  }

  #succeed(): void {
    const last = this.#steps.findLast(({ kind }) => kind !== 'set') as ChainStep<R>
    const overriding = this.#kind.verdict?.(this.#answer)
    if (last.kind === 'expect') {
      const { okStatus = 'L7OK', onSuccess } = last.notes
      const message = this.#say(onSuccess) ?? this.#kind.summary(this.#answer)
      this.probe.end(overriding ?? okStatus, message, { status: this.#status(last) })
    } else if (last.kind === 'send') {
      this.probe.end('L7OK', 'sent')
    } else {
      const secure = 'encrypted' in this.socket
      // The last flight of the handshake may still be here; without it the server would see a failed handshake.
      if (secure) this.probe.hold({ destroy: () => this.socket.destroySoon() })
      this.probe.end(secure ? 'L6OK' : 'L4OK', secure ? 'TLS handshake done' : 'connected')
    }
  }

  #say(text: ExpectNotes['onSuccess']): string | undefined {
    if (text === undefined) return undefined
    return oneLine(String(typeof text === 'string' ? text : text(this.#answer.received, this.context)))
  }

  #status({ notes }: ExpectStep<R>): number | undefined {
    return notes.statusCode === undefined ? this.#answer.status : notes.statusCode(this.#answer.received)
  }
}
